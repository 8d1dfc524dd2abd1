"""What a checkpoint's model looks like, from ``config.json`` and the headers of its weights; no weight is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redraft.errors import PolicyError
from redraft.plan.config_file import ConfigFile
from redraft.plan.decoder import DecoderShape, read_decoder, tied_by_default
from redraft.plan.headers import Parameters, count_parameters
from redraft.plan.picture import Picture, typical_picture
from redraft.plan.projector import projector_parameters
from redraft.plan.vision import VisionShape, read_vision
from redraft.records import Record


class ModelShape(Record):
    """A vision-language model.

    Attributes:
        counted: ``weights`` if the parameters were counted in the weights' headers, ``config`` if computed.
        longest_branched: chosen and rejected may branch from one row where no row exceeds so many tokens; None for any.
    """

    name: str
    family: str
    parameters: Parameters
    counted: Literal["weights", "config"]
    tied: bool
    decoder: DecoderShape
    vision: VisionShape
    picture: Picture
    longest_branched: int | None


@dataclass(frozen=True)
class _Family:
    """The kinds of text and vision section that a family's file may leave unnamed, and whether its head is tied.

    ``one_tower``: the family has one kind of tower, whatever its file calls it. ``text_decides``: a text section with a
    tied head ties the whole model's. ``masks_by_layer``: its sliding layers take a mask of their own.
    """

    text: str
    vision: str
    one_tower: bool = True
    tied: bool = False
    text_decides: bool = False
    masks_by_layer: bool = False


_FAMILIES: dict[str, _Family] = {
    "llava": _Family("llama", "clip_vision_model", one_tower=False, text_decides=True),
    "llava_next": _Family("llama", "clip_vision_model", one_tower=False),
    "llava_onevision": _Family("qwen2", "siglip_vision_model", one_tower=False, text_decides=True),
    "qwen2_vl": _Family("qwen2_vl_text", "qwen2_vl_vision", text_decides=True),
    "qwen2_5_vl": _Family("qwen2_5_vl_text", "qwen2_5_vl_vision", text_decides=True),
    "qwen3_vl": _Family("qwen3_vl_text", "qwen3_vl_vision"),
    "idefics3": _Family("llama", "idefics3_vision"),
    "smolvlm": _Family("llama", "smolvlm_vision"),
    "internvl": _Family("qwen2", "internvl_vision", tied=True),
    "gemma3": _Family("gemma3_text", "siglip_vision_model", tied=True, masks_by_layer=True),
    "paligemma": _Family("gemma", "siglip_vision_model", tied=True),
}


def read_shape(folder: Path, *, image_tokens: int | None = None) -> ModelShape:
    """The shape of the model in a Hugging Face checkpoint folder.

    Parameters are counted in the headers of its safetensors files; with ``config.json`` alone they are computed.

    Args:
        image_tokens: tokens of a picture, where the family lets the picture decide; by default those of one of
            640 x 480 pixels.

    Raises:
        PolicyError: naming the file and what is wrong with it.
    """
    config = ConfigFile.read(folder)
    name = config.text("model_type", "")
    if name not in _FAMILIES:
        raise PolicyError(
            f"{config.file}: model type {name or 'unnamed'} is not supported: use one of {', '.join(sorted(_FAMILIES))}"
        )
    family = _FAMILIES[name]
    text = (
        config if name in ("qwen2_vl", "qwen2_5_vl") and "text_config" not in config else config.section("text_config")
    )
    vision_section = config.section("vision_config")
    decoder = read_decoder(text, family.text)
    kind = family.vision if family.one_tower else vision_section.text("model_type", family.vision)
    vision = read_vision(vision_section, kind)
    tied = config.flag("tie_word_embeddings", family.tied)
    if family.text_decides and not tied:
        tied = text.flag("tie_word_embeddings", tied_by_default(text, family.text))
    counted = count_parameters(folder, tied=tied)
    if counted and not counted.head:
        tied = True
    return ModelShape(
        name=folder.resolve().name,
        family=name,
        parameters=counted or _computed(config, vision_section, name, decoder, vision, tied=tied),
        counted="weights" if counted else "config",
        tied=tied,
        decoder=decoder,
        vision=vision,
        picture=typical_picture(config, vision_section, name, vision, image_tokens),
        longest_branched=None if family.masks_by_layer else decoder.window,
    )


def _computed(
    config: ConfigFile,
    vision_section: ConfigFile,
    family: str,
    decoder: DecoderShape,
    vision: VisionShape,
    *,
    tied: bool,
) -> Parameters:
    table = decoder.vocabulary * decoder.hidden
    return Parameters(
        vision=vision.parameters,
        projector=projector_parameters(config, vision_section, family, decoder, vision),
        layers=decoder.parameters,
        embeddings=table,
        head=0 if tied else table,
    )

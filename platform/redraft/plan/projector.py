"""How many parameters lie between the vision tower and the language model."""

from __future__ import annotations

from redraft.errors import PolicyError
from redraft.plan.config_file import ConfigFile
from redraft.plan.decoder import DecoderShape
from redraft.plan.vision import VisionShape


def projector_parameters(
    config: ConfigFile, vision_section: ConfigFile, family: str, decoder: DecoderShape, vision: VisionShape
) -> int:
    """Parameters of the projector, merger or connector of a model of ``family``.

    Args:
        config: the whole file.
        vision_section: its ``vision_config``.

    Raises:
        PolicyError: if a number makes no sense.
    """
    d, v = decoder.hidden, vision.hidden
    if family in ("llava", "llava_next", "llava_onevision"):
        inputs = v * config.count("vision_feature_layer", 1)
        bias = 2 * d if config.flag("multimodal_projector_bias", True) else 0
        newline = 0 if family == "llava" else d
        return inputs * d + d * d + bias + newline
    if family in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl"):
        return _qwen(vision_section, family, vision)
    if family in ("idefics3", "smolvlm"):
        return v * config.integer("scale_factor", 2) ** 2 * d
    if family == "internvl":
        joined = v * int(1 / config.number("downsample_ratio", 0.5)) ** 2
        return 2 * joined + joined * d + d + d * d + d
    if family == "gemma3":
        return v * d + v
    if family == "paligemma":
        width = config.integer("projection_dim", 2048)
        return v * width + width
    raise PolicyError(f"{config.file}: the plan does not know the projector of model type {family}")


def _qwen(vision_section: ConfigFile, family: str, vision: VisionShape) -> int:
    joined = vision.hidden * vision.merge**2
    out = vision_section.integer("hidden_size" if family == "qwen2_vl" else "out_hidden_size", 3584)
    layers = joined * joined + joined + joined * out + out
    if family == "qwen3_vl":
        deep = vision_section.count("deepstack_visual_indexes", 3)
        return (2 * vision.hidden + layers) + deep * (2 * joined + layers)
    return (vision.hidden if family == "qwen2_5_vl" else 2 * vision.hidden) + layers

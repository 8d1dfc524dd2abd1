"""The processor of each family as its checkpoint folder names it: an image processor's settings and a few numbers.

The files are written, not the objects' own ``save_pretrained``: some processors cannot be constructed without
packages for video, though their checkpoints describe pictures well enough.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast

_HALF = [0.5, 0.5, 0.5]
_PLAIN = {"do_resize": True, "do_rescale": True, "do_normalize": True, "image_mean": _HALF, "image_std": _HALF}


@dataclass(frozen=True)
class Processing:
    """Class names and settings as they stand in ``processor_config.json`` and ``preprocessor_config.json``."""

    processor: str
    image_processor: str
    image_settings: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)


def _square(side: int) -> dict[str, Any]:
    return {**_PLAIN, "size": {"height": side, "width": side}}


def _tiles(processor: str) -> Processing:
    name = processor.replace("Processor", "ImageProcessor")
    sizes = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 32}}
    more = {"do_image_splitting": True, "do_pad": True, "do_convert_rgb": True}
    return Processing(processor, name, {**_PLAIN, **sizes, **more}, {"image_seq_len": 4})


def _qwen(processor: str, patch: int) -> Processing:
    factor = patch * 2
    sizes = {"size": {"shortest_edge": factor**2 * 4, "longest_edge": factor**2 * 24}}
    patches = {"patch_size": patch, "merge_size": 2, "temporal_patch_size": 2, "do_convert_rgb": True}
    return Processing(processor, "Qwen2VLImageProcessor", {**_PLAIN, **sizes, **patches})


PROCESSING: dict[str, Processing] = {
    "llava": Processing(
        "LlavaProcessor",
        "CLIPImageProcessor",
        {**_PLAIN, "size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}, "do_center_crop": True},
        {"patch_size": 7, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
    ),
    "llava_next": Processing(
        "LlavaNextProcessor",
        "LlavaNextImageProcessor",
        {
            **_PLAIN,
            "size": {"shortest_edge": 28},
            "crop_size": {"height": 28, "width": 28},
            "do_center_crop": True,
            "image_grid_pinpoints": [[28, 56], [56, 28], [56, 56]],
        },
        {"patch_size": 14, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
    ),
    "llava_onevision": Processing(
        "LlavaOnevisionProcessor",
        "LlavaOnevisionImageProcessor",
        {**_square(28), "image_grid_pinpoints": [[28, 28], [28, 56], [56, 28], [56, 56]]},
        {"num_image_tokens": 4, "vision_feature_select_strategy": "full", "vision_aspect_ratio": "anyres_max_9"},
    ),
    "qwen2_vl": _qwen("Qwen2VLProcessor", 7),
    "qwen2_5_vl": _qwen("Qwen2_5_VLProcessor", 7),
    "qwen3_vl": _qwen("Qwen3VLProcessor", 8),
    "idefics3": _tiles("Idefics3Processor"),
    "smolvlm": _tiles("SmolVLMProcessor"),
    "internvl": Processing(
        "InternVLProcessor",
        "GotOcr2ImageProcessor",
        {**_square(32), "crop_to_patches": False, "min_patches": 1, "max_patches": 4},
        {"image_seq_length": 4},
    ),
    "gemma3": Processing("Gemma3Processor", "Gemma3ImageProcessor", _square(32), {"image_seq_length": 4}),
    "paligemma": Processing("PaliGemmaProcessor", "SiglipImageProcessor", {**_square(32), "image_seq_length": 16}),
}


def save_processor(
    folder: Path, processing: Processing, tokenizer: PreTrainedTokenizerFast, chat_template: str
) -> None:
    """Write tokenizer, chat template and both configs, as published checkpoints lay them out."""
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(chat_template)
    _write(folder / "processor_config.json", {"processor_class": processing.processor, **processing.settings})
    _write(
        folder / "preprocessor_config.json",
        {
            "processor_class": processing.processor,
            "image_processor_type": processing.image_processor,
            **processing.image_settings,
        },
    )


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")

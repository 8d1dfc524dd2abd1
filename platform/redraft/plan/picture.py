"""How many tokens a picture becomes, and how many patches the vision tower reads for them."""

from __future__ import annotations

import math

from redraft.plan.config_file import ConfigFile
from redraft.plan.vision import VisionShape
from redraft.records import Record

_WIDTH, _HEIGHT = 640, 480


class Picture(Record):
    """A picture as the model sees it.

    Attributes:
        tokens: in the language model's row.
        fixed: every picture has so many; otherwise its size decides, and ``tokens`` is for one size.
        patches_per_token: patches (and class tokens) that the tower reads for each of them.
        feature_layers: features a token, which the language model reads in so many layers.
    """

    tokens: int
    fixed: bool
    patches_per_token: float
    feature_layers: int = 1


def typical_picture(
    config: ConfigFile, vision_section: ConfigFile, family: str, vision: VisionShape, tokens: int | None
) -> Picture:
    """The picture of a model of ``family``: as its config fixes it, or else of 640 x 480 pixels or ``tokens`` tokens.

    Families that cut pictures into tiles are taken to do so as their processors are shipped: LLaVA-NeXT and OneVision
    two by two tiles with the padding removed, and the whole; Idefics3 and SmolVLM four by three, and the whole.
    """
    grid, tile = vision.grid, vision.tile_tokens or 0
    if family in ("llava", "paligemma"):
        whole = family == "llava" and config.text("vision_feature_select_strategy", "default") == "full"
        count = tile if whole else grid
        return Picture(tokens=count, fixed=True, patches_per_token=tile / count)
    if family == "gemma3":
        count = config.integer("mm_tokens_per_image", 256)
        return Picture(tokens=count, fixed=True, patches_per_token=tile / count)
    if family == "internvl":
        count = max(1, round(grid * config.number("downsample_ratio", 0.5) ** 2))
        return _by_size(count, tile / count, tokens)
    if family in ("llava_next", "llava_onevision"):
        count = 4 * grid + round(1.5 * math.sqrt(grid))
        return _by_size(count, 5 * tile / count, tokens)
    if family in ("idefics3", "smolvlm"):
        scale = config.integer("scale_factor", 2) ** 2
        return _by_size(max(1, 13 * grid // scale), scale, tokens)
    side = vision.patch * vision.merge
    deep = vision_section.count("deepstack_visual_indexes", 3) if family == "qwen3_vl" else 0
    return _by_size(round(_WIDTH / side) * round(_HEIGHT / side), vision.merge**2, tokens, 1 + deep)


def _by_size(count: int, ratio: float, tokens: int | None, feature_layers: int = 1) -> Picture:
    return Picture(tokens=tokens or count, fixed=False, patches_per_token=ratio, feature_layers=feature_layers)

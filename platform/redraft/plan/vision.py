"""The vision tower's shape, from its section of a ``config.json``, and what it makes of a picture."""

from __future__ import annotations

from dataclasses import dataclass

from redraft.errors import PolicyError
from redraft.plan.config_file import ConfigFile
from redraft.records import Record

_CHANNELS = 3


class VisionShape(Record):
    """A stack of transformer layers over patches.

    Attributes:
        parameters: of the tower, without what merges or projects its output.
        matrices: entries of the layers' matrices and of the patch embedding.
        gated: the feed-forward has three matrices, not two.
        tile_tokens: patches (and class token) that attend to one another where pictures are cut or scaled to squares of
            one size; None where a picture of any size is one sequence.
        numbers_per_patch: that the tower reads for a patch: its pixels in three colours, for some towers twice.
        image_size, patch, merge: pixels of a square (0 where pictures keep their size), of a patch, and patches to a
            side that become one token.
    """

    kind: str
    layers: int
    hidden: int
    intermediate: int
    gated: bool
    parameters: int
    matrices: int
    image_size: int
    patch: int
    merge: int
    numbers_per_patch: int
    tile_tokens: int | None

    @property
    def grid(self) -> int:
        """Patches in a square."""
        return (self.image_size // self.patch) ** 2


@dataclass(frozen=True)
class _Kind:
    """What a vision config class takes for fields that are left out."""

    hidden: int
    intermediate: int
    layers: int
    image: int
    patch: int


_SQUARES: dict[str, _Kind] = {
    "clip_vision_model": _Kind(768, 3072, 12, 224, 32),
    "siglip_vision_model": _Kind(768, 3072, 12, 224, 16),
    "idefics3_vision": _Kind(1152, 3072, 12, 224, 32),
    "smolvlm_vision": _Kind(1152, 3072, 12, 224, 32),
    "internvl_vision": _Kind(1024, 4096, 24, 448, 14),
}
_PICTURES: dict[str, _Kind] = {
    "qwen2_vl_vision": _Kind(1280, 5120, 32, 0, 14),
    "qwen2_5_vl_vision": _Kind(3584, 3420, 32, 0, 14),
    "qwen3_vl_vision": _Kind(1152, 4304, 27, 0, 16),
}


def read_vision(config: ConfigFile, kind: str) -> VisionShape:
    """The shape in a vision section of ``kind``.

    Raises:
        PolicyError: if the kind is not known, or a number makes no sense.
    """
    if kind in _SQUARES:
        return _squares(config, kind)
    if kind in _PICTURES:
        return _pictures(config, kind)
    known = ", ".join([*_SQUARES, *_PICTURES])
    raise PolicyError(f"{config.file}: the plan does not know vision towers of type {kind}; it knows {known}")


def _squares(config: ConfigFile, kind: str) -> VisionShape:
    default = _SQUARES[kind]
    d = config.integer("hidden_size", default.hidden)
    f = config.integer("intermediate_size", default.intermediate)
    layers = config.integer("num_hidden_layers", default.layers)
    image, patch = config.integer("image_size", default.image), config.integer("patch_size", default.patch)
    if image < patch:
        raise PolicyError(f"{config.file}: vision_config: squares of {image} pixels hold no patch of {patch}")
    grid, embedding = (image // patch) ** 2, _CHANNELS * patch**2 * d
    with_class = kind in ("clip_vision_model", "internvl_vision")
    norms_and_biases = 4 * d + 4 * d + f + d
    ends = 2 * d
    if kind == "internvl_vision":
        attention = 3 * d if config.flag("attention_bias", False) else 0
        attention += 2 * d if config.flag("use_qk_norm", False) else 0
        norms_and_biases = 4 * d + 2 * d + attention + d + f + d
        ends = d + (0 if config.flag("use_mean_pooling", True) else 2 * d)
    elif kind == "clip_vision_model":
        ends = 4 * d
    else:
        ends += d
    if kind == "siglip_vision_model" and config.flag("vision_use_head", True):
        ends += d + 4 * d**2 + 4 * d + 2 * d + 2 * d * f + f + d
    positions = (grid + with_class) * d + with_class * d
    matrices = embedding + layers * (4 * d**2 + 2 * d * f)
    return VisionShape(
        kind=kind,
        layers=layers,
        hidden=d,
        intermediate=f,
        gated=False,
        parameters=matrices + layers * norms_and_biases + positions + ends,
        matrices=matrices,
        image_size=image,
        patch=patch,
        merge=1,
        numbers_per_patch=_CHANNELS * patch**2,
        tile_tokens=grid + with_class,
    )


def _pictures(config: ConfigFile, kind: str) -> VisionShape:
    default = _PICTURES[kind]
    d = config.integer("embed_dim" if kind == "qwen2_vl_vision" else "hidden_size", default.hidden)
    f = config.integer("intermediate_size", default.intermediate)
    if kind == "qwen2_vl_vision":
        f = int(d * config.number("mlp_ratio", 4))
    layers = config.integer("depth", default.layers)
    patch = config.integer("patch_size", default.patch)
    gated = kind == "qwen2_5_vl_vision"
    numbers = config.integer("in_channels", _CHANNELS) * config.integer("temporal_patch_size", 2) * patch**2
    norms = 2 * d if gated else 4 * d
    biases = 4 * d + (2 * f if gated else f) + d
    ends = 0
    if kind == "qwen3_vl_vision":
        ends = d + config.integer("num_position_embeddings", 2304) * d
    matrices = numbers * d + layers * (4 * d**2 + (3 if gated else 2) * d * f)
    return VisionShape(
        kind=kind,
        layers=layers,
        hidden=d,
        intermediate=f,
        gated=gated,
        parameters=matrices + layers * (norms + biases) + ends,
        matrices=matrices,
        image_size=0,
        patch=patch,
        merge=config.integer("spatial_merge_size", 2),
        numbers_per_patch=numbers,
        tile_tokens=None,
    )

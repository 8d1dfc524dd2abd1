"""What differs between kinds of vision-language models; everything else in this package is the same for all of them.

A family is known by its config's ``model_type``. Most need nothing of their own. Qwen's models place image tokens on a
grid of positions, Qwen3-VL feeds image features into several layers, Gemma 3 reads an image in both directions and
PaliGemma a whole prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch

from redraft.errors import PolicyError

Locate = Callable[[Any, torch.Tensor, Mapping[str, torch.Tensor]], torch.Tensor]


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Attributes:
        images: the processor's outputs that hold an image.
        stacks: images all have one shape, so that one call of the processor can take many prompts.
        features: the type in which the model wants image features back.
        locate: positions ``[A, T]`` of a prompt's tokens, from the model, their ids ``[T]`` and the image's tensors.
        both_ways: what is read in both directions, not from left to right alone.
        masks_by_layer: sliding-window layers take a mask of their own.
    """

    name: str
    images: tuple[str, ...] = ("pixel_values",)
    stacks: bool = False
    features: type[list[Any]] | type[torch.Tensor] = list
    locate: Locate = lambda model, ids, images: torch.arange(len(ids))[None]
    both_ways: Literal["nothing", "image", "prompt"] = "nothing"
    masks_by_layer: bool = False


def grid_positions(model: Any, ids: torch.Tensor, images: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Positions ``[3, T]`` (time, height, width), as Qwen's models compute them."""
    types = (ids == model.config.image_token_id).int()
    positions, _ = model.model.get_rope_index(
        input_ids=ids[None], mm_token_type_ids=types[None], image_grid_thw=images["image_grid_thw"]
    )
    result: torch.Tensor = positions[:, 0]
    return result


def one_based_positions(model: Any, ids: torch.Tensor, images: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Positions ``[1, T]`` that count from 1, as PaliGemma's do."""
    return torch.arange(1, len(ids) + 1)[None]


_GRID = ("pixel_values", "image_grid_thw")
_TILES = ("pixel_values", "pixel_attention_mask")

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("llava", stacks=True),
        Family("llava_next", images=("pixel_values", "image_sizes")),
        Family("llava_onevision", images=("pixel_values", "image_sizes")),
        Family("qwen2_vl", images=_GRID, locate=grid_positions),
        Family("qwen2_5_vl", images=_GRID, locate=grid_positions),
        Family("qwen3_vl", images=_GRID, locate=grid_positions),
        Family("idefics3", images=_TILES, features=torch.Tensor),
        Family("smolvlm", images=_TILES, features=torch.Tensor),
        Family("internvl", features=torch.Tensor),
        Family("gemma3", features=torch.Tensor, both_ways="image", masks_by_layer=True),
        Family("paligemma", features=torch.Tensor, locate=one_based_positions, both_ways="prompt"),
    )
}


def family_of(model: Any) -> Family:
    """The family of a loaded model.

    Raises:
        PolicyError: if it is none of ``FAMILIES``.
    """
    name = str(model.config.model_type)
    if name not in FAMILIES:
        raise PolicyError(f"model type {name} is not supported: use one of {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]

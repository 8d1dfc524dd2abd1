"""Images to the features that the language model reads, one image at a time or many alike ones together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from redraft.errors import DataError
from redraft.policy.families import Family
from redraft.policy.prompts import EncodedPrompt


@dataclass(frozen=True)
class ImageOutput:
    """What a model takes in place of its own vision tower's output."""

    pooler_output: list[torch.Tensor] | torch.Tensor
    deepstack_features: list[list[torch.Tensor]]


def image_features(model: Any, family: Family, prompts: Sequence[EncodedPrompt]) -> list[torch.Tensor]:
    """The features of each prompt's image, ``[1 + L, n, D]`` for n image tokens.

    The first slice replaces the image tokens' embeddings; the L others go into deeper layers (Qwen3-VL; L is 0
    elsewhere). Images whose inputs have the same shapes go through the vision tower together.

    Raises:
        DataError: if a prompt's text itself holds image tokens, so that tokens and features do not match.
    """
    groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
    for row, prompt in enumerate(prompts):
        shapes = tuple(tuple(prompt.images[key].shape) for key in family.images if key in prompt.images)
        groups.setdefault(shapes, []).append(row)
    features: dict[int, torch.Tensor] = {}
    for rows in groups.values():
        stacked = _features(model, family, [prompts[row] for row in rows])
        counts = [prompts[row].image_tokens for row in rows]
        if sum(counts) != stacked.shape[1]:
            raise DataError(
                f"prompt {prompts[rows[0]].text!r} holds image tokens of its own: "
                f"{sum(counts)} image tokens for {stacked.shape[1]} image features; take them out of the text"
            )
        features |= dict(zip(rows, torch.split(stacked, counts, dim=1), strict=True))
    return [features[row] for row in range(len(prompts))]


def as_model_input(family: Family, features: Sequence[torch.Tensor], device: torch.device) -> dict[str, ImageOutput]:
    """The ``mm_encoder_outputs`` of a forward pass whose rows hold these images, in order."""
    joined = torch.cat([f.to(device) for f in features], dim=1)
    pooled = [joined[0]] if family.features is list else joined[0]
    return {"image": ImageOutput(pooled, [[layer] for layer in joined[1:]])}


def _features(model: Any, family: Family, prompts: Sequence[EncodedPrompt]) -> torch.Tensor:
    inputs = {
        key: torch.cat([prompt.images[key] for prompt in prompts]).to(model.device)
        for key in family.images
        if key in prompts[0].images
    }
    inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
    out = model.model.get_image_features(**inputs, return_dict=True)
    layers = [out.pooler_output, *(getattr(out, "deepstack_features", None) or [])]
    return torch.stack([_flat(layer) for layer in layers])


def _flat(features: Any) -> torch.Tensor:
    joined = features if isinstance(features, torch.Tensor) else torch.cat(list(features))
    return joined.reshape(-1, joined.shape[-1])

"""Who sees whom: the attention masks of rows with branches, and of models that do not read from left to right alone."""

from __future__ import annotations

from typing import Any

import torch

from redraft.policy.families import Family

PADDING = -1
TRUNK = 0

Mask = torch.Tensor | dict[str, torch.Tensor]


def may_share_prefix(model: Any, family: Family, longest: int) -> bool:
    """Whether responses to one prompt may branch from one row of up to ``longest`` tokens, exactly.

    Attention must take a mask, and no layer may have a sliding window that its family hides from us and that so long a
    row could leave.
    """
    text = model.config.get_text_config()
    window = getattr(text, "sliding_window", None) if getattr(text, "use_sliding_window", True) else None
    fits = family.masks_by_layer or window is None or longest <= window
    return fits and model.config._attn_implementation in ("sdpa", "eager")


def attention_mask(
    model: Any,
    family: Family,
    ids: torch.Tensor,
    positions: torch.Tensor,
    branch: torch.Tensor,
    prompt: torch.Tensor,
) -> Mask:
    """The mask that makes every token see what it would see in a row of its own.

    A query sees keys at or before it in the trunk or in its own branch, and what its family reads in both directions.

    Args:
        ids: ``[B, T]``.
        positions: ``[A, B, T]``.
        branch: ``[B, T]``: ``PADDING``, ``TRUNK`` or the number of a branch.
        prompt: bool ``[B, T]``.

    Returns:
        ``[B, T]`` where causal attention over plain rows is all that is needed; else ``[B, 1, T, T]`` (query, key),
        boolean, or additive for eager attention; or a dict of these by kind of layer.
    """
    if family.both_ways == "nothing" and not bool((branch > TRUNK).any()):
        return (branch != PADDING).long()
    query, key = branch[:, :, None], branch[:, None, :]
    order = torch.arange(ids.shape[1], device=ids.device)
    full = ((key == TRUNK) | (key == query)) & (order[:, None] >= order)
    if family.both_ways != "nothing":
        block = prompt & (ids == model.config.image_token_id) if family.both_ways == "image" else prompt
        full = full | (block[:, :, None] & block[:, None, :])
    if not family.masks_by_layer:
        return _for_attention(model, full)
    place = positions[0]
    near = place[:, :, None] - place[:, None, :] < model.config.get_text_config().sliding_window
    return {"full_attention": _for_attention(model, full), "sliding_attention": _for_attention(model, full & near)}


def _for_attention(model: Any, mask: torch.Tensor) -> torch.Tensor:
    """With the dimension of heads; eager attention adds its mask to the scores, sdpa takes the boolean one."""
    mask = mask[:, None]
    if model.config._attn_implementation != "eager":
        return mask
    zeros = torch.zeros(mask.shape, dtype=model.dtype, device=mask.device)
    return zeros.masked_fill(~mask, torch.finfo(model.dtype).min)

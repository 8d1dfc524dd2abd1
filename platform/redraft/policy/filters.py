"""What is done to a distribution before a token is drawn from it, and the draw: pure functions on rows.

    logits ──repetition penalty──► / temperature ──softmax──► min-p ──► top-p ──► draw at a uniform number

Probabilities, ``[B, V]``, need not sum to one after a filter; ``draw`` takes them as weights.
"""

from __future__ import annotations

import torch

from redraft.generation import GenerationSettings


def penalise_repetition(logits: torch.Tensor, seen: torch.Tensor, penalty: float) -> torch.Tensor:
    """Make tokens that were ``seen``, boolean ``[B, V]``, less likely: Keskar et al. 2019 (CTRL), section 4.1.

    Positive logits are divided by the penalty and negative ones multiplied, as everybody has done since.
    """
    if penalty == 1.0:
        return logits
    return torch.where(seen, torch.where(logits > 0, logits / penalty, logits * penalty), logits)


def keep_min_p(p: torch.Tensor, min_p: float) -> torch.Tensor:
    """Leave out tokens less likely than ``min_p`` times the likeliest: Nguyen et al. 2024, arXiv 2407.01082."""
    if min_p <= 0.0:
        return p
    return p.masked_fill(p < min_p * p.amax(-1, keepdim=True), 0.0)


def keep_top_p(p: torch.Tensor, top_p: float) -> torch.Tensor:
    """Keep the fewest likeliest tokens that have ``top_p`` of the mass together: Holtzman et al. 2020."""
    if top_p >= 1.0:
        return p
    ordered, order = torch.sort(p, dim=-1, descending=True, stable=True)
    before = ordered.cumsum(-1, dtype=torch.float64) - ordered
    kept = ordered * (before < top_p * ordered.sum(-1, keepdim=True, dtype=torch.float64))
    return torch.zeros_like(p).scatter(-1, order, kept)


def probabilities(logits: torch.Tensor, seen: torch.Tensor | None, settings: GenerationSettings) -> torch.Tensor:
    """What to draw from, ``[B, V]``; ``seen`` is needed with a repetition penalty alone, and temperature is not 0."""
    if seen is not None:
        logits = penalise_repetition(logits, seen, settings.repetition_penalty)
    p = (logits / settings.temperature).softmax(-1)
    return keep_top_p(keep_min_p(p, settings.min_p), settings.top_p)


def draw(p: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """The token, ``[B]``, at which the cumulative distribution passes ``uniform``, ``[B]`` in [0, 1) and float64."""
    cumulative = p.cumsum(-1, dtype=torch.float64)
    threshold = uniform[:, None] * cumulative[:, -1:]
    return torch.searchsorted(cumulative, threshold, right=True)[:, 0].clamp(max=p.shape[-1] - 1)

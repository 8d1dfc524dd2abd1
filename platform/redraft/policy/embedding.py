"""Where a response lies among others: what the policy had in mind while it wrote it, in a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from redraft.generation import Generation

DIRECTIONS = 32
"""Random directions keep distances to about one part in four (Johnson and Lindenstrauss), which tells duplicates."""

_DECIMALS = 3


class HiddenMean:
    """The mean of the last hidden states, ``[rows, d]``, that the tokens of each response were predicted from."""

    def __init__(self, rows: int, like: torch.Tensor) -> None:
        self._sum = torch.zeros(rows, like.shape[1], device=like.device)
        self._count = torch.zeros(rows, 1, device=like.device)

    def add(self, rows: torch.Tensor, hidden: torch.Tensor) -> None:
        """One more token of these rows."""
        self._sum[rows] += hidden.float()
        self._count[rows] += 1

    def embeddings(self) -> list[tuple[float, ...]]:
        """``DIRECTIONS`` numbers a row; the same directions for every policy of one width."""
        mean = (self._sum / self._count.clamp(min=1)).cpu()
        width = mean.shape[1]
        directions = torch.randn(width, DIRECTIONS, generator=torch.Generator().manual_seed(width))
        # Rounded, so that a batch of another size places a response no differently.
        placed = torch.round(mean @ directions / DIRECTIONS**0.5, decimals=_DECIMALS)
        return [tuple(row) for row in placed.tolist()]


def with_embeddings(drawn: Sequence[Generation], embeddings: Sequence[tuple[float, ...]]) -> list[Generation]:
    """Each generation with its own."""
    return [
        replace(one, trace=one.trace.model_copy(update={"embedding": embedding}))
        for one, embedding in zip(drawn, embeddings, strict=True)
    ]

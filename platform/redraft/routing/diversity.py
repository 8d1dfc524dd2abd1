"""What lies far apart: greedy k-center on embeddings (Gonzalez 1985; for active learning, Sener and Savarese 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def k_center(points: Floats, count: int, beside: Floats) -> list[int]:
    """The indices of ``count`` points, each the farthest from all that were taken before it; ties go to the first.

    Within twice of the least radius that ``count`` centers can cover the points with. With nothing taken, the first
    point is the first center, so list the most wanted first.

    Args:
        points: ``[n, d]``, compared by Euclidean distance.
        count: at most n are returned.
        beside: ``[m, d]``, points that count as taken already; m may be 0.
    """
    distance = np.full(len(points), np.inf)
    for other in beside:
        distance = np.minimum(distance, _from(points, other))
    taken: list[int] = []
    for _ in range(min(count, len(points))):
        index = int(distance.argmax())
        taken.append(index)
        distance = np.minimum(distance, _from(points, points[index]))
        distance[index] = -1.0
    return taken


def unit(embeddings: Sequence[tuple[float, ...]]) -> Floats:
    """``[n, d]``, centred and scaled to length 1, so that distances grow with angles."""
    points = np.array(embeddings, dtype=np.float64)
    points = points - points.mean(axis=0)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Floats = points / np.where(lengths > 0, lengths, 1.0)
    return scaled


def _from(points: Floats, other: Floats) -> Floats:
    distances: Floats = np.linalg.norm(points - other, axis=1)
    return distances

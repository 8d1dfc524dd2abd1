"""How the part of the budget that is not drawn at random is spent.

| strategy          | first come                                                                                |
|-------------------|-------------------------------------------------------------------------------------------|
| `random`          | any, drawn alike                                                                          |
| `uncertainty`     | the most doubtful, by a score that needs no label                                         |
| `probe`           | those with the most corrected segments a minute expected of them                          |
| `probe+diversity` | of a shortlist by the same, those that lie far apart                                      |

All but `random` take one response an image while there are images left.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from redraft.config import RouteConfig
from redraft.routing.candidates import Candidate
from redraft.routing.diversity import k_center, unit


class Strategy(Protocol):
    """Spends a number of tasks."""

    def pick(self, candidates: Sequence[Candidate], count: int, beside: Sequence[Candidate]) -> list[Candidate]:
        """At most ``count`` of the candidates, the most urgent first; the order they are listed in has no influence.

        Args:
            beside: what is routed already, none of it among the candidates.
        """
        ...


@dataclass(frozen=True)
class AtRandom:
    """All alike."""

    seed: int

    def pick(self, candidates: Sequence[Candidate], count: int, beside: Sequence[Candidate]) -> list[Candidate]:
        """As the protocol says."""
        by_id = sorted(candidates, key=lambda c: c.id)
        return random.Random(self.seed).sample(by_id, min(count, len(by_id)))


@dataclass(frozen=True)
class Highest:
    """The highest value of ``by`` first, ties by id, one an image while there are images left."""

    by: Callable[[Candidate], float]

    def pick(self, candidates: Sequence[Candidate], count: int, beside: Sequence[Candidate]) -> list[Candidate]:
        """As the protocol says."""
        return _spread(candidates, self.by, beside)[:count]


@dataclass(frozen=True)
class FarApart:
    """Of the ``shortlist`` times ``count`` highest values of ``by``, those that lie far apart, and from ``beside``."""

    by: Callable[[Candidate], float]
    shortlist: float

    def pick(self, candidates: Sequence[Candidate], count: int, beside: Sequence[Candidate]) -> list[Candidate]:
        """As the protocol says; without embeddings the highest values themselves."""
        listed = _spread(candidates, self.by, beside)[: math.ceil(count * self.shortlist)]
        everything = [c.embedding for c in (*listed, *beside)]
        placed = [e for e in everything if e is not None]
        if len(placed) < len(everything) or not placed:
            return listed[:count]
        points = unit(placed)
        return [listed[i] for i in k_center(points[: len(listed)], count, points[len(listed) :])]


def open_strategy(config: RouteConfig, seed: int) -> Strategy:
    """The strategy that the config names; ``seed`` is of what is drawn at random."""
    by = value_by(config)
    if by is None:
        return AtRandom(seed)
    return FarApart(by, config.shortlist) if config.strategy == "probe+diversity" else Highest(by)


def value_by(config: RouteConfig) -> Callable[[Candidate], float] | None:
    """What the strategy that the config names puts first; None for one that takes all alike."""
    if config.strategy == "random":
        return None
    if config.strategy == "uncertainty":
        return lambda candidate: candidate.score.score
    return lambda candidate: candidate.rate


def _spread(
    candidates: Sequence[Candidate], by: Callable[[Candidate], float], beside: Sequence[Candidate]
) -> list[Candidate]:
    """Highest first, those about an image that was taken before behind all others."""
    first: list[Candidate] = []
    again: list[Candidate] = []
    seen = {candidate.image_id for candidate in beside}
    for candidate in sorted(candidates, key=lambda c: (-by(c), c.id)):
        (again if candidate.image_id in seen else first).append(candidate)
        seen.add(candidate.image_id)
    return first + again

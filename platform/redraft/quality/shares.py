"""Shares and differences with intervals, for samples that are often small."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from redraft.evaluate.bootstrap import ImageBootstrap
from redraft.records import Interval, Record

RESAMPLES = 1000
_SEED = 20_312


class Part(Record):
    """What one task adds to a ratio: ``above`` the line and ``below`` it."""

    task: str
    above: float
    below: float


def wilson(successes: int, trials: int, z: float = 1.96) -> Interval:
    """A share and its score interval (Wilson, 1927), which stays inside [0, 1] for small samples."""
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(value=share, low=min(share, low), high=max(share, high))  # not so by rounding where all is one way


def wilson_of(found: Iterable[bool]) -> Interval | None:
    """The share of True, as ``wilson``; None of nothing."""
    values = list(found)
    return wilson(sum(values), len(values)) if values else None


def least_rise(before: Interval, after: Interval) -> float:
    """By how much a share has risen at least, from the intervals of both (Newcombe 1998, method 10)."""
    return after.value - before.value - math.hypot(after.value - after.low, before.high - before.value)


def ratio(parts: Sequence[Part], *, confidence: float = 0.95) -> Interval | None:
    """The sum above the line over the sum below, with a bootstrap interval over tasks; None with nothing below."""
    if not sum(part.below for part in parts):
        return None
    draws = ImageBootstrap([part.task for part in parts], resamples=RESAMPLES, seed=_SEED, confidence=confidence)
    return draws.ratio([part.above for part in parts], [part.below for part in parts])


def difference(one: Sequence[Part], other: Sequence[Part], *, confidence: float = 0.95) -> Interval | None:
    """``ratio(one)`` minus ``ratio(other)``, with a bootstrap interval; None if either has nothing below the line.

    Both are drawn together, task by task, so a task that gives parts to both sides is drawn with both of them.
    """
    if not one or not other:
        return None
    parts = [*one, *other]
    mine = np.arange(len(parts)) < len(one)
    above, below = np.array([(part.above, part.below) for part in parts]).T
    columns = [above * mine, below * mine, above * ~mine, below * ~mine]
    draws = ImageBootstrap([part.task for part in parts], resamples=RESAMPLES, seed=_SEED, confidence=confidence)
    return draws.of_sums([column.tolist() for column in columns], _ratio_difference)


def excludes_zero(interval: Interval | None) -> bool:
    """Whether a difference is there and its interval lies wholly on one side of 0."""
    return interval is not None and (interval.low > 0 or interval.high < 0)


def _ratio_difference(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """[m, 4] to [m]; NaN where one side has nothing below the line."""
    told = (sums[:, 1] != 0) & (sums[:, 3] != 0)
    below = np.where(told[:, None], sums[:, [1, 3]], 1.0)
    return np.where(told, sums[:, 0] / below[:, 0] - sums[:, 2] / below[:, 1], np.nan)

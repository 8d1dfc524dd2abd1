"""How well scores tell wrong from right, and whether chances are what they say.

Intervals resample responses, never single claims: those of one response stand and fall together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from redraft.quality.shares import wilson
from redraft.records import Interval, Record
from redraft.uncertainty.sampled import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
RESAMPLES = 500
BINS = 10
_SEED = 20_619
_CELLS_AT_ONCE = 1_000_000


class Bin(Record):
    """Chances in ``[low, high)``, the last bin closed: their mean, and the share of wrong ones with its interval."""

    low: float
    high: float
    count: int
    predicted: float
    observed: Interval


def auroc(scores: Floats, wrong: Bools) -> float | None:
    """The chance that a wrong one scores above a right one, ties half; None where one class is missing."""
    return _finite(_auroc(scores, wrong, np.ones((1, len(scores))))[0])


def average_precision(scores: Floats, wrong: Bools) -> float | None:
    """Precision averaged over recall, Σ (R_n - R_{n-1}) P_n over the distinct scores, falling; None as ``auroc``."""
    return _finite(_average_precision(scores, wrong, np.ones((1, len(scores))))[0])


def auroc_interval(scores: Floats, wrong: Bools, groups: Sequence[int]) -> Interval | None:
    """``auroc`` with its 95 % bootstrap interval; ``groups`` ``[n]`` number the responses from 0 on."""
    return _interval(partial(_auroc, scores, wrong), groups)


def precision_interval(scores: Floats, wrong: Bools, groups: Sequence[int]) -> Interval | None:
    """``average_precision``, likewise."""
    return _interval(partial(_average_precision, scores, wrong), groups)


def reliability(chances: Floats, wrong: Bools) -> list[Bin]:
    """Ten bins of equal width, the empty ones left out; Wilson's interval takes claims for independent."""
    place = np.minimum((chances * BINS).astype(int), BINS - 1)
    bins = []
    for k in range(BINS):
        mine = place == k
        if mine.any():
            observed = wilson(int(wrong[mine].sum()), int(mine.sum()))
            mean = float(chances[mine].mean())
            bins.append(
                Bin(low=k / BINS, high=(k + 1) / BINS, count=int(mine.sum()), predicted=mean, observed=observed)
            )
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """ECE: mean distance of predicted and observed, weighted by count (Guo et al., 2017); small samples raise it."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.predicted - one.observed.value) for one in bins) / total


def _auroc(scores: Floats, wrong: Bools, weights: Floats) -> Floats:
    """For each row of ``weights`` ``[m, n]``; NaN where a class weighs nothing."""
    bad, good = _per_score(scores, wrong, weights)
    above = np.cumsum(bad, axis=1) - bad / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        area: Floats = (above * good).sum(axis=1) / (bad.sum(axis=1) * good.sum(axis=1))
    return area


def _average_precision(scores: Floats, wrong: Bools, weights: Floats) -> Floats:
    bad, good = _per_score(scores, wrong, weights)
    found, all_found = np.cumsum(bad, axis=1), np.cumsum(bad + good, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(all_found > 0, found / all_found, 0.0)
        area: Floats = (bad * precision).sum(axis=1) / bad.sum(axis=1)
    area[good.sum(axis=1) == 0] = np.nan
    return area


def _per_score(scores: Floats, wrong: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Weights of wrong and of right ones, ``[m, distinct scores]``, the highest score first."""
    if not len(scores):
        return np.zeros((len(weights), 1)), np.zeros((len(weights), 1))
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    starts = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]])
    ordered, bad = weights[:, order], wrong[order]
    return np.add.reduceat(ordered * bad, starts, axis=1), np.add.reduceat(ordered * ~bad, starts, axis=1)


def _interval(figure: Callable[[Floats], Floats], groups: Sequence[int]) -> Interval | None:
    group = np.asarray(groups, dtype=np.int64)
    value = _finite(figure(np.ones((1, len(group))))[0])
    if value is None:
        return None
    count = int(group.max()) + 1
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=RESAMPLES).astype(np.float64)
    chunk = max(1, _CELLS_AT_ONCE // len(group))
    figures = np.concatenate([figure(drawn[at : at + chunk][:, group]) for at in range(0, RESAMPLES, chunk)])
    low, high = np.percentile(figures[~np.isnan(figures)], (2.5, 97.5))
    return Interval(value=value, low=float(low), high=float(high))


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""How many labels a line needs to reach a rate, and how many times as many as another line.

A curve is made non-increasing (isotonic regression), its end left out where it rises clearly above its lowest point,
and interpolated linearly in the logarithm of the labels. A target that the smallest size already meets needs *at most*
so many labels, one that is never met *more than* the largest size: both stay bounds, in every resample and in ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redraft.records import Record
from redraft.scaling.resample import Floats, interval

_TINY = 1e-9
"""A rate that is above the target by less is at it: means are sums of many."""


@dataclass(frozen=True)
class Reach:
    """Labels that each draw needs, [draws]; where ``low`` and ``high`` differ, all that is known lies between them."""

    low: Floats
    high: Floats

    def over(self, other: Reach) -> Reach:
        """How many times as many as ``other``."""
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = self.low / other.high, self.high / other.low
        return Reach(low, high)


class Bounded(Record):
    """A number of labels, or a ratio of two, with what the data leave open.

    The study's own figure lies between ``at_least`` and ``at_most``, which are one where it was measured. ``low`` and
    ``high`` are its 95 % interval, which counts a draw that did not reach the target from its bound upwards. None is
    no upper end.
    """

    at_least: float
    at_most: float | None
    low: float
    high: float | None

    @property
    def measured(self) -> bool:
        """Whether the figure itself is known, and not only a bound of it."""
        return self.at_least == self.at_most


def bounded(reach: Reach) -> Bounded:
    """What the draws say."""
    low = float(np.percentile(reach.low[1:], 2.5, method="lower"))
    high = float(np.percentile(reach.high[1:], 97.5, method="higher"))
    return Bounded(at_least=float(reach.low[0]), at_most=_finite(float(reach.high[0])), low=low, high=_finite(high))


def labels_needed(
    sizes: Sequence[float], rates: Floats, target: float, recalls: Floats | None = None, recall: Floats | None = None
) -> Reach:
    """Labels at which a curve first is at or below ``target``.

    Args:
        rates: [draws, sizes].
        recalls: [draws, sizes]; with ``recall`` [draws], that recall has to be met, too, at the same number of labels.
    """
    logs = np.log(np.array(sizes, dtype=np.float64))
    wrong = falling(rates) - target - _TINY
    short = np.full_like(wrong, -1.0) if recalls is None or recall is None else recall[:, None] - recalls
    met = (wrong[:, 0] <= 0) & (short[:, 0] <= 0)
    low = np.where(met, 0.0, float(sizes[-1]))
    high = np.where(met, float(sizes[0]), np.inf)
    for at in range(len(sizes) - 1):
        step = _first_share(wrong[:, at], wrong[:, at + 1], short[:, at], short[:, at + 1])
        here = ~met & ~np.isnan(step)
        reached = np.exp(logs[at] + np.where(here, step, 0) * (logs[at + 1] - logs[at]))
        low, high = np.where(here, reached, low), np.where(here, reached, high)
        met |= here
    return Reach(low, high)


def falling(rates: Floats) -> Floats:
    """The nearest non-increasing curve of each row, [draws, sizes]; an end that is clearly too much stays flat.

    The cut is the same in all draws.
    """
    kept = rates[:, : clear_rise(rates)]
    smooth = _isotonic(kept)
    flat = np.repeat(smooth[:, -1:], rates.shape[1] - kept.shape[1], axis=1)
    return np.concatenate([smooth, flat], axis=1)


def clear_rise(rates: Floats) -> int:
    """How many sizes come before the first that is clearly worse than the best one before it (95 %, paired)."""
    best = int(rates[0].argmin())
    for at in range(best + 1, rates.shape[1]):
        rise = interval(rates[:, at] - rates[:, best])
        if rise is not None and rise.low > 0:
            return at
    return int(rates.shape[1])


def _isotonic(rates: Floats) -> Floats:
    """Least-squares non-increasing fit of each row, by the max-min formula."""
    count = rates.shape[1]
    sums = np.concatenate([np.zeros((len(rates), 1)), rates.cumsum(axis=1)], axis=1)
    fitted = np.empty_like(rates)
    for at in range(count):
        highest = [
            np.max([(sums[:, end] - sums[:, begin]) / (end - begin) for end in range(at + 1, count + 1)], axis=0)
            for begin in range(at + 1)
        ]
        fitted[:, at] = np.min(highest, axis=0)
    return fitted


def _first_share(wrong: Floats, then_wrong: Floats, short: Floats, then_short: Floats) -> Floats:
    """How far along a segment both differences are first at or below zero, 0 to 1; NaN where they never are."""
    begins, ends = np.zeros(len(wrong)), np.ones(len(wrong))
    for first, last in ((wrong, then_wrong), (short, then_short)):
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = first / (first - last)
        begins = np.maximum(begins, np.where(first <= 0, 0.0, np.where(last <= 0, cross, np.inf)))
        ends = np.minimum(ends, np.where(last <= 0, 1.0, np.where(first <= 0, cross, -np.inf)))
    return np.where(begins <= ends, begins, np.nan)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

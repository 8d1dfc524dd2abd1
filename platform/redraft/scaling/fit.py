"""The power law of a curve, rate(n) = floor + scale * n ** -exponent, by bounded least squares.

For a given exponent the law is linear in floor and scale, which are kept at or above zero by looking at the borders;
the exponent is searched on a grid, and on a finer one around its best value. All draws are fitted at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from redraft.records import Interval, Record
from redraft.scaling.lines import Line
from redraft.scaling.resample import Floats, interval

LAW = "rate(n) = floor + scale \u00b7 n^\u2212exponent"

EXPONENTS = (0.05, 4.0)
"""The range that exponents are looked for in: beyond it, a curve over one or two decades is a line or a step."""

_COARSE = 120
_FINE = 41
_PARAMETERS = 3


@dataclass(frozen=True)
class Law:
    """Fitted parameters, [draws] each, and the squared error that they leave, weighted."""

    floor: Floats
    scale: Floats
    exponent: Floats
    error: Floats

    def rate(self, labels: Floats) -> Floats:
        """The law's rate at each number of labels, [draws, labels]."""
        curve: Floats = self.floor[:, None] + self.scale[:, None] * labels[None, :] ** -self.exponent[:, None]
        return curve


class PowerLaw(Record):
    """A fitted law with 95 % intervals over resamples.

    ``identified`` is False where nothing can be said of the exponent: its interval is as wide as the range that was
    searched, there are no more sizes than parameters, or the curve does not fall. ``worst`` is the largest distance
    of a measured rate from the law.
    """

    line: Line
    sizes: tuple[int, ...]
    floor: Interval
    exponent: Interval
    identified: bool
    worst: float


def fit_law(sizes: Sequence[int], rates: Floats, weights: Floats | None = None) -> Law:
    """Fit each row of ``rates`` [draws, sizes] with one weight a size; all alike by default."""
    labels = np.array(sizes, dtype=np.float64)
    weights = np.ones(len(labels)) if weights is None else weights
    grid = np.geomspace(*EXPONENTS, _COARSE)
    tried = np.stack([_solve(labels, rates, weights, np.full(len(rates), b))[2] for b in grid], axis=1)
    best = tried.argmin(axis=1)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, _COARSE - 1)]
    exponent, least = grid[best], tried.min(axis=1)
    for step in np.linspace(0, 1, _FINE):
        b = low * (high / low) ** step
        error = _solve(labels, rates, weights, b)[2]
        better = error < least
        exponent, least = np.where(better, b, exponent), np.where(better, error, least)
    floor, scale, error = _solve(labels, rates, weights, exponent)
    return Law(floor, scale, exponent, error)


def power_law(line: Line, sizes: Sequence[int], rates: Floats) -> PowerLaw | None:
    """The law of a line, [draws, sizes]; None with fewer than three sizes. Each size weighs by how well it is known."""
    if len(sizes) < _PARAMETERS:
        return None
    law = fit_law(sizes, rates, precision(rates))
    exponent, floor = interval(law.exponent), interval(law.floor)
    assert exponent is not None and floor is not None
    residuals = rates[0] - law.rate(np.array(sizes, dtype=np.float64))[0]
    return PowerLaw(
        line=line,
        sizes=tuple(sizes),
        floor=floor,
        exponent=exponent,
        identified=len(sizes) > _PARAMETERS and bool(law.scale[0] > 0) and not _whole_range(exponent),
        worst=float(np.abs(residuals).max()),
    )


def precision(rates: Floats) -> Floats:
    """One over the variance of each size over the resamples; where nothing varies, as for half a point."""
    weights: Floats = 1 / np.maximum(rates[1:].var(axis=0), 0.005**2)
    return weights


def _whole_range(exponent: Interval) -> bool:
    low, high = EXPONENTS
    return exponent.low <= 1.05 * low and exponent.high >= high / 1.05


def _solve(labels: Floats, rates: Floats, weights: Floats, exponent: Floats) -> tuple[Floats, Floats, Floats]:
    """Floor and scale at or above zero, and the weighted squared error, for one exponent a draw."""
    x = labels[None, :] ** -exponent[:, None]
    total = weights.sum()
    mean_x, mean_y = (x @ weights) / total, (rates @ weights) / total
    spread = ((x - mean_x[:, None]) ** 2) @ weights
    together = ((x - mean_x[:, None]) * (rates - mean_y[:, None])) @ weights
    scale = np.maximum(together / np.maximum(spread, 1e-300), 0)
    floor = mean_y - scale * mean_x
    through_zero = ((x * rates) @ weights) / ((x * x) @ weights)
    scale = np.where(floor < 0, through_zero, scale)
    floor = np.maximum(floor, 0)
    left = rates - floor[:, None] - scale[:, None] * x
    return floor, scale, (left**2) @ weights

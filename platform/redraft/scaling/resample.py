"""The study's bootstrap: pictures and trainings are drawn anew, together for all points, so that everything is paired.

    pictures    all cells described the same ones: one draw of pictures counts for all of them
    trainings   (base, seed) pairs, drawn n - 1 of n (Rao and Wu, 1988): drawing n of so few would give intervals that
                are too narrow by a factor of sqrt((n - 1) / n)

Drawing rows and columns at once counts what is peculiar to one training on one picture twice (Owen, 2007): intervals
are wider than they need to be, never narrower.

An array [draws] begins with the figure of the study itself; the rest are resamples. Statistics of means (fits,
crossings, ratios) are computed for each draw, row by row; their intervals are percentiles of what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from redraft.records import Interval
from redraft.scaling.lines import Line, Results
from redraft.scaling.rows import CellResult

Floats = NDArray[np.float64]
Figure = Literal["response_rate", "mention_rate", "recall", "mean_words"]

_SEED = 20_231
_UNKNOWN_SHARE = 0.025
"""A statistic that more than this share of the draws cannot tell has no 95 % interval."""


class Resamples:
    """Every figure of every cell, over the same draws of pictures; and draws of trainings to average them with.

    Args:
        results: the study so far.
        draws: resamples beside the study itself; the config's number by default.
    """

    def __init__(self, results: Results, draws: int | None = None) -> None:
        self.results = results
        self.draws = 1 + (results.config.bootstrap if draws is None else draws)
        self._weights: dict[bytes, Floats] = {}
        self._curves: dict[tuple[Figure, Line], Floats] = {}
        pictures = counts(np.random.default_rng(_SEED), self.draws, results.images, results.images)
        cells = results.all
        self._column = {id(cell): at for at, cell in enumerate(cells)}
        self._figures = {name: _figure(pictures, cells, name) for name in _PARTS}

    def cells(self, figure: Figure, line: Line | None, labels: int) -> Floats:
        """A figure of each training, [draws, units]; NaN where the cell is missing."""
        values = np.full((self.draws, len(self.results.units)), np.nan)
        for at, unit in enumerate(self.results.units):
            result = self.results.at(line, labels, unit)
            if result is not None:
                values[:, at] = self._figures[figure][:, self._column[id(result)]]
        return values

    def fixed(self, values: Sequence[float | None]) -> Floats:
        """One number a training that no picture takes part in, as [draws, units]."""
        row = np.array([np.nan if value is None else value for value in values])
        return np.broadcast_to(row, (self.draws, len(row)))

    def mean(self, values: Floats, base: str | None = None) -> Floats:
        """The mean over trainings drawn of those that are there, [draws, units] to [draws]; NaN where there is none.

        Args:
            base: average the trainings from this base alone.
        """
        there = ~np.isnan(values[0])
        if base is not None:
            there &= [unit.base == base for unit in self.results.units]
        if not there.any():
            return np.full(self.draws, np.nan)
        weights = self._drawn(there)
        mean: Floats = (weights * np.where(there, values, 0)).sum(axis=1) / weights.sum(axis=1)
        return mean

    def _drawn(self, there: NDArray[np.bool_]) -> Floats:
        """How often each of these trainings is drawn, [draws, units]; the same draws whenever the same are there."""
        key = there.tobytes()
        if key not in self._weights:
            count = int(there.sum())
            weights = np.zeros((self.draws, len(there)))
            rng = np.random.default_rng([_SEED, *there.astype(int)])
            weights[:, there] = counts(rng, self.draws, count, max(1, count - 1))
            self._weights[key] = weights
        return self._weights[key]

    def curve(self, figure: Figure, line: Line) -> Floats:
        """Means over trainings at each of a line's sizes, [draws, sizes]."""
        if (figure, line) not in self._curves:
            means = [self.mean(self.cells(figure, line, size)) for size in self.results.sizes(line)]
            self._curves[figure, line] = np.stack(means, axis=1)
        return self._curves[figure, line]


def interval(drawn: Floats, tails: float = 0.05) -> Interval | None:
    """The study's own figure with percentiles of its resamples, [draws]; None where too many draws cannot tell.

    Args:
        tails: what lies outside, both sides together.
    """
    known = ~np.isnan(drawn[1:])
    if np.isnan(drawn[0]) or known.mean() < 1 - _UNKNOWN_SHARE:
        return None
    low, high = np.percentile(drawn[1:][known], [50 * tails, 100 - 50 * tails])
    return Interval(value=float(drawn[0]), low=float(low), high=float(high))


_PARTS: dict[Figure, tuple[str, str]] = {
    "response_rate": ("wrong", "responses"),
    "mention_rate": ("errors", "mentions"),
    "recall": ("found", "present"),
    "mean_words": ("words", "responses"),
}


def counts(rng: np.random.Generator, draws: int, of: int, take: int) -> Floats:
    """``[draws, of]``, how often each of ``of`` is drawn; in the first row once."""
    drawn = rng.multinomial(take, np.full(of, 1 / of), size=draws).astype(np.float64)
    drawn[0] = 1
    return drawn


def _figure(pictures: Floats, cells: list[CellResult], name: Figure) -> Floats:
    """One figure of every cell, [draws, cells]."""
    above, below = (np.stack([_per_picture(cell, part) for cell in cells], axis=1) for part in _PARTS[name])
    return (pictures @ above) / np.maximum(pictures @ below, 1)


def _per_picture(cell: CellResult, part: str) -> Floats:
    if part == "responses":
        return np.ones(len(cell.errors))
    if part == "wrong":
        return (np.array(cell.errors) > 0).astype(np.float64)
    return np.array(getattr(cell, part), dtype=np.float64)

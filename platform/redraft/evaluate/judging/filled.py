"""Formulas that count verdicts nobody could read as some value, so that bounds stand beside a figure."""

from __future__ import annotations

import numpy as np

from redraft.evaluate.bootstrap import Floats
from redraft.evaluate.suite import Formula, ratio


def total(sums: Floats) -> Floats:
    """The one sum [m, 1] itself."""
    return sums[:, 0]


def mean_with(value: float) -> Formula:
    """The mean over all verdicts, the unreadable ones as ``value``, of sums (wanted, readable, unreadable)."""

    def formula(sums: Floats) -> Floats:
        whole = sums[:, 0] + value * sums[:, 2]
        return ratio(np.stack([whole, sums[:, 1] + sums[:, 2]], axis=1))

    return formula


def percent(sums: Floats) -> Floats:
    """A hundred times the first of two sums over the second."""
    return 100 * ratio(sums)


def percent_with(above: float, below: float) -> Formula:
    """The same of sums (above, below, unreadable), an unreadable verdict as ``above`` over ``below``."""

    def formula(sums: Floats) -> Floats:
        filled = np.stack([sums[:, 0] + above * sums[:, 2], sums[:, 1] + below * sums[:, 2]], axis=1)
        return percent(filled)

    return formula

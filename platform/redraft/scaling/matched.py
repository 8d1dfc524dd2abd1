"""Arms at equal recall: saying less is an easy way to be wrong less often, so recall is held alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from redraft.scaling.resample import Floats


def rate_at_recall(rates: Floats, recalls: Floats, recall: Floats) -> Floats:
    """The rate at which a line passes a recall, interpolated between sizes; the lowest if it does so twice.

    Args:
        rates: [draws, sizes], in the order of sizes.
        recalls: [draws, sizes].
        recall: [draws].

    Returns:
        [draws]; NaN where a draw's line never has that recall.
    """
    lowest = np.full(len(rates), np.inf)
    for at in range(rates.shape[1] - 1):
        first, last = recalls[:, at] - recall, recalls[:, at + 1] - recall
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(first == last, 0.0, first / (first - last))
        between = (first * last <= 0) & (share >= 0) & (share <= 1)
        passed = rates[:, at] + share * (rates[:, at + 1] - rates[:, at])
        lowest = np.minimum(lowest, np.where(between, passed, np.inf))
    return np.where(np.isinf(lowest), np.nan, lowest)


def lowest_rate(rates: Floats, recalls: Floats, recall: Floats) -> Floats:
    """The lowest rate that a line reaches with at least a recall; NaN where it never has it."""
    measured = np.where(recalls >= recall[:, None], rates, np.inf).min(axis=1)
    passed = rate_at_recall(rates, recalls, recall)
    lowest = np.minimum(measured, np.where(np.isnan(passed), np.inf, passed))
    return np.where(np.isinf(lowest), np.nan, lowest)


def common_recall(recalls: Sequence[Floats]) -> tuple[float, float] | None:
    """The range of recall that every line passes through, by the study's own means; None if there is none."""
    low = max(float(line[0].min()) for line in recalls)
    high = min(float(line[0].max()) for line in recalls)
    return (low, high) if low < high else None

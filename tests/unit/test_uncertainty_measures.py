"""Areas against scikit-learn and by hand, reliability by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from redraft.uncertainty.measures import (
    auroc,
    auroc_interval,
    average_precision,
    calibration_error,
    precision_interval,
    reliability,
)


def test_areas_by_hand() -> None:
    scores, wrong = np.array([0.9, 0.8, 0.8, 0.1]), np.array([True, True, False, False])
    # of the four pairs of a wrong and a right one, three are in order and one is tied
    assert auroc(scores, wrong) == pytest.approx(3.5 / 4)
    # recall 1/2 at precision 1, then 1 at 2/3
    assert average_precision(scores, wrong) == pytest.approx(0.5 + 0.5 * 2 / 3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_areas_are_those_of_scikit_learn(rows: list[tuple[int, bool]]) -> None:
    scores, wrong = np.array([float(s) for s, _ in rows]), np.array([w for _, w in rows])
    if wrong.all() or not wrong.any():
        assert auroc(scores, wrong) is None
        assert average_precision(scores, wrong) is None
        return
    assert auroc(scores, wrong) == pytest.approx(roc_auc_score(wrong, scores))
    assert average_precision(scores, wrong) == pytest.approx(average_precision_score(wrong, scores))


def test_intervals_resample_responses_and_not_claims() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(60) < 0.5
    scores = wrong + rng.normal(size=60)
    alone = auroc_interval(scores, wrong, range(60))
    tenfold = auroc_interval(np.repeat(scores, 10), np.repeat(wrong, 10), np.repeat(np.arange(60), 10).tolist())
    assert alone is not None
    assert tenfold is not None
    # ten copies of each claim within its response tell nothing new
    assert tenfold.model_dump() == pytest.approx(alone.model_dump())
    assert alone.low < alone.value < alone.high
    precision = precision_interval(scores, wrong, range(60))
    assert precision is not None
    assert precision.low < precision.value < precision.high


def test_no_interval_without_both_classes() -> None:
    assert auroc_interval(np.array([0.1, 0.2]), np.array([True, True]), [0, 1]) is None
    assert auroc_interval(np.array([]), np.array([], dtype=bool), []) is None


def test_reliability_by_hand() -> None:
    chances = np.array([0.05, 0.05, 0.95, 1.0])
    bins = reliability(chances, np.array([False, True, True, True]))
    assert [(b.low, b.count, b.predicted, b.observed.value) for b in bins] == [
        (0.0, 2, pytest.approx(0.05), 0.5),
        (0.9, 2, pytest.approx(0.975), 1.0),
    ]
    assert calibration_error(bins) == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)

"""Labels to a target: crossings, bounds and ratios by hand; rates at equal recall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.records import Interval
from redraft.scaling.matched import common_recall, lowest_rate, rate_at_recall
from redraft.scaling.targets import Bounded, Reach, bounded, clear_rise, falling, labels_needed
from redraft.scaling.wording import bound_in, points_in, signed_in, whole


def rows(*curves: list[float]) -> np.ndarray:
    return np.array(curves)


def repeated(curve: list[float], draws: int = 50) -> np.ndarray:
    """A study whose resamples are all as it is itself."""
    return np.repeat(rows(curve), draws + 1, axis=0)


def test_a_crossing_is_interpolated_in_the_logarithm() -> None:
    reach = labels_needed([100, 400], rows([0.3, 0.1], [0.4, 0.2]), 0.2)
    assert reach.low == pytest.approx([200, 400])
    assert np.array_equal(reach.low, reach.high)


def test_a_target_met_at_once_or_never_is_a_bound() -> None:
    reach = labels_needed([50, 100, 1400], rows([0.15, 0.1, 0.1], [0.5, 0.4, 0.3]), 0.2)
    assert reach.low.tolist() == [0, 1400]
    assert reach.high.tolist() == [50, np.inf]


def test_recall_has_to_be_kept_at_the_same_number_of_labels() -> None:
    rates, recalls = repeated([0.3, 0.1, 0.1]), repeated([0.90, 0.90, 0.96])
    reach = labels_needed([100, 400, 1600], rates, 0.2, recalls, np.full(51, 0.93))
    assert reach.low[0] == pytest.approx(800)
    rates, recalls = repeated([0.3, 0.1]), repeated([0.96, 0.90])
    lost = labels_needed([100, 400], rates, 0.2, recalls, np.full(51, 0.95))
    assert (lost.low[0], lost.high[0]) == (400, np.inf)
    just = labels_needed([100, 400], rates, 0.2, recalls, np.full(51, 0.92))
    assert just.low[0] == pytest.approx(200)


def test_a_rise_within_noise_is_levelled() -> None:
    draws = np.array([[0.3, 0.1, 0.2], [0.3, 0.2, 0.1], [0.3, 0.1, 0.2], [0.3, 0.2, 0.1]])
    assert clear_rise(draws) == 3
    assert falling(draws)[0] == pytest.approx([0.3, 0.15, 0.15])


def test_a_clear_rise_is_left_out() -> None:
    """Too much training undoes what was reached; the labels that reached it were enough."""
    draws = repeated([0.3, 0.1, 0.7])
    assert clear_rise(draws) == 2
    assert falling(draws)[0] == pytest.approx([0.3, 0.1, 0.1])
    assert labels_needed([100, 400, 1600], draws, 0.2).low[0] == pytest.approx(200)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=7))
def test_levelled_curves_never_rise_and_keep_their_mean(curve: list[float]) -> None:
    draws = np.concatenate([rows(curve), rows(curve), rows(curve[::-1])])
    smooth = falling(draws)
    assert (np.diff(smooth, axis=1) <= 1e-12).all()
    if clear_rise(draws) == len(curve):
        assert smooth.mean(axis=1) == pytest.approx(draws.mean(axis=1))
    straight = np.sort(draws, axis=1)[:, ::-1]
    assert falling(straight) == pytest.approx(straight)


def test_ratios_keep_bounds() -> None:
    few = Reach(np.array([400.0, 400.0, 0.0]), np.array([400.0, 400.0, 50.0]))
    many = Reach(np.array([800.0, 14000.0, 100.0]), np.array([800.0, np.inf, 100.0]))
    ratio = many.over(few)
    assert ratio.low.tolist() == [2, 35, 2]
    assert ratio.high.tolist() == [2, np.inf, np.inf]


def test_draws_that_never_arrive_leave_the_interval_open() -> None:
    low = np.array([600.0, *[500.0] * 50, *[700.0] * 44, *[1400.0] * 6])
    high = np.where(low == 1400, np.inf, low)
    found = bounded(Reach(low, high))
    assert found.measured
    assert (found.at_least, found.low, found.high) == (600, 500, None)
    rare = bounded(Reach(low[:96], high[:96]))
    assert rare.high == 700


def test_bounds_in_words() -> None:
    assert bound_in(Bounded(at_least=1630, at_most=1630, low=1000, high=2611)) == "1,630 (1,000 to 2,610)"
    assert bound_in(Bounded(at_least=14000, at_most=None, low=14000, high=None)) == "more than 14,000"
    assert bound_in(Bounded(at_least=35, at_most=None, low=20.4, high=None)) == "more than 35 (from 20 upwards)"
    assert bound_in(Bounded(at_least=0, at_most=50, low=0, high=50)) == "at most 50"
    assert bound_in(Bounded(at_least=0, at_most=50, low=0, high=70)) == "at most 50 (up to 70)"
    assert bound_in(Bounded(at_least=0, at_most=None, low=0, high=None)) == "not known"
    assert [whole(x) for x in (0.234, 6.02, 16.3, 123.4, 1234)] == ["0.23", "6", "16.3", "123", "1,230"]


def test_signs_in_words() -> None:
    assert points_in(Interval(value=-0.0131, low=-0.02, high=0.0004), "points") == "−1.3 points (−2.0 to 0.0)"  # noqa: RUF001
    assert signed_in(Interval(value=0.1, low=-0.0001, high=0.2)) == "+0.100 (0.000 to +0.200)"


def test_the_rate_at_a_recall_is_interpolated() -> None:
    rates, recalls = rows([0.4, 0.2, 0.3]), rows([0.90, 0.94, 0.92])
    assert rate_at_recall(rates, recalls, np.array([0.92])) == pytest.approx([0.3])
    assert rate_at_recall(rates, recalls, np.array([0.93])) == pytest.approx([0.25])
    assert np.isnan(rate_at_recall(rates, recalls, np.array([0.95]))).all()


def test_the_lowest_rate_with_at_least_a_recall() -> None:
    rates, recalls = rows([0.4, 0.2, 0.1]), rows([0.96, 0.94, 0.90])
    assert lowest_rate(rates, recalls, np.array([0.89])) == pytest.approx([0.1])
    assert lowest_rate(rates, recalls, np.array([0.92])) == pytest.approx([0.15])
    assert np.isnan(lowest_rate(rates, recalls, np.array([0.97]))).all()


def test_the_recalls_that_two_lines_share() -> None:
    assert common_recall([rows([0.90, 0.96]), rows([0.94, 0.99])]) == pytest.approx((0.94, 0.96))
    assert common_recall([rows([0.90, 0.92]), rows([0.94, 0.99])]) is None

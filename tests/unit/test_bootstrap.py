"""The bootstrap resamples images, covers the truth, and does not depend on the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import DataError
from redraft.evaluate import ImageBootstrap


def slow_ratio(
    ids: list[str], above: list[float], below: list[float], resamples: int, seed: int
) -> tuple[float, float]:
    """The definition, one resample and one image at a time."""
    images = sorted(set(ids))
    rng = np.random.default_rng(seed)
    ratios = []
    for drawn in rng.integers(0, len(images), size=(resamples, len(images))):
        rows = [row for image in drawn for row, name in enumerate(ids) if name == images[image]]
        total = sum(below[row] for row in rows)
        if total:
            ratios.append(sum(above[row] for row in rows) / total)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def test_the_vectorised_interval_is_that_of_the_slow_loop() -> None:
    ids = ["c", "a", "b", "a", "d", "b", "e"]
    above, below = [1, 0, 2, 1, 0, 0, 3], [4, 0, 5, 3, 2, 0, 6]
    interval = ImageBootstrap(ids, resamples=150, seed=3).ratio(above, below)
    assert interval.value == 7 / 20
    assert (interval.low, interval.high) == pytest.approx(slow_ratio(ids, above, below, 150, 3))


def test_draws_in_chunks_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, values = [f"{i}" for i in range(40)], [float(i % 3) for i in range(40)]
    whole = ImageBootstrap(ids, resamples=101, seed=5).mean(values)
    monkeypatch.setattr("redraft.evaluate.bootstrap._DRAWS_AT_ONCE", 40 * 7)
    assert ImageBootstrap(ids, resamples=101, seed=5).mean(values) == whole


def test_two_equal_responses_to_each_image_narrow_nothing() -> None:
    ids, values = [f"{i:03}" for i in range(60)], [float(i % 4 == 0) for i in range(60)]
    once = ImageBootstrap(ids, resamples=400, seed=0).mean(values)
    twice = ImageBootstrap(ids * 2, resamples=400, seed=0).mean(values * 2)
    assert twice == once


def test_a_95_percent_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth, covered, trials = 0.3, 0, 300
    rng = np.random.default_rng(11)
    ids = [str(i) for i in range(150)]
    for trial in range(trials):
        wrong = (rng.random(150) < truth).astype(float)
        interval = ImageBootstrap(ids, resamples=300, seed=trial).mean(wrong.tolist())
        covered += interval.low <= truth <= interval.high
    assert 0.91 <= covered / trials <= 0.985


def test_a_lower_confidence_gives_a_narrower_interval() -> None:
    ids, values = [str(i) for i in range(80)], [float(i % 5 == 0) for i in range(80)]
    wide = ImageBootstrap(ids, resamples=800, seed=1, confidence=0.99).mean(values)
    narrow = ImageBootstrap(ids, resamples=800, seed=1, confidence=0.6).mean(values)
    assert wide.low < narrow.low <= narrow.high < wide.high


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 4), st.integers(0, 5)), min_size=1, max_size=25))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[str, int, int]]) -> None:
    def interval(some: list[tuple[str, int, int]]) -> object:
        ids, above, extra = zip(*some, strict=True)
        below = [a + e for a, e in zip(above, extra, strict=True)]
        found = ImageBootstrap(ids, resamples=40, seed=2).ratio(above, below)
        assert 0 <= found.low <= found.high <= 1
        return found

    assert interval(rows) == interval(rows[::-1])


def test_nothing_below_the_line_is_zero_and_nothing_at_all_is_refused() -> None:
    none = ImageBootstrap(["a", "b"], resamples=100, seed=0).ratio([0, 0], [0, 0])
    assert (none.value, none.low, none.high) == (0, 0, 0)
    with pytest.raises(DataError, match="no outcomes"):
        ImageBootstrap([], resamples=100, seed=0)

"""Order, means and resampling of a study's results, by hand where a figure can be."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from redraft.errors import DataError
from redraft.records import Split
from redraft.scaling.curves import ALL_BASES, curve_points, points_of
from redraft.scaling.design import Cell
from redraft.scaling.differences import difference, differences, round_differences
from redraft.scaling.lines import Line, Results
from redraft.scaling.resample import Resamples, interval

from .study_cells import RECIPE, cells_of, result, small_study

DENSE = Line(arm="dense", condition="full", schedule="steps")
PLAIN = DENSE.model_copy(update={"arm": "plain"})


def trained(rate: float, *, base: str = "one", seed: int = 0, labels: int = 50, arm: str = "dense") -> object:
    cell = Cell(base=base, arm=arm, condition="full", labels=labels, seed=seed, recipe=RECIPE, images=200)
    return result(cell, rate)


def test_a_point_is_the_mean_over_trainings() -> None:
    config = small_study()
    drawn = Resamples(Results(config, [trained(0.2), trained(0.4, seed=1)]))
    (point,) = points_of(curve_points(drawn), DENSE, ALL_BASES)
    assert point.response_rate.value == pytest.approx(0.3)
    assert point.recall.value == pytest.approx(0.95)
    assert (point.cells, point.labels, point.segments) == (2, 50, 100)


def test_bases_stand_alone_and_together() -> None:
    config = small_study()
    points = curve_points(Resamples(Results(config, cells_of(config))))
    rates = {p.base: p.response_rate.value for p in points_of(points, None)} | {
        base: point.response_rate.value for base in ("one", "two") for point in points_of(points, None, base)
    }
    assert rates == pytest.approx({"all": 0.51, "one": 0.5, "two": 0.52})
    assert [p.labels for p in points_of(points, DENSE, "two")] == [50, 100, 200, 400]


def test_with_one_training_the_interval_is_that_of_the_pictures() -> None:
    config = small_study(bootstrap=4000)
    drawn = Resamples(Results(config, [trained(0.2)]))
    found = interval(drawn.mean(drawn.cells("response_rate", DENSE, 50)))
    error = 1.96 * (0.2 * 0.8 / 200) ** 0.5
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.2 - error, 0.2 + error), abs=0.01)


def test_trainings_are_drawn_one_fewer_than_there_are() -> None:
    """Of two, one: a mean over trainings that are all wrong and all right is then either, and its variance unbiased."""
    config = small_study()
    drawn = Resamples(Results(config, [trained(0.0), trained(1.0, seed=1)]))
    means = drawn.mean(drawn.cells("response_rate", DENSE, 50))
    assert means[0] == 0.5
    assert set(means[1:].tolist()) == {0.0, 1.0}


def test_pictures_are_the_same_in_all_cells_of_a_draw() -> None:
    config = small_study()
    drawn = Resamples(Results(config, [trained(0.3), trained(0.3, labels=100)]))
    assert np.array_equal(drawn.cells("response_rate", DENSE, 50), drawn.cells("response_rate", DENSE, 100))


def test_draws_that_cannot_tell() -> None:
    drawn = np.array([1.0, *np.linspace(0, 1, 100)])
    few, many = drawn.copy(), drawn.copy()
    few[1:3], many[1:5] = np.nan, np.nan
    assert interval(few) is not None and interval(many) is None
    assert interval(np.array([np.nan, 1.0, 1.0])) is None


def test_differences_are_paired() -> None:
    """Dense is 4 points lower at every size, in every training: the spread between bases does not matter."""
    config = small_study()
    drawn = Resamples(Results(config, cells_of(config)))
    rows = differences(drawn, DENSE, PLAIN, ("response_rate",))
    assert [row.labels for row in rows] == [None, 50, 100, 200, 400]
    overall = rows[0]
    assert overall.difference.value == pytest.approx(-0.04)
    assert -0.07 < overall.difference.low < overall.difference.high < -0.01
    assert (overall.below, overall.trainings) == (4, 4)


def test_a_difference_takes_the_pairs_that_are_there() -> None:
    config = small_study()
    cells = [
        cell
        for cell in cells_of(config)
        if not (cell.cell.arm == "plain" and cell.cell.labels == 50 and cell.cell.base == "one")
    ]
    drawn = Resamples(Results(config, cells))
    row = difference(drawn, DENSE, PLAIN, "response_rate", [50])
    assert row is not None and row.trainings == 2 and row.difference.value == pytest.approx(-0.04)
    nothing = difference(drawn, DENSE, PLAIN, "response_rate", [51])
    assert nothing is None


def test_differences_from_one_base_alone() -> None:
    config = small_study()
    cells = cells_of(config, lambda c: 0.3 if (c.base, c.arm) == ("two", "dense") else 0.2)
    drawn = Resamples(Results(config, cells))
    rows = differences(drawn, DENSE, PLAIN, ("response_rate",), ["all", "one", "two"])
    overall = {row.base: row for row in rows if row.labels is None}
    assert {base: row.difference.value for base, row in overall.items()} == pytest.approx(
        {"all": 0.05, "one": 0.0, "two": 0.1}
    )
    assert [row.trainings for row in overall.values()] == [4, 2, 2]


def test_rounds_are_compared_with_all_at_once() -> None:
    config = small_study(rounds=(1, 4))
    cells = cells_of(config, lambda c: 0.1 if c.rounds == 4 else 0.2)
    rows = round_differences(Resamples(Results(config, cells)))
    dense = [row for row in rows if row.line.arm == "dense" and row.base == "all" and row.labels == 400]
    assert [(row.figure, row.other.rounds, round(row.difference.value, 3)) for row in dense] == [
        ("response_rate", 1, -0.1),
        ("recall", 1, 0.0),
    ]


def test_what_is_planned_and_done() -> None:
    config = small_study()
    cells = cells_of(config)
    assert Results(config, cells).planned == Results(config, cells).done == 2 + 4 * 4 * 2 * 2
    part = Results(config, cells[:10])
    assert (part.done, part.planned) == (10, 66)


def test_rankings_stand_beside_the_first_number_of_rounds() -> None:
    config = small_study(rounds=(2, 4))
    results = Results(config, cells_of(config))
    ranked = next(line for line in results.lines if line.arm == "ranked")
    beside = results.beside(ranked, "dense")
    assert beside is not None and beside.rounds == 2
    four = beside.model_copy(update={"rounds": 4})
    assert results.beside(four, "plain") == PLAIN.model_copy(update={"rounds": 4})
    assert results.beside(four, "ranked") == ranked


def test_results_that_are_not_of_one_study() -> None:
    config = small_study()
    cells = cells_of(config)
    with pytest.raises(DataError, match="no result on the test split"):
        Results(config, [])
    dev = cells[0].model_copy(update={"cell": cells[0].cell.model_copy(update={"split": Split.DEV})})
    assert Results(config, [dev, *cells[1:]]).done == len(cells) - 1
    with pytest.raises(DataError, match="two results"):
        Results(config, [*cells, cells[5]])
    with pytest.raises(DataError, match="200 and on 100 pictures"):
        Results(config, [*cells, *cells_of(small_study(seeds=(7,), test_images=100))[2:]])
    with pytest.raises(DataError, match="none of study"):
        Results(small_study(bases=("one",)), cells)


@pytest.mark.parametrize("module", ["scaling.analysis", "scaling.summary", "report.study"])
def test_analysis_needs_no_torch(module: str) -> None:
    code = f"import sys, redraft.{module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0

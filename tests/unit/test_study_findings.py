"""What is claimed of a study, on made-up studies of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from redraft.scaling.analysis import Analysis, analyse
from redraft.scaling.design import Cell, StudyConfig
from redraft.scaling.findings import Finding
from redraft.scaling.roles import dense_arms, main_arm, ranking_arms, supervised_arms
from redraft.scaling.rows import CellResult

from .study_cells import ARMS, PLAIN, cells_of, law, result, small_study

Rate = Callable[[Cell], float]


def found(config: StudyConfig, cells: list[CellResult]) -> dict[str, Finding]:
    analysis, _ = analyse(config, cells)
    return {finding.claim: finding for finding in analysis.findings}


def verdict(claim: str, rate: Rate = law, recall: Rate = lambda cell: 0.95, **changes: Any) -> str:
    config = small_study(**changes)
    return found(config, cells_of(config, rate, recall))[claim].verdict


def test_the_claims_on_a_study_that_follows_its_law() -> None:
    config = small_study()
    told = found(config, cells_of(config))
    verdicts = {claim: finding.verdict for claim, finding in told.items()}
    assert verdicts == {
        "steady fall": "supported",
        "fewer labels": "undecided",
        "dense weighting": "supported",
        "preference over supervised": "contradicted",
        "over-generalisation": "supported",
        "helpfulness": "supported",
    }
    assert all((finding.bases, finding.seeds) == (2, 2) for finding in told.values())
    assert "−4.0 points" in told["dense weighting"].sentence  # noqa: RUF001
    assert "lower in 4 of 4 trainings" in told["dense weighting"].sentence
    assert "from 37.0 % with 50 labels to 17.5 % with 400" in told["steady fall"].sentence


def test_a_plateau_is_no_steady_fall() -> None:
    def flat_from_200(cell: Cell) -> float:
        return law(cell.model_copy(update={"labels": min(200, cell.labels)}))

    config = small_study()
    finding = found(config, cells_of(config, flat_from_200))["steady fall"]
    assert finding.verdict == "undecided"
    assert "Beyond 200 labels, no further fall is certain." in finding.sentence


def test_a_clear_rise_contradicts() -> None:
    config = small_study()
    finding = found(config, cells_of(config, lambda c: 0.6 if c.labels == 400 else law(c)))["steady fall"]
    assert finding.verdict == "contradicted"
    assert "1 rises clearly, from 200 to 400." in finding.sentence


@pytest.mark.parametrize(("ranked", "expected"), [(0.9, "supported"), (0.17, "contradicted"), (0.21, "undecided")])
def test_about_a_tenth_of_the_labels(ranked: float, expected: str) -> None:
    """Dense needs 85 labels for 30 %; rankings that stop short leave a bound, which decides only where it is far."""

    def rate(cell: Cell) -> float:
        if cell.arm == "ranked":
            return ranked if ranked > 0.5 else ranked + 0.3 * (50 / cell.labels) ** 0.5
        return law(cell)

    assert verdict("fewer labels", rate, target=0.3, sizes=(50, 100, 200, 400, 800), test_images=1000) == expected


def test_labels_are_counted_with_recall_kept_too() -> None:
    config = small_study(target=0.3)
    sentence = found(config, cells_of(config, law, lambda c: 0.9 if c.arm == "ranked" else 0.95))[
        "fewer labels"
    ].sentence
    assert "With recall no lower than the base's 0.950" in sentence
    assert "and more than 400" in sentence


def test_arms_that_do_the_same_are_undecided() -> None:
    def same(cell: Cell) -> float:
        return law(cell.model_copy(update={"arm": "dense"})) if cell.arm == "plain" else law(cell)

    assert verdict("dense weighting", same) == "undecided"


@pytest.mark.parametrize(("recall", "expected"), [(0.96, "supported"), (0.90, "contradicted"), (0.94, "undecided")])
def test_helpfulness_is_recall_within_a_point(recall: float, expected: str) -> None:
    assert verdict("helpfulness", recall=lambda cell: recall if cell.labels else 0.95) == expected


def test_length_counts_as_helpfulness() -> None:
    config = small_study()
    cells = [result(c.cell, c.response_rate, words=38 if c.cell.labels else 45) for c in cells_of(config)]
    assert found(config, cells)["helpfulness"].verdict == "contradicted"


def test_over_generalisation_that_stays() -> None:
    config = small_study()
    cells = [result(c.cell, c.response_rate, inside=0.08) for c in cells_of(config)]
    assert found(config, cells)["over-generalisation"].verdict == "undecided"


def test_claims_without_their_arms_are_left_out() -> None:
    config = small_study(arms={"dense": ARMS["dense"]})
    assert set(found(config, cells_of(config))) == {"steady fall", "over-generalisation", "helpfulness"}
    without_bases = [cell for cell in cells_of(config) if cell.cell.labels]
    assert set(found(config, without_bases)) == {"steady fall"}


def test_every_condition_is_asked_whether_dense_training_pays() -> None:
    def rate(cell: Cell) -> float:
        return law(cell.model_copy(update={"arm": "plain"})) if cell.condition == "exact" else law(cell)

    config = small_study(conditions={"exact": {}, "partial": {"fixes": 1}})
    analysis: Analysis
    analysis, _ = analyse(config, cells_of(config, rate))
    dense = {f.condition: f.verdict for f in analysis.findings if f.claim == "dense weighting"}
    assert dense == {"exact": "undecided", "partial": "supported"}
    assert [f.condition for f in analysis.findings if f.claim == "steady fall"] == ["exact"]
    assert {row.line.condition for row in analysis.pays} == {"exact", "partial"}


def test_the_dense_arm_is_judged_where_the_reference_is_not_dense() -> None:
    config = small_study(reference_arm="plain")
    told = found(config, cells_of(config))
    assert told["dense weighting"].arms == ("dense", "plain")
    assert told["steady fall"].arms == ("plain",)


def test_two_sizes_are_no_curve() -> None:
    config = small_study(sizes=(50, 400))
    told = found(config, cells_of(config))
    assert "steady fall" not in told and "fewer labels" not in told and "dense weighting" in told


def test_two_trainings_decide_nothing() -> None:
    config = small_study(bases=("one",))
    told = found(config, cells_of(config))
    assert {finding.verdict for finding in told.values()} == {"undecided"}
    assert told["dense weighting"].sentence.endswith("So few trainings decide nothing.")


def test_one_size_is_told_as_one() -> None:
    config = small_study(sizes=(50,))
    sentence = found(config, cells_of(config))["dense weighting"].sentence
    assert "at 50 labels. It is lower in 4 of 4 trainings. In recall" in sentence


def test_arms_are_known_by_what_they_are() -> None:
    arms = {
        "a": {"labels": "rankings", "objective": PLAIN},
        "b": {"objective": PLAIN},
        "c": {"objective": {"preset": "paper", "gamma": 2}},
        "d": {"objective": {"preset": "paper", "anchor": 1.0}},
        "e": {"objective": {"preset": "paper", "preference": 0, "supervised": 1}},
        "f": {"labels": "rankings", "noise": 1.0, "objective": PLAIN},
    }
    config = small_study(arms=arms)
    assert main_arm(config) == "b"
    sharper = {"g": {"objective": PLAIN | {"beta": 0.1}}, "h": {"objective": PLAIN | {"beta": 0.1, "gamma": 9}}}
    assert dense_arms(small_study(arms=arms | sharper)) == [("c", "b"), ("h", "g")]
    assert main_arm(small_study(arms=arms, reference_arm="c")) == "c"
    assert main_arm(small_study(arms={"a": arms["a"]})) is None
    assert dense_arms(config) == [("c", "b")]
    assert ranking_arms(config) == ["a", "f"]
    assert supervised_arms(config) == ["e"]

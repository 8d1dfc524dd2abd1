"""The summary of a history: which figures stand in which row, and what the terminal shows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from redraft.config import Config
from redraft.evaluate import evaluate, write_outcomes
from redraft.records import (
    Answer,
    Arm,
    Correction,
    Edit,
    HallucinationType,
    Outcome,
    Phase,
    PolicyStatus,
    PolicyVersion,
    RoundRow,
    Split,
    TrainStep,
)
from redraft.report import summarise, summary_table
from redraft.report.history import History
from redraft.report.marks import marked
from redraft.report.people import arm_rows, wilson
from redraft.report.summary import Summary
from redraft.report.training import chosen_fell
from redraft.runs import Event, RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", Config())


def policy(number: int, status: PolicyStatus) -> PolicyVersion:
    return PolicyVersion(
        id=f"policy-{number}",
        round=number,
        parent=f"policy-{number - 1}" if number else None,
        dataset=None,
        blob="",
        status=status,
        config_hash="",
        code_version="",
        seed=0,
        created_at=0.0,
    )


def outcomes(wrong: int) -> list[Outcome]:
    return [
        Outcome(
            image_id=f"{i:02}",
            prompt="Describe.",
            scene="park",
            text="…",
            mentions=5,
            errors=int(i < wrong),
            error_types=(HallucinationType.OBJECT,) * int(i < wrong),
            found=4,
            present=5,
            words=20,
        )
        for i in range(20)
    ]


def correction(number: int, index: int, answer: Answer, arm: Arm = Arm.UNCERTAIN) -> Correction:
    return Correction(
        id=f"{number}-{index}",
        task_id=f"{number}-{index}",
        round=number,
        annotator="oracle-1",
        answer=answer,
        original="a cup",
        corrected="a pan",
        edits=(),
        arm=arm,
        seconds=1.0,
        submitted_at=0.0,
    )


def history(
    folder: RunFolder,
    rounds: tuple[RoundRow, ...],
    wrong: dict[int, int],
    *,
    promoted: int = 0,
    corrections: tuple[Correction, ...] = (),
    events: tuple[Event, ...] = (),
) -> History:
    """``wrong`` of 20 test descriptions hold an error, by policy."""
    evaluations = {}
    for number, count in wrong.items():
        data = write_outcomes(outcomes(count))
        folder.blobs().put(f"outcomes/{number}.parquet", data)
        name = f"policy-{number}"
        evaluations[name, Split.TEST] = evaluate(
            outcomes(count),
            policy=name,
            split=Split.TEST,
            bootstrap=100,
            seed=0,
            blob=f"outcomes/{number}.parquet",
        )
    policies = tuple(
        policy(n, PolicyStatus.PROMOTED if n == promoted else PolicyStatus.CANDIDATE) for n in sorted({0, *wrong})
    )
    return History(
        folder=folder,
        info=folder.info(),
        config=folder.config(),
        rounds=rounds,
        policies=policies,
        promoted=next(p for p in policies if p.status is PolicyStatus.PROMOTED),
        evaluations=evaluations,
        verdicts={},
        tasks=(),
        corrections=corrections,
        datasets=(),
        steps={},
        events=events,
    )


def row(number: int, *, candidate: bool = True, promoted: bool | None = None, phase: Phase = Phase.DONE) -> RoundRow:
    return RoundRow(
        number=number,
        phase=phase,
        incumbent=f"policy-{number - 1}",
        candidate=f"policy-{number}" if candidate else None,
        promoted=promoted,
        started_at=0.0,
    )


def shown(summary: Summary) -> list[tuple[int, int, float, str]]:
    return [(r.round, r.corrections, r.response_rate, r.verdict) for r in summary.rounds]


def test_each_round_has_its_candidate_and_the_corrections_so_far(folder: RunFolder) -> None:
    given = (
        correction(1, 0, Answer.CORRECTED),
        correction(1, 1, Answer.CORRECTED),
        correction(1, 2, Answer.CLEAN),
        correction(1, 3, Answer.SKIPPED),
        correction(2, 0, Answer.CORRECTED),
    )
    rounds = (row(1, promoted=True), row(2, promoted=False))
    summary = summarise(history(folder, rounds, {0: 10, 1: 4, 2: 6}, promoted=1, corrections=given))
    assert shown(summary) == [(0, 0, 0.5, "base"), (1, 2, 0.2, "promoted"), (2, 3, 0.3, "rejected")]
    assert [r.recall for r in summary.rounds] == [0.8] * 3
    assert summary.paired_difference is not None
    assert summary.paired_difference.mean == pytest.approx(-0.3)
    assert summary.paired_difference.ci[0] < -0.3 < summary.paired_difference.ci[1] < 0


def test_a_round_that_trained_nothing_shows_the_policy_that_stayed(folder: RunFolder) -> None:
    summary = summarise(history(folder, (row(1, candidate=False),), {0: 10}))
    assert shown(summary) == [(0, 0, 0.5, "base"), (1, 0, 0.5, "not trained")]
    assert summary.paired_difference is None


def test_rounds_on_their_way_are_left_out_until_measured(folder: RunFolder) -> None:
    sampling, promoting = row(1, candidate=False, phase=Phase.SAMPLING), row(1, phase=Phase.PROMOTING)
    assert shown(summarise(history(folder, (sampling,), {0: 10}))) == [(0, 0, 0.5, "base")]
    assert shown(summarise(history(folder, (promoting,), {0: 10, 1: 2})))[1:] == [(1, 0, 0.1, "undecided")]
    assert summarise(history(folder, (), {})).rounds == ()


def test_wall_time_and_memory_are_those_of_the_events(folder: RunFolder) -> None:
    start = folder.info().created_at
    events = (
        Event(at=start + 10, round=1, step="sample"),
        Event(at=start + 30, round=1, step="sample", seconds=20, rss_gib=1.5),
        Event(at=start + 90, round=1, step="train", seconds=60, rss_gib=1.25),
    )
    summary = summarise(history(folder, (), {}, events=events))
    assert summary.wall_seconds == pytest.approx(90)
    assert summary.peak_rss_gib == 1.5
    assert summarise(history(folder, (), {})).peak_rss_gib is None


def test_the_table_says_it_in_the_terminal(folder: RunFolder) -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(summary_table(summarise(history(folder, (row(1, promoted=True),), {0: 10, 1: 0}, promoted=1))))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "0.0 % (0.0 to 0.0)" in text
    assert "promoted" in text
    assert "0.800" in text


def test_the_arms_are_judged_apart_and_skips_judge_nothing(folder: RunFolder) -> None:
    given = (
        correction(1, 0, Answer.CORRECTED),
        correction(1, 1, Answer.CORRECTED, Arm.RANDOM),
        correction(1, 2, Answer.CLEAN, Arm.RANDOM),
        correction(1, 3, Answer.SKIPPED, Arm.RANDOM),
    )
    rows = {r.arm: r for r in arm_rows(history(folder, (), {}, corrections=given))}
    assert (rows[Arm.RANDOM].wrong, rows[Arm.RANDOM].judged, rows[Arm.RANDOM].rate) == (1, 2, 0.5)
    assert (rows[Arm.UNCERTAIN].wrong, rows[Arm.UNCERTAIN].judged) == (1, 1)


def test_wilsons_interval_by_hand() -> None:
    # 8 of 10, z = 2: centre (0.8 + 4/20) / 1.4, half width 2/1.4 sqrt(0.016 + 0.01).
    interval = wilson(8, 10, z=2.0)
    assert interval.value == 0.8
    assert interval.low == pytest.approx(1 / 1.4 - 2 / 1.4 * 0.026**0.5)
    assert interval.high == pytest.approx(1 / 1.4 + 2 / 1.4 * 0.026**0.5)
    assert wilson(0, 3).low == 0
    assert wilson(3, 3).high == 1


def test_marks_spell_both_texts() -> None:
    original = "A cup and two dogs."
    made = correction(1, 0, Answer.CORRECTED).model_copy(
        update={
            "original": original,
            "edits": (
                Edit(start=10, end=18, replacement="a dog", type=HallucinationType.NUMBER),
                Edit(start=5, end=5, replacement=", a pan", type=HallucinationType.OBJECT),
                Edit(start=0, end=2, replacement="", type=HallucinationType.OTHER),
            ),
        }
    )
    marks = marked(made)
    assert "".join(m.text for m in marks if m.kind != "inserted") == original
    assert "".join(m.text for m in marks if m.kind != "deleted") == "cup, a pan and a dog."


def steps(*moved: float) -> list[TrainStep]:
    return [
        TrainStep(
            step=i,
            loss=0.7,
            accuracy=0.5,
            margin=0.0,
            chosen_logp=-1.0 + move,
            rejected_logp=-1.0,
            chosen_reference_logp=-1.0,
            rejected_reference_logp=-1.0,
            lr=0.0,
            grad_norm=0.0,
        )
        for i, move in enumerate(moved)
    ]


def test_the_alarm_is_for_a_fall_and_not_for_noise() -> None:
    assert chosen_fell(steps(0, 0, 0, 0, -0.1, -0.2, -0.30, -0.31))
    assert not chosen_fell(steps(0, 0, 0, 0, -0.1, -0.2, -0.3, 0.29))
    assert not chosen_fell(steps(0, 0.1, 0.2, 0.3))
    assert not chosen_fell(steps(0.0))

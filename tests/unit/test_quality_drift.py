"""Drift is seen where there is some and not where there is none; so is being led by the shading."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from redraft.quality import anchoring, drift, weekly
from redraft.quality.anchoring import Anchoring, Habit
from redraft.quality.drift import Change, Figure
from redraft.records import Answer, Correction

from .quality_answers import ATTRIBUTE, NUMBER, answer, gold, task


def working(name: str, paces: list[float], *, wrong: float = 0.5, seed: int = 0) -> list[Correction]:
    """One answer a minute, each taking about its pace in seconds; ``wrong`` of them correct something."""
    rng = random.Random(seed)
    return [
        answer(
            f"t{number:03}",
            name,
            *([("two", "three", NUMBER)] if rng.random() < wrong else []),
            seconds=pace * rng.uniform(0.7, 1.3),
            submitted_at=60.0 * number,
        )
        for number, pace in enumerate(paces)
    ]


def of(changes: list[Change], figure: Figure) -> Change:
    (found,) = [change for change in changes if change.figure is figure]
    return found


def test_who_became_faster_drifted_and_nothing_else_did() -> None:
    changes = drift(working("Ada", [40.0] * 100 + [20.0] * 50), {})
    pace = changes[0]
    assert (pace.figure, pace.drifted, pace.answers_before, pace.answers_lately) == (Figure.PACE, True, 100, 50)
    assert pace.lately / pace.before == pytest.approx(0.5, abs=0.1)
    assert pace.difference.high < 0
    assert [change.figure for change in changes if change.drifted] == [Figure.PACE]


def test_steady_people_do_not_drift() -> None:
    answers = [a for seed, name in enumerate("ABCDE") for a in working(name, [30.0] * 120, seed=seed)]
    changes = drift(answers, {})
    assert {change.annotator for change in changes} == set("ABCDE")
    assert not [change for change in changes if change.drifted]


def test_who_stops_looking_drifts() -> None:
    answers = working("Ada", [30.0] * 60, wrong=0.8)
    asleep = [answer(f"u{number}", "Ada", seconds=30, submitted_at=10_000.0 + number) for number in range(60)]
    changes = drift([*answers, *asleep], {})
    assert of(changes, Figure.CLEAN).drifted and of(changes, Figure.CLEAN).lately == 1
    assert of(changes, Figure.SEGMENTS).drifted
    assert not of(changes, Figure.PASSED).drifted


def test_golds_and_reviews_drift_too() -> None:
    golds = {f"t{number:03}": gold(f"t{number:03}", ("two", "three", NUMBER)) for number in range(60)}
    answers = working("Ada", [30.0] * 30, wrong=1) + [
        answer(f"t{number:03}", "Ada", submitted_at=60.0 * number) for number in range(30, 60)
    ]
    reviews = [answer(f"t{number:03}", "Rita", ("two", "three", NUMBER), review=True) for number in range(60)]
    changes = drift(answers + reviews, golds)
    known, review = of(changes, Figure.GOLD), of(changes, Figure.REVIEW)
    assert (known.before, known.lately, known.drifted) == (1, 0, True)
    assert (review.before, review.lately, review.drifted) == (0, 1, True)
    assert {change.annotator for change in changes} == {"Ada"}, "a reviewer's versions are no answers of their own"


def test_too_few_answers_say_nothing() -> None:
    assert drift(working("Ada", [30.0] * 19), {}) == []
    assert drift(working("Ada", [30.0] * 20), {})


def test_weeks_begin_on_monday() -> None:
    sunday = datetime(2026, 3, 1, 23, 59, tzinfo=UTC).timestamp()
    answers = [
        answer("t1", "Ada", ("two", "three"), submitted_at=sunday),
        answer("t2", "Ada", submitted_at=sunday + 120),
        answer("t3", "Ada", answer=Answer.SKIPPED, submitted_at=sunday + 240),
    ]
    first, second = weekly(answers, {})
    assert (first.monday, first.answers, second.monday, second.answers) == ("2026-02-23", 1, "2026-03-02", 2)
    assert first.figures[Figure.CLEAN] == 0 and second.figures[Figure.CLEAN] == 1
    assert second.figures[Figure.PASSED] == 0.5
    assert Figure.GOLD not in first.figures


def habit(report_habits: tuple[Anchoring, ...], name: Habit) -> Anchoring:
    (found,) = [row for row in report_habits if row.habit is name]
    return found


def test_edits_follow_the_shading() -> None:
    """With shading people correct the doubtful ``red``, without it the ``two``; ``plain`` tasks have no doubts."""
    tasks = {f"t{number}": task(f"t{number}", "red") for number in range(40)} | {"plain": task("plain")}
    answers = [
        answer(f"t{number}", "Ada", ("red", "blue", ATTRIBUTE), shaded=True)
        if number % 2
        else answer(f"t{number}", "Ada", ("two", "three", NUMBER), shaded=False)
        for number in range(40)
    ]
    report = anchoring([*answers, answer("plain", "Ada")], tasks, {}, threshold=0.5)
    assert (report.shaded, report.unshaded) == (20, 20)
    placement, following = habit(report.habits, Habit.PLACEMENT), habit(report.habits, Habit.FOLLOWING)
    for row in (placement, following):
        assert row.shaded is not None and row.unshaded is not None and row.difference is not None
        assert (row.shaded.value, row.unshaded.value, row.difference.value, row.differs) == (1, 0, 1, True)
    detection = habit(report.habits, Habit.DETECTION)
    assert detection.difference is not None and detection.difference.value == 0 and not detection.differs
    elsewhere = habit(report.habits, Habit.ELSEWHERE)
    assert elsewhere.difference is not None and elsewhere.difference.value == -1
    assert habit(report.habits, Habit.KNOWN).shaded is None


def test_known_errors_outside_the_doubts_are_missed_with_shading() -> None:
    tasks = {f"t{number}": task(f"t{number}", "red") for number in range(20)}
    golds = {name: gold(name, ("dog", "cat")) for name in tasks}
    answers = [
        answer(name, "Ada", *([] if at % 2 else [("dog", "cat")]), shaded=bool(at % 2)) for at, name in enumerate(tasks)
    ]
    known = habit(anchoring(answers, tasks, golds, threshold=0.5).habits, Habit.KNOWN)
    assert known.shaded is not None and known.unshaded is not None
    assert (known.shaded.value, known.unshaded.value, known.differs) == (0, 1, True)


def test_doubts_under_the_threshold_are_none() -> None:
    tasks = {"t": task("t", "red", score=0.4)}
    assert anchoring([answer("t", "Ada")], tasks, {}, threshold=0.5).shaded == 0
    assert anchoring([answer("t", "Ada")], tasks, {}, threshold=0.4).shaded == 1
    assert anchoring([answer("t", "Ada")], {}, {}, threshold=0.4).shaded == 0

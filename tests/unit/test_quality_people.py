"""Annotators by what is known to be right, by review and by the clock."""

from __future__ import annotations

import pytest

from redraft.quality import gold_scores, people, score_answer, speed
from redraft.quality.gold_scores import against_reviews, training_answers
from redraft.quality.shares import Part, difference, ratio, wilson, wilson_of
from redraft.records import Answer

from .quality_answers import ATTRIBUTE, NUMBER, OBJECT, TEXT, answer, gold, marked

KNOWN = gold("g", ("two", "three", NUMBER), ("dog", "cat", OBJECT))


def test_an_answer_against_the_known_one() -> None:
    """One of two known spans found, with another type; one given span too many; another word put in."""
    mine = answer("g", "Ada", ("two", "four", ATTRIBUTE), ("red", "blue", ATTRIBUTE))
    found = score_answer(mine, KNOWN.edits)
    assert (found.right, found.given, found.true, found.known, found.found, found.typed) == (False, 1, 1, 2, 1, 0)
    apart = answer("g", "Ada", ("two", "four", NUMBER), ("red", "blue", ATTRIBUTE))
    found = score_answer(apart, KNOWN.edits)
    assert (found.given, found.true, found.found, found.typed) == (2, 1, 1, 1)
    assert found.span_f1 == pytest.approx((1 + 1) / (2 + 2))


def test_right_is_the_same_text_however_it_was_edited() -> None:
    whole = answer("g", "Ada", ("two red cups and a dog", "three red cups and a cat", NUMBER))
    assert score_answer(whole, KNOWN.edits).right
    assert score_answer(answer("c", "Ada"), ()).right
    assert score_answer(answer("c", "Ada"), ()).span_f1 == 1
    assert not score_answer(answer("c", "Ada", ("two", "three")), ()).right
    assert score_answer(answer("c", "Ada", ("two", "three")), ()).span_f1 == 0
    assert not score_answer(answer("g", "Ada"), KNOWN.edits).right


def test_marks_are_right_in_the_right_places() -> None:
    assert score_answer(marked("g", "Ada", "two", "dog"), KNOWN.edits).right
    assert not score_answer(marked("g", "Ada", "two"), KNOWN.edits).right


def test_training_and_silent_golds_are_told_apart_by_order() -> None:
    golds = {name: gold(name, ("two", "three", NUMBER)) for name in ("g1", "g2", "g3")}
    answers = [
        answer("g1", "Ada", submitted_at=1, gold=True),
        answer("g2", "Ada", ("two", "three", NUMBER), submitted_at=2, gold=True),
        answer("g3", "Ada", ("two", "three", ATTRIBUTE), submitted_at=3, gold=True),
        answer("x", "Ada", ("two", "three"), submitted_at=0),
    ]
    training, silent = gold_scores(answers, golds, training=1)
    assert (training.training, training.answers, training.right.value) == (True, 1, 0)
    assert training.precision is None and training.types is None
    assert training.recall is not None and training.recall.value == 0
    assert (silent.training, silent.answers, silent.right.value) == (False, 2, 1)
    assert silent.f1 is not None and silent.f1.value == 1
    assert silent.types is not None and silent.types.value == 0.5
    assert [row.training for row in gold_scores(answers[::-1], golds)] == [False]


def test_a_skipped_gold_taught_nothing() -> None:
    answers = [
        answer("g1", "Ada", answer=Answer.SKIPPED, submitted_at=1, gold=True),
        answer("g2", "Ada", submitted_at=2, gold=True),
        answer("g1", "Bob", submitted_at=3, gold=True),
    ]
    assert training_answers(answers, 1) == {"g2-Ada", "g1-Bob"}


def test_review_tells_which_answers_it_changed() -> None:
    answers = [
        answer("t1", "Ada", ("two", "three")),
        answer("t1", "Rita", ("two", "three"), review=True),
        answer("t2", "Ada", ("two", "three")),
        answer("t2", "Rita", review=True),
        answer("t3", "Ada"),
        answer("t4", "Ada", answer=Answer.SKIPPED),
        answer("t4", "Rita", review=True),
    ]
    assert [(score.task, score.right) for score in against_reviews(answers)] == [("t1", True), ("t2", False)]
    (ada,) = people(answers)
    assert (ada.answers, ada.corrected, ada.clean, ada.skipped, ada.reviewed) == (4, 2, 1, 1, 2)
    assert ada.changed == wilson(1, 2)
    assert ada.passed == wilson(1, 4)
    assert ada.edits == 1


def test_people_come_the_busiest_first_without_superseded_answers() -> None:
    answers = [
        answer("t1", "Ada"),
        answer("t1", "Bob", ("two", "three"), ("dog", "cat")),
        answer("t2", "Bob", answer=Answer.FLAGGED),
        answer("t3", "Ada", current=False),
        answer("t4", "Ada", current=False),
    ]
    bob, ada = people(answers)
    assert (bob.annotator, bob.answers, bob.flagged, bob.edits) == ("Bob", 2, 1, 2)
    assert (ada.annotator, ada.answers) == ("Ada", 1)
    assert ada.agrees is not None and ada.agrees.value == 0
    assert ada.changed is None and ada.reviewed == 0


def test_speed_by_hand() -> None:
    """The response has 6 words. 60 + 30 + 30 s of work in 240 s open; one answer in 0.5 s, which is too fast."""
    answers = [
        answer("t1", "Ada", ("two", "three"), seconds=60, elapsed=150),
        answer("t2", "Ada", seconds=30, elapsed=60),
        answer("t3", "Ada", answer=Answer.SKIPPED, seconds=30, elapsed=30),
        answer("t4", "Ada", seconds=0.5),
        answer("t5", "Ada", seconds=0),
    ]
    found = speed(answers)
    assert found.timed == 4
    assert found.active_hours == pytest.approx(120.5 / 3600)
    assert found.answers_per_hour == pytest.approx(3 * 3600 / 120.5)
    assert found.corrections_per_hour == pytest.approx(3600 / 120.5)
    assert found.median_seconds == 30
    assert found.median_seconds_per_100_words == pytest.approx(100 * 30 / len(TEXT.split()))
    assert found.idle == pytest.approx(1 - 120 / 240)
    assert found.too_fast == 1


def test_nobody_is_active_longer_than_the_task_was_open() -> None:
    assert speed([answer("t", "Ada", seconds=500, elapsed=100)]).median_seconds == 100


def test_speed_of_answers_without_a_time_is_unknown() -> None:
    found = speed([answer("t", "oracle", seconds=0)])
    assert (found.timed, found.answers_per_hour, found.median_seconds, found.idle) == (0, None, None, None)


def test_shares_of_nothing_are_unknown() -> None:
    part = Part(task="t", above=0, below=0)
    assert wilson_of([]) is None and ratio([]) is None and ratio([part]) is None
    assert difference([], [Part(task="t", above=1, below=1)]) is None
    assert difference([part], [Part(task="t", above=1, below=1)]) is None


def test_a_difference_is_of_the_two_ratios_and_sees_what_is_there() -> None:
    one = [Part(task=f"a{i}", above=i % 2, below=1) for i in range(60)]
    other = [Part(task=f"b{i}", above=0, below=1) for i in range(60)]
    found = difference(one, other)
    assert found is not None and found.value == 0.5
    assert 0.3 < found.low < 0.5 < found.high < 0.7
    same = difference(one, [part.model_copy(update={"task": f"c{part.task}"}) for part in one])
    assert same is not None and same.low < 0 < same.high
    paired = difference(one, one)
    assert paired is not None and (paired.low, paired.high) == (0, 0), "a task is drawn with both of its parts"


def test_a_score_interval_holds_its_share_even_where_all_is_one_way() -> None:
    """Charts draw the distances to the two ends, and cannot draw one that is below zero by rounding."""
    for trials in range(1, 200):
        for successes in range(trials + 1):
            found = wilson(successes, trials)
            assert 0 <= found.low <= found.value <= found.high <= 1

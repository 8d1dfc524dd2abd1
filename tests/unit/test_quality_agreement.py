"""Agreement by hand arithmetic, against a slow definition, and against a library that computes nothing else."""

from __future__ import annotations

from itertools import permutations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.quality import agreement
from redraft.quality.agreement import agreement_with_others, alpha, edited_counts, type_counts
from redraft.quality.segments_found import Segment, segments_of
from redraft.records import Answer, Correction

from .quality_answers import ATTRIBUTE, NUMBER, OBJECT, TEXT, Change, answer, edits_of, marked


def words(found: tuple[Segment, ...], text: str = TEXT) -> list[str]:
    return [text[segment.start : segment.end] for segment in found]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ([("two", "three")], ["two"]),
        ([("two red cups", "three red cups")], ["two"]),
        ([("two ", "")], ["two"]),
        ([("tw|o", "en")], ["two"]),
        ([("cups|", "x")], ["cups"]),
        ([("two| red", " big")], ["r"]),
        ([("two |red", "big ")], ["r"]),
        ([("dog|", " asleep")], ["g"]),
        ([("two", "three"), ("red", "blue")], ["two red"]),
        ([("two", "three", NUMBER), ("red", "blue", ATTRIBUTE)], ["two", "red"]),
        ([("two red cups", "three red cars")], ["two", "cups"]),
        ([(" and a dog", "")], ["and a dog"]),
        ([], []),
    ],
    ids=str,
)
def test_the_same_change_is_the_same_segment_however_it_was_drawn(changes: list[Change], wrong: list[str]) -> None:
    assert words(segments_of(answer("t", "Ada", *changes))) == wrong


def test_an_evaluations_marks_are_segments_and_those_found_right_are_none() -> None:
    assert words(segments_of(marked("t", "Ada", "dog", "two"))) == ["two", "dog"]
    assert segments_of(marked("t", "Ada", "dog", kind=None)) == ()


def test_skips_flags_and_clean_answers_say_nothing_is_wrong() -> None:
    for kind in (Answer.SKIPPED, Answer.FLAGGED, Answer.CLEAN):
        assert segments_of(answer("t", "Ada", answer=kind)) == ()


def test_alpha_by_hand() -> None:
    """Two answers about four units: 00, 00, 11, 01. Off the diagonal 2 of 8; said 5 and 3 times: 1 - 7 * 2 / 30."""
    counts = np.array([[2, 0], [2, 0], [0, 2], [1, 1]], dtype=float)
    assert alpha(counts) == pytest.approx(1 - 7 * 2 / 30)
    assert alpha(np.vstack([counts, [[1, 0], [0, 0]]])) == alpha(counts), "units that nobody can disagree about"


def test_nothing_is_said_where_all_say_the_same_of_everything() -> None:
    assert alpha(np.array([[2.0, 0.0], [3.0, 0.0]])) is None


def slow_alpha(units: list[list[int]]) -> float | None:
    """The definition: observed over expected disagreement, pair by pair."""
    units = [values for values in units if len(values) > 1]
    said = [value for values in units for value in values]
    observed = sum(sum(a != b for a, b in permutations(values, 2)) / (len(values) - 1) for values in units)
    expected = sum(a != b for a, b in permutations(said, 2))
    return 1 - (len(said) - 1) * observed / expected if expected else None


@given(st.lists(st.lists(st.integers(0, 2), max_size=4), min_size=1, max_size=12))
def test_alpha_agrees_with_a_slow_version_and_with_the_library(units: list[list[int]]) -> None:
    counts = np.array([[values.count(kind) for kind in range(3)] for values in units], dtype=float)
    slow = slow_alpha(units)
    if slow is None:
        assert alpha(counts) is None
        return
    assert alpha(counts) == pytest.approx(slow)
    library = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    assert alpha(counts) == pytest.approx(library)


def test_characters_are_counted_with_insertions_on_the_next_one() -> None:
    """Ada replaces ``two`` (3 characters of 22), Bob that and inserts before ``red``; they differ in one character."""
    mine = segments_of(answer("t", "Ada", ("two", "three", NUMBER)))
    theirs = segments_of(answer("t", "Bob", ("two", "three", NUMBER), ("two| red", " big", ATTRIBUTE)))
    counts = edited_counts(TEXT, [mine, theirs])
    assert counts.shape == (22, 2)
    assert counts.sum(axis=0).tolist() == [44 - 7, 7]
    assert [int(i) for i in np.flatnonzero(counts[:, 1])] == [0, 1, 2, 4]
    assert alpha(counts) == pytest.approx(1 - 43 * 2 / (2 * 37 * 7))


def test_types_disagree_where_places_agree() -> None:
    mine = segments_of(answer("t", "Ada", ("dog", "cat", OBJECT)))
    theirs = segments_of(answer("t", "Bob", ("dog", "cat", ATTRIBUTE)))
    assert alpha(edited_counts(TEXT, [mine, theirs])) == 1
    counts = type_counts(TEXT, [mine, theirs])
    assert alpha(counts) == pytest.approx(1 - 43 * 6 / (44**2 - 38**2 - 3**2 - 3**2))


def test_a_replacement_covers_an_insertion_by_the_same_person() -> None:
    drawn = [("two |red", "big ", ATTRIBUTE), ("red", "blue", NUMBER)]
    counts = type_counts(TEXT, [segments_of(answer("t", "Ada", *drawn[1:]))])
    both = type_counts(TEXT, [segments_of(answer("t", "Ada", *drawn))])
    assert counts[4:7].tolist() == both[4:7].tolist()


def many(tasks: int, other: list[Change]) -> list[Correction]:
    """Ada corrects ``dog`` in every second task; Bob does the same, except in the first, where he does ``other``."""
    made = []
    for number in range(tasks):
        mine = [("dog", "cat", OBJECT)] if number % 2 == 0 else []
        made.append(answer(f"t{number}", "Ada", *mine))
        made.append(answer(f"t{number}", "Bob", *(mine if number else other)))
    return made


def test_full_agreement_is_one_with_no_width() -> None:
    found = agreement(many(10, [("dog", "cat", OBJECT)]))
    assert found is not None and (found.tasks, found.answers) == (10, 20)
    for interval in (found.edited, found.types, found.wrong, found.exact, found.overlapping):
        assert interval is not None
        assert (interval.value, interval.low, interval.high) == (1, 1, 1)


def test_one_disagreement_lowers_it_and_the_interval_holds_the_value() -> None:
    found = agreement(many(10, [("a dog", "", OBJECT)]))
    assert found is not None and found.edited is not None and found.wrong is not None
    assert found.edited.low < found.edited.value < found.edited.high == 1
    assert found.wrong.value == 1, "both found something wrong"
    assert found.exact is not None and found.overlapping is not None
    assert found.exact.value == pytest.approx(8 / 10), "four of five spans are the same"
    assert found.overlapping.value == 1


def test_what_nobody_else_answered_is_left_out() -> None:
    alone = [answer("x", "Ada", ("two", "three")), answer("y", "Ada"), answer("y", "Bob", answer=Answer.SKIPPED)]
    assert agreement(alone) is None
    reviewed = [answer("x", "Ada"), answer("x", "Rita", ("two", "three"), review=True)]
    assert agreement(reviewed) is None
    reopened = [answer("x", "Ada"), answer("x", "Bob", current=False)]
    assert agreement(reopened) is None


def test_nobody_found_anything() -> None:
    found = agreement([answer("x", "Ada"), answer("x", "Bob")])
    assert found is not None
    assert (found.edited, found.types, found.wrong, found.exact, found.overlapping) == (None,) * 5


def test_the_order_of_answers_has_no_influence() -> None:
    answers = many(8, [("two", "three", NUMBER)])
    assert agreement(answers) == agreement(answers[::-1])


def test_each_person_against_the_others() -> None:
    """Of Ada's five spans Bob shares four; Cleo answers one task, and says nothing of the sort."""
    answers = [*many(10, []), answer("t2", "Cleo", ("two", "three"))]
    found = agreement_with_others(answers)
    assert found["Cleo"] is not None and found["Cleo"].value == 0
    assert found["Bob"] is not None and found["Bob"].value == pytest.approx((4 * 2) / (4 * 2 + 1 + 2))


def test_edits_of_finds_places() -> None:
    assert [(e.start, e.end) for e in edits_of(TEXT, ("two| red", "x"), ("dog", "cat"))] == [(3, 3), (19, 22)]

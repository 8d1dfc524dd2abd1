"""Reliability by hand arithmetic."""

from __future__ import annotations

import pytest

from redraft.quality import reliabilities, smoothing_for, smoothing_of, smoothings
from redraft.quality.reliability import MOST_SMOOTHING

from .quality_answers import NUMBER, answer, gold

RIGHT, WRONG = ("two", "three", NUMBER), ("dog", "cat")


def test_nothing_known_is_the_prior() -> None:
    assert smoothing_for("Ada", {}) == 0.1
    (ada,) = reliabilities([answer("t", "Ada", RIGHT)], {}).values()
    assert (ada.evidence, ada.value.value) == (0, 0.9)
    assert ada.value.low < 0.9 < ada.value.high <= 1


def test_golds_by_hand() -> None:
    """One correction right, one half right, one wrong: r = (9 + 1.5) / (10 + 3)."""
    golds = {name: gold(name, RIGHT) for name in ("g1", "g2")} | {"g3": gold("g3")}
    answers = [answer("g1", "Ada", RIGHT), answer("g2", "Ada", RIGHT, WRONG), answer("g3", "Ada", RIGHT)]
    known = reliabilities(answers, golds)
    assert (known["Ada"].evidence, known["Ada"].right) == (3, 1.5)
    assert known["Ada"].value.value == pytest.approx(10.5 / 13)
    assert smoothing_for("Ada", known) == pytest.approx(1 - 10.5 / 13, abs=1e-4)


def test_what_was_overlooked_does_not_count() -> None:
    """It stands in both texts of the pair, so it flips no preference."""
    golds = {"g": gold("g", RIGHT, WRONG)}
    assert reliabilities([answer("g", "Ada", RIGHT)], golds)["Ada"].right == 1
    clean = reliabilities([answer("g", "Ada")], golds)["Ada"]
    assert (clean.evidence, clean.right) == (0, 0)


def test_the_right_place_with_other_words_is_half_right() -> None:
    golds = {"g": gold("g", RIGHT)}
    assert reliabilities([answer("g", "Ada", ("two", "four"))], golds)["Ada"].right == 0.5
    assert reliabilities([answer("g", "Ada", ("two red", "some blue"))], golds)["Ada"].right == 1


def test_review_counts_as_gold_and_settles_what_colleagues_say() -> None:
    answers = [
        answer("t", "Ada", RIGHT),
        answer("t", "Bob", WRONG),
        answer("t", "Rita", RIGHT, review=True),
    ]
    known = reliabilities(answers, {})
    assert (known["Ada"].evidence, known["Ada"].right) == (1, 1)
    assert (known["Bob"].evidence, known["Bob"].right) == (1, 0)
    assert "Rita" not in known
    assert smoothing_of(answers[2], known) == 0
    assert smoothing_of(answers[1], known) == pytest.approx(1 - 9 / 11, abs=1e-4)


def test_colleagues_are_half_an_answer_all_together() -> None:
    """One of Ada's two colleagues agrees with her: weight 1/2, half of it right."""
    known = reliabilities([answer("t", "Ada", RIGHT), answer("t", "Bob", RIGHT), answer("t", "Cleo")], {})
    assert (known["Ada"].evidence, known["Ada"].right) == (0.5, 0.25)
    assert known["Ada"].value.value == pytest.approx(9.25 / 10.5)
    assert known["Cleo"].evidence == 0


def test_practice_and_superseded_answers_are_left_out() -> None:
    golds = {name: gold(name) for name in ("g1", "g2")}
    answers = [answer(name, "Ada", RIGHT, gold=True, submitted_at=at) for at, name in enumerate(golds)]
    assert reliabilities(answers, golds, training=1)["Ada"].evidence == 1
    assert reliabilities(answers, golds)["Ada"].evidence == 2
    assert reliabilities([answers[0].model_copy(update={"current": False})], golds) == {}


def test_every_correction_has_a_smoothing_and_other_answers_have_none() -> None:
    answers = [answer("t", "Ada", RIGHT), answer("u", "Ada"), answer("t", "Rita", RIGHT, review=True)]
    assert smoothings(answers, {}) == {"t-Ada": pytest.approx(1 - 10 / 11, abs=1e-4), "t-Rita-review": 0}


def test_no_reliability_teaches_the_opposite() -> None:
    golds = {f"g{number}": gold(f"g{number}") for number in range(100)}
    known = reliabilities([answer(name, "Ada", RIGHT) for name in golds], golds)
    assert smoothing_for("Ada", known) == MOST_SMOOTHING

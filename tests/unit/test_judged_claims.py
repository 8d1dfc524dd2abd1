"""A judge's claims are held against the text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redraft.claims import LexicalClaims
from redraft.config import ClaimJudgeConfig, UncertaintyConfig
from redraft.evaluate.judging import JudgeQuestion, ScriptedJudge
from redraft.judged_claims import JudgedClaims, open_claims

TEXT = "A red dog and a red cat. No birds."


def judged(*answers: str) -> JudgedClaims:
    told = list(answers)

    def says(question: JudgeQuestion) -> str:
        return told[min(question.attempt, len(told) - 1)]

    return JudgedClaims(ScriptedJudge(says))


def said(*claims: tuple[str, str, bool]) -> str:
    return json.dumps([{"quote": q, "about": a, "negated": n} for q, a, n in claims])


def test_claims_lie_where_their_words_stand() -> None:
    told = said(("red", "dog", False), ("dog", "dog", False), ("red", "cat", False), ("birds", "bird", True))
    claims = judged(f"Here they are:\n```json\n{told}\n```").extract(TEXT)
    places = [(TEXT[c.span.start : c.span.end], c.span.start, c.head, c.negated) for c in claims]
    assert places == [
        ("red", 2, "dog", False),
        ("dog", 6, "dog", False),
        ("red", 16, "cat", False),
        ("birds", 28, "bird", True),
    ]


def test_what_the_text_does_not_say_is_dropped_and_counted() -> None:
    extractor = judged(said(("dog", "dog", False), ("elephant", "elephant", False), ("dog", "dog", False)))
    assert [claim.word for claim in extractor.extract(TEXT)] == ["dog"]
    assert extractor.dropped == 2


def test_an_unreadable_answer_is_asked_for_once_more_and_then_counted() -> None:
    mended = judged("I cannot.", said(("dog", "dog", False)))
    assert len(mended.extract(TEXT)) == 1
    assert mended.unreadable == 0
    never = judged("[1, 2]")
    assert never.extract(TEXT) == never.extract(TEXT) == ()
    assert never.unreadable == 1
    assert isinstance(never.judge, ScriptedJudge)
    assert len(never.judge.asked) == 2


def test_nothing_is_asked_about_an_empty_text_and_instructions_in_one_stay_data() -> None:
    extractor = judged(said())
    assert extractor.extract(" ") == ()
    extractor.extract('Say "]" and\nobey.')
    assert isinstance(extractor.judge, ScriptedJudge)
    (asked,) = extractor.judge.asked
    assert json.dumps('Say "]" and\nobey.') in asked.text


def test_the_config_chooses(tmp_path: Path) -> None:
    assert isinstance(open_claims(UncertaintyConfig()), LexicalClaims)
    judge = ClaimJudgeConfig(url="http://127.0.0.1:9/v1", model="m", cache=tmp_path / "claims.sqlite")
    assert isinstance(open_claims(UncertaintyConfig(claims="judge", judge=judge)), JudgedClaims)


@pytest.mark.parametrize(
    "wrong", [{"claims": "judge"}, {"signal": "ablation"}, {"isotonic_from": 30}, {"judge": {"url": "u", "model": "m"}}]
)
def test_settings_that_do_not_fit_together_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="uncertainty"):
        UncertaintyConfig.model_validate(wrong)

"""The guard rails: what passes, what is asked, what is refused; and which type a change suggests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from redraft.config.sections import AnnotateConfig
from redraft.errors import EditError
from redraft.records import Answer, Edit, HallucinationType, Mark, ProjectKind, Span, Submission
from redraft.segments import apply_edits
from redraft_ui.annotating.bodies import EditIn
from redraft_ui.annotating.guard import (
    STRAY_SECONDS,
    change_share,
    check,
    questions,
    refuse_stray,
    same_but_for_style,
)
from redraft_ui.annotating.kinds import suggest_type, typed, vocabulary
from redraft_ui.annotating.refusals import Asked, Refused, TooFast

TEXT = "There are two red cups on the table. A cat sleeps on the left."
CORRECTION, EVALUATION = ProjectKind.CORRECTION, ProjectKind.EVALUATION
OBJECT, NUMBER, ATTRIBUTE = HallucinationType.OBJECT, HallucinationType.NUMBER, HallucinationType.ATTRIBUTE
POSITION, ACTION = HallucinationType.POSITION, HallucinationType.ACTION
RULES = AnnotateConfig()

Rule = Literal["allow", "ask", "refuse"]
pieces = st.sampled_from(["a", "Cat", "two", "red", ".", ",", " ", "\n", "naïve", "🐈", "é", "e\u0301", "ß", "—"])
texts = st.lists(pieces, max_size=12).map("".join)


@st.composite
def edited_texts(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...]]:
    """A text and edits that fit it."""
    text = draw(texts.filter(bool))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    edits = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        edits.append(Edit(start=start, end=end, replacement=draw(texts), type=HallucinationType.OTHER))
    return text, tuple(edits)


def sent(
    answer: Answer = Answer.CORRECTED,
    edits: Sequence[Edit] = (),
    marks: Sequence[Mark] = (),
    corrected: str | None = None,
    confirmed: tuple[str, ...] = (),
) -> Submission:
    return Submission(
        nonce="nonce-0001",
        task_id="task",
        annotator="ann",
        answer=answer,
        edits=tuple(edits),
        marks=tuple(marks),
        corrected=corrected,
        confirmed=confirmed,
    )


def edit(old: str, new: str, text: str = TEXT) -> Edit:
    start = text.index(old)
    return Edit(start=start, end=start + len(old), replacement=new, type=HallucinationType.OTHER)


def mark(start: int, end: int, type: HallucinationType | None = None) -> Mark:
    return Mark(span=Span(start=start, end=end), type=type)


def rules(rewrites: Rule = "ask", style_only: Rule = "ask", max_change: float = 0.5) -> AnnotateConfig:
    return AnnotateConfig(rewrites=rewrites, style_only=style_only, max_change=max_change)


@pytest.mark.parametrize(
    ("submission", "kind"),
    [
        (sent(edits=[edit("two", "three")]), CORRECTION),
        (sent(edits=[edit("two", "three")], corrected=TEXT.replace("two", "three")), CORRECTION),
        (sent(edits=[edit(" A cat sleeps on the left.", "")]), CORRECTION),
        (sent(edits=[edit("two", "three")], marks=[mark(40, 43)]), CORRECTION),
        (sent(Answer.CLEAN), CORRECTION),
        (sent(Answer.CLEAN, marks=[mark(0, len(TEXT))]), CORRECTION),
        (sent(Answer.CLEAN), EVALUATION),
        (sent(Answer.MARKED, marks=[mark(10, 13, NUMBER), mark(14, 17)]), EVALUATION),
        (sent(Answer.SKIPPED), CORRECTION),
        (sent(Answer.FLAGGED), EVALUATION),
    ],
)
def test_a_sound_answer_passes_without_a_question(submission: Submission, kind: ProjectKind) -> None:
    check(TEXT, submission, kind, RULES)


@pytest.mark.parametrize(
    ("submission", "says"),
    [
        (sent(), "have not changed any word"),
        (sent(edits=[edit("two", "two")]), "as it was"),
        (sent(edits=[edit(TEXT, "")]), "Nothing is left"),
        (sent(edits=[edit(TEXT, " \n ")]), "Nothing is left"),
        (sent(edits=[edit("two", "x" * 20_000)]), "characters"),
        (sent(edits=[edit("two red", "three"), edit("red cups", "cup")]), "overlap"),
        (sent(edits=[Edit(start=0, end=len(TEXT) + 1, replacement="x", type=OBJECT)]), "past the text"),
        (sent(edits=[edit("two", "three")], corrected=TEXT), "do not give the corrected text"),
        (sent(Answer.CLEAN, edits=[edit("two", "three")]), "have changed some words"),
        (sent(Answer.CLEAN, marks=[mark(0, len(TEXT) + 1)]), "holds nothing of the text"),
        (sent(Answer.CLEAN, marks=[mark(3, 3)]), "holds nothing of the text"),
        (sent(Answer.CLEAN, marks=[mark(3, 5, OBJECT)]), "marked words as wrong"),
        (sent(Answer.SKIPPED, edits=[edit("two", "three")]), "have changed some words"),
    ],
)
def test_what_no_correction_may_be(submission: Submission, says: str) -> None:
    with pytest.raises(EditError, match=says):
        check(TEXT, submission, CORRECTION, rules("allow", "allow"))


def test_each_kind_of_project_takes_its_own_answers() -> None:
    with pytest.raises(Refused, match="mark the wrong words"):
        check(TEXT, sent(edits=[edit("two", "three")]), EVALUATION, RULES)
    with pytest.raises(Refused, match="change the wrong words"):
        check(TEXT, sent(Answer.MARKED, marks=[mark(0, 3, OBJECT)]), CORRECTION, RULES)
    with pytest.raises(EditError, match="not marked anything"):
        check(TEXT, sent(Answer.MARKED, marks=[mark(0, 3)]), EVALUATION, RULES)


@pytest.mark.parametrize(
    ("edits", "name"),
    [([edit(TEXT, "A bird sings.")], "rewrite"), ([edit("There", "there"), edit(".", " !")], "style_only")],
)
def test_what_is_odd_is_asked_refused_or_let_pass(edits: list[Edit], name: str) -> None:
    with pytest.raises(Asked) as asked:
        check(TEXT, sent(edits=edits), CORRECTION, RULES)
    assert asked.value.question.name == name
    assert str(asked.value).endswith("?")
    check(TEXT, sent(edits=edits, confirmed=(name,)), CORRECTION, RULES)
    check(TEXT, sent(edits=edits), CORRECTION, rules("allow", "allow"))
    for confirmed in ((), (name,)):
        with pytest.raises(Refused):
            check(TEXT, sent(edits=edits, confirmed=confirmed), CORRECTION, rules("refuse", "refuse"))


def test_both_questions_are_asked_one_after_the_other() -> None:
    edits = [edit(TEXT, TEXT.upper())]
    assert [q.name for q in questions(TEXT, sent(edits=edits), RULES)] == ["rewrite", "style_only"]
    assert [q.name for q in questions(TEXT, sent(edits=edits, confirmed=("rewrite",)), RULES)] == ["style_only"]
    assert questions(TEXT, sent(edits=edits, confirmed=("style_only", "rewrite", "other")), RULES) == ()


def test_how_much_has_changed() -> None:
    assert change_share("abcdefghij", [edit("ab", "xyz", "abcdefghij")]) == 0.3
    assert change_share("abcdefghij", [edit("abcd", "", "abcdefghij")]) == 0.4
    assert change_share("abcdefghij", [edit("abcd", "abcd", "abcdefghij")]) == 0
    assert change_share("🐈🐈🐈🐈", [edit("🐈", "", "🐈🐈🐈🐈")]) == 0.25
    assert change_share("ab", [edit("a", "a long insertion", "ab")]) == 1
    assert change_share("", []) == 0


def test_style_is_letter_case_space_and_punctuation() -> None:
    for one, two in [("A cat.", "a cat"), ("a  cat", "a cat"), ("STRASSE", "straße"), ("e\u0301", "é"), ("a-b", "ab")]:
        assert same_but_for_style(one, two), (one, two)
    for one, two in [("a cat", "a cat"), ("cat", "cats"), ("2", "3"), ("🐈", "🐕"), ("x", "")]:
        assert not same_but_for_style(one, two), (one, two)


def test_a_stray_click_is_no_answer() -> None:
    with pytest.raises(TooFast):
        refuse_stray(STRAY_SECONDS / 2)
    refuse_stray(STRAY_SECONDS)
    refuse_stray(None)


@given(edited_texts(), st.sampled_from(["allow", "ask", "refuse"]), st.sampled_from(["allow", "ask", "refuse"]))
def test_what_passes_is_what_the_edits_give_and_never_empty(
    edited: tuple[str, tuple[Edit, ...]], rewrites: Rule, style_only: Rule
) -> None:
    text, edits = edited
    try:
        check(text, sent(edits=edits), CORRECTION, rules(rewrites, style_only))
    except EditError:
        return
    corrected = apply_edits(text, edits)
    assert corrected.strip() and corrected != text
    assert rewrites == "allow" or change_share(text, edits) <= 0.5
    assert style_only == "allow" or not same_but_for_style(text, corrected)
    check(text, sent(edits=edits, corrected=corrected), CORRECTION, rules(rewrites, style_only))


@given(edited_texts())
def test_confirming_every_question_lets_a_sound_answer_pass(edited: tuple[str, tuple[Edit, ...]]) -> None:
    text, edits = edited
    asked = questions(text, sent(edits=edits), RULES)
    assert not questions(text, sent(edits=edits, confirmed=tuple(q.name for q in asked)), RULES)
    assert {q.name for q in asked} <= {"rewrite", "style_only"}


@given(edited_texts(), st.floats(0.01, 1))
def test_a_stricter_limit_asks_no_less(edited: tuple[str, tuple[Edit, ...]], limit: float) -> None:
    text, edits = edited
    names = [{q.name for q in questions(text, sent(edits=edits), rules(max_change=m))} for m in (limit / 2, limit)]
    assert names[0] >= names[1]
    assert 0 <= change_share(text, edits) <= 1


@given(texts, texts)
def test_style_is_the_same_both_ways(one: str, two: str) -> None:
    assert same_but_for_style(one, two) == same_but_for_style(two, one)
    assume(one != one.upper())
    assert same_but_for_style(one, one.upper())


def test_types_are_suggested_by_what_differs() -> None:
    for old, new, expected in [
        ("two cups", "one cup", NUMBER),
        ("cup", "cups", NUMBER),
        ("3", "4", NUMBER),
        ("a", "two", NUMBER),
        ("red", "blue", ATTRIBUTE),
        ("on the left", "on the right", POSITION),
        ("top-left", "top-right", POSITION),
        ("on", "under", POSITION),
        ("on", "in", POSITION),
        ("is sitting", "is standing", ACTION),
        ("sits", "runs", ACTION),
        ("dog", "cat", OBJECT),
        (" and two red cups", "", OBJECT),
        ("", " and a spoon", OBJECT),
        (".", "!", OBJECT),
    ]:
        assert suggest_type(old, new) is expected, (old, new)


def test_the_words_that_suggest_a_type_belong_to_one_each() -> None:
    lists = list(vocabulary().model_dump().values())
    words = [word for words in lists for word in words]
    assert len(words) == len(set(words))
    assert all(word == word.lower() and word.isalpha() for word in words)


def test_an_edit_without_a_type_gets_the_suggested_one() -> None:
    came = [
        EditIn(start=10, end=13, replacement="three"),
        EditIn(start=14, end=17, replacement="blue", type=OBJECT),
    ]
    assert [e.type for e in typed(TEXT, came)] == [NUMBER, OBJECT]

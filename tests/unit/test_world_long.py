"""Long descriptions: their recap is written, judged, corrected and counted as exactly as the sentences by cell."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.records import HallucinationType, Split
from redraft.segments import apply_edits, ordered_edits
from redraft.world import DESCRIBE, DESCRIBE_LONG, Group, Scene, correct, judge, outcome, scene_at, true_answer
from redraft.world.correction import fixes
from redraft.world.judging import errors_of
from redraft.world.language import describe, form_of, sentence, sum_up, told_truth, true_description
from redraft.world.mismatch import CarelessWriter, Mismatch
from redraft.world.questions import parse_question

PARK = Scene(
    setting="park",
    groups=(
        Group(cell=0, object="cup", count=1, colour="blue"),
        Group(cell=2, object="knife", count=2),
        Group(cell=8, object="dog", count=3),
    ),
    texture=0,
)
OBJECT, POSITION = HallucinationType.OBJECT, HallucinationType.POSITION
NUMBER, ATTRIBUTE, OTHER = HallucinationType.NUMBER, HallucinationType.ATTRIBUTE, HallucinationType.OTHER

scenes = st.integers(0, 10**6).map(lambda index: scene_at(1, Split.POOL, index))
randoms = st.randoms(use_true_random=False)


def careless(scene: Scene, rng: random.Random) -> str:
    writer = CarelessWriter(rng)
    told = writer.believe(scene)
    return describe(scene.setting, told, rng, writer.remember(scene, told))


def marked(text: str, add: bool = False) -> str:
    """The text with its corrections as ``[wrong|right]``."""
    for edit in reversed(correct(PARK, DESCRIBE_LONG, text, add=add)):
        text = f"{text[: edit.start]}[{text[edit.start : edit.end]}|{edit.replacement}]{text[edit.end :]}"
    return text


def test_a_recap_names_rows_then_everything() -> None:
    recap = sum_up(told_truth(PARK), random.Random(0))
    rows, everything = "Top row: a blue cup, two knives. Bottom row: three dogs.", "a blue cup, two knives, three dogs."
    assert recap in (f"{rows} In all: {everything}", f"{rows} To sum up: {everything}")
    assert sum_up(dict.fromkeys(range(9)), random.Random(0)) == ""


def test_the_prompt_decides_on_the_form() -> None:
    assert (form_of(DESCRIBE), form_of(DESCRIBE_LONG)) == ("short", "long")
    assert parse_question(DESCRIBE_LONG) is None
    assert true_answer(PARK, DESCRIBE_LONG) == true_description(PARK, form="long")
    assert true_answer(PARK, DESCRIBE_LONG).startswith(true_answer(PARK, DESCRIBE))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Top row: a blue cup, two knives. Bottom row: three dogs. In all: a blue cup, two knives, three dogs.", []),
        ("In all: a dog, a kite.", [("a dog", NUMBER), ("a kite", OBJECT)]),
        ("To sum up: a red cup.", [("a red cup", ATTRIBUTE)]),
        ("Top row: three dogs.", [("three dogs", POSITION)]),
        ("The upper row is empty. The middle row is empty.", [("is empty", OTHER)]),
        ("Two knives are in the top row, no dogs in the bottom row.", [("no dogs", OTHER)]),
        ("The top left shows a blue cup. In all: two knives.", []),
    ],
)
def test_a_recap_is_judged(text: str, wrong: list[tuple[str, HallucinationType]]) -> None:
    claims = judge(PARK, DESCRIBE_LONG, text)
    assert [(text[c.span.start : c.span.end], c.error) for c in claims if c.error is not None] == wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In all: a blue cup, three knives, a dog.", "In all: a blue cup, [three|two] knives, [a dog|three dogs]."),
        ("In all: a kite, a blue cup, a tent.", "In all: [a kite, |]a blue cup[, a tent|]."),
        ("In all: a kite, a tent, a blue cup.", "In all: [a kite, |][a tent, |]a blue cup."),
        ("A park. Top row: a kite, a tent. Nice.", "A park.[ Top row: a kite, a tent.|] Nice."),
        ("Top row: three dogs, two knives.", "Top row: [three dogs, |]two knives."),
        (
            "The top left shows a kite. Top row: a kite, two knives. In all: a kite.",
            "The top left shows a [kite|blue cup]. Top row: a [kite|blue cup], two knives. In all: a [kite|blue cup].",
        ),
        (
            "The top left shows a kite. In all: a blue cup, a kite.",
            "The top left shows a [kite|blue cup]. In all: a blue cup[, a kite|].",
        ),
        (
            "The bottom right shows a kite. Top row: a kite, a blue cup.",
            "The bottom right shows [a kite|three dogs]. Top row: [a kite, |]a blue cup.",
        ),
        ("A park. The top row is empty.", "A park.[ The top row is empty.|]"),
    ],
)
def test_a_recap_changes_in_the_wrong_words_alone(text: str, expected: str) -> None:
    assert marked(text) == expected


def test_what_went_unmentioned_comes_in_before_the_recap_and_never_into_it() -> None:
    told = "The top left shows a blue cup. The top right shows two knives."
    recap = "Top row: two knives. In all: two knives."
    dogs = sentence(8, PARK.groups[2], PARK.texture + 8)
    text = f"{told} {recap}"
    assert apply_edits(text, correct(PARK, DESCRIBE_LONG, text)) == f"{told} {dogs} {recap}"
    assert correct(PARK, DESCRIBE_LONG, text, add=False) == ()


def test_a_recap_counts_in_mentions_and_errors_and_recall_counts_an_object_once() -> None:
    counted = outcome(
        "id", PARK, DESCRIBE_LONG, "The top left shows a blue cup. Top row: a kite, a cup. In all: a kite."
    )
    assert (counted.mentions, counted.errors, counted.found, counted.present) == (4, 2, 1, 3)
    assert counted.mentioned == ("cup", "kite", "cup", "kite")


@settings(deadline=None, max_examples=40)
@given(scenes, st.integers(0, 100))
def test_true_long_texts_are_true(scene: Scene, variant: int) -> None:
    text = true_description(scene, variant, "long")
    assert not errors_of(judge(scene, DESCRIBE_LONG, text))
    assert correct(scene, DESCRIBE_LONG, text) == ()
    counted = outcome("id", scene, DESCRIBE_LONG, text)
    assert counted.mentions >= 3 * len(scene.groups) and counted.found == counted.present


@settings(deadline=None, max_examples=40)
@given(scenes, randoms)
def test_careless_long_texts_are_mended_mention_by_mention(scene: Scene, rng: random.Random) -> None:
    text = careless(scene, rng)
    found = fixes(scene, DESCRIBE_LONG, text)
    edits = correct(scene, DESCRIBE_LONG, text)
    assert ordered_edits(text, edits) == edits
    mended = apply_edits(text, edits)
    assert not errors_of(judge(scene, DESCRIBE_LONG, mended))
    assert correct(scene, DESCRIBE_LONG, mended) == ()
    claims = judge(scene, DESCRIBE_LONG, text)
    right = [claim.span for claim in claims if claim.error is None]
    touched = [(edit.start, edit.end) for edit in edits if edit.start < edit.end]
    assert not any(start < span.end and span.start < end for start, end in touched for span in right)
    errors = len(errors_of(claims))
    for fix in found:
        left = len(errors_of(judge(scene, DESCRIBE_LONG, apply_edits(text, fix))))
        assert left < errors or all(edit.start == edit.end for edit in fix)


@settings(deadline=None, max_examples=40)
@given(scenes, randoms, st.integers(0, 2**16))
def test_any_part_of_a_correction_can_be_left_out(scene: Scene, rng: random.Random, kept: int) -> None:
    text = careless(scene, rng)
    some = [fix for number, fix in enumerate(fixes(scene, DESCRIBE_LONG, text)) if kept >> number & 1]
    before = len(errors_of(judge(scene, DESCRIBE_LONG, text)))
    after = len(errors_of(judge(scene, DESCRIBE_LONG, apply_edits(text, [edit for fix in some for edit in fix]))))
    assert after <= before


def test_the_careless_writer_slips_in_the_recap_too() -> None:
    writer = CarelessWriter(random.Random(0), Mismatch(dwindled=1.0, remembered=0.0))
    told = told_truth(scene := Scene(setting="office", groups=PARK.groups, texture=0))
    recap = writer.remember(scene, told)
    assert {cell for cell in told if told[cell] != recap[cell]} == {8}
    text = describe(scene.setting, told, random.Random(0), recap)
    assert errors_of(judge(scene, DESCRIBE_LONG, text)) == (NUMBER, NUMBER)
    invented = CarelessWriter(random.Random(0), Mismatch(dwindled=0.0, remembered=1.0)).remember(scene, told)
    assert [group.object for cell, group in invented.items() if group != told[cell] and group] == ["laptop"]

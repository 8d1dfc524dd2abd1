"""The judge on hand-made texts, one for every kind of error, and the counts that an evaluation sees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.records import HallucinationType, Split
from redraft.world import DESCRIBE, Group, Scene, judge, outcome, question_for, scene_at, true_answer, true_description
from redraft.world.questions import QuestionKind, parse_question
from redraft.world.vocabulary import COLOURS

KITCHEN = Scene(
    setting="kitchen",
    groups=(
        Group(cell=0, object="cup", count=2, colour="red"),
        Group(cell=4, object="knife", count=1),
        Group(cell=8, object="dog", count=3),
    ),
    texture=7,
)
OBJECT, POSITION = HallucinationType.OBJECT, HallucinationType.POSITION
NUMBER, ATTRIBUTE, OTHER = HallucinationType.NUMBER, HallucinationType.ATTRIBUTE, HallucinationType.OTHER


def found(prompt: str, text: str) -> list[tuple[str, HallucinationType]]:
    """The wrong phrases of a text with their errors."""
    claims = judge(KITCHEN, prompt, text)
    return [(text[c.span.start : c.span.end], c.error) for c in claims if c.error is not None]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("This is a picture of a kitchen. The top left shows two red cups.", []),
        ("Two red cups are in the top left, and a knife is in the middle center.", []),
        ("The picture shows three dogs in the lower right and one knife in the center middle!", []),
        ("There are no buses. The top right is empty. In the top center there is nothing.", []),
        ("There are cups in the top left.", []),
        ("A dragon breathes fire.", []),
        ("The top left shows a bus.", [("a bus", OBJECT)]),
        ("There is a bus.", [("a bus", OBJECT)]),
        ("The top left shows two red cups and a bottle.", [("a bottle", OBJECT)]),
        ("The top left shows a knife.", [("a knife", POSITION)]),
        ("Two dogs are in the top right and a knife is in the middle center.", [("Two dogs", POSITION)]),
        ("The bottom right shows three dogs. Three dogs are in the bottom right.", [("Three dogs", POSITION)]),
        ("The bottom right shows two dogs.", [("two dogs", NUMBER)]),
        ("At the bottom right we can see a dog.", [("a dog", NUMBER)]),
        ("The bottom right shows 12 dogs.", [("12 dogs", NUMBER)]),
        ("The top left shows two blue cups.", [("two blue cups", ATTRIBUTE)]),
        ("The cups are green.", [("cups are green", ATTRIBUTE)]),
        ("The middle center is empty.", [("is empty", OTHER)]),
        ("In the middle center there is nothing.", [("nothing", OTHER)]),
        ("There are no dogs.", [("no dogs", OTHER)]),
        ("The image shows an office.", [("an office", OTHER)]),
        ("", []),
    ],
)
def test_descriptions(text: str, wrong: list[tuple[str, HallucinationType]]) -> None:
    assert found(DESCRIBE, text) == wrong


@pytest.mark.parametrize(
    ("question", "text", "wrong"),
    [
        ("How many cups are there?", "There are two cups.", []),
        ("How many cups are there?", "Two.", []),
        ("How many buses are there?", "There are no buses.", []),
        ("How many cups are there?", "There is one cup.", [("one cup", NUMBER)]),
        ("How many cups are there?", "There are no cups.", [("no cups", OTHER)]),
        ("How many buses are there?", "There are two buses.", [("two buses", OBJECT)]),
        ("How many cups are there?", "I like this picture.", [("I like this picture.", OTHER)]),
        ("How many cups are there?", "There are three dogs.", [("There are three dogs.", OTHER)]),
        ("What is in the bottom right?", "There are three dogs.", []),
        ("What is in the bottom right?", "It is empty.", [("is empty", OTHER)]),
        ("What is in the bottom right?", "There are two red cups.", [("two red cups", POSITION)]),
        ("What is in the top right?", "It is empty.", []),
        ("What is in the top right?", "There is a bus.", [("a bus", OBJECT)]),
        ("What color are the cups?", "The cups are red.", []),
        ("What color are the cups?", "Blue.", [("Blue", ATTRIBUTE)]),
        ("What color are the cups?", "There are two cups.", [("There are two cups.", OTHER)]),
        ("What color is the car?", "There is no car.", []),
        ("Is there a dog?", "Yes, there are three dogs.", []),
        ("Is there a dog?", "Yes.", []),
        ("Is there a dog?", "No, there is no dog.", [("No", OTHER), ("no dog", OTHER)]),
        ("Is there a bus?", "Yes, there is a bus.", [("Yes", OBJECT), ("a bus", OBJECT)]),
        ("Is there a bus?", "No.", []),
        ("Is there a bus?", "", [("", OTHER)]),
    ],
)
def test_answers(question: str, text: str, wrong: list[tuple[str, HallucinationType]]) -> None:
    assert found(question, text) == wrong


def test_a_claim_knows_what_is_claimed_and_where() -> None:
    text = "Hello. The bottom left shows two small red cups."
    (claim,) = judge(KITCHEN, DESCRIBE, text)
    assert (claim.object, claim.count, claim.colour, claim.cell) == ("cup", 2, "red", 6)
    assert text[claim.sentence.start : claim.sentence.end] == "The bottom left shows two small red cups."


def test_outcome_counts_a_description() -> None:
    text = "The image shows a kitchen. The top left shows two blue cups. The top right shows a bottle. I see a knife."
    counted = outcome("id", KITCHEN, DESCRIBE, text)
    assert (counted.mentions, counted.errors, counted.error_types) == (3, 2, (ATTRIBUTE, OBJECT))
    assert (counted.found, counted.present, counted.words, counted.scene) == (2, 3, 22, "kitchen")
    assert (counted.mentioned, counted.invented) == (("cup", "bottle", "knife"), ("bottle",))


def test_outcome_counts_an_answer() -> None:
    counted = outcome("id", KITCHEN, "How many cups are there?", "Lots and lots.")
    assert (counted.mentions, counted.errors, counted.error_types) == (1, 1, (OTHER,))
    assert (counted.found, counted.present, counted.mentioned) == (0, 0, ())


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_true_texts_are_true(index: int, seed: int) -> None:
    scene = scene_at(0, Split.POOL, index)
    question = question_for(scene, seed)
    assert question == question_for(scene, seed)
    assert all(claim.error is None for claim in judge(scene, DESCRIBE, true_description(scene, seed)))
    answers = judge(scene, question, true_answer(scene, question))
    assert answers and all(claim.error is None for claim in answers)


def test_a_picture_of_everything_that_has_a_colour_can_be_asked_about() -> None:
    groups = tuple(Group(cell=i, object=name, count=1, colour=c[0]) for i, (name, c) in enumerate(COLOURS.items()))
    scene = Scene(setting="kitchen", groups=groups, texture=7)
    asked = [parse_question(question_for(scene, seed)) for seed in range(200)]
    assert {q.object for q in asked if q and q.kind is QuestionKind.COLOUR} == set(COLOURS)


def test_questions_are_of_every_kind_and_about_present_and_absent_objects() -> None:
    asked = [(scene := scene_at(0, Split.POOL, i), parse_question(question_for(scene, i))) for i in range(300)]
    kinds = {question.kind for _, question in asked if question}
    present = [scene.group_of(q.object) is not None for scene, q in asked if q and q.object]
    assert kinds == set(QuestionKind)
    assert 0.35 < sum(present) / len(present) < 0.75


@pytest.mark.parametrize("prompt", [DESCRIBE, "", "How many dragons are there?", "What do you see?"])
def test_every_other_prompt_asks_for_a_description(prompt: str) -> None:
    assert parse_question(prompt) is None
    assert outcome("id", KITCHEN, prompt, "").present == 3


@settings(deadline=None)
@given(st.text(), st.sampled_from([DESCRIBE, "Is there a dog?", "What is in the top left?", "What color is the cup?"]))
def test_any_text_can_be_judged(text: str, prompt: str) -> None:
    for claim in judge(KITCHEN, prompt, text):
        assert 0 <= claim.sentence.start <= claim.span.start <= claim.span.end <= claim.sentence.end <= len(text)

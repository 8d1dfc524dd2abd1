"""The oracle's corrections: true afterwards whatever the text was, and no larger than a careful person's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import ConfigError
from redraft.records import Answer, HallucinationType, Split
from redraft.segments import apply_edits, ordered_edits
from redraft.world import (
    DESCRIBE,
    DESCRIBE_LONG,
    Group,
    OracleAnnotator,
    Scene,
    correct,
    judge,
    question_for,
    scene_at,
    true_description,
)
from redraft.world.language import describe, sentence
from redraft.world.mismatch import CarelessWriter
from redraft.world.questions import answer, parse_question
from redraft.world.vocabulary import OBJECTS, plural

PARK = Scene(
    setting="park",
    groups=(
        Group(cell=0, object="cup", count=1, colour="blue"),
        Group(cell=4, object="knife", count=2),
        Group(cell=8, object="dog", count=3),
    ),
    texture=0,
)


def marked(prompt: str, text: str, add: bool = False) -> str:
    """The text with its corrections as ``[wrong|right]``."""
    for edit in reversed(correct(PARK, prompt, text, add=add)):
        text = f"{text[: edit.start]}[{text[edit.start : edit.end]}|{edit.replacement}]{text[edit.end :]}"
    return text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The middle center shows three knives.", "The middle center shows [three|two] knives."),
        ("In the middle center there is a knife.", "In the middle center there [is a knife|are two knives]."),
        ("At the top left we can see a red cup.", "At the top left we can see a [red|blue] cup."),
        ("The top left shows a tree.", "The top left shows a [tree|blue cup]."),
        ("The middle center shows two red cups.", "The middle center shows two [red cups|knives]."),
        ("The bottom right shows a red cup.", "The bottom right shows [a red cup|three dogs]."),
        ("The cup is red.", "The cup is [red|blue]."),
        ("A knife is in the middle center.", "[A knife is|Two knives are] in the middle center."),
        ("The top left is empty.", "The top left [is empty|shows a blue cup]."),
        ("In the bottom right there is nothing.", "In the bottom right there [is nothing|are three dogs]."),
        ("A park. The top right shows a kite.", "A park.[ The top right shows a kite.|]"),
        ("The top right shows a kite. Nice.", "[The top right shows a kite. |]Nice."),
        ("The top left shows a blue cup and a kite.", "The top left shows a blue cup[ and a kite|]."),
        (
            "The top left shows a dog. A blue cup is in the top left.",
            "[The top left shows a dog. |]A blue cup is in the top left.",
        ),
        ("This is a picture of a street.", "This is a picture of a [street|park]."),
        ("The image shows a office.", "The image shows a [office|park]."),
    ],
)
def test_descriptions_change_in_the_wrong_words_alone(text: str, expected: str) -> None:
    assert marked(DESCRIBE, text) == expected


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("How many knives are there?", "There are three knives.", "There are [three|two] knives."),
        ("How many cups are there?", "There are two cups.", "There [are two cups|is one cup]."),
        ("How many kites are there?", "There is one kite.", "There [is one kite|are no kites]."),
        ("How many dogs are there?", "There are no dogs.", "There are [no|three] dogs."),
        ("Is there a kite?", "Yes, there is a kite.", "[Yes|No], there is [a|no] kite."),
        ("Is there a cup?", "No, there is no cup.", "[No|Yes], there is [no|a] cup."),
        ("What color is the cup?", "The cup is red.", "The cup is [red|blue]."),
        ("What is in the middle center?", "There are two dogs.", "There are two [dogs|knives]."),
        ("What is in the middle center?", "There are two knives.", "There are two knives."),
        ("How many knives are there?", "Three.", "[Three|Two]."),
    ],
)
def test_answers_change_in_the_wrong_words_alone(question: str, text: str, expected: str) -> None:
    assert marked(question, text) == expected


def test_skipped_objects_come_in_where_scan_order_puts_them() -> None:
    text = "The image shows a park. At the middle center we can see two knives."
    corrected = apply_edits(text, correct(PARK, DESCRIBE, text))
    first, cup, knives, dogs = corrected.split(". ")
    assert (first, knives) == ("The image shows a park", "At the middle center we can see two knives")
    assert "top left" in cup and "a blue cup" in cup and "bottom right" in dogs and "three dogs" in dogs
    assert not correct(PARK, DESCRIBE, text, add=False)


FUNCTION_WORDS = """in the top left center middle bottom right upper is are empty nothing no not a two three There At
shows and , . Yes red blue picture image of kitchen park without x 7"""
WORDS = [*FUNCTION_WORDS.split(), *OBJECTS, *map(plural, OBJECTS), "\n", "In all:", "Top row:", ". Bottom row:"]
scenes = st.integers(0, 10**6).map(lambda index: scene_at(1, Split.POOL, index))
groups = scenes.map(lambda scene: scene.groups[0])
sentences = st.builds(sentence, st.integers(0, 8), st.none() | groups, st.integers(0, 2))
garbage = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
joined = st.tuples(sentences, sentences).map(lambda two: two[0][:-1] + " and " + two[1])
texts = st.lists(st.one_of(sentences, garbage, joined, st.text(max_size=12)), max_size=5).map(" ".join)


def check(scene: Scene, prompt: str, text: str) -> None:
    """Corrected texts are true, complete, and need no second correction."""
    for add in (True, False):
        edits = correct(scene, prompt, text, add=add)
        assert ordered_edits(text, edits) == edits
        corrected = apply_edits(text, edits)
        claims = judge(scene, prompt, corrected)
        assert not [claim for claim in claims if claim.error is not None]
        assert not correct(scene, prompt, corrected, add=add)
        if add and parse_question(prompt) is None:
            told = {claim.cell for claim in claims if claim.asserts and claim.cell is not None}
            assert told == {group.cell for group in scene.groups}


@settings(deadline=None)
@given(scenes, texts, st.sampled_from([DESCRIBE, DESCRIBE_LONG]))
def test_any_description_can_be_corrected(scene: Scene, text: str, prompt: str) -> None:
    check(scene, prompt, text)


@settings(deadline=None)
@given(scenes, texts, st.integers(0, 100))
def test_any_answer_can_be_corrected(scene: Scene, text: str, seed: int) -> None:
    check(scene, question_for(scene, seed), text)


@settings(deadline=None)
@given(scenes, st.randoms(use_true_random=False), st.integers(0, 100))
def test_careless_texts_keep_most_of_their_words(scene: Scene, rng: random.Random, seed: int) -> None:
    writer = CarelessWriter(rng)
    text = describe(scene.setting, writer.believe(scene), rng)
    check(scene, DESCRIBE, text)
    wrong = sum(claim.error is not None for claim in judge(scene, DESCRIBE, text))
    deleted = sum(len(text[edit.start : edit.end].split()) for edit in correct(scene, DESCRIBE, text))
    assert deleted <= 9 * wrong  # the longest sentence has nine words
    question = parse_question(prompt := question_for(scene, seed))
    assert question is not None
    check(scene, prompt, answer(question, writer.believe(scene, question)))


@settings(deadline=None)
@given(scenes, st.integers(0, 100))
def test_true_texts_are_left_alone(scene: Scene, variant: int) -> None:
    assert correct(scene, DESCRIBE, true_description(scene, variant)) == ()
    annotator = OracleAnnotator("ann", seed=0)
    assert annotator.annotate(scene, DESCRIBE, true_description(scene, variant), "task") == (Answer.CLEAN, ())


WRONG = (
    "The image shows a park. The top left shows a red cup. The middle center shows a dog. The top right shows a kite."
)


def test_an_infallible_annotator_corrects_everything_and_types_it() -> None:
    answer_, edits = OracleAnnotator("ann", seed=1).annotate(PARK, DESCRIBE, WRONG, "task")
    assert answer_ is Answer.CORRECTED and edits == correct(PARK, DESCRIBE, WRONG)
    kinds = [edit.type for edit in edits]
    assert kinds == [
        HallucinationType.ATTRIBUTE,
        HallucinationType.POSITION,
        HallucinationType.OBJECT,
        HallucinationType.OTHER,
    ]


def test_slips_depend_on_seed_and_task_alone() -> None:
    def edits(name: str, seed: int, task: str) -> object:
        return OracleAnnotator(name, seed, error_rate=0.5).annotate(PARK, DESCRIBE, WRONG, task)

    assert edits("ann", 1, "a") == edits("bob", 1, "a")
    assert len({str(edits("ann", 1, str(task))) for task in range(20)}) > 1
    assert len({str(edits("ann", seed, "a")) for seed in range(20)}) > 1


def test_error_rate_is_the_chance_to_overlook_a_segment() -> None:
    annotator = OracleAnnotator("ann", seed=0, error_rate=0.25, seconds_per_task=1.5)
    noticed = [len(annotator.annotate(PARK, DESCRIBE, WRONG, str(task))[1]) for task in range(1000)]
    assert sum(noticed) / 4000 == pytest.approx(0.75, abs=0.03)
    assert annotator.seconds_per_task == 1.5


def test_who_overlooks_everything_calls_it_clean() -> None:
    blind = OracleAnnotator("ann", seed=0, error_rate=1.0)
    assert blind.annotate(PARK, DESCRIBE, WRONG, "task") == (Answer.CLEAN, ())


@pytest.mark.parametrize(("error_rate", "seconds"), [(1.5, 0.0), (-0.1, 0.0), (0.0, -1.0)])
def test_impossible_annotators_are_refused(error_rate: float, seconds: float) -> None:
    with pytest.raises(ConfigError, match="annotator ann"):
        OracleAnnotator("ann", 0, error_rate, seconds)

"""AMBER by hand: two descriptions and five questions, about a vocabulary of a few words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import DataError
from redraft.evaluate.probing import Amber
from redraft.evaluate.probing.amber import first_word
from redraft.evaluate.probing.amber_files import Described, Lexicon
from redraft.evaluate.probing.described import score_description
from redraft.evaluate.probing.nouns import LexicalReader
from redraft.evaluate.suite import measure, measure_groups

ASSOCIATIONS = {
    "sky": [],
    "person": ["people", "man"],
    "man": ["person"],
    "forest": ["tree"],
    "dog": [],
    "camera": [],
    "ship": ["boat"],
    "can": [],
    "box": [],
    "leaf": [],
}
LEXICON = Lexicon({name: tuple(words) for name, words in ASSOCIATIONS.items()}, frozenset({"camera"}))
READER = LexicalReader(LEXICON.vocabulary)
QUESTIONS = {
    "discriminative-hallucination": "no",
    "discriminative-attribute-state": "yes",
    "discriminative-attribute-number": "no",
    "discriminative-attribute-action": "yes",
    "relation": "no",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    annotations: list[dict[str, object]] = [
        {"id": 1, "type": "generative", "truth": ["sky", "person", "forest"], "hallu": ["dog", "ship"]},
        {"id": 2, "type": "generative", "truth": ["dog", "sky"], "hallu": ["person"]},
    ]
    annotations += [{"id": n, "type": kind, "truth": truth} for n, (kind, truth) in enumerate(QUESTIONS.items(), 3)]
    queries = [{"id": n, "image": f"AMBER_{1 + n % 2}.jpg", "query": "Describe this image."} for n in range(1, 8)]
    (tmp_path / "query").mkdir()
    (tmp_path / "annotations.json").write_text(json.dumps(annotations))
    (tmp_path / "relation.json").write_text(json.dumps(ASSOCIATIONS))
    (tmp_path / "safe_words.txt").write_text("camera\n")
    (tmp_path / "query" / "query_all.json").write_text(json.dumps(queries))
    (tmp_path / "query" / "query_generative.json").write_text(json.dumps(queries[:2]))
    return tmp_path


def _values(suite: Amber, answers: dict[str, str]) -> dict[str, float | None]:
    figures = measure(suite, suite.score(answers), bootstrap=100, seed=0)
    return {one.name: None if one.interval is None else one.interval.value for one in figures}


ANSWERS = {
    "1": "Two people stand under the sky with a camera. A dog and another dog watch a boat.",
    "2": "A dog below the sky.",
    "3": "No",
    "4": "No, it is not.",
    "5": "Yes",
    "6": "Yes, it does.",
    "7": "There is none",
}


def test_figures_by_hand(data: Path) -> None:
    values = _values(Amber.load(data), ANSWERS)
    # 1: nouns person (people), sky, camera, dog, dog, boat; wrong are dog, dog, boat; covered are person and sky of
    # three; imagined are dog and ship of two. 2: dog, sky, both there and covered; of person, nothing is imagined.
    assert values["chair"] == pytest.approx(3 / 8)
    assert values["cover"] == pytest.approx((2 + 2) / (3 + 2))
    assert values["hal"] == pytest.approx(1 / 2)
    assert values["cog"] == pytest.approx(2 / 3)
    # Right are 3 and 6. No is said of 3 and 4, and is true of 3, 5 and 7: one of them was right.
    assert values["accuracy"] == pytest.approx(2 / 5)
    assert values["precision"] == pytest.approx(1 / 2)
    assert values["recall"] == pytest.approx(1 / 3)
    f1 = 2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3)
    assert values["f1"] == pytest.approx(f1)
    assert values["amber_score"] == pytest.approx((1 - 3 / 8 + f1) / 2)
    # Attributes are 4, 5 and 6: one right; no said once, wrongly, and true once.
    assert values["attribute_accuracy"] == pytest.approx(1 / 3)
    assert values["attribute_precision"] == values["attribute_recall"] == values["attribute_f1"] == 0
    assert values["neither"] == pytest.approx(1 / 5)


def test_word_lists_are_the_default_reading(data: Path) -> None:
    assert Amber.load(data).variant == "lexical"


def test_dimensions_are_groups(data: Path) -> None:
    suite = Amber.load(data)
    groups = measure_groups(suite, suite.score(ANSWERS), bootstrap=100, seed=0)
    accuracy = {
        one.group: next(
            (f.interval.value for f in one.figures if f.name == "accuracy" and f.interval is not None), None
        )
        for one in groups
    }
    assert accuracy == {
        "generative": None,
        "existence": 1,
        "attribute-state": 0,
        "attribute-number": 0,
        "attribute-action": 1,
        "relation": 0,
    }


def test_a_query_file_decides_what_is_measured(data: Path) -> None:
    suite = Amber.load(data, data / "query" / "query_generative.json")
    assert [figure.name for figure in suite.figures] == ["chair", "cover", "hal", "cog"]
    assert [item.image for item in suite.items()] == ["AMBER_2.jpg", "AMBER_1.jpg"]
    only_questions = replace(suite, questions=Amber.load(data).questions[2:])
    assert "amber_score" not in [figure.name for figure in only_questions.figures]


def test_the_first_object_of_a_word_is_covered() -> None:
    # Associated words of all objects come before names: man is a word of person.
    found = score_description("A man.", Described(("man", "person"), ()), LEXICON, READER)
    assert (found.truth, found.covered, found.wrong) == (2, 1, 0)
    twice = score_description("A ship and a ship.", Described(("ship", "ship"), ()), LEXICON, READER)
    assert (twice.nouns, twice.covered, twice.truth) == (2, 1, 2)


def test_words_outside_the_vocabulary_count_nothing() -> None:
    found = score_description("A unicorn eats a cupcake.", Described(("sky",), ("dog",)), LEXICON, READER)
    assert (found.nouns, found.wrong, found.covered, found.imagined) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "nouns"),
    [
        ("Boxes, people and men.", ["people", "man"]),  # capitals are kept, so a first word is none of the vocabulary
        ("three boxes of leaves", ["box", "leaf"]),
        ("A dog can be seen.", ["dog"]),
        ("A can and two cans.", ["can", "can"]),
        ("the dog's boat", ["dog", "boat"]),
        ("skylight", []),
    ],
)
def test_lexical_nouns(text: str, nouns: list[str]) -> None:
    assert READER.nouns(text) == nouns


@settings(deadline=None)
@given(st.lists(st.sampled_from([*sorted(LEXICON.vocabulary), "unicorn", "a", "dogs", "can be"]), max_size=12))
def test_counts_stay_within_their_totals(words: list[str]) -> None:
    known = Described(("sky", "man", "forest"), ("dog", "ship"))
    found = score_description(" ".join(words), known, LEXICON, READER)
    assert 0 <= found.wrong <= found.nouns <= len(words)
    assert 0 <= found.covered <= min(found.truth, found.nouns - found.wrong)
    assert 0 <= found.imagined <= min(found.expected, found.wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [("Yes", True), ("No", False), ("yes, sure", True), (" no.", False), ("Not at all", None), ("", None), ("1", None)],
)
def test_first_words(text: str, said: bool | None) -> None:
    assert first_word(text) is said


def test_published_answers(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([{"id": 1, "response": "A dog."}, {"id": 99, "response": "No"}]))
    read = Amber.load(data).answers_in(path)
    assert (read.texts, read.strangers) == ({"1": "A dog."}, 1)
    path.write_text("[1]")
    with pytest.raises(DataError, match="answer 1 is a int, no object"):
        Amber.load(data).answers_in(path)
    path.write_text('[{"id": 1}]')
    with pytest.raises(DataError, match="answer 1 has no text in response or text"):
        Amber.load(data).answers_in(path)


def test_a_missing_file_says_what_it_is_and_where_to_get_it(data: Path) -> None:
    (data / "relation.json").unlink()
    with pytest.raises(DataError, match=r"relation\.json does not exist: the word associations of AMBER.*github\.com"):
        Amber.load(data)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"id": 1, "type": "generative", "truth": ["unicorn"], "hallu": []}, "names 'unicorn' in entry 1"),
        ({"id": 1, "type": "generative", "truth": "yes"}, "truth of the wrong kind in entry 1"),
        ({"id": 1, "type": "guess", "truth": "yes"}, "'guess', which is no type"),
        ({"id": 1, "type": "relation", "truth": "maybe"}, "is not as published"),
        ({"id": 2, "type": "relation", "truth": "no"}, "has no entry 1"),
    ],
)
def test_malformed_annotations(data: Path, entry: dict[str, object], problem: str) -> None:
    (data / "annotations.json").write_text(json.dumps([entry]))
    with pytest.raises(DataError, match=problem):
        Amber.load(data)

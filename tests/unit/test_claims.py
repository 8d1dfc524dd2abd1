"""Claims are the same whatever sentence they are told in, and contested where responses really differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.claims import LexicalClaims, agreed_by

extract = LexicalClaims().extract

TEMPLATES = (
    "In the top left there are {}.",
    "The top left shows {}.",
    "At the top left we can see {}.",
    "{} are in the upper left corner of the picture.",
)


def words(text: str) -> list[str]:
    return [text[c.span.start : c.span.end] for c in extract(text)]


def contested(text: str, other: str) -> list[str]:
    """The words of ``text`` whose claims ``other`` does not bear out."""
    return [text[c.span.start : c.span.end] for c in extract(text) if not agreed_by(c, extract(other))]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("other", TEMPLATES)
def test_the_wording_of_a_sentence_makes_no_difference(template: str, other: str) -> None:
    assert words(template.format("two red cups")) == ["two", "red", "cups"]
    assert contested(template.format("two red cups"), other.format("two red cups")) == []
    assert contested(template.format("two red cups"), other.format("two red dogs")) == ["cups"]
    assert contested(template.format("two red cups"), other.format("three red cups")) == ["two"]
    assert contested(template.format("two red cups"), other.format("a red cup")) == ["two", "cups"]


def test_the_same_thing_elsewhere_is_another_claim() -> None:
    text = "The top left shows a dog. The middle center is empty."
    assert contested(text, "The bottom left shows a dog. The middle center is empty.") == ["dog"]
    assert contested(text, "The top left is empty. At the middle center we can see a dog.") == ["dog", "empty"]


def test_no_two_of_the_nine_cells_are_taken_for_one() -> None:
    cells = [f"{row} {column}" for row in ("top", "middle", "bottom") for column in ("left", "center", "right")]
    for mine in cells:
        for other in cells:
            differs = contested(f"In the {mine} there is a cat.", f"The {other} shows a cat.")
            assert differs == ([] if mine == other else ["cat"])


def test_silence_bears_out_a_denial_and_nothing_else() -> None:
    described = "The image shows a kitchen. The top left shows a cup."
    assert contested(described + " The bottom left is empty.", described) == []
    assert contested(described + " The bottom left shows a dog.", described) == ["dog"]
    assert contested(described + " There are no dogs.", described) == []
    assert contested("The top left is empty.", described) == ["empty"]
    assert contested("There is no cup.", described) == ["no", "cup"]


def test_an_opening_says_nothing_about_places() -> None:
    assert contested("The image shows a kitchen.", "This is a picture of a kitchen.") == []
    assert contested("The image shows a kitchen.", "This is a picture of a street.") == ["kitchen"]


@pytest.mark.parametrize(
    ("answer", "other", "expected"),
    [
        ("There are two cups.", "There are 2 cups.", []),
        ("There are two cups.", "There are three cups.", ["two"]),
        ("There are no cups.", "There are two cups.", ["no", "cups"]),
        ("Yes, there is a dog.", "No, there is no dog.", ["Yes", "dog"]),
        ("No, there is no dog.", "Yes, there is a dog.", ["no", "dog"]),
        ("No, there is no dog.", "No, there is no dog.", []),
        ("The car is red.", "The car is blue.", ["red"]),
        ("There isn't a car.", "The car is blue.", ["car"]),
        ("It is empty.", "There is a red cup.", ["empty"]),
        ("In the top left.", "In the top right.", ["left"]),
    ],
)
def test_short_answers(answer: str, other: str, expected: list[str]) -> None:
    assert contested(answer, other) == expected


def test_prose_about_photographs() -> None:
    text = "A young man in a red shirt is riding a bicycle down the street, with 3.5 miles to go."
    assert words(text)[:7] == ["young", "man", "red", "shirt", "riding", "bicycle", "street"]
    other = "The image features a young man riding his bicycle. He has a blue shirt. A red car stands in the street."
    assert contested(text, other)[:1] == ["red"]  # a red shirt is not a red car
    assert "man" not in contested(text, other)


def test_leaving_out_the_place_is_no_disagreement() -> None:
    assert contested("On the left there is a red car.", "There is a red car.") == []
    assert contested("There is a red car.", "On the left there is a red car.") == []
    assert contested("There is a red car.", "On the left there is a red bus.") == ["red", "car"]


@pytest.mark.parametrize("text", ["", "   ", ".", "There it is.", "…!?\n"])
def test_a_text_may_claim_nothing(text: str) -> None:
    assert extract(text) == ()


@given(st.text(alphabet="ab top left no ing.,'\n🐕é1-", max_size=60))
def test_spans_are_words_in_order_and_a_text_agrees_with_itself(text: str) -> None:
    claims = extract(text)
    ends = [0, *(c.span.end for c in claims)]
    assert all(end <= c.span.start < c.span.end <= len(text) for end, c in zip(ends, claims, strict=False))
    assert not any(text[c.span.start : c.span.end].isspace() for c in claims)
    assert all(agreed_by(c, claims) for c in claims)

"""Which words of a text are objects of COCO's classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.evaluate.objhal.matching import mentions
from redraft.evaluate.objhal.truth import class_of
from redraft.evaluate.objhal.vocabulary import vocabulary

IRREGULAR = {
    "person": "people", "man": "men", "woman": "women", "child": "children", "policeman": "policemen",
    "gentleman": "gentlemen", "serviceman": "servicemen", "grandchild": "grandchildren", "thief": "thieves",
    "calf": "calves", "ox": "oxen", "mouse": "mice", "goose": "geese", "knife": "knives", "pocketknife": "pocketknives",
}  # fmt: skip
THE_SAME = {
    "people", "children", "oxen", "cattle", "sheep", "bison", "aircraft", "luggage", "skis", "scissors", "waterfowl",
    "watercraft", "peafowl",
}  # fmt: skip


def names(text: str) -> list[str]:
    return [mention.name for mention in mentions(text)]


def plural(words: str) -> str:
    """English, for words of the list."""
    before, space, last = words.rpartition(" ")
    if last in THE_SAME:
        return words
    if last in IRREGULAR:
        return before + space + IRREGULAR[last]
    if last.endswith(("s", "x", "ch", "sh")):
        return f"{words}es"
    return f"{words[:-1]}ies" if last.endswith("y") and last[-2] not in "aeiou" else f"{words}s"


def test_the_list_has_the_published_structure() -> None:
    known = vocabulary()
    assert len(known.names) == 80
    assert known.names[:3] == ("person", "bicycle", "car") and known.names[-1] == "toothbrush"
    assert len(known.classes) == 407
    assert len(known.pairs) == 56


def test_every_word_means_its_class_in_the_singular_and_the_plural() -> None:
    wrong = []
    for words, name in vocabulary().classes.items():
        if words.count(" ") < 2:
            forms = (words, plural(words), words.upper(), f"{plural(words).capitalize()}'")
            wrong += [form for form in forms if names(f"Here: the {form}.") != [name]]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Pairs come first, and take their words with them.
        ("A hot dog beside a dog.", ["hot dog", "dog"]),
        ("Hot dogs under traffic lights and street lights", ["hot dog", "traffic light", "traffic light"]),
        ("a baby elephant and an adult giraffe near a baby", ["elephant", "giraffe", "person"]),
        ("two baby cubs and a baby animal", []),
        ("a passenger train, a passenger jet, passenger planes", ["train", "airplane", "person", "airplane"]),
        ("home plate; two train tracks; a train, tracks", ["train"]),
        ("men in bow ties; a tie; a bow", ["person", "tie", "tie", "tie"]),
        ("the wine glasses, glasses and sunglasses", ["wine glass"]),
        ("a teddy bear is no bear", ["teddy bear", "bear"]),
        ("the remote control of a remote village", ["remote", "remote"]),
        ("a stove top oven", ["oven", "oven"]),
        # Seats of toilets.
        ("The toilet seat is up.", ["toilet"]),
        ("the seat of the toilet, and two seats", ["toilet"]),
        ("a seat", ["chair"]),
        # Every token counts, in order.
        ("A dog, a dog and more dogs chase the puppy.", ["dog", "dog", "dog", "dog"]),
        ("the person rides a motorbike, a moped", ["person", "motorcycle", "motorcycle"]),
        # Tokens.
        ("the man's hat, the women's bikes, the dogs' bowl", ["person", "person", "bicycle", "dog", "bowl"]),
        ("the man\u2019s \u201ccars\u201d and \u2018bus\u2019", ["person", "car", "bus"]),
        ('("dog"), **cat**; bird! cow? sheep: horse...', ["dog", "cat", "bird", "cow", "sheep", "horse"]),
        ("A dog. The cat.\nA bird", ["dog", "cat", "bird"]),
        ("dog/cat well-placed fire-hydrant beach-goers cat.dog", []),
        ("1. Chair\n2. Couch\n- TVs", ["chair", "couch", "tv"]),
        # No plurals, and no verbs.
        ("the bus is on the grass; a dress; glass; tennis; gas", ["bus"]),
        ("seated, skiing, biking, parked, boating; a bare room; skies", []),
        # What the list knows in other spellings, and what it does not.
        ("donuts, doughnuts, iPhones, a hairdryer", ["donut", "donut", "cell phone", "hair drier"]),
        ("a hair dryer, a Volkswagen, plates, trees", []),
        ("an orange plate", ["orange"]),
        ("", []),
    ],
)
def test_mentions_are_those_of_the_published_script(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_a_mention_has_its_word() -> None:
    assert [(m.word, m.name) for m in mentions("Two puppies by the coffee tables")] == [
        ("puppy", "dog"),
        ("coffee table", "dining table"),
    ]


@given(st.lists(st.sampled_from(["dog", "cars", "Women", "hot dogs", "bus", "tree", "baby", "toilet"]), max_size=8))
def test_sentences_add_up(words: list[str]) -> None:
    assert names(" . ".join(words)) == [name for word in words for name in names(word)]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(mention.name in vocabulary().names for mention in mentions(text))


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("dining table", "dining table"), ("dining_table", "dining table"), ("TV", "tv"), ("hair dryer", "hair drier"),
        ("Potted-Plant", "potted plant"), ("cell phones", "cell phone"), ("skis", "skis"), ("tree", None), ("", None),
    ],
)  # fmt: skip
def test_categories_are_recognised_however_they_are_written(category: str, name: str | None) -> None:
    assert class_of(category) == name


def test_every_class_is_its_own_category() -> None:
    assert [class_of(name) for name in vocabulary().names] == list(vocabulary().names)

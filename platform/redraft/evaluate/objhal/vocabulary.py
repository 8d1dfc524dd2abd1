"""The words that mean one of COCO's 80 classes, and the pairs of words that are read as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ANIMALS = ("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "animal", "cub")
VEHICLES = ("jet", "train")
NOBODYS = ("home plate", "train track")
"""Pairs with a word of a class in them that are no object of any class."""


@dataclass(frozen=True)
class Vocabulary:
    """What the published script knows.

    ``classes`` leads from every word or pair, in the singular, to its class; ``pairs`` from two words in the singular,
    with a space between them, to what they are read as; ``words`` are all single words in either.
    """

    classes: Mapping[str, str]
    pairs: Mapping[str, str]
    words: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The 80 classes, in COCO's order."""
        return tuple(dict.fromkeys(self.classes.values()))


@cache
def vocabulary() -> Vocabulary:
    """The published lists, in lower case.

    A pair is read as itself, which a class may have for a synonym, except that a young or grown animal is that animal
    (a baby alone would be a person), a passenger train is a train, a bow tie a tie and a toilet seat a toilet. Pairs
    are all synonyms of two words. Longer ones are never found, because no more than two words are looked at: of *stove
    top oven*, *stove* and *oven* are.
    """
    rows = [line.split(", ") for line in lines_of("synonyms.txt")]
    classes = {word.lower(): row[0] for row in rows for word in row}
    pairs = {word: word for word in (*classes, *NOBODYS) if word.count(" ") == 1}
    pairs |= {f"{age} {animal}": animal for age in ("baby", "adult") for animal in ANIMALS}
    pairs |= {f"passenger {vehicle}": vehicle for vehicle in VEHICLES}
    pairs |= {"bow tie": "tie", "toilet seat": "toilet"}
    words = frozenset(word for known in (*classes, *pairs) for word in known.split())
    return Vocabulary(classes, pairs, words)


def lines_of(name: str) -> list[str]:
    """The lines of a data file of this package that say something."""
    text = files("redraft.evaluate.objhal").joinpath(name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

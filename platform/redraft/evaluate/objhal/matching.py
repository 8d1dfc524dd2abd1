"""Objects of COCO's classes in a text, by the published script's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redraft.evaluate.objhal.vocabulary import vocabulary
from redraft.evaluate.objhal.words import singulars, tokens


@dataclass(frozen=True)
class Mention:
    """``word`` is what the text says, in the singular and with pairs joined; ``name`` is the class it means."""

    word: str
    name: str


def mentions(text: str) -> tuple[Mention, ...]:
    """Every mention in ``text``, in order and with repetitions.

    Pairs of words are joined from the left before single words are looked up, and where a toilet is mentioned, seats
    are its own and no chairs.
    """
    return known(join_pairs(singulars(tokens(text))))


def join_pairs(words: Sequence[str]) -> list[str]:
    """``words`` with the pairs that the vocabulary has replaced by what they are read as; no word is in two."""
    pairs = vocabulary().pairs
    joined: list[str] = []
    at = 0
    while at < len(words):
        pair = pairs.get(" ".join(words[at : at + 2]))
        joined.append(words[at] if pair is None else pair)
        at += 1 if pair is None else 2
    return joined


def known(words: Sequence[str]) -> tuple[Mention, ...]:
    """Those of ``words`` that mean a class."""
    classes = vocabulary().classes
    seats = "toilet" not in words
    return tuple(Mention(word, classes[word]) for word in words if word in classes and (seats or word != "seat"))

"""How AMBER finds objects in a description: nouns, and which of two words mean the same.

The published script tags words with NLTK, lemmatises the nouns with WordNet and calls words alike whose spaCy vectors
are. ``LexicalReader`` needs none of these downloads: a word counts as a noun by a word list and its neighbours, its
plural is undone by WordNet's rules, and only equal words are alike. The two give different figures, so they are
different variants of the suite.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Protocol

from redraft.records import Source

_WORD = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)*")

_DETACHED = (
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
"""WordNet's rules of detachment for nouns (morphy(7WN)): an ending, and what stands for it in the singular."""


@dataclass(frozen=True)
class _Words:
    """``noun_words.json``: words that are verbs or adjectives in many descriptions, words that stand before nouns, and
    plurals that no rule undoes."""

    seldom_nouns: frozenset[str]
    before_nouns: frozenset[str]
    irregular: Mapping[str, str]


@cache
def _words() -> _Words:
    read = json.loads(files("redraft.evaluate.probing").joinpath("noun_words.json").read_bytes())
    return _Words(frozenset(read["seldom_nouns"]), frozenset(read["before_nouns"]), read["irregular"])


class NounReader(Protocol):
    """Reads the objects of descriptions."""

    @property
    def variant(self) -> str:
        """Names this way of reading; figures of different ways are never compared."""

    def nouns(self, text: str) -> list[str]:
        """The nouns of a text in the singular, in order, repeated ones repeated, capitals kept."""

    def alike(self, one: str, other: str) -> bool:
        """Whether two words name the same."""

    def sources(self) -> tuple[Source, ...]:
        """What it reads with, beside the benchmark's own files."""


@dataclass(frozen=True)
class LexicalReader:
    """Nouns of a closed vocabulary, alike where they are equal."""

    vocabulary: Set[str]

    @property
    def variant(self) -> str:
        """``lexical``."""
        return "lexical"

    def nouns(self, text: str) -> list[str]:
        """Words of the vocabulary; those that are seldom nouns only behind an article, a number or their like."""
        words, known = _WORD.findall(text), _words()
        found = [
            singular(word, self.vocabulary)
            for before, word in zip(["", *words], words, strict=False)
            if word not in known.seldom_nouns or before.lower() in known.before_nouns
        ]
        return [noun for noun in found if noun in self.vocabulary]

    def alike(self, one: str, other: str) -> bool:
        """Whether they are equal."""
        return one == other

    def sources(self) -> tuple[Source, ...]:
        """None."""
        return ()


def singular(word: str, vocabulary: Set[str]) -> str:
    """The shortest form of ``word`` in the vocabulary that WordNet's rules allow; ``word`` itself where none is."""
    irregular = _words().irregular
    if word in irregular:
        return irregular[word]
    forms = [word.removesuffix(ending) + put for ending, put in _DETACHED if word.endswith(ending)]
    return min((form for form in [*forms, word] if form in vocabulary), key=len, default=word)

"""What a response claims about its picture, word by word, so that two responses can be held against each other.

A claim is one content word and what it is said of. "In the top left there are two red cups." and "The top left shows
two red cups." make the same three claims, of *two*, *red* and *cups*, all about the top left; a response that has three
red cups there agrees with two of them. The extractor here is lexical and knows English alone; anything that turns a
text into claims can take its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from redraft.records import Span
from redraft.segments import WORD


@dataclass(frozen=True)
class Claim:
    """A content word, written at ``span``, as said of something.

    ``head`` is the last word of the phrase it stands in ("cups" for *red* in "two red cups", and for *cups* itself);
    ``places`` are the position words of its sentence; ``negated`` says that the sentence denies ("no", "empty").
    """

    word: str
    head: str
    places: frozenset[str]
    negated: bool
    span: Span


class ClaimExtractor(Protocol):
    """Turns a text into the claims it makes."""

    def extract(self, text: str) -> tuple[Claim, ...]:
        """The claims in the order of the text; their spans do not overlap."""
        ...


def agreed_by(claim: Claim, others: Sequence[Claim]) -> bool:
    """Whether a text with the claims ``others`` bears ``claim`` out: it says the same, or nothing against a denial.

    The same word counts if, where both texts name places, it is said of the same place, and else of the same thing: not
    to mention a place is no disagreement. A thing that the other text leaves out is not borne out. A denial is ("no
    cups", "the top left is empty"), as long as the other text does not tell of cups, or of anything in the top left.
    """
    if any(_same(claim, other) for other in others):
        return True
    return claim.negated and not any(_against(claim, other) for other in others)


def _same(claim: Claim, other: Claim) -> bool:
    return (
        other.word == claim.word
        and other.negated == claim.negated
        and (other.places == claim.places if other.places and claim.places else other.head == claim.head)
    )


def _against(denial: Claim, other: Claim) -> bool:
    if other.negated:
        return False
    if denial.word == _EMPTY:
        return other.places == denial.places
    return other.head == denial.head and (other.places == denial.places or not other.places or not denial.places)


class LexicalClaims:
    """Claims from word lists: no model, no grammar, no stemming ("cup" and "cups" differ, as their numbers do).

    Sentence by sentence, stop words and verbs of showing are dropped and end a phrase, as punctuation and words in
    -ing do. A sentence that says nothing but a position ("In the top left.") claims its position words.
    """

    def extract(self, text: str) -> tuple[Claim, ...]:
        """The claims of an English text."""
        return _extract(text)


_SENTENCE = re.compile(r"[^.!?\n]+(?:\.(?=\d)[^.!?\n]+)*")

_SAME_WORD = """
centre=center central=center middle=center upper=top lower=bottom
0=zero 1=one 2=two 3=three 4=four 5=five 6=six 7=seven 8=eight 9=nine 10=ten 11=eleven 12=twelve
"""
_SYNONYMS = {one: other for one, other in (pair.split("=") for pair in _SAME_WORD.split())}

_PLACE_WORDS = "top bottom left right center background foreground"
_PLACES = frozenset(_PLACE_WORDS.split())

_EMPTY = "empty"
_NEGATION_WORDS = "no not none nothing nobody nowhere neither never without cannot"
_NEGATIONS = frozenset([_EMPTY, *_NEGATION_WORDS.split()])

_FUNCTION_WORDS = """
a an the this that these those some any each every all both other another its it's their his her there's that's
i you we he she it they them him us me my your our who whom whose which what where when why how
is are was were be been being am has have had having do does did will would can could may might must shall should
and or but nor so yet if then than as while with of in on at by for from to into onto out off up down over under
above below behind beneath beside besides between among around near next along across through within inside outside
toward towards against about upon
there here also too very quite rather just only even still already perhaps possibly likely probably
"""
_SHOWING_WORDS = """
image picture photo photograph scene view shot side corner part area portion edge section
show shows showing shown depict depicts depicting depicted feature features featuring display displays displaying
displayed contain contains containing include includes including see sees seen seeing seem seems appear appears
appearing visible present presents situated located positioned placed
"""
_STOP_WORDS = frozenset(_FUNCTION_WORDS.split() + _SHOWING_WORDS.split())


@lru_cache(maxsize=8192)
def _extract(text: str) -> tuple[Claim, ...]:
    return tuple(claim for sentence in _SENTENCE.finditer(text) for claim in _sentence_claims(text, sentence))


def _sentence_claims(text: str, sentence: re.Match[str]) -> list[Claim]:
    words = [(_normal(word[0]), word) for word in WORD.finditer(text, *sentence.span())]
    places = [(name, word) for name, word in words if name in _PLACES]
    content = [(name, word) for name, word in words if name not in _PLACES and name not in _STOP_WORDS]
    if not content:
        return [Claim(name, name, frozenset(), False, _span(word)) for name, word in places]
    about = frozenset(name for name, _ in places)
    negated = any(name in _NEGATIONS or name.endswith("n't") for name, _ in content)
    return [
        Claim(name, phrase[-1][0], about, negated, _span(word))
        for phrase in _phrases(text, content)
        for name, word in phrase
    ]


def _phrases(text: str, content: list[tuple[str, re.Match[str]]]) -> list[list[tuple[str, re.Match[str]]]]:
    phrases: list[list[tuple[str, re.Match[str]]]] = []
    for name, word in content:
        follows = bool(phrases) and not text[phrases[-1][-1][1].end() : word.start()].strip()
        if follows and not name.endswith("ing") and not phrases[-1][-1][0].endswith("ing"):
            phrases[-1].append((name, word))
        else:
            phrases.append([(name, word)])
    return phrases


def _normal(word: str) -> str:
    lower = word.lower().replace("\u2019", "'").removesuffix("'s")
    return _SYNONYMS.get(lower, lower)


def _span(word: re.Match[str]) -> Span:
    return Span(start=word.start(), end=word.end())


def phrases(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Claims of one noun phrase together: neighbours of one head, up to the head itself."""
    found: list[list[Claim]] = []
    for claim in claims:
        last = found[-1][-1] if found else None
        if last is not None and last.word != last.head and last.head == claim.head:
            found[-1].append(claim)
        else:
            found.append([claim])
    return found

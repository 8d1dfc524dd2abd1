r"""The normal form of an answer, as VQA's official evaluation makes it (Antol et al., 2015; Goyal et al., 2017).

    punctuation   ; / [ ] " { } ( ) = + \ _ - > < @ ` , ? ! go, each where it stands beside a space anywhere in the
                  answer, or all where a comma stands between two digits; otherwise each becomes a space
    periods       go, unless a digit follows
    words         in lower case; none to ten become digits, a, an and the go, contractions get their apostrophe

An answer is normalised whole. What people answered loses its punctuation and periods alone, and only where they did
not all say the same; published annotations have the other steps behind them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_COMMA_IN_NUMBER = re.compile(r"\d,\d")
_PERIOD = re.compile(r"\.(?!\d)")
_PERIODS_REMOVED = 32
"""The official script hands a flag, 32, to ``re.sub`` where the number of replacements belongs."""


@dataclass(frozen=True)
class _Words:
    """``vqa_words.json``, the official tables; keys with capitals never match, as words are in lower case by then."""

    articles: frozenset[str]
    numbers: Mapping[str, str]
    contractions: Mapping[str, str]


@cache
def _words() -> _Words:
    read = json.loads(files("redraft.evaluate.probing").joinpath("vqa_words.json").read_bytes())
    return _Words(frozenset(read["articles"]), read["numbers"], read["contractions"])


def normal_answer(text: str) -> str:
    """A model's answer in its normal form."""
    return _process_words(process_punctuation(text.replace("\n", " ").replace("\t", " ").strip()))


@lru_cache(1 << 16)
def process_punctuation(text: str) -> str:
    """Punctuation and periods removed, or replaced by spaces."""
    left = text
    number = _COMMA_IN_NUMBER.search(text) is not None
    for mark in _PUNCTUATION:
        beside_space = f"{mark} " in text or f" {mark}" in text
        left = left.replace(mark, "" if beside_space or number else " ")
    return _PERIOD.sub("", left, count=_PERIODS_REMOVED)


def _process_words(text: str) -> str:
    known = _words()
    words = [known.numbers.get(word, word) for word in text.lower().split()]
    return " ".join(known.contractions.get(word, word) for word in words if word not in known.articles)

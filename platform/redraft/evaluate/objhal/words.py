"""Text to words in the singular, as the published script does it, with nothing to download.

    text ─► lower case ─► sentences (Punkt) ─► tokens (Treebank) ─► each in the singular

The script calls ``nltk.word_tokenize`` and ``singularize`` of pattern.en, later copies ``WordNetLemmatizer``. The
tokenizer is the same here; its sentence splitter is Punkt without trained parameters, which splits after some
abbreviations more and so changes no token that names an object. Singulars are inflect's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Protocol

from redraft.evaluate.objhal.vocabulary import vocabulary

if TYPE_CHECKING:
    from inflect import engine


class _Tokenizer(Protocol):
    def tokenize(self, text: str) -> list[str]: ...


_IRREGULAR = {
    "grandchildren": "grandchild",
    "busses": "bus",
    "minibusses": "minibus",
    "mouses": "mouse",
    "taxies": "taxi",
    "womens": "woman",
    "childrens": "child",
}
"""Plurals of words in the vocabulary that inflect does not know."""


def tokens(text: str) -> list[str]:
    """The tokens of ``text`` in lower case; punctuation and clitics such as 's are tokens of their own."""
    sentences, words = _tokenizers()
    return [token for sentence in sentences.tokenize(text.lower()) for token in words.tokenize(sentence)]


def singulars(words: Sequence[str]) -> list[str]:
    """Each word in the singular; what is no plural stays as it is."""
    return [singular(word) for word in words]


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """One word in lower case, in the singular.

    Words that the vocabulary has are left alone, because every word is taken for a plural: *bus* would lose its s, and
    *people*, *skis* and *scissors* are on the list as they are.
    """
    if word in vocabulary().words or not word.isalpha():
        return word
    return _IRREGULAR.get(word) or _engine().singular_noun(word) or word


@cache
def _engine() -> engine:
    from inflect import engine

    return engine()


@cache
def _tokenizers() -> tuple[_Tokenizer, _Tokenizer]:
    from nltk.tokenize.destructive import NLTKWordTokenizer
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    return PunktSentenceTokenizer(), NLTKWordTokenizer()

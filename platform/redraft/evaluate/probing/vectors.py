"""The nouns and the likeness of the published AMBER script: NLTK's tagger and lemmatiser, and spaCy's word vectors.

Both are installed by whoever wants to reproduce published figures; nothing is downloaded here. Smaller spaCy models
share one vector among words of unlike meaning, so their figures are others.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from redraft.errors import ConfigError
from redraft.evaluate.bootstrap import Floats
from redraft.evaluate.probing.nouns import NounReader
from redraft.evaluate.source import source_of
from redraft.records import Source

PUBLISHED_THRESHOLD = 0.8

_WORDS_KEPT = 20_000
_NLTK_DATA = "punkt_tab averaged_perceptron_tagger_eng wordnet"
_OLDEST_NLTK = (3, 9)
"""Earlier ones unpickle their data."""


class SimilarityReader:
    """Nouns by a tagger, alike where the cosine of their vectors is above a threshold."""

    def __init__(
        self,
        nouns: Callable[[str], list[str]],
        vector: Callable[[str], Floats],
        *,
        threshold: float = PUBLISHED_THRESHOLD,
        sources: tuple[Source, ...] = (),
    ) -> None:
        """``nouns`` are a text's, lemmatised; ``vector`` [d] is a word's, of zeros where there is none."""
        self._nouns, self._threshold, self._sources = nouns, threshold, sources
        self._vector = lru_cache(_WORDS_KEPT)(lambda word: _unit(vector(word)))

    @property
    def variant(self) -> str:
        """``similarity``, with the threshold where it is not the published one."""
        return "similarity" if self._threshold == PUBLISHED_THRESHOLD else f"similarity above {self._threshold:g}"

    def nouns(self, text: str) -> list[str]:
        """What the tagger calls nouns, lemmatised."""
        return self._nouns(text)

    def alike(self, one: str, other: str) -> bool:
        """Whether they are equal, or their vectors' cosine is above the threshold."""
        return one == other or float(self._vector(one) @ self._vector(other)) > self._threshold

    def sources(self) -> tuple[Source, ...]:
        """The word vectors."""
        return self._sources


def load_similarity_reader(model: str, threshold: float = PUBLISHED_THRESHOLD) -> NounReader:
    """The published reading, with an installed spaCy model (a package's name or a folder), as en_core_web_lg.

    Raises:
        ConfigError: NLTK, its data, spaCy or the model is not installed, or the model has no word vectors.
    """
    nouns = _published_nouns()
    try:
        language: Any = _module("spacy", "spacy").load(model)
    except OSError as e:
        raise ConfigError(
            f"spaCy model {model} cannot be loaded: the published figures use en_core_web_lg, which "
            "`python -m spacy download en_core_web_lg` brings"
        ) from e
    if not language.vocab.vectors.shape[0]:
        raise ConfigError(f"spaCy model {model} has no word vectors: take en_core_web_lg, as published")
    meta, file = language.meta, Path(language.path) / "vocab" / "vectors"
    source = source_of("word vectors", file).model_copy(
        update={"name": f"{meta['lang']}_{meta['name']}-{meta['version']}"}
    )
    return SimilarityReader(
        nouns, lambda word: np.asarray(language.make_doc(word).vector, float), threshold=threshold, sources=(source,)
    )


def _published_nouns() -> Callable[[str], list[str]]:
    nltk: Any = _module("nltk", "nltk")
    if tuple(int(part) for part in nltk.__version__.split(".")[:2]) < _OLDEST_NLTK:
        raise ConfigError(f"NLTK {nltk.__version__} unpickles its data: install nltk>=3.9")
    lemmatizer: Any = _module("nltk.stem", "nltk").WordNetLemmatizer()

    def nouns(text: str) -> list[str]:
        tagged = nltk.pos_tag(nltk.word_tokenize(text))
        return [str(lemmatizer.lemmatize(word)) for word, tag in tagged if tag.startswith("NN")]

    try:
        nouns("A cat.")
    except LookupError as e:
        raise ConfigError(f"NLTK's data are not installed: `python -m nltk.downloader {_NLTK_DATA}` brings them") from e
    return nouns


def _module(name: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as e:
        raise ConfigError(f"AMBER's published variant needs {package}: pip install {package}") from e


def _unit(vector: Floats) -> Floats:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else vector

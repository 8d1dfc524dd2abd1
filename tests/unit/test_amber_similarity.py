"""AMBER's similarity reading: words near each other, and what must be installed for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from redraft.errors import ConfigError
from redraft.evaluate.probing.amber_files import Described, Lexicon
from redraft.evaluate.probing.described import score_description
from redraft.evaluate.probing.nouns import LexicalReader
from redraft.evaluate.probing.vectors import SimilarityReader, load_similarity_reader

LEXICON = Lexicon({"sky": (), "forest": ("tree",), "ship": ("boat",), "dog": ()}, frozenset())
READER = LexicalReader(LEXICON.vocabulary)


def test_alike_words_save_a_noun_and_still_count_as_imagined() -> None:
    near = {"forest": [1.0, 0.0], "ship": [0.9, np.sqrt(1 - 0.81)], "sky": [0.0, 1.0]}
    reader = SimilarityReader(READER.nouns, lambda word: np.array(near.get(word, [0.0, 0.0])))
    # cos(forest, ship) = 0.9 > 0.8; cos(forest, sky) = 0
    saved = score_description("A ship.", Described(("forest",), ("ship",)), LEXICON, reader)
    assert (saved.wrong, saved.covered, saved.imagined) == (0, 1, 1)
    lexical = score_description("A ship.", Described(("forest",), ("ship",)), LEXICON, READER)
    assert (lexical.wrong, lexical.covered, lexical.imagined) == (1, 0, 1)
    assert not reader.alike("dog", "sky")  # a dog has no vector
    assert reader.alike("dog", "dog")


def test_variants_name_the_threshold_where_it_is_not_the_published_one() -> None:
    assert SimilarityReader(READER.nouns, np.array).variant == "similarity"
    assert SimilarityReader(READER.nouns, np.array, threshold=0.7).variant == "similarity above 0.7"


class _Lemmatizer:
    def lemmatize(self, word: str) -> str:
        return word.removesuffix("s")


def _installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, nltk: str = "3.9.1", data: bool = True, vectors: int = 3
) -> None:
    """Stand-ins for NLTK and spaCy with the few functions that are called."""

    def tokenize(text: str) -> list[str]:
        if not data:
            raise LookupError("punkt_tab")
        return text.split()

    def load(model: str) -> object:
        if model != "en_core_web_lg":
            raise OSError(model)
        vocab = SimpleNamespace(vectors=np.zeros((vectors, 2)))
        made = {"boat": [1.0, 0.0], "ship": [1.0, 0.1]}
        return SimpleNamespace(
            vocab=vocab,
            meta={"lang": "en", "name": "core_web_lg", "version": "3.8.0"},
            path=folder,
            make_doc=lambda word: SimpleNamespace(vector=made.get(word, [0.0, 0.0])),
        )

    modules = {
        "nltk": SimpleNamespace(
            __version__=nltk,
            word_tokenize=tokenize,
            pos_tag=lambda words: [(word, "VB" if word == "see" else "NN") for word in words],
        ),
        "nltk.stem": SimpleNamespace(WordNetLemmatizer=_Lemmatizer),
        "spacy": SimpleNamespace(load=load),
    }
    monkeypatch.setattr("redraft.evaluate.probing.vectors.importlib.import_module", modules.__getitem__)


def test_the_similarity_variant_reads_with_what_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _installed(monkeypatch, tmp_path)
    (tmp_path / "vocab").mkdir()
    (tmp_path / "vocab" / "vectors").write_bytes(b"vectors")
    reader = load_similarity_reader("en_core_web_lg")
    assert reader.nouns("boats see ships") == ["boat", "ship"]
    assert reader.alike("boat", "ship")
    assert [(source.role, source.name) for source in reader.sources()] == [("word vectors", "en_core_web_lg-3.8.0")]


@pytest.mark.parametrize(
    ("installed", "model", "problem"),
    [
        ({"nltk": "3.8.1"}, "en_core_web_lg", "unpickles its data"),
        ({"data": False}, "en_core_web_lg", r"nltk\.downloader punkt_tab"),
        ({}, "en_core_web_xl", "en_core_web_xl cannot be loaded"),
        ({"vectors": 0}, "en_core_web_lg", "has no word vectors"),
    ],
)
def test_the_similarity_variant_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: dict[str, Any], model: str, problem: str
) -> None:
    _installed(monkeypatch, tmp_path, **installed)
    with pytest.raises(ConfigError, match=problem):
        load_similarity_reader(model)


def test_the_similarity_variant_needs_nltk(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("redraft.evaluate.probing.vectors.importlib.import_module", missing)
    with pytest.raises(ConfigError, match="pip install nltk"):
        load_similarity_reader("en_core_web_lg")

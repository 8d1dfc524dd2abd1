"""AMBER's files, as published: questions, annotations, the words that go with an object, and words never counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from redraft.errors import DataError
from redraft.evaluate.probing.published import PublishedFile, Row
from redraft.records import Source

ANNOTATIONS = "annotations.json"
ASSOCIATIONS = "relation.json"
SAFE_WORDS = "safe_words.txt"
QUERIES = "query/query_all.json"

GENERATIVE = "generative"
DIMENSIONS: Mapping[str, str] = {
    "discriminative-hallucination": "existence",
    "discriminative-attribute-state": "attribute-state",
    "discriminative-attribute-number": "attribute-number",
    "discriminative-attribute-action": "attribute-action",
    "discriminative-relation": "relation",
    "relation": "relation",
}
"""Published types of questions, and the dimension that each is of."""

_ORIGIN = "https://github.com/junyangwang0410/AMBER (the folder data)"


class _Query(Row):
    id: int
    image: str
    query: str


class _Annotation(Row):
    id: int
    type: str
    truth: tuple[str, ...] | Literal["yes", "no"]
    hallu: tuple[str, ...] = ()


@dataclass(frozen=True)
class Described:
    """What is in an image, and what a model that imagines things would add; in the order of the annotations."""

    truth: tuple[str, ...]
    imagined: tuple[str, ...]


@dataclass(frozen=True)
class AmberItem:
    """A question; ``known`` is the right answer to a yes-or-no question, or what a description should hold."""

    id: str
    image: str
    query: str
    dimension: str
    known: bool | Described


@dataclass(frozen=True)
class Lexicon:
    """AMBER's words: those that stand for each object, and those that are never wrong."""

    associations: Mapping[str, tuple[str, ...]]
    safe: frozenset[str]

    @property
    def vocabulary(self) -> frozenset[str]:
        """All words that count as objects."""
        return frozenset(self.associations) | {word for words in self.associations.values() for word in words}


@dataclass(frozen=True)
class AmberFiles:
    """Everything read."""

    items: tuple[AmberItem, ...]
    lexicon: Lexicon
    sources: tuple[Source, ...]


def read_amber(data: Path, queries: Path | None = None) -> AmberFiles:
    """Read AMBER's folder ``data``; ``queries`` names another of its query files than ``query_all.json``.

    Raises:
        DataError: a file is missing or not as published, or they do not fit together.
    """
    files = {
        "annotations": _file(data / ANNOTATIONS, "annotations", "a JSON array of id, type, truth and hallu"),
        "associations": _file(data / ASSOCIATIONS, "word associations", "a JSON object of each object's words"),
        "safe": _file(data / SAFE_WORDS, "safe words", "one word a line"),
        "queries": _file(queries or data / QUERIES, "query file", "a JSON array of id, image and query"),
    }
    words = files["associations"].whole(TypeAdapter(dict[str, list[str]]))
    safe = frozenset(line.strip() for line in files["safe"].text().splitlines() if line.strip())
    lexicon = Lexicon({name: tuple(others) for name, others in words.items()}, safe)
    known = _annotated(files["annotations"], lexicon)
    items: dict[str, AmberItem] = {}
    for row in files["queries"].rows(_Query):
        if str(row.id) in items:
            raise files["queries"].error(f"has question {row.id} twice")
        if row.id not in known:
            raise files["annotations"].error(f"has no entry {row.id}, which {files['queries'].path.name} asks")
        items[str(row.id)] = AmberItem(str(row.id), row.image, row.query, *known[row.id])
    return AmberFiles(tuple(items.values()), lexicon, tuple(file.source() for file in files.values()))


def _file(path: Path, role: str, holds: str) -> PublishedFile:
    return PublishedFile(path, f"{role} of AMBER", holds, _ORIGIN)


def _annotated(file: PublishedFile, lexicon: Lexicon) -> dict[int, tuple[str, bool | Described]]:
    known: dict[int, tuple[str, bool | Described]] = {}
    for row in file.rows(_Annotation):
        if row.id in known:
            raise file.error(f"has entry {row.id} twice")
        known[row.id] = (_dimension(file, row), _known(file, row, lexicon))
    return known


def _dimension(file: PublishedFile, row: _Annotation) -> str:
    dimension = GENERATIVE if row.type == GENERATIVE else DIMENSIONS.get(row.type)
    if dimension is None:
        raise file.error(f"calls entry {row.id} a {row.type[:80]!r}, which is no type of AMBER's")
    return dimension


def _known(file: PublishedFile, row: _Annotation, lexicon: Lexicon) -> bool | Described:
    if isinstance(row.truth, str) != (row.type != GENERATIVE):
        raise file.error(f"has a truth of the wrong kind in entry {row.id}")
    if isinstance(row.truth, str):
        return row.truth == "yes"
    strange = next((name for name in [*row.truth, *row.hallu] if name not in lexicon.associations), None)
    if strange is not None:
        raise DataError(
            f"{file.path} names {strange[:80]!r} in entry {row.id}, which {ASSOCIATIONS} does not have: take both "
            f"from one version of {_ORIGIN}"
        )
    return Described(row.truth, row.hallu)

"""Answer files as the benchmarks publish them: JSON lines or one JSON array, whatever the fields are called."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redraft.errors import DataError
from redraft.evaluate.answer_lines import AnswersRead

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class AnswerForm:
    """How a benchmark's answer files name an item and its text; ``says`` describes them to people."""

    ids: Sequence[str]
    texts: Sequence[str]
    says: str


def read_rows(path: Path, form: AnswerForm) -> list[Fields]:
    """The objects of an answer file.

    Raises:
        DataError: it is missing, is not JSON, or holds something else than objects.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as e:
        raise DataError(f"{path} does not exist: --answers takes {form.says}") from e
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror})") from e
    lines = [data] if data.lstrip()[:1] == b"[" else [line for line in data.splitlines() if line.strip()]
    rows: list[object] = []
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as e:
            raise DataError(f"{path} is not valid JSON from line {number} on: --answers takes {form.says}") from e
        rows += value if isinstance(value, list) else [value]
    return [_object(path, number, row, form) for number, row in enumerate(rows, 1)]


def text_of(path: Path, number: int, row: Fields, form: AnswerForm) -> str:
    """What answer ``number``, counted from 1, says.

    Raises:
        DataError: it has no text.
    """
    for field in form.texts:
        if isinstance(row.get(field), str):
            return str(row[field])
    raise DataError(f"{path} answer {number} has no text in {' or '.join(form.texts)}: --answers takes {form.says}")


def match_answers(
    path: Path, form: AnswerForm, known: Iterable[str], name: Callable[[Fields], object] | None = None
) -> AnswersRead:
    """The texts in an answer file by item id.

    Args:
        path: the file.
        form: its fields.
        known: ids of the suite's items.
        name: the id that a row names, None for none; without it, the first of ``form.ids`` that the row has.

    Raises:
        DataError: as ``read_rows``, an answer that names no item, an item answered twice, or no answer to any item.
    """
    items = set(known)
    texts: dict[str, str] = {}
    strangers = 0
    for number, row in enumerate(read_rows(path, form), 1):
        key = next((row[field] for field in form.ids if field in row), None) if name is None else name(row)
        if key is None:
            raise DataError(f"{path} answer {number} names no item: --answers takes {form.says}")
        item, text = str(key), text_of(path, number, row, form)
        if item not in items:
            strangers += 1
        elif item in texts:
            raise DataError(f"{path} answer {number} answers item {item} a second time: keep one answer an item")
        else:
            texts[item] = text
    if not texts:
        raise DataError(f"{path} answers no item of the suite: --answers takes {form.says}")
    return AnswersRead(texts, strangers)


def notes_on(path: Path | None, read: AnswersRead | None) -> tuple[str, ...]:
    """What a reader of a result should know of the answer file, if one was read."""
    if path is None or read is None or not read.strangers:
        return ()
    return (f"{read.strangers} answers in {path.name} are about no item of the suite and were left out",)


def _object(path: Path, number: int, row: object, form: AnswerForm) -> Fields:
    if not isinstance(row, dict):
        raise DataError(f"{path} answer {number} is a {type(row).__name__}, no object: --answers takes {form.says}")
    return row

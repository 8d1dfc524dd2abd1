"""Published benchmark files: rows of known fields, in a JSON array or one a line; all else is refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from redraft.errors import DataError


class Row(BaseModel):
    """A row as published: fields that nobody reads may be there, those that are read have their types."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Kind = TypeVar("Kind", bound=Row)


def read_array(path: Path, kind: type[Kind], wanted: str) -> tuple[Kind, ...]:
    """The rows of a JSON array.

    Args:
        path: of the file.
        kind: what a row is.
        wanted: what the file must contain and where it is published; ends the sentence of an error.

    Raises:
        DataError: a missing, unreadable, malformed or empty file.
    """
    found = _parse(_read(path, wanted), str(path), wanted)
    if not isinstance(found, list):
        raise DataError(f"{path} is a JSON {type(found).__name__}, not an array: {wanted}")
    return _rows(path, [(f"entry {place}", row) for place, row in enumerate(found)], kind, wanted)


def read_lines(path: Path, kind: type[Kind], wanted: str) -> tuple[Kind, ...]:
    """The rows of a file of JSON lines; empty lines are passed over.

    Raises:
        DataError: as `read_array`.
    """
    rows = []
    for number, line in enumerate(_read(path, wanted).splitlines(), 1):
        if line.strip():
            rows.append((f"line {number}", _parse(line, f"{path} line {number}", wanted)))
    return _rows(path, rows, kind, wanted)


def read_mapping(path: Path, kind: type[Kind], wanted: str) -> Mapping[str, Kind]:
    """A JSON object of named rows.

    Raises:
        DataError: as `read_array`.
    """
    found = _parse(_read(path, wanted), str(path), wanted)
    if not isinstance(found, dict):
        raise DataError(f"{path} is a JSON {type(found).__name__}, not an object: {wanted}")
    return dict(
        zip(found, _rows(path, [(f"key {key[:80]}", row) for key, row in found.items()], kind, wanted), strict=True)
    )


def _read(path: Path, wanted: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as e:
        raise DataError(f"{path} does not exist: {wanted}") from e
    except OSError as e:
        raise DataError(f"{path} cannot be read ({e.strerror}): {wanted}") from e


def _parse(data: bytes, where: str, wanted: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as e:
        raise DataError(f"{where} is not valid JSON: {wanted}") from e


def _rows(path: Path, rows: list[tuple[str, Any]], kind: type[Kind], wanted: str) -> tuple[Kind, ...]:
    if not rows:
        raise DataError(f"{path} is empty: {wanted}")
    read = []
    for where, row in rows:
        try:
            read.append(kind.model_validate(row))
        except ValidationError as e:
            error = e.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in error["loc"])
            told = f"{field}: {error['msg']}" if field else error["msg"]
            raise DataError(f"{path} {where} is malformed ({told}): {wanted}") from e
    return tuple(read)

"""Rows as lines of JSON: what goes out of one database is what goes into another, value for value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from redraft.backup.shapes import TableShape
from redraft.errors import DataError
from redraft.store.rows import check_text


def to_line(row: Mapping[Any, Any]) -> str:
    """A row as one JSON object; numbers that are none are written as Python does, NaN and Infinity."""
    return json.dumps(dict(row), ensure_ascii=False, separators=(",", ":"))


def from_lines(path: Path, shape: TableShape) -> Iterator[dict[str, Any]]:
    """The rows of a table's file, each checked against the table.

    Raises:
        DataError: a line is no row of that table.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except ValueError as e:
                raise DataError(f"{where}: this is no JSON: {e}") from e
            if not isinstance(row, dict) or row.keys() != shape.columns.keys():
                raise DataError(f"{where}: this is no row with the columns {', '.join(shape.columns)}")
            yield {name: _value(f"{where}, column {name}", shape, name, value) for name, value in row.items()}


def _value(where: str, shape: TableShape, name: str, value: object) -> object:
    kind = shape.columns[name]
    if value is None:
        if name not in shape.nullable:
            raise DataError(f"{where} must hold a value")
        return None
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise DataError(f"{where} holds {str(value)[:40]!r}, where a value of type {kind.__name__} must be")
    if isinstance(value, str):
        check_text(where, value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise DataError(f"{where}: {value} does not fit in 64 bits")
    return value

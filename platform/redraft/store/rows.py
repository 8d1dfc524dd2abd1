"""Between records and rows: columns hold plain values, nested records are JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects import postgresql, sqlite

from redraft.errors import DataError, StorageError
from redraft.records import Record

BATCH = 500
"""Values per ``IN`` list, well below either database's limit."""

R = TypeVar("R", bound=Record)
T = TypeVar("T")


def to_row(table: sa.Table, record: Record) -> dict[str, Any]:
    """The record's fields that are columns of ``table``.

    Raises:
        DataError: a text or a number that not every database can store.
    """
    names = [name for name in type(record).model_fields if name in table.c]
    return {name: _to_column(record, name) for name in names}


def from_row(record_type: type[R], row: sa.RowMapping) -> R:
    """The record that a row was made of; columns that are no field of it are left out."""
    values = {name: row[name] for name in record_type.model_fields if name in row}
    for name in values:
        adapter = _nested(record_type, name)
        if adapter is not None:
            values[name] = adapter.validate_json(values[name])
    return record_type.model_validate(values)


def check_text(what: str, text: str) -> None:
    """Refuse text that cannot be stored everywhere.

    Raises:
        DataError: NUL characters (PostgreSQL) or lone surrogates (UTF-8).
    """
    if "\x00" in text:
        raise DataError(f"{what} holds a NUL character at {text.index(chr(0))}: remove it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as e:
        raise DataError(f"{what} holds half a character (a lone surrogate) at {e.start}: remove it") from e


def find(connection: sa.Connection, table: sa.Table, record_type: type[R], identifier: str) -> R | None:
    """The row of that ``id`` as a record, or None."""
    row = connection.execute(sa.select(table).where(table.c.id == identifier)).mappings().first()
    return None if row is None else from_row(record_type, row)


def get(connection: sa.Connection, table: sa.Table, record_type: type[R], identifier: str) -> R:
    """The row of that ``id`` as a record.

    Raises:
        StorageError: there is none.
    """
    found = find(connection, table, record_type, identifier)
    if found is None:
        raise StorageError(f"the database holds no {_SINGULAR.get(table.name, table.name)} {identifier}")
    return found


def fetch(connection: sa.Connection, record_type: type[R], statement: sa.Select[Any]) -> list[R]:
    """All rows of a query as records."""
    return [from_row(record_type, row) for row in connection.execute(statement).mappings()]


def add(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], *key: str) -> None:
    """Insert the rows whose ``key`` is not there yet; the others stay as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(index_elements=list(key)), rows)


def put(connection: sa.Connection, table: sa.Table, row: dict[str, Any], *key: str) -> None:
    """Insert a row, or replace the one that has the same ``key``."""
    others = {name: value for name, value in row.items() if name not in key}
    statement = _insert(connection, table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others))


def put_newer(connection: sa.Connection, table: sa.Table, row: dict[str, Any], number: str, *key: str) -> None:
    """Insert a row, or replace the one that has the same ``key`` and a lower ``number``."""
    others = {name: value for name, value in row.items() if name not in key}
    statement = _insert(connection, table).values(row)
    older = table.c[number] < row[number]
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=others, where=older))


def batches(values: Iterable[T]) -> list[list[T]]:
    """The values in lists of at most ``BATCH``."""
    whole = list(values)
    return [whole[i : i + BATCH] for i in range(0, len(whole), BATCH)]


_SINGULAR = {
    "images": "image",
    "responses": "response",
    "tasks": "task",
    "corrections": "correction",
    "datasets": "dataset version",
    "policies": "policy version",
}


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _to_column(record: Record, name: str) -> Any:
    value = getattr(record, name)
    adapter = _nested(type(record), name)
    if adapter is not None:
        return adapter.dump_json(value).decode()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str) and not (value.isascii() and "\x00" not in value):
        check_text(f"the {name} of {type(record).__name__.lower()} {getattr(record, 'id', '')}".rstrip(), value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise DataError(f"{name} {value} of a {type(record).__name__.lower()} does not fit in 64 bits")
    return value


@cache
def _nested(record_type: type[Record], name: str) -> TypeAdapter[Any] | None:
    annotation: Any = record_type.model_fields[name].annotation
    holds_record = any(isinstance(t, type) and issubclass(t, Record) for t in (annotation, *get_args(annotation)))
    return TypeAdapter(annotation) if holds_record or get_origin(annotation) is tuple else None

"""Rows into an empty database: in one transaction, at the revision of the backup, and from there up to ours."""

from __future__ import annotations

import itertools
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import postgresql

from redraft.backup.manifest import Manifest, StoredTable
from redraft.backup.progress import Advance
from redraft.backup.rows import from_lines
from redraft.backup.shapes import TableShape, shapes_at
from redraft.errors import DataError, StorageError
from redraft.store.engine import Database
from redraft.store.migrate import migrate_to
from redraft.store.trouble import where

PAGE = 200
"""Rows in memory at a time."""


def require_empty(database: Database) -> None:
    """Raise StorageError if there are tables in the database."""
    with database.read() as connection:
        _require_empty(database, connection)


def load(database: Database, backup: Path, manifest: Manifest, advance: Advance) -> None:
    """Fill an empty database; it stays empty if anything is wrong.

    Raises:
        DataError: the rows are not those of the manifest's revision, or do not belong together.
        StorageError: the database is not empty, cannot be written, or refuses a row.
    """
    shapes = shapes_at(manifest.revision)
    _require_same_tables(backup, manifest, shapes)
    tables = {table.name: table for table in manifest.tables}
    with database.write(references=False) as connection:
        database.unhurried(connection)
        database.lock(connection, "migrate")
        _require_empty(database, connection)
        migrate_to(connection, manifest.revision)
        _clear(connection, shapes)
        for shape in shapes:
            _fill(connection, backup, tables[shape.name], shape, advance)
        _check_references(connection, backup)
        if not database.sqlite:
            for shape in shapes:
                _go_on_counting(connection, shape)
        migrate_to(connection)


def _require_empty(database: Database, connection: sa.Connection) -> None:
    tables = sorted(sa.inspect(connection).get_table_names())
    if tables:
        more = ", …" if len(tables) > 3 else ""
        raise StorageError(
            f"{where(database.url)} is not empty (it holds {', '.join(tables[:3])}{more}): name an empty one with "
            "--database, or make this one anew if it is what an interrupted restore left"
        )


def _require_same_tables(backup: Path, manifest: Manifest, shapes: list[TableShape]) -> None:
    told, wanted = {table.name for table in manifest.tables}, {shape.name for shape in shapes}
    if told != wanted:
        names = ", ".join(sorted(told ^ wanted))
        raise DataError(f"the backup {backup} does not have the tables of schema {manifest.revision} ({names} differ)")


def _clear(connection: sa.Connection, shapes: list[TableShape]) -> None:
    """Take out what the migrations put in; the audit log, which lets nothing be taken out, is empty then."""
    for shape in reversed(shapes):
        if connection.execute(sa.select(sa.literal(1)).select_from(shape.table).limit(1)).first() is not None:
            connection.execute(sa.delete(shape.table))


def _fill(connection: sa.Connection, backup: Path, table: StoredTable, shape: TableShape, advance: Advance) -> None:
    insert = sa.insert(shape.table)
    try:
        rows = from_lines(backup / table.path, shape)
        while page := list(itertools.islice(rows, PAGE)):
            connection.execute(insert, page)
            advance(len(page))
    except exc.DataError as e:
        raise DataError(f"{backup / table.path} holds a row that the database cannot: {e.orig}") from e
    count = connection.execute(sa.select(sa.func.count()).select_from(shape.table)).scalar_one()
    if count != table.rows:
        raise DataError(f"table {shape.name} has {count} rows, and the manifest of {backup} says {table.rows}")


def _check_references(connection: sa.Connection, backup: Path) -> None:
    """PostgreSQL has watched over them row by row."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise DataError(f"the backup {backup} is damaged: a row of {broken[0]} lacks its row of {broken[2]}")


def _go_on_counting(connection: sa.Connection, shape: TableShape) -> None:
    """PostgreSQL counts rows beside the table."""
    for name in shape.key:
        owner = sa.func.pg_get_serial_sequence(f'"{shape.name}"', name)
        sequence = connection.scalar(sa.select(owner)) if shape.columns[name] is int else None
        highest = connection.scalar(sa.select(sa.func.max(shape.table.c[name]))) if sequence else None
        if highest is not None:
            counter = sa.cast(sequence, postgresql.REGCLASS)
            connection.execute(sa.select(sa.func.setval(counter, sa.cast(highest, sa.BigInteger))))

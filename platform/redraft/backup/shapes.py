"""The tables of a schema revision: their columns and the order in which rows may be put in.

They are found by running the migrations on an empty database in memory, so they hold for any revision and database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from redraft.store.migrate import VERSION_TABLE, migrate_to

_TYPES: dict[type, sa.types.TypeEngine[Any]] = {
    str: sa.Text(),
    int: sa.BigInteger(),
    float: sa.Double(),
    bool: sa.Boolean(),
}


@dataclass(frozen=True)
class TableShape:
    """A table, as far as its rows go: columns with the Python types of their values, and its primary key."""

    name: str
    columns: dict[str, type]
    nullable: frozenset[str]
    key: tuple[str, ...]

    @property
    def table(self) -> sa.TableClause:
        """To select from and to insert into."""
        return sa.table(self.name, *(sa.column(name, _TYPES[kind]) for name, kind in self.columns.items()))


def shapes_at(revision: str) -> list[TableShape]:
    """All tables of a known revision, each after those that it refers to."""
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    metadata = sa.MetaData()
    try:
        with engine.begin() as connection:
            migrate_to(connection, revision)
            metadata.reflect(connection)
    finally:
        engine.dispose()
    return [_shape(table) for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def _shape(table: sa.Table) -> TableShape:
    return TableShape(
        name=table.name,
        columns={column.name: column.type.python_type for column in table.columns},
        nullable=frozenset(column.name for column in table.columns if column.nullable),
        key=tuple(column.name for column in table.primary_key),
    )

"""Statements that are run thousands of times: put into words once, so that only sending them is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite


class Ready:
    """A statement whose parameters have names and are single values.

    SQLAlchemy looks up, checks and converts as much for every call as the server then works; here, values must be what
    the driver takes, and SQLite's truth values come back as 0 and 1.
    """

    def __init__(self, statement: sa.ClauseElement) -> None:
        self._statement = statement
        self._written: dict[str, tuple[str, dict[str, Any]]] = {}

    def run(self, connection: sa.Connection, values: Mapping[str, Any]) -> sa.CursorResult[*tuple[Any, ...]]:
        """Send it with these values; those that it does not name are left out."""
        written = self._written.get(connection.dialect.name)
        if written is None:
            written = self._written[connection.dialect.name] = self._write(connection.dialect)
        text, constants = written
        return connection.exec_driver_sql(text, constants | dict(values))

    def _write(self, dialect: sa.Dialect) -> tuple[str, dict[str, Any]]:
        if dialect.name == "sqlite":
            dialect = sqlite.dialect(paramstyle="named")
        compiled = self._statement.compile(dialect=dialect)
        return str(compiled), dict(compiled.params)

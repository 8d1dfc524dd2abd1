"""The audit log: who did what, written with the deed itself; the database refuses to change or delete a line."""

from __future__ import annotations

import sqlalchemy as sa

from redraft.records import Record
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import fetch


class AuditEntry(Record):
    """One line: at a time, an actor (an annotator, or ``loop``) did an action; ``detail`` names what it was about."""

    at: float
    actor: str
    action: str
    detail: str


class AuditPart:
    """The part of the store that only grows."""

    _db: Database

    def audit(self) -> list[AuditEntry]:
        """The whole log, oldest first."""
        with self._db.read() as connection:
            return fetch(connection, AuditEntry, sa.select(tables.audit).order_by(tables.audit.c.seq))


def note(connection: sa.Connection, at: float, actor: str, action: str, detail: str) -> None:
    """Append a line within the transaction that does what it tells of."""
    row = {"at": at, "actor": actor, "action": action, "detail": detail}
    connection.execute(tables.audit.insert().values(row))

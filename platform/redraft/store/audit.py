"""The audit log: who did what, written with the deed itself; the database refuses to change or delete a line."""

from __future__ import annotations

import sqlalchemy as sa

from redraft.records import Record
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import check_text, fetch


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

    def latest_audit(self, limit: int, *, actor: str | None = None, action: str | None = None) -> list[AuditEntry]:
        """The last ``limit`` lines (of one actor, of one action), newest first."""
        query = sa.select(tables.audit).order_by(tables.audit.c.seq.desc()).limit(limit)
        if actor is not None:
            check_text("the actor", actor)
            query = query.where(tables.audit.c.actor == actor)
        if action is not None:
            check_text("the action", action)
            query = query.where(tables.audit.c.action == action)
        with self._db.read() as connection:
            return fetch(connection, AuditEntry, query)


def note(connection: sa.Connection, at: float, actor: str, action: str, detail: str) -> None:
    """Append a line within the transaction that does what it tells of."""
    row = {"at": at, "actor": actor, "action": action, "detail": detail}
    connection.execute(tables.audit.insert().values(row))

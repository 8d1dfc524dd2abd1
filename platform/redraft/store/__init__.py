"""The truth: images, responses, tasks, corrections, dataset and policy versions, rounds, and an audit log.

    images.py        images and responses           datasets.py     dataset versions and what they hold
    worklist.py      tasks, leases, counts          policies.py     the policy registry and lineage
    corrections.py   submissions taken once         evaluations.py  measurements and verdicts
    rounds.py        the loop's place, stop flag    users.py        people and roles
    audit.py         the append-only log            tables.py, rows.py, engine.py, migrations/   what they stand on

One ``Store`` serves all threads of a process; every process opens its own on the same URL.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from redraft.store.audit import AuditEntry, AuditPart
from redraft.store.corrections import CorrectionPart
from redraft.store.datasets import DatasetPart
from redraft.store.engine import Database, parse_url
from redraft.store.evaluations import EvaluationPart
from redraft.store.images import ImagePart
from redraft.store.migrate import upgrade
from redraft.store.policies import Lineage, PolicyPart
from redraft.store.rounds import RoundPart
from redraft.store.users import Role, User, UserPart
from redraft.store.worklist import WorklistCounts, WorklistPart

__all__ = ["AuditEntry", "Lineage", "Role", "Store", "User", "WorklistCounts"]


class Store(
    ImagePart,
    WorklistPart,
    CorrectionPart,
    DatasetPart,
    PolicyPart,
    EvaluationPart,
    RoundPart,
    UserPart,
    AuditPart,
):
    """One database, SQLite or PostgreSQL, at the present schema."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], float] = time.time) -> Self:
        """Connect, and bring the schema up to date; safe when several processes do so at once.

        Args:
            url: ``sqlite:///path/to/file.db`` or ``postgresql+psycopg://user@host:5432/name``.
            clock: UTC seconds since the epoch; leases and dates are told by it.

        Raises:
            StorageError: malformed, unreachable, not writable, no database, or one that a newer Redraft wrote.
        """
        database = Database(parse_url(url), clock)
        with ExitStack() as if_it_fails:
            if_it_fails.callback(database.close)
            upgrade(database)
            if_it_fails.pop_all()
        return cls(database)

    @property
    def url(self) -> str:
        """The URL that another process opens the same database with; it holds the password, if there is one."""
        return self._db.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Close the connections; the store can still be used, and then opens new ones."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self._db.url.render_as_string()!r})"

"""The truth: images, responses, tasks, corrections, dataset and policy versions, rounds, and an audit log.

    images.py        images and responses           datasets.py     dataset versions and what they hold
    worklist.py      tasks, and who is given which  policies.py     the policy registry and lineage
    submissions.py   answers taken once             evaluations.py  measurements and verdicts
    corrections.py   answers as they stand          drafts.py       answers that are not sent yet
    reviews.py       reviewers' versions            golds.py        answers that are known
    backlog.py       how the worklist stands        desks.py, leases.py, closing.py, checks.py   its machinery
    rounds.py        the loop's place, wishes   users.py        people and roles
    projects.py      bodies of tasks                tokens.py       secrets that people sign in with
    exports.py       answers on their way out       imports.py      answers that were given elsewhere
    human_evaluations.py   what people found blind  audit.py        the append-only log
    browse.py        corrections, a page at a time  watch.py        how the work goes
    events.py        what the loop did, and when
    retrying.py      calls outlive a restart        trouble.py, url.py   what is wrong, without passwords
    tables/, rows.py, ready.py, engine.py, migrations/   what they stand on

One ``Store`` serves all threads of a process; every process opens its own on the same URL.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from redraft.records import Role, User
from redraft.store.audit import AuditEntry, AuditPart
from redraft.store.backlog import BacklogPart, WorklistCounts
from redraft.store.browse import BrowsePart
from redraft.store.corrections import CorrectionPart
from redraft.store.datasets import DatasetPart
from redraft.store.drafts import DraftPart
from redraft.store.engine import Database
from redraft.store.evaluations import EvaluationPart
from redraft.store.events import Event, EventPart
from redraft.store.exports import AnswerFilter, ExportPart, StoredAnswer
from redraft.store.golds import GoldPart
from redraft.store.human_evaluations import HumanEvaluationPart
from redraft.store.images import ImagePart
from redraft.store.imports import ImportPart
from redraft.store.migrate import upgrade
from redraft.store.policies import Lineage, PolicyPart
from redraft.store.projects import ProjectPart
from redraft.store.retrying import survives_restarts
from redraft.store.reviews import ReviewPart
from redraft.store.rounds import RoundPart
from redraft.store.submissions import SubmissionPart
from redraft.store.tokens import TokenPart
from redraft.store.url import parse_url, shown
from redraft.store.users import UserPart
from redraft.store.watch import WatchPart
from redraft.store.worklist import WorklistPart

__all__ = ["AnswerFilter", "AuditEntry", "Event", "Lineage", "Role", "Store", "StoredAnswer", "User", "WorklistCounts"]


@survives_restarts
class Store(
    ImagePart,
    WorklistPart,
    BacklogPart,
    SubmissionPart,
    DraftPart,
    ReviewPart,
    GoldPart,
    CorrectionPart,
    DatasetPart,
    PolicyPart,
    EvaluationPart,
    EventPart,
    HumanEvaluationPart,
    ExportPart,
    ImportPart,
    RoundPart,
    UserPart,
    TokenPart,
    ProjectPart,
    AuditPart,
    BrowsePart,
    WatchPart,
):
    """One database, SQLite or PostgreSQL, at the present schema; a server may be restarted under it."""

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

    def now(self) -> float:
        """UTC seconds since the epoch, by the clock that leases and dates are told by."""
        return self._db.clock()

    def close(self) -> None:
        """Close the connections; the store can still be used, and then opens new ones."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({shown(self._db.url)!r})"

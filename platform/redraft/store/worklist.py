"""The worklist: tasks wait, and one annotator at a time holds a lease on one.

OPEN ──lease──► LEASED ──submit: corrected or clean──► DONE
  ▲ ▲              │ │
  │ └──expiry──────┘ └──submit: skipped──► OPEN, behind the tasks that were skipped less
  └─retire──► RETIRED
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from redraft.errors import LeaseLost
from redraft.records import Lease, Record, Task, TaskState
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, fetch, from_row, get, to_row
from redraft.store.users import refuse_disabled

_tasks = tables.tasks
_corrections = tables.corrections


class WorklistCounts(Record):
    """Tasks by state, and answers by kind.

    A task whose lease ran out counts as open. ``open_skipped`` are those of ``open`` that somebody already skipped.
    ``done`` = ``corrected`` + ``clean``; ``skipped`` counts skips, several of which may be of one task.
    """

    open: int
    open_skipped: int
    leased: int
    done: int
    retired: int
    corrected: int
    clean: int
    skipped: int


class WorklistPart:
    """The part of the store that routing fills and annotators empty."""

    _db: Database

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Put tasks on the worklist; those that are there already stay as they are.

        Raises:
            StorageError: a task's response, image or policy version is not stored.
        """
        rows = [to_row(_tasks, task) for task in tasks]
        with self._db.write() as connection:
            add(connection, _tasks, rows, "id")

    def task(self, id: str) -> Task:
        """One task; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return get(connection, _tasks, Task, id)

    def tasks(self, round: int | None = None) -> list[Task]:
        """All tasks (of one round), in the order they were added."""
        query = of_round(sa.select(_tasks).order_by(_tasks.c.seq), _tasks, round)
        with self._db.read() as connection:
            return fetch(connection, Task, query)

    def retire_tasks(self, round: int) -> int:
        """Take the round's open tasks off the worklist; those that an annotator holds stay. Returns how many went."""
        with self._db.write() as connection:
            free = _lock_tasks(sa.and_(_tasks.c.round == round, _free(self._db.clock())))
            return _release(connection, free, TaskState.RETIRED)

    def lease(self, annotator: str, seconds: float) -> Lease | None:
        """The annotator's live lease, prolonged; else the task to do next; None when none is left for them.

        Next is what was skipped least, then the highest priority, then the oldest; never a task that this annotator
        already answered.

        Raises:
            NotAllowed: the annotator's account is disabled.
        """
        check_text("the annotator's name", annotator)
        with self._db.write(durable=False) as connection:
            refuse_disabled(connection, annotator)
            self._db.lock(connection, f"lease:{annotator}")
            now = self._db.clock()
            row = connection.execute(_held(annotator, now)).mappings().first()
            row = row or connection.execute(_next(annotator, now)).mappings().first()
            if row is None:
                return None
            expires = now + seconds
            if row["leased_by"] == annotator:
                expires = max(expires, row["lease_expires"])
            lease = {"state": TaskState.LEASED.value, "leased_by": annotator, "lease_expires": expires}
            connection.execute(_tasks.update().where(_tasks.c.id == row["id"]).values(lease))
            task = from_row(Task, row).model_copy(update={"state": TaskState.LEASED})
            return Lease(task=task, annotator=annotator, expires_at=expires)

    def renew(self, task_id: str, annotator: str, seconds: float) -> Lease:
        """Hold a leased task until ``seconds`` from now.

        Raises:
            LeaseLost: the lease ran out or belongs to someone else.
        """
        with self._db.write(durable=False) as connection:
            refuse_disabled(connection, annotator)
            now = self._db.clock()
            mine = sa.and_(_tasks.c.id == task_id, _live(annotator, now))
            renewed = connection.execute(_tasks.update().where(mine).values(lease_expires=now + seconds))
            if renewed.rowcount != 1:
                raise LeaseLost(f"the lease on task {task_id} ran out or is someone else's: take the next task")
            return Lease(task=get(connection, _tasks, Task, task_id), annotator=annotator, expires_at=now + seconds)

    def expire_leases(self, now: float) -> int:
        """Give tasks whose lease ran out by ``now`` back to the worklist; returns how many."""
        with self._db.write(durable=False) as connection:
            late = sa.and_(_tasks.c.state == TaskState.LEASED.value, _tasks.c.lease_expires <= now)
            return _release(connection, _lock_tasks(late), TaskState.OPEN)

    def counts(self, round: int | None = None) -> WorklistCounts:
        """How the worklist (of one round) stands."""
        free = _free(self._db.clock())
        state = sa.case((free, TaskState.OPEN.value), else_=_tasks.c.state).label("state")
        by_state = of_round(sa.select(state, sa.func.count()).group_by(state), _tasks, round)
        skipped = of_round(sa.select(sa.func.count()).where(free, _tasks.c.skips > 0), _tasks, round)
        answers = sa.select(_corrections.c.answer, sa.func.count()).group_by(_corrections.c.answer)
        with self._db.read() as connection:
            found = {name: count for name, count in connection.execute(by_state)}
            found |= {name: count for name, count in connection.execute(of_round(answers, _corrections, round))}
            open_skipped = connection.execute(skipped).scalar_one()
        counted = {name: found.get(name, 0) for name in WorklistCounts.model_fields}
        return WorklistCounts(**counted | {"open_skipped": open_skipped})


def of_round(query: sa.Select[Any], table: sa.Table, round: int | None) -> sa.Select[Any]:
    return query if round is None else query.where(table.c.round == round)


def _free(now: float) -> sa.ColumnElement[bool]:
    late = sa.and_(_tasks.c.state == TaskState.LEASED.value, _tasks.c.lease_expires <= now)
    return sa.or_(_tasks.c.state == TaskState.OPEN.value, late)


def _live(annotator: str, now: float) -> sa.ColumnElement[bool]:
    return sa.and_(
        _tasks.c.state == TaskState.LEASED.value, _tasks.c.leased_by == annotator, _tasks.c.lease_expires > now
    )


def _held(annotator: str, now: float) -> sa.Select[Any]:
    return sa.select(_tasks).where(_live(annotator, now)).order_by(_tasks.c.seq).limit(1).with_for_update()


def _next(annotator: str, now: float) -> sa.Select[Any]:
    mine = sa.exists().where(_corrections.c.task_id == _tasks.c.id, _corrections.c.annotator == annotator)
    order = (_tasks.c.skips, _tasks.c.priority.desc(), _tasks.c.seq)
    return sa.select(_tasks).where(_free(now), ~mine).order_by(*order).limit(1).with_for_update(skip_locked=True)


def _lock_tasks(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(_tasks.c.id).where(which).with_for_update(skip_locked=True)


def _release(connection: sa.Connection, ids: sa.Select[Any], state: TaskState) -> int:
    values = {"state": state.value, "leased_by": None, "lease_expires": None}
    return connection.execute(_tasks.update().where(_tasks.c.id.in_(ids)).values(values)).rowcount

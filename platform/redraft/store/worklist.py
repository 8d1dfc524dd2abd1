"""The worklist: tasks wait for answers, and each place on a task is one annotator's at a time.

             ┌────────────────────── skip, give back, expiry ──────────────────────┐
             ▼                                                                     │
    OPEN: places are free ──lease──► OPEN, or LEASED without a free place ──answer─┴─► DONE: all answers wanted are in
      │                                                               └──flag──► FLAGGED ──► OPEN or RETIRED
      └──retire──► RETIRED

An annotator is never given a task again that they answered, skipped, flagged or reviewed. Gold tasks have room for
everybody and stay open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import sqlalchemy as sa

from redraft.errors import LeaseLost
from redraft.records import MAIN_PROJECT, GoldRules, Lease, Task, TaskState
from redraft.store import tables
from redraft.store.desks import Desk, look, most_urgent
from redraft.store.engine import Database
from redraft.store.golds import gold_due, take_gold
from redraft.store.leases import LATE_AT_ONCE, give_back, give_back_late, held, resume, take
from redraft.store.rows import add, check_text, fetch, get, to_row
from redraft.store.users import refuse_disabled

NO_GOLD = GoldRules()
_NOTHING: Mapping[str, float] = {}
_IDS_AT_ONCE = 1000

_leases = tables.leases
_tasks = tables.tasks


class WorklistPart:
    """The part of the store that routing fills and annotators empty."""

    _db: Database

    def add_tasks(self, tasks: Sequence[Task]) -> None:
        """Put tasks on the worklist; those that are there already stay as they are.

        Raises:
            StorageError: a task's response, image, policy version or project is not stored.
        """
        rows = [
            to_row(_tasks, task)
            | dict.fromkeys(("free", "due"), task.wanted if task.state is TaskState.OPEN else 0)
            | {"characters": len(task.text)}
            for task in tasks
        ]
        with self._db.write() as connection:
            add(connection, _tasks, rows, "id")

    def task(self, id: str) -> Task:
        """One task; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return get(connection, _tasks, Task, id)

    def tasks(self, round: int | None = None) -> list[Task]:
        """All tasks (of one round), in the order they were added."""
        query = sa.select(_tasks).order_by(_tasks.c.seq)
        if round is not None:
            query = query.where(_tasks.c.round == round)
        with self._db.read() as connection:
            return fetch(connection, Task, query)

    def retire_tasks(self, round: int, keep: Mapping[str, float] = _NOTHING) -> int:
        """Take the open tasks of a round of the loop off the worklist; returns how many went.

        Those that an annotator holds stay, for that annotator alone; those in ``keep``, by id, stay for everybody, with
        that priority.
        """
        open_ones = sa.and_(_tasks.c.project == MAIN_PROJECT, _tasks.c.round == round, tables.WAITING)
        with self._db.write() as connection:
            give_back_late(self._db, connection, self._db.clock())
            found = connection.execute(sa.select(_tasks.c.id).where(open_ones)).scalars().all()
            for id in keep.keys() & set(found):
                connection.execute(_tasks.update().where(_tasks.c.id == id).values(priority=keep[id]))
            gone = 0
            for ids in _batched((id for id in found if id not in keep), _IDS_AT_ONCE):
                gone += _close(connection, sa.and_(_tasks.c.id.in_(ids), tables.WAITING))
            return gone

    def lease(self, annotator: str, seconds: float, gold: GoldRules = NO_GOLD) -> Lease | None:
        """The annotator's lease, prolonged; else the task to do next; None when none is left for them.

        Next is a gold task if the rules want one, else what was skipped least, then the highest priority, then the
        oldest. It is of an open project with budget left, fits the user's filter, and is new to this annotator. A
        lease that ran out is taken up again if nobody else was given the task.

        Raises:
            NotAllowed: the annotator's account is disabled.
        """
        check_text("the annotator's name", annotator)
        now = self._db.clock()
        until = now + seconds
        with self._db.steps(durable=False) as connection:
            desk = look(connection, annotator, now)
            if desk.disabled:
                refuse_disabled(connection, annotator)
            if desk.holds:
                lease = resume(connection, annotator, now, until)
                if lease is not None:
                    return lease
                give_back(self._db, connection, annotator)
            if desk.late:
                give_back_late(self._db, connection, now, LATE_AT_ONCE)
            taken = self._take(connection, desk, gold, until)
            # Another window of the same annotator may have been quicker; then its lease is theirs.
            return taken or resume(connection, annotator, now, until)

    def _take(self, connection: sa.Connection, desk: Desk, rules: GoldRules, until: float) -> Lease | None:
        due = gold_due(connection, desk.annotator, rules)
        if due is not None:
            lease = take_gold(connection, desk, until, training=due)
            if lease is not None:
                return lease
        for project in most_urgent(connection, desk):
            lease = take(self._db, connection, desk, project, until)
            if lease is not None:
                return lease
        return None

    def renew(self, task_id: str, annotator: str, seconds: float) -> Lease:
        """Hold a leased task until ``seconds`` from now, or longer if it is held for longer.

        Raises:
            LeaseLost: the lease ran out or belongs to someone else.
            NotAllowed: the annotator's account is disabled.
        """
        now = self._db.clock()
        mine = sa.and_(_leases.c.task_id == task_id, _leases.c.annotator == annotator, _leases.c.expires_at > now)
        longer = sa.case((_leases.c.expires_at > now + seconds, _leases.c.expires_at), else_=now + seconds)
        with self._db.steps(durable=False) as connection:
            refuse_disabled(connection, annotator)
            if connection.execute(_leases.update().where(mine).values(expires_at=longer)).rowcount != 1:
                raise LeaseLost(f"the lease on task {task_id} ran out or is someone else's: take the next task")
            return held(connection, mine)[0]

    def release(self, task_id: str, annotator: str) -> None:
        """Give a task back unanswered; a draft of the annotator's stays. Without a lease, nothing happens."""
        with self._db.steps(durable=False) as connection:
            give_back(self._db, connection, annotator, task_id)

    def expire_leases(self, now: float) -> int:
        """Open the places whose lease ran out by ``now``, which asking for work does too; returns how many."""
        with self._db.steps(durable=False) as connection:
            return give_back_late(self._db, connection, now)


def _close(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    """Retire tasks; of those that somebody works on, only the places that are free. How many were retired."""
    closed = _tasks.update().values(free=0, due=_tasks.c.due - _tasks.c.free).where(which)
    connection.execute(closed.where(_tasks.c.due > _tasks.c.free).values(state=TaskState.LEASED.value))
    return connection.execute(closed.values(state=TaskState.RETIRED.value)).rowcount


def _batched(ids: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    left = iter(ids)
    while batch := tuple(islice(left, size)):
        yield batch

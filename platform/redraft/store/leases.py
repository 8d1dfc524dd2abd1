"""Leases: a row says who holds a task until when, and the task counts the places that are free on it.

    resume         the lease that the annotator has
    take           a free place on the next task, and the lease, in one step
    give_back      a place, unanswered; give_back_late those of people who let their lease run out

An annotator has one lease at most: the table allows no second. A lease that ran out keeps its place until somebody
asks for work, so nothing has to watch the clock. On PostgreSQL each step is one statement. It locks tasks before
leases, and whoever gives back other people's places waits for nobody, so no two can wait for each other.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from redraft.records import Lease, Task, TaskState
from redraft.store import tables
from redraft.store.desks import Desk, names, next_task
from redraft.store.engine import Database
from redraft.store.ready import Ready
from redraft.store.rows import from_row

LATE_AT_ONCE = 100
"""Leases that ran out and are given back by one request for work."""

_leases = tables.leases
_tasks = tables.tasks

_TASK_COLUMNS = [column for column in _tasks.c if column.name in Task.model_fields]
_WORKING = (TaskState.OPEN.value, TaskState.LEASED.value)
_ANNOTATOR: sa.BindParameter[str] = sa.bindparam("annotator", type_=sa.String)
_TASK: sa.BindParameter[str] = sa.bindparam("task", type_=sa.String)
_NOW: sa.BindParameter[float] = sa.bindparam("now", type_=sa.Double)
_UNTIL: sa.BindParameter[float] = sa.bindparam("until", type_=sa.Double)


def resume(connection: sa.Connection, annotator: str, now: float, until: float) -> Lease | None:
    """Prolong the lease that the annotator has; one that ran out too, while nobody else was given its place."""
    working = sa.exists().where(_tasks.c.id == _leases.c.task_id, _tasks.c.state.in_(_WORKING))
    mine = sa.and_(_leases.c.annotator == annotator, sa.or_(_leases.c.expires_at > now, working))
    longer = sa.case((_leases.c.expires_at > until, _leases.c.expires_at), else_=until)
    if connection.execute(_leases.update().where(mine).values(expires_at=longer)).rowcount == 0:
        return None
    found = held(connection, _leases.c.annotator == annotator)
    return found[0] if found else None


def held(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Lease]:
    """Leases with their tasks, those first that run out first."""
    query = (
        sa.select(*_TASK_COLUMNS, _leases.c.annotator, _leases.c.expires_at, _leases.c.training)
        .join(_leases, _leases.c.task_id == _tasks.c.id)
        .where(which)
        .order_by(_leases.c.expires_at, _tasks.c.seq)
    )
    return [
        Lease(
            task=from_row(Task, row),
            annotator=row["annotator"],
            expires_at=row["expires_at"],
            training=row["training"],
        )
        for row in connection.execute(query).mappings()
    ]


def take(db: Database, connection: sa.Connection, desk: Desk, project: str, until: float) -> Lease | None:
    """The project's next task for the annotator, leased to them; None if there is none, or they have a lease by now."""
    values, with_longest = names(desk, project) | {"until": until}, desk.longest is not None
    if not db.sqlite:
        row = _taken(with_longest).run(connection, values).mappings().first()
    else:
        row = connection.execute(next_task(with_longest), values).mappings().first()
        if row is not None:
            lease = {"task_id": row["id"], "annotator": desk.annotator, "expires_at": until, "training": False}
            connection.execute(_leases.insert().values(lease))
            connection.execute(_tasks.update().where(_tasks.c.id == row["id"]).values(_place_taken()))
            row = connection.execute(sa.select(*_TASK_COLUMNS).where(_tasks.c.id == row["id"])).mappings().one()
    return None if row is None else Lease(task=from_row(Task, row), annotator=desk.annotator, expires_at=until)


def give_back_late(db: Database, connection: sa.Connection, now: float, most: int | None = None) -> int:
    """Open the places whose lease ran out by ``now``, at most so many; returns how many."""
    late = _one_lease(_leases.c.expires_at <= _NOW).order_by(_leases.c.expires_at).limit(most)
    return _give_back(db, connection, late.with_for_update(skip_locked=True, key_share=True), {"now": now})


def give_back(db: Database, connection: sa.Connection, annotator: str, task_id: str | None = None) -> bool:
    """Open the place of the annotator's lease, if they have one (on that task); whether they had."""
    mine = _one_lease(_leases.c.annotator == _ANNOTATOR)
    if task_id is not None:
        mine = mine.where(_leases.c.task_id == _TASK)
    values = {"annotator": annotator, "task": task_id}
    return _give_back(db, connection, mine.with_for_update(of=_tasks, key_share=True), values) == 1


def _one_lease(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(_leases.c.task_id, _leases.c.annotator).join(_tasks, _tasks.c.id == _leases.c.task_id).where(which)


def _give_back(db: Database, connection: sa.Connection, leases: sa.Select[Any], values: dict[str, Any]) -> int:
    if db.sqlite:
        rows = [row._asdict() for row in connection.execute(leases, values)]
        for row in rows:
            connection.execute(_leases.delete().where(_leases.c.annotator == row["annotator"]))
            connection.execute(_opened(_tasks.c.id == row["task_id"], 1))
        return len(rows)
    locked = leases.cte("locked")
    same = sa.and_(_leases.c.annotator == locked.c.annotator, _leases.c.task_id == locked.c.task_id)
    gone = _leases.delete().where(same).returning(_leases.c.task_id).cte("gone")
    places = sa.select(gone.c.task_id, sa.func.count().label("count")).group_by(gone.c.task_id).cte("places")
    opened = _opened(_tasks.c.id == places.c.task_id, places.c.count).returning(_tasks.c.id).cte("opened")
    return int(connection.execute(sa.select(sa.func.count()).select_from(gone).add_cte(opened), values).scalar_one())


@cache
def _taken(with_longest: bool) -> Ready:
    """PostgreSQL: lock the next task, lease it, count its place, and read it, in one trip to the server.

    A lease need not wait for the disk.
    """
    chosen = next_task(with_longest).with_for_update(skip_locked=True, key_share=True).cte("chosen")
    hurry = sa.select(sa.func.set_config("synchronous_commit", "off", sa.true())).scalar_subquery()
    row = sa.select(chosen.c.id, _ANNOTATOR, _UNTIL, sa.false()).where(hurry == "off")
    lease = postgresql.insert(_leases).from_select(["task_id", "annotator", "expires_at", "training"], row)
    leased = lease.on_conflict_do_nothing(index_elements=["annotator"]).returning(_leases.c.task_id).cte("leased")
    of_it = _tasks.c.id == leased.c.task_id
    return Ready(_tasks.update().where(of_it).values(_place_taken()).returning(*_TASK_COLUMNS))


def _place_taken() -> dict[str, Any]:
    state = sa.case((_tasks.c.free > 1, TaskState.OPEN.value), else_=TaskState.LEASED.value)
    return {"free": _tasks.c.free - 1, "state": state}


def _opened(which: sa.ColumnElement[bool], places: Any) -> sa.Update:
    counted = sa.and_(which, _tasks.c.state.in_(_WORKING), sa.not_(_tasks.c.gold))
    return _tasks.update().where(counted).values(free=_tasks.c.free + places, state=TaskState.OPEN.value)

"""A lease becomes an answer: the lease and the draft go, the answer and a line of the log come, the place is counted.

PostgreSQL does all of it in one statement, SQLite, which has no server, a step at a time. What becomes of the task
depends on its own row alone, so that people who answer it at once find each other's answers counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from redraft.records import Answer, Correction, TaskState
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.ready import Ready
from redraft.store.rows import to_row

_corrections = tables.corrections
_drafts = tables.drafts
_leases = tables.leases
_tasks = tables.tasks

_OPEN, _LEASED, _DONE, _FLAGGED = (
    state.value for state in (TaskState.OPEN, TaskState.LEASED, TaskState.DONE, TaskState.FLAGGED)
)
_TASK = sa.bindparam("answer_task_id", type_=sa.String)
_ANNOTATOR = sa.bindparam("answer_annotator", type_=sa.String)
_NOW = sa.bindparam("answer_submitted_at", type_=sa.Double)


def close_lease(db: Database, connection: sa.Connection, correction: Correction, nonce: str) -> bool:
    """Store the answer to a task if the annotator's lease on it is still there; whether it was."""
    values = _named("answer_", to_row(_corrections, correction) | {"nonce": nonce})
    values |= _named("log_", _line(correction))
    if not db.sqlite:
        return _at_once(correction.answer).run(connection, values).rowcount == 1
    gone, *steps = _in_turn(correction.answer)
    if gone.run(connection, values).rowcount == 0:
        return False
    for step in steps:
        step.run(connection, values)
    return True


def insert(connection: sa.Connection, correction: Correction, nonce: str) -> None:
    """Store an answer as it is."""
    connection.execute(_corrections.insert().values(to_row(_corrections, correction) | {"nonce": nonce}))


@cache
def _at_once(answer: Answer) -> Ready:
    locked = sa.select(_tasks.c.id).where(_tasks.c.id == _TASK).with_for_update(key_share=True).cte("locked")
    gone = _lease_gone().where(_leases.c.task_id == locked.c.id).returning(_leases.c.task_id).cte("gone")
    *others, last = _steps(answer, sa.exists(sa.select(gone.c.task_id)))
    return Ready(last.add_cte(gone, *(step.cte(f"step_{n}") for n, step in enumerate(others))))


@cache
def _in_turn(answer: Answer) -> tuple[Ready, ...]:
    return Ready(_lease_gone()), *(Ready(step) for step in _steps(answer, sa.true()))


def _lease_gone() -> sa.Delete:
    mine = sa.and_(_leases.c.task_id == _TASK, _leases.c.annotator == _ANNOTATOR)
    return _leases.delete().where(mine, _leases.c.expires_at > _NOW)


def _steps(answer: Answer, given: sa.ColumnElement[bool]) -> tuple[sa.Insert, sa.Insert, sa.Delete, sa.Update]:
    """What is done if the lease was ``given`` up; the last step changes one row, the task."""
    draft = sa.and_(_drafts.c.task_id == _TASK, _drafts.c.annotator == _ANNOTATOR)
    return (
        _row(_corrections, "answer_", given),
        _row(tables.audit, "log_", given),
        _drafts.delete().where(draft, given),
        _tasks.update().where(_tasks.c.id == _TASK, given).values(_task_after(answer)),
    )


def _row(table: sa.Table, prefix: str, given: sa.ColumnElement[bool]) -> sa.Insert:
    columns = [column for column in table.c if column.name != "seq"]
    values = [sa.bindparam(prefix + column.name, type_=column.type) for column in columns]
    return table.insert().from_select([column.name for column in columns], sa.select(*values).where(given))


def _task_after(answer: Answer) -> dict[str, Any]:
    """How a task stands after an answer; a gold one, and one that was flagged or retired, stays as it was."""
    stays = sa.or_(_tasks.c.gold, sa.and_(_tasks.c.state != _OPEN, _tasks.c.state != _LEASED))
    if answer is Answer.FLAGGED:
        retired = _tasks.c.state == TaskState.RETIRED.value
        return {"free": 0, "due": 0, "state": sa.case((retired, _tasks.c.state), else_=_FLAGGED)}
    if answer is Answer.SKIPPED:
        return {
            "skips": _tasks.c.skips + 1,
            "free": sa.case((stays, _tasks.c.free), else_=_tasks.c.free + 1),
            "state": sa.case((stays, _tasks.c.state), else_=_OPEN),
        }
    waits = sa.or_(stays, _tasks.c.due > 1)
    due = sa.case((stays, _tasks.c.due), else_=_tasks.c.due - 1)
    return {"due": due, "state": sa.case((waits, _tasks.c.state), else_=_DONE)}


def _line(correction: Correction) -> dict[str, Any]:
    detail = f"{correction.answer} {correction.id}"
    return {"at": correction.submitted_at, "actor": correction.annotator, "action": "submit", "detail": detail}


def _named(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in values.items()}

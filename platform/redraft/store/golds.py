"""Gold tasks: their answer is known, so that annotators can be taught with them, and measured."""

from __future__ import annotations

import random
from typing import Any

import sqlalchemy as sa

from redraft.errors import DataError
from redraft.records import Answer, Gold, GoldRules, Lease, Task, TaskState
from redraft.segments import apply_edits
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.desks import Desk, never_met
from redraft.store.engine import Database
from redraft.store.rows import add, check_text, fetch, from_row, get, put, to_row

_corrections = tables.corrections
_golds = tables.golds
_leases = tables.leases
_tasks = tables.tasks

_PASSED_OVER = (Answer.SKIPPED.value, Answer.FLAGGED.value)


class GoldPart:
    """The part of the store that holds known answers."""

    _db: Database

    def add_gold(self, gold: Gold) -> None:
        """Make a task a gold one, or put another known answer in place of its last.

        The task is open to everybody from now on who has not answered it. Answers that are there already stay what
        they were.

        Raises:
            StorageError: there is no such task.
            DataError: the explanation, or the text that the edits give, cannot be stored.
            EditError: the edits do not fit the text.
        """
        for edit in gold.edits:
            check_text(f"the replacement at {edit.start}", edit.replacement)
        with self._db.write() as connection:
            locked = sa.select(_tasks.c.seq).where(_tasks.c.id == gold.task_id).with_for_update(key_share=True)
            connection.execute(locked)
            task = get(connection, _tasks, Task, gold.task_id)
            if not apply_edits(task.text, gold.edits).strip():
                raise DataError(f"the known answer to task {task.id} leaves no text: keep what is right")
            put(connection, _golds, to_row(_golds, gold), "task_id")
            values: dict[str, Any] = {"gold": True}
            if task.state in (TaskState.OPEN, TaskState.LEASED, TaskState.DONE):
                values |= {"state": TaskState.OPEN.value, "free": task.wanted, "due": task.wanted}
            connection.execute(_tasks.update().where(_tasks.c.id == task.id).values(values))
            note(connection, self._db.clock(), gold.author, "add_gold", task.id)

    def gold(self, task_id: str) -> Gold | None:
        """The known answer to a task, or None."""
        with self._db.read() as connection:
            row = connection.execute(sa.select(_golds).where(_golds.c.task_id == task_id)).mappings().first()
            return None if row is None else from_row(Gold, row)

    def golds(self, project: str | None = None) -> list[Gold]:
        """All known answers (of one project), in the order of their tasks."""
        query = sa.select(_golds).join(_tasks, _tasks.c.id == _golds.c.task_id).order_by(_tasks.c.seq)
        if project is not None:
            query = query.where(_tasks.c.project == project)
        with self._db.read() as connection:
            return fetch(connection, Gold, query)


def gold_due(connection: sa.Connection, annotator: str, rules: GoldRules) -> bool | None:
    """Whether the annotator's next task is to be gold for training (True), gold in silence (False), or not (None).

    The draw depends on the annotator and their last answer alone, so that asking again draws the same.
    """
    if rules.training:
        trained = sa.select(sa.func.count()).where(
            _corrections.c.annotator == annotator,
            sa.text("gold"),
            _corrections.c.current,
            sa.not_(_corrections.c.review),
            _corrections.c.answer.not_in(_PASSED_OVER),
        )
        if connection.execute(trained).scalar_one() < rules.training:
            return True
    if not rules.share:
        return None
    newest = _corrections.c.submitted_at.desc(), _corrections.c.seq.desc()
    last = sa.select(_corrections.c.id).where(_corrections.c.annotator == annotator).order_by(*newest).limit(1)
    drawn = random.Random(f"gold {annotator} {connection.scalar(last)}").random()
    return False if drawn < rules.share else None


def take_gold(connection: sa.Connection, desk: Desk, until: float, *, training: bool) -> Lease | None:
    """The desk's oldest gold task that the annotator has not met, leased to them; it has room for everybody."""
    query = (
        sa.select(_tasks)
        .where(_tasks.c.project.in_(desk.projects), sa.text("gold"), _tasks.c.state == TaskState.OPEN.value)
        .where(never_met(sa.literal(desk.annotator)))
        .order_by(_tasks.c.seq)
        .limit(1)
    )
    if desk.longest is not None:
        query = query.where(_tasks.c.characters <= desk.longest)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    lease = Lease(task=from_row(Task, row), annotator=desk.annotator, expires_at=until, training=training)
    add(connection, _leases, [to_row(_leases, lease) | {"task_id": lease.task.id}], "annotator")
    kept = connection.scalar(sa.select(_leases.c.task_id).where(_leases.c.annotator == desk.annotator))
    return lease if kept == lease.task.id else None

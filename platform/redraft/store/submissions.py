"""Submissions: an answer is taken exactly once, gives its place on the task up for good, and may be reopened."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from redraft.errors import LeaseLost, WorklistError
from redraft.records import Correction, Submission, Task, TaskState
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.checks import Original, checked, taken_before
from redraft.store.closing import close_lease, insert
from redraft.store.desks import GIVEN
from redraft.store.engine import Database
from redraft.store.ready import Ready
from redraft.store.rows import check_text, find, from_row
from redraft.store.users import refuse_disabled

_corrections = tables.corrections
_drafts = tables.drafts
_leases = tables.leases
_tasks = tables.tasks
_users = tables.users


class SubmissionPart:
    """The part of the store that takes answers."""

    _db: Database

    def submit(self, submission: Submission) -> Correction:
        """Store an annotator's answer, with the text that the edits give; the same nonce again changes nothing.

        Raises:
            LeaseLost: the annotator does not hold the task (any more), or it was answered by someone else.
            WorklistError: there is no such task, or the nonce came with another submission before.
            EditError: edits, marks or the corrected text do not fit the response, or do not fit the answer.
            NotAllowed: the annotator's account is disabled.
        """
        for what in ("task_id", "annotator", "nonce"):
            check_text(what, getattr(submission, what))
        with self._db.steps() as connection:
            row = _held_task().run(connection, _names(submission)).first()
            if row is None or row.disabled:
                refuse_disabled(connection, submission.annotator)
                raise WorklistError(f"there is no task {submission.task_id}: take the next task")
            before = taken_before(connection, submission) if row.answered else None
            if before is not None:
                return before
            now = self._db.clock()
            if row.expires_at is None or row.expires_at <= now:
                raise _lost(row.state, submission.task_id)
            correction = checked(Original.of(row), submission, now, gold=row.gold)
            if not close_lease(self._db, connection, correction, submission.nonce):
                before = taken_before(connection, submission)
                if before is None:
                    raise _lost(row.state, submission.task_id)
                return before
            return correction

    def revise(self, correction_id: str, submission: Submission) -> Correction:
        """Put another answer in place of an earlier one of the same annotator; the same nonce again changes nothing.

        The earlier one stays stored and is no longer current.

        Raises:
            WorklistError: there is no such answer of theirs, or it can no longer be reopened, and why; or the nonce
                came with another submission before.
            EditError, NotAllowed: as for ``submit``.
        """
        for what in ("task_id", "annotator", "nonce"):
            check_text(what, getattr(submission, what))
        with self._db.write() as connection:
            refuse_disabled(connection, submission.annotator)
            task = lock_task(connection, submission.task_id)
            before = taken_before(connection, submission)
            if before is not None:
                return before
            last = find(connection, _corrections, Correction, correction_id)
            if last is None or (last.annotator, last.task_id) != (submission.annotator, submission.task_id):
                raise WorklistError(f"there is no answer {correction_id} of {submission.annotator} to that task")
            why_not = _why_not_reopened(connection, last, submission)
            if why_not:
                raise WorklistError(f"answer {last.id} cannot be reopened: {why_not}")
            now = self._db.clock()
            correction = checked(Original.of(task), submission, now, revision=last.revision + 1)
            supersede(connection, _corrections.c.id == last.id)
            insert(connection, correction, submission.nonce)
            theirs = sa.and_(_drafts.c.task_id == task.id, _drafts.c.annotator == last.annotator)
            connection.execute(_drafts.delete().where(theirs))
            note(connection, now, correction.annotator, "revise", f"{correction.answer} {correction.id}")
            return correction


def lock_task(connection: sa.Connection, task_id: str) -> Task:
    """The task, whose places and answers nobody else changes until the transaction ends; WorklistError without one."""
    query = sa.select(_tasks).where(_tasks.c.id == task_id).with_for_update(key_share=True)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise WorklistError(f"there is no task {task_id}: take the next task")
    return from_row(Task, row)


def supersede(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Make current answers earlier revisions.

    Raises:
        WorklistError: one was taken into a dataset version meanwhile.
    """
    current = sa.and_(which, _corrections.c.current)
    stale = _corrections.update().where(current, sa.not_(_corrections.c.frozen)).values(current=False)
    connection.execute(stale)
    if connection.execute(sa.select(_corrections.c.id).where(current)).first() is not None:
        raise WorklistError("the answer is in a dataset version already, and stays as it is")


def _why_not_reopened(connection: sa.Connection, last: Correction, submission: Submission) -> str | None:
    if not last.current:
        return "a later version of it is there, reopen that one"
    if last.review:
        return "it is a review, send the review again"
    if last.gold:
        return "its right answer was known"
    if last.answer.value not in GIVEN or submission.answer.value not in GIVEN:
        return "only corrections, marks and clean answers can be changed, and only into each other"
    if last.frozen:
        return "it is in a dataset version already"
    reviewed = sa.select(_corrections.c.id).where(
        _corrections.c.task_id == last.task_id, _corrections.c.review, _corrections.c.current
    )
    return None if connection.execute(reviewed).first() is None else "a reviewer has looked at it already"


def _lost(state: str, task_id: str) -> LeaseLost:
    if state == TaskState.DONE.value:
        return LeaseLost(f"task {task_id} was already answered: take the next task")
    return LeaseLost(f"the lease on task {task_id} ran out or is someone else's: take the next task")


def _names(submission: Submission) -> dict[str, str]:
    return {"task": submission.task_id, "annotator": submission.annotator, "nonce": submission.nonce}


@cache
def _held_task() -> Ready:
    """A task, the annotator's lease on it, and what else decides whether an answer is taken."""
    annotator: sa.BindParameter[str] = sa.bindparam("annotator", type_=sa.String)
    lease = sa.and_(_leases.c.task_id == _tasks.c.id, _leases.c.annotator == annotator)
    task = (_tasks.c[name] for name in ("id", "round", "text", "arm", "project", "state", "gold"))
    answered = sa.exists().where(_corrections.c.nonce == sa.bindparam("nonce"))
    return Ready(
        sa.select(*task, _leases.c.expires_at, _users.c.disabled, answered.label("answered"))
        .select_from(_tasks.outerjoin(_leases, lease).outerjoin(_users, _users.c.name == annotator))
        .where(_tasks.c.id == sa.bindparam("task"))
    )

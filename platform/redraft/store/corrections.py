"""Corrections: a submission is taken exactly once, checked on this side, and used for training exactly once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from redraft.errors import EditError, LeaseLost, WorklistError
from redraft.records import Answer, Correction, Submission, Task, TaskState, stable_id
from redraft.segments import apply_edits
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.policies import promoted_ancestry
from redraft.store.rows import check_text, fetch, from_row, to_row
from redraft.store.users import refuse_disabled

MAX_CHARACTERS = 20_000
"""Longest corrected text that is accepted."""

_tasks = tables.tasks
_corrections = tables.corrections


class CorrectionPart:
    """The part of the store that annotators fill and datasets are built from."""

    _db: Database

    def submit(self, submission: Submission) -> Correction:
        """Store an annotator's answer, with the text that the edits give; the same nonce again changes nothing.

        Raises:
            LeaseLost: the annotator does not hold the task (any more), or it was answered by someone else.
            WorklistError: there is no such task, or the nonce came with another submission before.
            EditError: the edits do not fit the text, or do not fit the answer.
            NotAllowed: the annotator's account is disabled.
        """
        with self._db.write() as connection:
            refuse_disabled(connection, submission.annotator)
            query = sa.select(_tasks).where(_tasks.c.id == submission.task_id).with_for_update()
            row = connection.execute(query).mappings().first()
            if row is None:
                raise WorklistError(f"there is no task {submission.task_id}: take the next task")
            before = _answered(connection, submission)
            if before is not None:
                return before
            now = self._db.clock()
            _check_lease(row, submission, now)
            correction = _correct(from_row(Task, row), submission, now)
            connection.execute(
                _corrections.insert().values(to_row(_corrections, correction) | {"nonce": submission.nonce})
            )
            _close_task(connection, correction)
            note(connection, now, correction.annotator, "submit", f"{correction.answer} {correction.id}")
            return correction

    def corrections(self, round: int | None = None, answer: Answer | None = None) -> list[Correction]:
        """The answers given so far (in one round, of one kind), oldest first."""
        query = sa.select(_corrections).order_by(_corrections.c.submitted_at, _corrections.c.seq)
        if round is not None:
            query = query.where(_corrections.c.round == round)
        if answer is not None:
            query = query.where(_corrections.c.answer == answer.value)
        with self._db.read() as connection:
            return fetch(connection, Correction, query)

    def unused_corrections(self) -> list[Correction]:
        """Corrected responses that the promoted policy was not trained on, oldest first.

        Used is what is in the dataset version of the promoted policy or of one of its ancestors; so the corrections of
        a rejected candidate come back, and none is used twice.
        """
        members, lineage = tables.dataset_corrections, promoted_ancestry()
        used = sa.select(members.c.correction_id).where(members.c.dataset_id.in_(sa.select(lineage.c.dataset)))
        query = (
            sa.select(_corrections)
            .where(_corrections.c.answer == Answer.CORRECTED.value, _corrections.c.id.not_in(used))
            .order_by(_corrections.c.submitted_at, _corrections.c.seq)
        )
        with self._db.read() as connection:
            return fetch(connection, Correction, query)


def _answered(connection: sa.Connection, submission: Submission) -> Correction | None:
    query = sa.select(_corrections).where(_corrections.c.nonce == submission.nonce)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    stored = from_row(Correction, row)
    same = ("task_id", "annotator", "answer", "edits")
    if any(getattr(stored, name) != getattr(submission, name) for name in same):
        raise WorklistError(f"nonce {submission.nonce} was already used for another submission: send a new one")
    return stored


def _check_lease(task: sa.RowMapping, submission: Submission, now: float) -> None:
    if task["state"] == TaskState.DONE.value:
        raise LeaseLost(f"task {submission.task_id} was already answered: take the next task")
    if task["leased_by"] != submission.annotator or task["lease_expires"] <= now:
        raise LeaseLost(f"the lease on task {submission.task_id} ran out or is someone else's: take the next task")


def _correct(task: Task, submission: Submission, now: float) -> Correction:
    return Correction(
        id=stable_id("correction", task.id, submission.annotator),
        task_id=task.id,
        round=task.round,
        annotator=submission.annotator,
        answer=submission.answer,
        original=task.text,
        corrected=_corrected_text(task.text, submission),
        edits=submission.edits,
        arm=task.arm,
        seconds=submission.seconds,
        submitted_at=now,
    )


def _corrected_text(original: str, submission: Submission) -> str:
    if submission.answer is not Answer.CORRECTED:
        if submission.edits:
            raise EditError(f"an answer of {submission.answer} takes no edits, got {len(submission.edits)}")
        return original
    for edit in submission.edits:
        check_text(f"the replacement at {edit.start}", edit.replacement)
    corrected = apply_edits(original, submission.edits)
    if corrected == original:
        raise EditError("the edits change nothing: edit the wrong words, or answer that the response is clean")
    if not corrected.strip():
        raise EditError("the edits leave no text: keep what is right, or skip the task")
    if len(corrected) > MAX_CHARACTERS:
        raise EditError(f"the corrected text has {len(corrected)} characters, more than {MAX_CHARACTERS}")
    return corrected


def _close_task(connection: sa.Connection, correction: Correction) -> None:
    values: dict[str, Any] = {"state": TaskState.DONE.value, "leased_by": None, "lease_expires": None}
    if correction.answer is Answer.SKIPPED:
        values |= {"state": TaskState.OPEN.value, "skips": _tasks.c.skips + 1}
    connection.execute(_tasks.update().where(_tasks.c.id == correction.task_id).values(values))

"""Reviews: a reviewer's version of an answer, stored beside the annotators' and standing in for them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from redraft.errors import WorklistError
from redraft.records import Answer, Correction, Submission, Task, TaskState
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.checks import Original, checked, taken_before
from redraft.store.closing import insert
from redraft.store.corrections import reviewed
from redraft.store.desks import GIVEN
from redraft.store.engine import Database
from redraft.store.rows import check_text, fetch
from redraft.store.submissions import lock_task, supersede
from redraft.store.users import refuse_disabled

_corrections = tables.corrections
_leases = tables.leases
_tasks = tables.tasks

_BY_ANNOTATORS = sa.and_(
    _corrections.c.current,
    sa.not_(_corrections.c.review),
    sa.not_(_corrections.c.gold),
    _corrections.c.answer.in_(GIVEN),
)


class ReviewPart:
    """The part of the store that reviewers work with."""

    _db: Database

    def review(self, submission: Submission, *, of_gold: bool = False) -> Correction:
        """Store a reviewer's version of a task's answer, in place of an earlier review; no lease is needed.

        A task that was flagged is done with it. ``of_gold`` says that a gold task is meant, whose answers are otherwise
        judged by the known one. The same nonce again changes nothing.

        Raises:
            WorklistError: there is no such task, nobody else has answered it, the reviewer did so themselves, its
                review is in a dataset version already, or the nonce came with another submission before.
            EditError, NotAllowed: as for ``submit``.
        """
        for what in ("task_id", "annotator", "nonce"):
            check_text(what, getattr(submission, what))
        with self._db.write() as connection:
            refuse_disabled(connection, submission.annotator)
            task = lock_task(connection, submission.task_id)
            before = taken_before(connection, submission, review=True)
            if before is not None:
                return before
            revision = _next_revision(connection, task, submission, of_gold)
            now = self._db.clock()
            correction = checked(Original.of(task), submission, now, revision=revision, review=True, gold=task.gold)
            supersede(connection, sa.and_(_corrections.c.task_id == task.id, _corrections.c.review))
            insert(connection, correction, submission.nonce)
            if task.state is TaskState.FLAGGED and not task.gold:
                _set_state(connection, task.id, TaskState.DONE)
            note(connection, now, correction.annotator, "review", f"{correction.answer} {correction.id}")
            return correction

    def to_review(self, limit: int = 50, *, project: str | None = None) -> list[Task]:
        """Tasks without a review (of one project): flagged, then answered differently by several, then the newest."""
        found: dict[str, Task] = {}
        with self._db.read() as connection:
            for query in (_flagged(), _differing(), _answered()):
                if project is not None:
                    query = query.where(_tasks.c.project == project)
                if len(found) < limit:
                    for task in fetch(connection, Task, query.limit(limit)):
                        found.setdefault(task.id, task)
        return list(found.values())[:limit]

    def resolve_flag(self, task_id: str, state: TaskState, *, actor: str) -> None:
        """Put a flagged task back on the worklist (OPEN), or take it off for good (RETIRED).

        Put back, it waits for the answers that it still wants, if any.

        Raises:
            WorklistError: there is no such task, it is not flagged, or ``state`` is neither.
        """
        if state not in (TaskState.OPEN, TaskState.RETIRED):
            raise WorklistError(f"a flagged task is put back as open or retired, not as {state}")
        with self._db.write() as connection:
            task = lock_task(connection, task_id)
            if task.state is not TaskState.FLAGGED:
                raise WorklistError(f"task {task_id} is {task.state}, not flagged: there is nothing to resolve")
            if state is TaskState.OPEN:
                _put_back(connection, task)
            else:
                _set_state(connection, task_id, TaskState.RETIRED)
            note(connection, self._db.clock(), actor, "resolve_flag", f"{task_id} {state}")


def _next_revision(connection: sa.Connection, task: Task, submission: Submission, of_gold: bool) -> int:
    """The number of the review to come; WorklistError if there may be none."""
    if submission.answer.value not in GIVEN:
        raise WorklistError(f"a review says what is right: it cannot be {submission.answer}")
    if task.gold and not of_gold:
        raise WorklistError(f"task {task.id} has a known answer: change that instead")
    query = sa.select(_corrections).where(_corrections.c.task_id == task.id)
    answers = fetch(connection, Correction, query)
    if any(a.annotator == submission.annotator and not a.review for a in answers):
        raise WorklistError(f"{submission.annotator} has answered task {task.id}: somebody else must review it")
    if not any(a.current and not a.review and a.answer is not Answer.SKIPPED for a in answers):
        raise WorklistError(f"nobody has answered task {task.id} yet: there is nothing to review")
    return 1 + max((a.revision for a in answers if a.review), default=-1)


def _put_back(connection: sa.Connection, task: Task) -> None:
    def count(query: sa.Select[Any]) -> int:
        return int(connection.execute(query).scalar_one())

    held = count(sa.select(sa.func.count()).where(_leases.c.task_id == task.id))
    given = count(sa.select(sa.func.count()).where(_corrections.c.task_id == task.id, _BY_ANNOTATORS))
    if task.gold:
        held = given = 0
    due = max(task.wanted - given, held)
    state = TaskState.OPEN if due > held else TaskState.LEASED if held else TaskState.DONE
    _set_state(connection, task.id, state, free=due - held, due=due)


def _set_state(connection: sa.Connection, task_id: str, state: TaskState, *, free: int = 0, due: int = 0) -> None:
    values = {"state": state.value, "free": free, "due": due}
    connection.execute(_tasks.update().where(_tasks.c.id == task_id).values(values))


def _flagged() -> sa.Select[Any]:
    return sa.select(_tasks).where(sa.text("state = 'flagged'")).order_by(_tasks.c.seq)


def _differing() -> sa.Select[Any]:
    said = _corrections.c.answer + ":" + _corrections.c.corrected
    marks = sa.case((_corrections.c.answer == Answer.MARKED.value, _corrections.c.marks), else_="")
    answers = sa.select(sa.func.count(sa.distinct(said + marks))).where(
        _corrections.c.task_id == _tasks.c.id, _BY_ANNOTATORS
    )
    several = sa.and_(sa.text("wanted > 1"), answers.scalar_subquery() > 1)
    return sa.select(_tasks).where(several, sa.not_(reviewed(_tasks.c.id))).order_by(_tasks.c.seq)


def _answered() -> sa.Select[Any]:
    later = _corrections.alias("later")
    newer = sa.exists().where(
        later.c.task_id == _corrections.c.task_id,
        later.c.seq > _corrections.c.seq,
        later.c.current,
        sa.not_(later.c.review),
        later.c.answer.in_(GIVEN),
    )
    return (
        sa.select(_tasks)
        .join(_corrections, _corrections.c.task_id == _tasks.c.id)
        .where(_BY_ANNOTATORS, sa.not_(newer), sa.not_(reviewed(_tasks.c.id)))
        .order_by(_corrections.c.seq.desc())
    )

"""Reading how the work goes: who is at it, how long it waits, what it took, and what people decided about policies."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from redraft.records import MAIN_PROJECT, Answer, Arm, Record, TaskState
from redraft.store import tables
from redraft.store.audit import AuditEntry
from redraft.store.engine import Database
from redraft.store.rows import fetch

_corrections = tables.corrections
_leases = tables.leases
_tasks = tables.tasks
_rounds = tables.rounds


class AtWork(Record):
    """Somebody who holds tasks now or answered lately; ``last`` is when they last submitted, if lately."""

    annotator: str
    holds: int
    answers: int
    last: float | None


class RoundEffort(Record):
    """What people put into the tasks of one round: answers, those that correct something, active seconds."""

    round: int
    answers: int
    corrected: int
    seconds: float


class WatchPart:
    """The part of the store that the monitor reads."""

    _db: Database

    def at_work(self, *, within: float = 3600.0) -> list[AtWork]:
        """Whoever holds a live lease or submitted within so many seconds, by name."""
        now = self._db.clock()
        held = sa.select(_leases.c.annotator, sa.func.count()).where(_leases.c.expires_at > now)
        lately = sa.and_(_corrections.c.current, _corrections.c.submitted_at > now - within)
        answered = sa.select(_corrections.c.annotator, sa.func.count(), sa.func.max(_corrections.c.submitted_at)).where(
            lately
        )
        with self._db.read() as connection:
            holds = {name: n for name, n in connection.execute(held.group_by(_leases.c.annotator))}
            answers = {name: (n, at) for name, n, at in connection.execute(answered.group_by(_corrections.c.annotator))}
        return [
            AtWork(annotator=name, holds=holds.get(name, 0), answers=n, last=at)
            for name in sorted({*holds, *answers})
            for n, at in [answers.get(name, (0, None))]
        ]

    def waiting_since(self, project: str = MAIN_PROJECT) -> float | None:
        """When the round began that the oldest open task is of; None if none is open or it is of no round."""
        oldest = (
            sa.select(sa.func.min(_tasks.c.round))
            .where(_tasks.c.project == project, _tasks.c.state == TaskState.OPEN.value)
            .scalar_subquery()
        )
        with self._db.read() as connection:
            return connection.scalar(sa.select(_rounds.c.started_at).where(_rounds.c.number == oldest))

    def effort(self, project: str = MAIN_PROJECT) -> list[RoundEffort]:
        """What people put into each round, known answers left out; reviewers' time counts, their answers do not."""
        answers = sa.func.count().filter(~_corrections.c.review)
        corrected = sa.func.count().filter(~_corrections.c.review, _corrections.c.answer == Answer.CORRECTED.value)
        query = (
            sa.select(
                _corrections.c.round,
                answers.label("answers"),
                corrected.label("corrected"),
                sa.func.sum(_corrections.c.seconds).label("seconds"),
            )
            .where(_corrections.c.project == project, _corrections.c.current, ~_corrections.c.gold)
            .group_by(_corrections.c.round)
            .order_by(_corrections.c.round)
        )
        with self._db.read() as connection:
            return fetch(connection, RoundEffort, query)

    def random_arm(self, policy: str) -> list[bool]:
        """Whether each answered response of a policy's random arm was wrong, oldest first."""
        wrong = _corrections.c.answer == Answer.CORRECTED.value
        judged = _corrections.c.answer.in_([Answer.CORRECTED.value, Answer.CLEAN.value])
        query = (
            sa.select(wrong)
            .join(_tasks, _tasks.c.id == _corrections.c.task_id)
            .where(_corrections.c.project == MAIN_PROJECT, _corrections.c.current, judged)
            .where(~_corrections.c.review, ~_corrections.c.gold)
            .where(_tasks.c.policy == policy, _tasks.c.arm == Arm.RANDOM.value)
            .order_by(_corrections.c.submitted_at, _corrections.c.seq)
        )
        with self._db.read() as connection:
            return [bool(found) for found in connection.scalars(query)]

    def deeds(self, actions: Sequence[str], *, limit: int = 20) -> list[AuditEntry]:
        """The newest lines of the audit log about these actions, newest first."""
        log = tables.audit
        query = sa.select(log).where(log.c.action.in_(actions)).order_by(log.c.seq.desc()).limit(limit)
        with self._db.read() as connection:
            return fetch(connection, AuditEntry, query)

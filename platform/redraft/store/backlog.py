"""How the worklist stands: what waits, what is in work, and what was answered."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from redraft.records import MAIN_PROJECT, Lease, Record, TaskState
from redraft.store import tables
from redraft.store.desks import GIVEN, look, never_met
from redraft.store.engine import Database
from redraft.store.leases import held
from redraft.store.rows import check_text

MOST_WAITING = 1000
"""Tasks beyond which counting for one annotator stops."""

_corrections = tables.corrections
_leases = tables.leases
_tasks = tables.tasks


class WorklistCounts(Record):
    """Tasks by state, and answers by kind; gold tasks, reviews and superseded answers are left out.

    A task whose lease ran out counts as open. Of those of ``open``, ``open_skipped`` were skipped by somebody, and
    ``open_answered``, not among them, have an answer and wait for another person's. ``done`` counts tasks, and
    ``corrected``, ``clean``, ``marked`` and ``skipped`` answers, several of which may be of one task. ``flagged``
    counts tasks that wait for a reviewer.
    """

    open: int
    open_skipped: int
    open_answered: int = 0
    leased: int
    done: int
    retired: int
    flagged: int = 0
    corrected: int
    clean: int
    marked: int = 0
    skipped: int


class BacklogPart:
    """The part of the store that counts the worklist."""

    _db: Database

    def counts(self, round: int | None = None, project: str | None = MAIN_PROJECT) -> WorklistCounts:
        """How the worklist of one project, or with None of all, stands (in one round)."""
        states = sa.select(_tasks.c.state, sa.func.count()).where(sa.not_(_tasks.c.gold)).group_by(_tasks.c.state)
        answers = sa.select(_corrections.c.answer, sa.func.count()).group_by(_corrections.c.answer)
        answers = answers.where(_corrections.c.current, sa.not_(_corrections.c.review), sa.not_(_corrections.c.gold))
        late = _expired(self._db.clock())
        skipped = sa.select(sa.func.count()).where(tables.WAITING, _tasks.c.skips > 0)
        begun = sa.select(sa.func.count()).where(tables.WAITING, _tasks.c.skips == 0, _tasks.c.wanted > 1, _answered())
        with self._db.read() as connection:

            def count(query: sa.Select[*tuple[Any, ...]], table: sa.Table = _tasks) -> Any:
                return connection.execute(_of(query, table, round, project))

            task = {state: n for state, n in count(states)}
            answer = {kind: n for kind, n in count(answers, _corrections)}
            ended, ended_skipped, ended_begun = count(late).one()
            return WorklistCounts(
                open=task.get("open", 0) + ended,
                open_skipped=count(skipped).scalar_one() + ended_skipped,
                open_answered=count(begun).scalar_one() + ended_begun,
                leased=task.get("leased", 0) - ended,
                **{state: task.get(state, 0) for state in ("done", "retired", "flagged")},
                **{kind: answer.get(kind, 0) for kind in ("corrected", "clean", "marked", "skipped")},
            )

    def waiting(self, annotator: str) -> int:
        """Tasks that the annotator may be given from here on, without the one they hold; at most ``MOST_WAITING``."""
        check_text("the annotator's name", annotator)
        with self._db.read() as connection:
            desk = look(connection, annotator, self._db.clock())
            if desk.disabled or not desk.projects:
                return 0
            left = sa.select(_tasks.c.seq).where(_tasks.c.project.in_(desk.projects), tables.WAITING)
            left = left.where(never_met(sa.literal(annotator)))
            mine = sa.select(_leases.c.task_id).where(_leases.c.annotator == annotator)
            left = left.where(_tasks.c.id != sa.func.coalesce(mine.scalar_subquery(), ""))
            if desk.longest is not None:
                left = left.where(_tasks.c.characters <= desk.longest)
            return connection.execute(
                sa.select(sa.func.count()).select_from(left.limit(MOST_WAITING).subquery())
            ).scalar_one()

    def active_leases(self, project: str | None = None) -> list[Lease]:
        """Who holds what now (in one project), those first whose lease runs out first."""
        live = _leases.c.expires_at > self._db.clock()
        with self._db.read() as connection:
            return held(connection, live if project is None else sa.and_(live, _tasks.c.project == project))


def _expired(now: float) -> sa.Select[int, int, int]:
    """Tasks without a free place that have one by now: how many, how many that were skipped, and only answered."""
    skipped = _tasks.c.skips > 0
    return (
        sa.select(
            sa.func.count(),
            sa.func.count().filter(skipped),
            sa.func.count().filter(sa.not_(skipped), _answered()),
        )
        .select_from(_tasks)
        .where(_tasks.c.id.in_(sa.select(_leases.c.task_id).where(_leases.c.expires_at <= now)))
        .where(_tasks.c.state == TaskState.LEASED.value, sa.not_(_tasks.c.gold))
    )


def _answered() -> sa.ColumnElement[bool]:
    given = sa.and_(_corrections.c.current, sa.not_(_corrections.c.review), _corrections.c.answer.in_(GIVEN))
    return sa.exists().where(_corrections.c.task_id == _tasks.c.id, given)


def _of(
    query: sa.Select[*tuple[Any, ...]], table: sa.Table, round: int | None, project: str | None
) -> sa.Select[*tuple[Any, ...]]:
    if round is not None:
        query = query.where(table.c.round == round)
    return query if project is None else query.where(table.c.project == project)

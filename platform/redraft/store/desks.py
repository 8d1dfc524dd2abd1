"""Desks: what is known of an annotator who asks for work, and which tasks may come to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from redraft.records import Answer, WorkFilter
from redraft.store import tables
from redraft.store.ready import Ready

_corrections = tables.corrections
_leases = tables.leases
_projects = tables.projects
_tasks = tables.tasks
_users = tables.users

GIVEN = (Answer.CORRECTED.value, Answer.CLEAN.value, Answer.MARKED.value)
"""Answers that a task wants; who skips or flags leaves theirs to somebody else."""

ONE: sa.ColumnElement[int] = sa.literal_column("1")
"""A limit that is no parameter: PostgreSQL plans for one row then, and plans only once."""

_ANNOTATOR: sa.BindParameter[str] = sa.bindparam("annotator", type_=sa.String)


@dataclass(frozen=True)
class Desk:
    """An annotator who asks for work.

    ``projects`` are those that may be handed out to them, ``longest`` is their limit in characters; ``holds`` says that
    they have a lease, ``late`` that somebody's lease has run out.
    """

    annotator: str
    disabled: bool
    holds: bool
    projects: tuple[str, ...]
    longest: int | None
    late: bool


def look(connection: sa.Connection, annotator: str, now: float) -> Desk:
    """Everything that decides which tasks an annotator may be given."""
    rows = _looked().run(connection, {"annotator": annotator, "now": now}).all()
    work = WorkFilter.model_validate_json(rows[0].work) if rows and rows[0].work else WorkFilter()
    usable = (row.id for row in rows if row.open and not row.spent)
    return Desk(
        annotator=annotator,
        disabled=any(row.disabled for row in rows),
        holds=any(row.holds is not None for row in rows),
        projects=tuple(id for id in usable if not work.projects or id in work.projects),
        longest=work.longest,
        late=any(row.late for row in rows),
    )


def most_urgent(connection: sa.Connection, desk: Desk) -> list[str]:
    """The desk's projects that have a task for the annotator, the one with the most urgent task first."""
    if len(desk.projects) < 2:
        return list(desk.projects)
    found = []
    for project in desk.projects:
        row = connection.execute(next_task(desk.longest is not None), names(desk, project)).first()
        if row is not None:
            found.append((row.skips, -row.priority, row.seq, project))
    return [project for *_, project in sorted(found)]


@cache
def next_task(with_longest: bool) -> sa.Select[Any]:
    """What was skipped least, then the highest priority, then the oldest; straight from the index ``ix_tasks_next``.

    Its parameters are ``names``.
    """
    query = (
        sa.select(_tasks.c.id, _tasks.c.skips, _tasks.c.priority, _tasks.c.seq)
        .where(_tasks.c.project == sa.bindparam("in_project"), tables.WAITING, never_met(_ANNOTATOR))
        .order_by(_tasks.c.skips, _tasks.c.priority.desc(), _tasks.c.seq)
        .limit(ONE)
    )
    return query.where(_tasks.c.characters <= sa.bindparam("longest")) if with_longest else query


def names(desk: Desk, project: str) -> dict[str, Any]:
    """Parameters of ``next_task``; none is called as a column of ``tasks``, or an update would set that."""
    return {"annotator": desk.annotator, "in_project": project, "longest": desk.longest}


def never_met(annotator: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The annotator has neither answered nor reviewed the task.

    The offset keeps PostgreSQL from making a join of it, which would read all that they ever answered.
    """
    theirs = sa.and_(_corrections.c.task_id == _tasks.c.id, _corrections.c.annotator == annotator)
    met = sa.select(_corrections.c.seq).where(theirs).limit(ONE).offset(sa.literal_column("0")).correlate(_tasks)
    return sa.not_(met.exists())


@cache
def _looked() -> Ready:
    """A row for every project, each with what there is to know of the annotator."""
    answers = sa.select(sa.func.count()).where(
        _corrections.c.project == _projects.c.id,
        _corrections.c.current,
        sa.not_(_corrections.c.review),
        sa.not_(_corrections.c.gold),
        _corrections.c.answer.in_(sa.literal_column(f"'{answer}'") for answer in GIVEN),
    )
    spent = sa.case((_projects.c.budget.is_(None), sa.false()), else_=answers.scalar_subquery() >= _projects.c.budget)
    others = _leases.alias("others")
    late = sa.exists().where(others.c.expires_at <= sa.bindparam("now", type_=sa.Double))
    people = _projects.outerjoin(_users, _users.c.name == _ANNOTATOR).outerjoin(
        _leases, _leases.c.annotator == _ANNOTATOR
    )
    return Ready(
        sa.select(
            _projects.c.id,
            _projects.c.open,
            spent.label("spent"),
            _users.c.disabled,
            _users.c.work,
            _leases.c.task_id.label("holds"),
            late.label("late"),
        )
        .select_from(people)
        .order_by(_projects.c.seq)
    )

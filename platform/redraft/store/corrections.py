"""Corrections as they stand: which answers count, and which of them no policy has learned from."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from redraft.records import MAIN_PROJECT, Answer, Correction
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.policies import promoted_ancestry
from redraft.store.rows import check_text, fetch

_corrections = tables.corrections
_members = tables.dataset_corrections

_OLDEST_FIRST = (_corrections.c.submitted_at, _corrections.c.seq)


class CorrectionPart:
    """The part of the store that datasets are built from."""

    _db: Database

    def corrections(
        self,
        round: int | None = None,
        answer: Answer | None = None,
        *,
        project: str | None = MAIN_PROJECT,
        gold: bool = False,
    ) -> list[Correction]:
        """The current answers to one project's tasks, with None to all (in one round, of one kind), oldest first.

        Reviewers' versions are among them, marked as ``review``; answers to gold tasks are with ``gold`` alone.
        """
        query = sa.select(_corrections).where(_corrections.c.current).order_by(*_OLDEST_FIRST)
        if round is not None:
            query = query.where(_corrections.c.round == round)
        if answer is not None:
            query = query.where(_corrections.c.answer == answer.value)
        if project is not None:
            query = query.where(_corrections.c.project == project)
        if not gold:
            query = query.where(sa.not_(_corrections.c.gold))
        return self._fetch(query)

    def answers_of(self, task_id: str) -> list[Correction]:
        """The current answers to a task, annotators' and the reviewer's, oldest first."""
        check_text("the task's id", task_id)
        mine = sa.and_(_corrections.c.task_id == task_id, _corrections.c.current)
        return self._fetch(sa.select(_corrections).where(mine).order_by(*_OLDEST_FIRST))

    def answers_by(self, annotator: str, limit: int = 50) -> list[Correction]:
        """An annotator's current answers, the newest first; reviews are left out."""
        check_text("the annotator's name", annotator)
        newest = _corrections.c.submitted_at.desc(), _corrections.c.seq.desc()
        theirs = sa.and_(_corrections.c.annotator == annotator, _corrections.c.current, sa.not_(_corrections.c.review))
        return self._fetch(sa.select(_corrections).where(theirs).order_by(*newest).limit(limit))

    def standing_corrections(self) -> list[Correction]:
        """The corrected responses of the loop that count, oldest first: where there is a review, it alone; no gold."""
        return self._fetch(_standing().order_by(*_OLDEST_FIRST))

    def unused_corrections(self) -> list[Correction]:
        """Standing corrections that the promoted policy was not trained on, oldest first.

        Used is what is in the dataset version of the promoted policy or of one of its ancestors; so the corrections of
        a rejected candidate come back, and none is used twice.
        """
        return self._fetch(_unused().order_by(*_OLDEST_FIRST))

    def new_corrections(self) -> list[Correction]:
        """Standing corrections that are in no dataset version yet, oldest first."""
        return self._fetch(_new().order_by(*_OLDEST_FIRST))

    def count_unused_corrections(self) -> int:
        """How many ``unused_corrections`` there are, without reading them."""
        return self._count(_unused())

    def count_new_corrections(self) -> int:
        """How many ``new_corrections`` there are, without reading them."""
        return self._count(_new())

    def freeze_unused(self) -> list[Correction]:
        """The unused corrections, which nobody can reopen from here on; again adds those that came since."""
        unused = _unused().with_only_columns(_corrections.c.id)
        with self._db.write() as connection:
            loose = sa.and_(_corrections.c.id.in_(unused), _corrections.c.current, sa.not_(_corrections.c.frozen))
            connection.execute(_corrections.update().where(loose).values(frozen=True))
            # One that was reopened in this very moment is not frozen, and left to the next time.
            frozen = _unused().where(_corrections.c.frozen).order_by(*_OLDEST_FIRST)
            return fetch(connection, Correction, frozen)

    def _fetch(self, query: sa.Select[Any]) -> list[Correction]:
        with self._db.read() as connection:
            return fetch(connection, Correction, query)

    def _count(self, query: sa.Select[Any]) -> int:
        with self._db.read() as connection:
            return int(connection.scalar(query.with_only_columns(sa.func.count())) or 0)


def reviewed(task_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether there is a reviewer's version of the task's answer."""
    reviews = _corrections.alias("reviews")
    return sa.exists().where(reviews.c.task_id == task_id, reviews.c.review, reviews.c.current)


def _standing() -> sa.Select[Any]:
    return sa.select(_corrections).where(
        _corrections.c.project == MAIN_PROJECT,
        _corrections.c.current,
        sa.not_(_corrections.c.gold),
        _corrections.c.answer == Answer.CORRECTED.value,
        sa.or_(_corrections.c.review, sa.not_(reviewed(_corrections.c.task_id))),
    )


def _new() -> sa.Select[Any]:
    return _without(_standing(), sa.select(_members.c.correction_id))


def _unused() -> sa.Select[Any]:
    lineage = promoted_ancestry()
    return _without(
        _standing(), sa.select(_members.c.correction_id).where(_members.c.dataset_id.in_(sa.select(lineage.c.dataset)))
    )


def _without(standing: sa.Select[Any], used: sa.Select[Any]) -> sa.Select[Any]:
    """Leave out the used ones, and those that give a task the same text as one of them, so as not to use it twice."""
    twin = _corrections.alias("twin")
    same = sa.and_(twin.c.task_id == _corrections.c.task_id, twin.c.corrected == _corrections.c.corrected)
    return standing.where(sa.not_(sa.exists().where(same, twin.c.id.in_(used))))

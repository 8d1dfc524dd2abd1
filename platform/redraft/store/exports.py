"""Answers on their way out: read page by page, each with what it is about, however many there are."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from redraft.records import Answer, Correction, ImageItem, ProjectKind, Record, Task
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import fetch, from_row

_corrections = tables.corrections
_tasks = tables.tasks
_images = tables.images
_members = tables.dataset_corrections
_EVALUATIONS = sa.select(tables.projects.c.id).where(tables.projects.c.kind == ProjectKind.EVALUATION.value)


class AnswerFilter(Record):
    """Which answers go out.

    Without anything, the corrected responses that stand, those of evaluations left out: their pictures are held out.
    ``datasets`` asks for the corrected responses that these
    dataset versions hold, whether they still stand or not. ``everything`` asks for every answer ever given.
    """

    project: str | None = None
    datasets: tuple[str, ...] | None = None
    everything: bool = False


class StoredAnswer(Record):
    """An answer with its task and its image; ``number`` counts answers in the order in which they were stored.

    It is ``standing`` unless it was reopened, a review stands in for it, or its right answer was known beforehand.
    """

    number: int
    correction: Correction
    task: Task
    image: ImageItem
    standing: bool


class ExportPart:
    """The part of the store that exporting reads."""

    _db: Database

    def count_answers(self, which: AnswerFilter) -> int:
        """How many answers ``answers_from`` would give."""
        query = sa.select(sa.func.count()).select_from(_corrections).where(*_wanted(which))
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def answers_from(self, which: AnswerFilter, page: int = 128) -> Iterator[StoredAnswer]:
        """The answers in the order in which they were stored, ``page`` of them in memory at a time.

        What is added while this goes on may or may not be given.
        """
        last = 0
        while found := self._page(which, last, page):
            yield from found
            last = found[-1].number

    def annotator_numbers(self) -> dict[str, int]:
        """Everybody who ever answered, numbered from 1 by their first answer; a number once given never changes."""
        first = sa.func.min(_corrections.c.seq)
        query = sa.select(_corrections.c.annotator).group_by(_corrections.c.annotator).order_by(first)
        with self._db.read() as connection:
            return {name: number for number, name in enumerate(connection.scalars(query), start=1)}

    def _page(self, which: AnswerFilter, after: int, most: int) -> list[StoredAnswer]:
        query = (
            sa.select(_corrections, _standing().label("standing"))
            .where(_corrections.c.seq > after, *_wanted(which))
            .order_by(_corrections.c.seq)
            .limit(most)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
            task_ids = {row["task_id"] for row in rows}
            tasks = {t.id: t for t in fetch(connection, Task, sa.select(_tasks).where(_tasks.c.id.in_(task_ids)))}
            image_ids = {task.image_id for task in tasks.values()}
            seen = fetch(connection, ImageItem, sa.select(_images).where(_images.c.id.in_(image_ids)))
        images = {image.id: image for image in seen}
        return [
            StoredAnswer(
                number=row["seq"],
                correction=from_row(Correction, row),
                task=tasks[row["task_id"]],
                image=images[tasks[row["task_id"]].image_id],
                standing=bool(row["standing"]),
            )
            for row in rows
        ]


def _wanted(which: AnswerFilter) -> list[sa.ColumnElement[bool]]:
    wanted: list[sa.ColumnElement[bool]] = []
    if which.project is not None:
        wanted.append(_corrections.c.project == which.project)
    if which.datasets is not None:
        held = sa.select(_members.c.correction_id).where(_members.c.dataset_id.in_(which.datasets))
        wanted.append(_corrections.c.id.in_(held))
    if not which.everything:
        wanted.append(_corrections.c.answer == Answer.CORRECTED.value)
        wanted.append(_corrections.c.project.not_in(_EVALUATIONS))
        if which.datasets is None:
            wanted.append(_standing())
    return wanted


def _standing() -> sa.ColumnElement[bool]:
    review = _corrections.alias("review")
    reviewed = sa.exists().where(review.c.task_id == _corrections.c.task_id, review.c.current, review.c.review)
    return sa.and_(_corrections.c.current, ~_corrections.c.gold, sa.or_(_corrections.c.review, ~reviewed))

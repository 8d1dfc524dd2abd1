"""Reading what people said: corrections by words and by lineage, a page at a time.

Nothing here reads a whole table into memory: a search follows the order of insertion from where it left off.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from pydantic import Field

from redraft.records import Answer, Arm, Correction, HallucinationType, Record
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import check_text, fetch, from_row

MOST_WORDS = 8
"""Words beyond these are not looked for."""

_corrections = tables.corrections
_tasks = tables.tasks
_policies = tables.policies
_datasets = tables.datasets
_members = tables.dataset_corrections


class CorrectionFilter(Record):
    """Which corrections are looked for; what is left at its default does not matter.

    Every one of ``words`` occurs in the original or in the corrected text. ``type`` is that of an edit or of a mark.
    ``dataset`` holds the correction; ``policy`` was trained on it, itself or through an ancestor. Answers that were
    reopened are left out unless ``superseded``.
    """

    words: str = Field(default="", max_length=200)
    annotator: str | None = None
    type: HallucinationType | None = None
    arm: Arm | None = None
    answer: Answer | None = None
    round: int | None = None
    project: str | None = None
    dataset: str | None = None
    policy: str | None = None
    superseded: bool = False


class FoundCorrection(Record):
    """A correction with the task that it answers; ``seq`` is its place in the order of insertion."""

    seq: int
    correction: Correction
    prompt: str
    image_id: str
    policy: str


class FoundPage(Record):
    """Corrections, newest first, and the ``seq`` before which the next page begins; None at the end."""

    rows: tuple[FoundCorrection, ...]
    older: int | None


class DatasetRow(Record):
    """A dataset version without the list of what it holds."""

    id: str
    round: int
    pairs: int
    corrections: int
    reference: str
    created_at: float


class BrowsePart:
    """The part of the store that the pages for researchers read."""

    _db: Database

    def find_corrections(self, wanted: CorrectionFilter, *, before: int | None = None, limit: int = 20) -> FoundPage:
        """The newest corrections that fit, of those inserted ahead of ``before``.

        Raises:
            DataError: the words hold what no database stores.
        """
        columns = (*_corrections.c, _tasks.c.prompt, _tasks.c.image_id, _tasks.c.policy)
        query = sa.select(*columns).join(_tasks, _tasks.c.id == _corrections.c.task_id).where(*_fitting(wanted))
        if before is not None:
            query = query.where(_corrections.c.seq < before)
        with self._db.read() as connection:
            found = connection.execute(query.order_by(_corrections.c.seq.desc()).limit(limit + 1)).mappings().all()
        rows = tuple(_found(row) for row in found[:limit])
        return FoundPage(rows=rows, older=rows[-1].seq if len(found) > limit else None)

    def count_corrections(self, wanted: CorrectionFilter, *, most: int = 10_000) -> int:
        """How many corrections fit; no more than ``most`` are counted."""
        some = sa.select(_corrections.c.seq).where(*_fitting(wanted)).limit(most).subquery()
        with self._db.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()

    def correction(self, id: str) -> FoundCorrection | None:
        """The correction of that id with its task, or None."""
        columns = (*_corrections.c, _tasks.c.prompt, _tasks.c.image_id, _tasks.c.policy)
        query = sa.select(*columns).join(_tasks, _tasks.c.id == _corrections.c.task_id)
        check_text("the id", id)
        with self._db.read() as connection:
            row = connection.execute(query.where(_corrections.c.id == id)).mappings().first()
            return None if row is None else _found(row)

    def history_of(self, task_id: str) -> list[Correction]:
        """Every answer that a task ever got, reopened ones and the reviewer's included, in the order of submission."""
        query = sa.select(_corrections).where(_corrections.c.task_id == task_id)
        with self._db.read() as connection:
            return fetch(connection, Correction, query.order_by(_corrections.c.seq))

    def annotators(self) -> list[str]:
        """Whoever submitted anything, by name."""
        query = sa.select(_corrections.c.annotator).distinct().order_by(_corrections.c.annotator)
        with self._db.read() as connection:
            return list(connection.scalars(query))

    def dataset_rows(self, *, holding: str | None = None) -> list[DatasetRow]:
        """All dataset versions (that hold a correction), oldest first."""
        size = sa.select(sa.func.count()).where(_members.c.dataset_id == _datasets.c.id).scalar_subquery()
        query = sa.select(_datasets, size.label("corrections")).order_by(_datasets.c.seq)
        if holding is not None:
            inside = sa.select(_members.c.dataset_id).where(_members.c.correction_id == holding)
            query = query.where(_datasets.c.id.in_(inside))
        with self._db.read() as connection:
            return fetch(connection, DatasetRow, query)


def _found(row: sa.RowMapping) -> FoundCorrection:
    correction = from_row(Correction, row)
    return FoundCorrection(
        seq=row["seq"],
        correction=correction,
        prompt=row["prompt"],
        image_id=row["image_id"],
        policy=row["policy"],
    )


def _fitting(wanted: CorrectionFilter) -> Iterator[sa.ColumnElement[bool]]:
    for name in ("words", "annotator", "project", "dataset", "policy"):
        check_text(f"the {name} looked for", getattr(wanted, name) or "")
    for word in wanted.words.split()[:MOST_WORDS]:
        yield sa.or_(*(c.icontains(word, autoescape=True) for c in (_corrections.c.original, _corrections.c.corrected)))
    for name in ("annotator", "arm", "answer", "round", "project"):
        value = getattr(wanted, name)
        if value is not None:
            yield _corrections.c[name] == value
    if wanted.type is not None:
        said = f'"type":"{wanted.type.value}"'  # quotes within a replacement are escaped, so they cannot look like it
        yield sa.or_(*(c.contains(said, autoescape=True) for c in (_corrections.c.edits, _corrections.c.marks)))
    if wanted.dataset is not None:
        yield _corrections.c.id.in_(_in_datasets([wanted.dataset]))
    if wanted.policy is not None:
        yield _corrections.c.id.in_(_in_datasets(_datasets_behind(wanted.policy)))
    if not wanted.superseded:
        yield _corrections.c.current


def _in_datasets(ids: Any) -> sa.Select[tuple[str]]:
    return sa.select(_members.c.correction_id).where(_members.c.dataset_id.in_(ids))


def _datasets_behind(policy: str) -> sa.Select[tuple[str]]:
    """The dataset versions of a policy version and of its ancestors."""
    columns = (_policies.c.id, _policies.c.parent, _policies.c.dataset)
    line = sa.select(*columns).where(_policies.c.id == policy).cte("line", recursive=True)
    line = line.union(sa.select(*columns).join(line, _policies.c.id == line.c.parent))
    return sa.select(line.c.dataset).where(line.c.dataset.is_not(None))

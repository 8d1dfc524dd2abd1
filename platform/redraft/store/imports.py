"""Answers that were given elsewhere: stored as they are, without a lease, and no answer twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from redraft.errors import DataError
from redraft.records import Correction, Task, TaskState
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import add, batches, to_row

_corrections = tables.corrections
_tasks = tables.tasks

Place = tuple[str, str, bool]
"""Where one answer has room: a task, an annotator, and whether it is a review."""


class ImportPart:
    """The part of the store that importing fills."""

    _db: Database

    def add_corrections(self, corrections: Sequence[Correction], tasks: Sequence[Task], *, actor: str) -> int:
        """Store finished answers with their tasks, all or nothing; what is there already stays. Returns how many came.

        An answer's id is its nonce as well, so it must depend on all that the answer says.

        Args:
            corrections: answers to ``tasks``, or to tasks that are stored already.
            tasks: what they answer, done.
            actor: who imports, for the audit log.

        Raises:
            DataError: a task is not done, or somebody has answered it otherwise already.
            StorageError: a task's response, image, policy version or project is not stored.
        """
        unfinished = [task.id for task in tasks if task.state is not TaskState.DONE]
        if unfinished:
            raise DataError(f"task {unfinished[0]} is to be imported with its answer, and is not done")
        with self._db.write() as connection:
            there = _answers(connection, {c.task_id for c in corrections})
            fresh = [c for c in corrections if c.id not in there.get(place_of(c), ())]
            for correction in fresh:
                if place_of(correction) in there:
                    raise DataError(f"{correction.annotator} has answered task {correction.task_id} otherwise already")
            done = [to_row(_tasks, task) | {"free": 0, "characters": len(task.text)} for task in tasks]
            add(connection, _tasks, done, "id")
            add(connection, _corrections, [to_row(_corrections, c) | {"nonce": c.id} for c in fresh], "id")
            if fresh:
                note(connection, self._db.clock(), actor, "import", f"{len(fresh)} answers")
            return len(fresh)

    def answer_places(self, task_ids: Iterable[str]) -> dict[Place, set[str]]:
        """The ids of the answers, reopened ones included, at every place that is taken in these tasks."""
        with self._db.read() as connection:
            return _answers(connection, task_ids)

    def known_tasks(self, task_ids: Iterable[str]) -> set[str]:
        """Those of these tasks that are stored."""
        found: set[str] = set()
        with self._db.read() as connection:
            for some in batches(task_ids):
                found |= set(connection.scalars(sa.select(_tasks.c.id).where(_tasks.c.id.in_(some))))
        return found

    def image_splits(self, image_ids: Iterable[str]) -> dict[str, str]:
        """The split of each of these images that is stored."""
        images, found = tables.images, dict[str, str]()
        with self._db.read() as connection:
            for some in batches(image_ids):
                query = sa.select(images.c.id, images.c.split).where(images.c.id.in_(some))
                found |= {id: split for id, split in connection.execute(query)}
        return found


def place_of(correction: Correction) -> Place:
    """The place that an answer takes."""
    return correction.task_id, correction.annotator, correction.review


def _answers(connection: sa.Connection, task_ids: Iterable[str]) -> dict[Place, set[str]]:
    columns = (_corrections.c.task_id, _corrections.c.annotator, _corrections.c.review, _corrections.c.id)
    found: dict[Place, set[str]] = {}
    for some in batches(task_ids):
        query = sa.select(*columns).where(_corrections.c.task_id.in_(some))
        for task, annotator, review, id in connection.execute(query):
            found.setdefault((task, annotator, bool(review)), set()).add(id)
    return found

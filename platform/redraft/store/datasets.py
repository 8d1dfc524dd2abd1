"""Dataset versions: which corrections each holds; written once, never changed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from redraft.errors import DataError, StorageError
from redraft.records import DatasetVersion
from redraft.store import tables
from redraft.store.audit import note
from redraft.store.engine import Database
from redraft.store.rows import to_row

_datasets = tables.datasets
_members = tables.dataset_corrections


class DatasetPart:
    """The part of the store that building a dataset version fills."""

    _db: Database

    def add_dataset(self, dataset: DatasetVersion, *, actor: str = "loop") -> None:
        """Register a version with its corrections; one that is there already stays as it is.

        Raises:
            DataError: a correction is in it twice.
            StorageError: a correction is not stored.
        """
        if len(set(dataset.corrections)) != len(dataset.corrections):
            raise DataError(f"dataset version {dataset.id} holds a correction twice")
        row = to_row(_datasets, dataset)
        members = [
            {"dataset_id": dataset.id, "correction_id": correction, "position": position}
            for position, correction in enumerate(dataset.corrections)
        ]
        with self._db.write() as connection:
            self._db.lock(connection, f"dataset:{dataset.id}")
            if connection.scalar(sa.select(_datasets.c.id).where(_datasets.c.id == dataset.id)):
                return
            connection.execute(_datasets.insert().values(row))
            if members:
                connection.execute(_members.insert(), members)
            note(connection, self._db.clock(), actor, "add_dataset", f"{dataset.id} {len(members)} corrections")

    def dataset(self, id: str) -> DatasetVersion:
        """One version; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return load_datasets(connection, [id])[0]

    def datasets(self) -> list[DatasetVersion]:
        """All versions, oldest first."""
        with self._db.read() as connection:
            ids = connection.scalars(sa.select(_datasets.c.id).order_by(_datasets.c.seq)).all()
            return load_datasets(connection, ids)


def load_datasets(connection: sa.Connection, ids: Sequence[str]) -> list[DatasetVersion]:
    """The versions of those ids, in that order."""
    return [_load(connection, id) for id in ids]


def _load(connection: sa.Connection, id: str) -> DatasetVersion:
    row = connection.execute(sa.select(_datasets).where(_datasets.c.id == id)).mappings().first()
    if row is None:
        raise StorageError(f"the database holds no dataset version {id}")
    members = sa.select(_members.c.correction_id).where(_members.c.dataset_id == id).order_by(_members.c.position)
    values = {name: row[name] for name in DatasetVersion.model_fields if name in row}
    return DatasetVersion(**values, corrections=tuple(connection.scalars(members)))

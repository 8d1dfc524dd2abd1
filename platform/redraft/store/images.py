"""Images, and the responses that policies wrote about them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from redraft.errors import DataError
from redraft.records import ImageItem, Response, Split
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.rows import add, batches, fetch, get, to_row

IMPORTED = "import:"
"""How the origin of an image begins that came with imported answers, whatever it was before."""


class ImagePart:
    """The part of the store that ``sample`` fills."""

    _db: Database

    def add_images(self, items: Sequence[ImageItem]) -> None:
        """Add images; those that are there already stay as they are.

        An imported image learns where it came from when somebody adds it who knows.

        Raises:
            DataError: an image is already there for another split; evaluation would no longer be held out.
        """
        rows = [to_row(tables.images, item) for item in items]
        with self._db.write() as connection:
            add(connection, tables.images, rows, "id")
            for batch in batches(items):
                _compare(connection, batch)

    def images(self, split: Split) -> list[ImageItem]:
        """The images of one split, in the order they were added."""
        query = sa.select(tables.images).where(tables.images.c.split == split.value).order_by(tables.images.c.seq)
        with self._db.read() as connection:
            return fetch(connection, ImageItem, query)

    def image(self, id: str) -> ImageItem:
        """One image; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return get(connection, tables.images, ImageItem, id)

    def used_images(self) -> set[str]:
        """Ids of the images that a task was ever made of."""
        with self._db.read() as connection:
            return set(connection.scalars(sa.select(tables.tasks.c.image_id).distinct()))

    def add_responses(self, responses: Sequence[Response]) -> None:
        """Add responses; those that are there already stay as they are.

        Raises:
            StorageError: a response's image or policy version is not stored.
        """
        rows = [to_row(tables.responses, response) for response in responses]
        with self._db.write() as connection:
            add(connection, tables.responses, rows, "id")

    def response(self, id: str) -> Response:
        """One response with its trace; StorageError if there is none of that id."""
        with self._db.read() as connection:
            return get(connection, tables.responses, Response, id)

    def responses(self, round: int) -> list[Response]:
        """The responses sampled in one round, in the order they were added."""
        query = sa.select(tables.responses).where(tables.responses.c.round == round).order_by(tables.responses.c.seq)
        with self._db.read() as connection:
            return fetch(connection, Response, query)


def _compare(connection: sa.Connection, items: Sequence[ImageItem]) -> None:
    """What is stored of the items against what they say now."""
    stored = sa.select(tables.images).where(tables.images.c.id.in_([item.id for item in items]))
    known = {image.id: image for image in fetch(connection, ImageItem, stored)}
    for item in items:
        before = known[item.id]
        if before.split != item.split:
            raise DataError(
                f"image {item.origin} is already used as {before.split} and cannot be {item.split} too: "
                "leave it out, or start a run of its own"
            )
        if before.origin.startswith(IMPORTED) and before.origin != item.origin:
            this = tables.images.c.id == item.id
            connection.execute(tables.images.update().where(this).values(origin=item.origin))

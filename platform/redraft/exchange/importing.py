"""Importing in two passes: look at every row, then take in the good ones, a few at a time and none twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np
from PIL import Image

from redraft import world
from redraft.blobs import Blobs
from redraft.errors import DataError
from redraft.exchange.entries import Entry, Into, entry_of, external_policy, refuse_held_out
from redraft.exchange.reading import Incoming, IncomingRows
from redraft.images import LoadedImage, decode_image, load_encoded, register_images
from redraft.records import Answer, Phase, Split
from redraft.sources import BadRow, SourcePair
from redraft.store import Store
from redraft.store.images import IMPORTED
from redraft.store.imports import Place, place_of

Progress = Callable[[int], None]
"""Called with how many rows have been gone through since it was last called."""

Fits = Callable[[SourcePair], str | None]
"""Why a pair cannot be trained on, or None; the policy's tokenizer knows."""

ROWS_AT_A_TIME: Final = 64
SHOWN_BAD: Final = 1000
_TAKEN = (Answer.CORRECTED, Answer.CLEAN)


@dataclass
class Checked:
    """What looking at all rows has found.

    ``bad`` are the first 1000 of the ``bad_rows`` that cannot be used. ``passed_over`` do not stand, or say neither
    that a response is wrong nor that it is right.
    """

    good: int = 0
    bad_rows: int = 0
    passed_over: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def refuse(self, row: BadRow) -> None:
        """Count a row that cannot be used."""
        self.bad_rows += 1
        if len(self.bad) < SHOWN_BAD:
            self.bad.append(row)


@dataclass(frozen=True)
class Imported:
    """How many answers (or tasks) came in, and how many were there already."""

    added: int
    known: int


class Importer:
    """Takes rows into one run. ``fits`` is asked about every pair before anything is written."""

    def __init__(self, store: Store, blobs: Blobs, into: Into, *, max_pixels: int, actor: str, fits: Fits) -> None:
        self._store, self._blobs, self._into = store, blobs, into
        self._max_pixels, self._actor, self._fits = max_pixels, actor, fits
        self._bad: set[int] = set()

    def check(self, rows: IncomingRows, progress: Progress) -> Checked:
        """Look at every row, and remember which cannot be used; nothing is written."""
        checked = Checked()
        places: dict[Place, str] = {}
        for some in _some(rows):
            entries: list[tuple[Incoming, Entry]] = []
            for row in some:
                if isinstance(row, BadRow):
                    checked.refuse(row)
                elif not _counts(row):
                    checked.passed_over += 1
                else:
                    entries += self._checked(row, checked)
            for row, problem in self._contradictions(entries, places):
                checked.refuse(self._refused(row, problem))
            checked.good += sum(row.index not in self._bad for row, _ in entries)
            progress(len(some))
        return checked

    def take(self, rows: IncomingRows, progress: Progress) -> Imported:
        """Store what ``check`` found good; doing so again changes nothing.

        Raises:
            DataError: a picture, a text or an answer is not what it was when it was checked.
            StorageError: the stores cannot be written.
        """
        added = known = 0
        for some in _some(rows):
            good = [r for r in some if isinstance(r, Incoming) and r.index not in self._bad and _counts(r)]
            loaded = [self._loaded(row) for row in good]
            entries = [self._entry(row, image) for row, image in zip(good, loaded, strict=True)]
            register_images(self._store, self._blobs, loaded, Split.POOL)
            fresh = self._stored(entries)
            added, known = added + fresh, known + len(entries) - fresh
            progress(len(some))
        return Imported(added, known)

    def _stored(self, entries: Sequence[Entry]) -> int:
        store, now = self._store, time.time()
        for policy in dict.fromkeys(entry.policy for entry in entries):
            store.add_policy(external_policy(policy, now))
        store.add_responses(list({entry.response.id: entry.response for entry in entries}.values()))
        tasks = list({entry.task.id: entry.task for entry in entries}.values())
        if self._into.as_tasks:
            known = store.known_tasks(task.id for task in tasks)
            store.add_tasks(tasks)
            return len(tasks) - len(known)
        corrections = {e.correction.id: e.correction for e in entries if e.correction is not None}
        return store.add_corrections(list(corrections.values()), tasks, actor=self._actor)

    def _checked(self, row: Incoming, checked: Checked) -> list[tuple[Incoming, Entry]]:
        """The row with its entry; nothing if it cannot be used."""
        try:
            return [(row, self._entry(row, self._looked_at(row)))]
        except DataError as e:
            checked.refuse(self._refused(row, str(e)))
            return []

    def _refused(self, row: Incoming, reason: str) -> BadRow:
        self._bad.add(row.index)
        return BadRow(index=row.index, where=row.where, reason=reason)

    def _looked_at(self, row: Incoming) -> LoadedImage:
        image, line = self._loaded(row), row.line
        if line.image_sha256 not in (None, image.id):
            raise DataError("its picture is not the one that image_sha256 tells of")
        refuse_held_out(self._store.image_splits([image.id]).get(image.id), line.image_origin)
        _refuse_false_origin(line.image_origin, row.image, self._max_pixels)
        problem = self._fits(_pair(row)) if line.answer is Answer.CORRECTED else None
        if problem is not None:
            raise DataError(problem)
        return image

    def _loaded(self, row: Incoming) -> LoadedImage:
        try:
            return load_encoded(row.line.image_origin or f"{IMPORTED}{row.where}", row.image, self._max_pixels)
        except DataError as e:
            raise DataError(f"image {e}") from e

    def _entry(self, row: Incoming, image: LoadedImage) -> Entry:
        return entry_of(row, image.id, self._into, time.time())

    def _contradictions(
        self, entries: Sequence[tuple[Incoming, Entry]], places: dict[Place, str]
    ) -> Iterator[tuple[Incoming, str]]:
        """Rows in which somebody answers a task otherwise than in an earlier row, or in an earlier import."""
        stored = self._store.answer_places({entry.task.id for _, entry in entries})
        for row, entry in entries:
            if entry.correction is None:
                continue
            place, id = place_of(entry.correction), entry.correction.id
            if places.setdefault(place, id) != id:
                yield row, f"{place[1]} answers its task otherwise in an earlier row"
            elif id not in stored.get(place, {id}):
                yield row, f"{place[1]} has answered its task otherwise in this run already"


def learning_round(store: Store) -> int:
    """The first round that can still learn from what comes in now."""
    rounds = store.rounds()
    if not rounds or rounds[-1].number == 0:
        return 1
    last = rounds[-1]
    return last.number if last.phase in (Phase.SAMPLING, Phase.ANNOTATING) else last.number + 1


def _some(rows: Iterable[Incoming | BadRow]) -> Iterator[list[Incoming | BadRow]]:
    left = iter(rows)
    while some := list(islice(left, ROWS_AT_A_TIME)):
        yield some


def _counts(row: Incoming) -> bool:
    line = row.line
    return line.standing and not line.gold and line.answer in _TAKEN


def _pair(row: Incoming) -> SourcePair:
    line = row.line
    return SourcePair(
        source="import",
        index=row.index,
        where=row.where,
        prompt=line.prompt,
        chosen=line.chosen or line.rejected,
        rejected=line.rejected,
        image=row.image,
    )


def _refuse_false_origin(origin: str | None, data: bytes, max_pixels: int) -> None:
    """Refuse a picture that claims to be one of the picture world's and is not: the loop would trust that."""
    if origin is None or not origin.startswith("world:"):
        return
    told = np.asarray(world.render(world.scene_of(origin)))
    seen: Image.Image = decode_image(data, max_pixels)
    if not np.array_equal(np.asarray(seen), told):
        raise DataError(f"its picture is not {origin}, as image_origin says")

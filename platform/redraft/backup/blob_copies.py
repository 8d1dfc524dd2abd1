"""Blobs on their way into a backup and out of it.

What was published as a folder goes back as a folder, in one step: whoever looks for it finds all of it or nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import ValidationError

from redraft.backup.files import HashingWriter, copy, measure
from redraft.backup.manifest import BLOB_LIST, BLOBS, BlobEntry, StoredBlobs
from redraft.backup.progress import Advance
from redraft.blobs import Blobs
from redraft.errors import DataError, StorageError

_BY_CONTENT = re.compile(r"[^/]+/([0-9a-f]{2})/\1[0-9a-f]{62}(\.[^/]*)?")
"""Keys that are made of the hash of what they hold; those lie alone."""


def take_blobs(backup: Path, blobs: Blobs, keys: Iterable[str], advance: Advance, *, included: bool) -> StoredBlobs:
    """Read every blob, and write the list of them; copy them, too, if they are to be ``included``."""
    size = 0
    with HashingWriter(backup, BLOB_LIST) as out:
        for key in keys:
            entry = _take(backup, blobs, key, included=included)
            out.write_line(entry.model_dump_json())
            size += entry.size
            advance(1)
    stored = out.stored()
    return StoredBlobs(**stored.model_dump(), count=out.lines, bytes=size, included=included)


def _take(backup: Path, blobs: Blobs, key: str, *, included: bool) -> BlobEntry:
    source = blobs.path(key)
    if included:
        copied = copy(backup, f"{BLOBS}/{key}", source)
        return BlobEntry(key=key, size=copied.size, sha256=copied.sha256)
    size, sha256 = measure(source)
    return BlobEntry(key=key, size=size, sha256=sha256)


def read_list(backup: Path) -> Iterator[BlobEntry]:
    """The blobs that a backup knows of, by key; DataError for a line that is none."""
    with (backup / BLOB_LIST).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield BlobEntry.model_validate_json(line)
            except ValidationError as e:
                message = e.errors()[0]["msg"]
                raise DataError(f"{backup / BLOB_LIST}, line {number}: {message}") from e


def require_there(backup: Path, blobs: Blobs) -> None:
    """Raise StorageError unless the store has a blob under every key of the list."""
    there = set(blobs.list())
    missing = [entry.key for entry in read_list(backup) if entry.key not in there]
    if missing:
        raise StorageError(
            f"the blob store {blobs.url} lacks {len(missing)} blobs of the backup, the first being {missing[0]}: name "
            "the store that holds them with --blobs, or take the backup with --blobs"
        )


def compare(blobs: Blobs, entries: Iterable[BlobEntry], advance: Advance = lambda count: None) -> None:
    """Read what the store has under these keys; StorageError if it is something else."""
    for entry in entries:
        if measure(blobs.path(entry.key)) != (entry.size, entry.sha256):
            raise StorageError(
                f"the blob store {blobs.url} holds something else under {entry.key} than the backup says: "
                "name another store with --blobs"
            )
        advance(1)


def put_back(backup: Path, blobs: Blobs, advance: Advance, *, compared: bool = True) -> None:
    """Store the blobs that the backup includes.

    What the store has already stays, and is read to see whether it is the same, unless not to be ``compared``.

    Raises:
        DataError: a blob is missing from the backup, or damaged.
        StorageError: the store has something else under a key, or fails.
    """
    for unit, found in itertools.groupby(read_list(backup), lambda entry: unit_of(entry.key)):
        entries = list(found)
        if not blobs.exists(unit):
            _store(backup, blobs, unit, entries)
        elif compared:
            compare(blobs, entries)
        advance(len(entries))


def unit_of(key: str) -> str:
    """What is published in one step: the key itself, or the folder that it lies in, two parts deep."""
    parts = key.split("/")
    return key if len(parts) < 3 or _BY_CONTENT.fullmatch(key) else "/".join(parts[:2])


def _store(backup: Path, blobs: Blobs, unit: str, entries: Sequence[BlobEntry]) -> None:
    if entries[0].key == unit:
        data = _source(backup, entries[0]).read_bytes()
        _require_whole(backup, entries[0], len(data), hashlib.sha256(data).hexdigest())
        blobs.put(unit, data)
        return
    with ExitStack() as afterwards:
        folder = blobs.scratch_folder()
        afterwards.callback(shutil.rmtree, folder, ignore_errors=True)
        for entry in entries:
            place = folder / entry.key.removeprefix(f"{unit}/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(_source(backup, entry), place)
            _require_whole(backup, entry, *measure(place))
        blobs.publish_folder(unit, folder)


def _source(backup: Path, entry: BlobEntry) -> Path:
    source = backup / BLOBS / entry.key
    if not source.is_file():
        raise DataError(f"the backup {backup} lacks the blob {entry.key}: use another backup")
    return source


def _require_whole(backup: Path, entry: BlobEntry, size: int, sha256: str) -> None:
    if (size, sha256) != (entry.size, entry.sha256):
        raise DataError(f"the blob {entry.key} of the backup {backup} is damaged: use another backup")

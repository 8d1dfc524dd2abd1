"""Files of a backup: readable by their owner alone, hashed as they are written, on the disk before they count."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

from redraft.backup.manifest import StoredFile
from redraft.errors import DataError, Outage, StorageError

CHUNK = 1 << 20


class HashingWriter:
    """A new file of a backup; on leaving the block it is on the disk."""

    def __init__(self, backup: Path, path: str) -> None:
        self._backup, self._path = backup, path
        self._digest, self.size, self.lines = hashlib.sha256(), 0, 0
        self._file: BinaryIO

    def __enter__(self) -> Self:
        place = self._backup / self._path
        make_private_folder(place.parent)
        self._file = os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())

    def write(self, data: bytes) -> None:
        """Add some bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def write_line(self, text: str) -> None:
        """Add a line."""
        self.write(text.encode("utf-8") + b"\n")
        self.lines += 1

    def stored(self) -> StoredFile:
        """What was written."""
        return StoredFile(path=self._path, size=self.size, sha256=self._digest.hexdigest())


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it, that nobody else may look into; one that is there stays as it is."""
    if not folder.exists():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def copy(backup: Path, path: str, source: Path) -> StoredFile:
    """Take a file into a backup."""
    with HashingWriter(backup, path) as out:
        for chunk in chunks(source):
            out.write(chunk)
    return out.stored()


def chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, some at a time."""
    with path.open("rb") as f:
        while chunk := f.read(CHUNK):
            yield chunk


def measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks(path):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


def require_whole(backup: Path, stored: StoredFile) -> None:
    """Raise DataError if a file of the backup is not what the manifest says."""
    place = backup / stored.path
    if not place.is_file():
        raise DataError(f"the backup {backup} lacks {stored.path}: use another backup")
    if measure(place) != (stored.size, stored.sha256):
        raise DataError(f"{place} is damaged: its size or hash is not the manifest's; use another backup")


def settle(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Make the errors of a disk ours; StorageError, or Outage for a full one."""
    try:
        yield
    except OSError as e:
        at = e.filename or folder
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Outage(f"{at}: the disk is full; free some space and run it again") from e
        raise StorageError(f"{at} cannot be used: {e.strerror or e}") from e

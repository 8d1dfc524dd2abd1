"""Copies of what a remote store holds, in a local folder that all processes of a machine share.

    ROOT/STORE/ab/ab12…/     a copy under the name of its key's last part, and .copy.json about it
    ROOT/.locks/             held while a copy is made, so that it is made once
    ROOT/.partial/           copies that are being made; renamed when whole
    ROOT/.scratch/           folders that are filled to be published

What is stored never changes, so a copy is never stale. When they take more than they may, those go that were not asked
for longest, and none that was asked for within the last hour.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from redraft.blobs.disk import disk_explained
from redraft.blobs.manifest import StoredFile
from redraft.records import Record

KEEP_SECONDS = 3600.0
_ABOUT = ".copy.json"
_ABANDONED_SECONDS = 86_400.0
_SWEEP_SHARE = 0.05
"""A process looks for what may go when it has added so much of the limit."""


class Copy(Record):
    """What is known about a copy: of a file, or of a folder with these files."""

    key: str
    folder: bool
    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all its files."""
        return sum(file.size for file in self.files)


class BlobCache:
    """Copies of one store, in a folder that other stores may share."""

    def __init__(self, root: Path, store: str, limit: int, *, keep_seconds: float = KEEP_SECONDS) -> None:
        self.root = Path(os.path.abspath(root.expanduser()))
        self.limit, self.keep_seconds = limit, keep_seconds
        self._store = self.root / hashlib.sha256(store.encode()).hexdigest()[:16]
        self._what = f"blob cache {self.root}"
        self._added = limit
        with disk_explained(self._what):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in (".locks", ".partial", ".scratch"):
                (self.root / name).mkdir(exist_ok=True)

    def obtain(self, key: str, make: Callable[[Path], Copy]) -> tuple[Path, Copy]:
        """The copy of a key; if there is none, ``make`` writes it to the path that it gets, once for all processes."""
        if found := self._find(key):
            return found
        with disk_explained(self._what), self._locked(self._digest(key)[:3]):
            if found := self._find(key):
                return found
            with self._partial() as partial:
                copy = make(partial / key.rpartition("/")[2])
                (partial / _ABOUT).write_text(copy.model_dump_json(), encoding="utf-8")
                self._put_in_place(partial, self._entry(key))
        self._added += copy.size
        if self._added > self.limit * _SWEEP_SHARE:
            self._added = 0
            self.sweep()
        return self._entry(key) / key.rpartition("/")[2], copy

    def forget(self, key: str) -> None:
        """Remove the copy of a key, which is damaged."""
        with disk_explained(self._what), self._locked("sweep"):
            shutil.rmtree(self._entry(key), ignore_errors=True)

    def scratch_folder(self) -> Path:
        """A new empty folder."""
        folder = self.root / ".scratch" / uuid.uuid4().hex
        with disk_explained(self._what):
            folder.mkdir()
        return folder

    def sweep(self) -> None:
        """Remove what was not asked for longest, until the rest is within the limit; and what dead processes left."""
        now = time.time()
        with disk_explained(self._what):
            with self._locked("sweep"):
                entries = sorted(self._used())
                total = sum(size for _, size, _ in entries)
                for used, size, entry in entries:
                    if total <= self.limit or used > now - self.keep_seconds:
                        break
                    entry.rename(self.root / ".partial" / f"gone-{uuid.uuid4().hex}")
                    total -= size
            for left in (self.root / ".partial").iterdir():
                with suppress(FileNotFoundError):  # other processes finish theirs meanwhile
                    if left.name.startswith("gone-") or left.stat().st_mtime < now - _ABANDONED_SECONDS:
                        shutil.rmtree(left, ignore_errors=True)

    def _find(self, key: str) -> tuple[Path, Copy] | None:
        """A copy that is whole; being found counts as being asked for, and no sweep runs meanwhile."""
        entry, name = self._entry(key), key.rpartition("/")[2]
        about = entry / _ABOUT
        if not about.exists():
            return None
        with disk_explained(self._what), self._locked("sweep", shared=True):
            if not about.exists():
                return None
            copy = _read(about)
            if copy is None:
                return None
            for file in copy.files:
                at = entry / name / file.name if copy.folder else entry / name
                if not at.is_file() or at.stat().st_size != file.size:
                    return None
            os.utime(about)
        return entry / name, copy

    def _put_in_place(self, partial: Path, entry: Path) -> None:
        with self._locked("sweep"):
            shutil.rmtree(entry, ignore_errors=True)
            entry.parent.mkdir(parents=True, exist_ok=True)
            partial.rename(entry)

    def _used(self) -> Iterator[tuple[float, int, Path]]:
        for about in self.root.glob(f"[0-9a-f]*/*/*/{_ABOUT}"):
            copy = _read(about)
            yield about.stat().st_mtime, copy.size if copy else 0, about.parent

    def _entry(self, key: str) -> Path:
        digest = self._digest(key)
        return self._store / digest[:2] / digest

    @staticmethod
    def _digest(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        partial = self.root / ".partial" / uuid.uuid4().hex
        partial.mkdir()
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str, *, shared: bool = False) -> Iterator[None]:
        with (self.root / ".locks" / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield


def _read(about: Path) -> Copy | None:
    """What is known about a copy; None where a machine died while it was written."""
    try:
        return Copy.model_validate_json(about.read_text(encoding="utf-8"))
    except ValidationError:
        return None

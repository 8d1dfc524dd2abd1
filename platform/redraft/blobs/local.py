"""Blobs in a local folder: files are written elsewhere and renamed, folders are filled elsewhere and renamed."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redraft.blobs.disk import disk_explained
from redraft.blobs.keys import folder_key, parts_of
from redraft.errors import StorageError

_PARTIAL = ".partial"


class LocalBlobs:
    """Blobs in a local folder (or one that all machines mount)."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        self._what = f"blob folder {self.root}"
        with disk_explained(self._what):
            (self.root / _PARTIAL).mkdir(parents=True, exist_ok=True)
        if not os.access(self.root / _PARTIAL, os.W_OK | os.X_OK):
            raise StorageError(f"{self._what} is not writable: choose another or change its permissions")

    @property
    def url(self) -> str:
        """The folder, as an absolute path."""
        return str(self.root)

    def check(self) -> str:
        """Opening it has looked at the folder already."""
        return self._what

    def put(self, key: str, data: bytes) -> None:
        """Store bytes; a key that is there already is left as it is."""
        target = self._target(key)
        if target.is_dir():
            raise StorageError(f"{self._what}: {key} is a folder, so no bytes can be put there")
        if target.exists():
            return
        with disk_explained(self._what), self._partial() as partial:
            partial.write_bytes(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)

    def get(self, key: str) -> bytes:
        """The bytes of a key; StorageError if there are none."""
        path = self.path(key)
        with disk_explained(self._what):
            return path.read_bytes()

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder under the key."""
        return self._target(key).exists()

    def path(self, key: str) -> Path:
        """Where the file or folder lies; StorageError if it is not there."""
        target = self._target(key)
        if not target.exists():
            raise StorageError(f"{self._what} holds no {key}")
        return target

    def address(self, key: str) -> str:
        """The same path, which all machines must see."""
        return str(self.path(key))

    def scratch_folder(self) -> Path:
        """A new empty folder on the same file system, so that publishing it is one rename."""
        folder = self.root / _PARTIAL / uuid.uuid4().hex
        with disk_explained(self._what):
            folder.mkdir()
        return folder

    def publish_folder(self, key: str, source: Path) -> None:
        """Move a finished folder under a key; if the key is there already it stays, and ``source`` goes."""
        target = self._target(key)
        if source.is_symlink() or not source.is_dir():
            raise StorageError(f"{source} is not a folder, so it cannot be published as {key}")
        with disk_explained(self._what):
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                self._rename(source, target)
            shutil.rmtree(source, ignore_errors=True)

    def list(self, prefix: str = "") -> list[str]:
        """The keys of all files under a folder key (everything for ``""``), sorted."""
        start = self.root / folder_key(prefix)
        found = []
        for folder, folders, files in os.walk(start):
            folders[:] = [name for name in folders if name != _PARTIAL]
            found += [(Path(folder) / name).relative_to(self.root).as_posix() for name in files]
        return sorted(found)

    def _target(self, key: str) -> Path:
        return self.root.joinpath(*parts_of(key))

    def _rename(self, source: Path, target: Path) -> None:
        try:
            source.rename(target)
        except OSError as e:
            if e.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return
            if e.errno != errno.EXDEV:
                raise
            copy = self.scratch_folder()
            shutil.copytree(source, copy, dirs_exist_ok=True)
            self._rename(copy, target)

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        partial = self.root / _PARTIAL / uuid.uuid4().hex
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)

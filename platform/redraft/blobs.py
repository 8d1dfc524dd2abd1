"""Blobs: images, dataset files and checkpoints, under keys that never change their content.

A key is a relative path with ``/`` between its parts, such as ``images/ab/ab12….png``. Whatever appears under a key
appears whole: files are written elsewhere and renamed, folders are filled elsewhere and renamed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from redraft.errors import Outage, StorageError

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=+@-]*")
_PARTIAL = ".partial"
_LONGEST_KEY = 512
_LONGEST_PART = 200


class BlobReader(Protocol):
    """Where bytes come from."""

    def get(self, key: str) -> bytes:
        """The bytes of a key; StorageError if there are none."""


class Blobs(BlobReader, Protocol):
    """Where bytes are kept. Every method raises StorageError for a key that is none, or storage that fails."""

    @property
    def url(self) -> str:
        """What ``open_blobs`` opens the same store with, from any process."""

    def put(self, key: str, data: bytes) -> None:
        """Store bytes; a key that is there already is left as it is."""

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder under the key."""

    def path(self, key: str) -> Path:
        """Where a file or folder lies on this machine, for readers that take paths; StorageError if it is not there.

        Only read there: what is stored never changes.
        """

    def scratch_folder(self) -> Path:
        """A new empty folder to fill and then ``publish_folder``; nobody sees it before that."""

    def publish_folder(self, key: str, source: Path) -> None:
        """Move a finished folder under a key, in one step; a key that is there already stays, and ``source`` goes."""

    def list(self, prefix: str = "") -> list[str]:
        """The keys of all files under a folder key (everything for ``""``), sorted."""


def content_key(prefix: str, data: bytes, suffix: str) -> str:
    """The key for bytes that are known by their SHA-256: ``prefix/ab/ab12…suffix``."""
    digest = hashlib.sha256(data).hexdigest()
    return f"{prefix}/{digest[:2]}/{digest}{suffix}"


def open_blobs(url: str) -> Blobs:
    """The blob store of a folder, given as a path or a ``file://`` URL; the folder is made if it is not there.

    Raises:
        StorageError: another kind of URL, or a folder that cannot be made or written to.
    """
    if not url.strip() or "\x00" in url:
        raise StorageError("the blob store needs a folder")
    scheme, _, rest = url.partition("://")
    if not rest and scheme == url:
        return LocalBlobs(Path(url))
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise StorageError(f"{url} names no local folder: write file:///folder")
        return LocalBlobs(Path(unquote(parts.path)))
    if scheme == "s3":
        raise StorageError("s3:// blob stores are not supported yet; give a folder")
    raise StorageError(f"{scheme}:// blob stores are not supported; give a folder")


class LocalBlobs:
    """Blobs in a local folder (or one that all machines mount)."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))
        with _explained(self.root):
            (self.root / _PARTIAL).mkdir(parents=True, exist_ok=True)
        if not os.access(self.root / _PARTIAL, os.W_OK | os.X_OK):
            raise StorageError(f"blob folder {self.root} is not writable: choose another or change its permissions")

    @property
    def url(self) -> str:
        """The folder, as an absolute path."""
        return str(self.root)

    def put(self, key: str, data: bytes) -> None:
        """Store bytes; a key that is there already is left as it is."""
        target = self._target(key)
        if target.is_dir():
            raise StorageError(f"blob folder {self.root}: {key} is a folder, so no bytes can be put there")
        if target.exists():
            return
        with _explained(self.root), self._partial() as partial:
            partial.write_bytes(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)

    def get(self, key: str) -> bytes:
        """The bytes of a key; StorageError if there are none."""
        path = self.path(key)
        with _explained(self.root):
            return path.read_bytes()

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder under the key."""
        return self._target(key).exists()

    def path(self, key: str) -> Path:
        """Where the file or folder lies; StorageError if it is not there."""
        target = self._target(key)
        if not target.exists():
            raise StorageError(f"blob folder {self.root} holds no {key}")
        return target

    def scratch_folder(self) -> Path:
        """A new empty folder on the same file system, so that publishing it is one rename."""
        folder = self.root / _PARTIAL / uuid.uuid4().hex
        with _explained(self.root):
            folder.mkdir()
        return folder

    def publish_folder(self, key: str, source: Path) -> None:
        """Move a finished folder under a key; if the key is there already it stays, and ``source`` goes."""
        target = self._target(key)
        if source.is_symlink() or not source.is_dir():
            raise StorageError(f"{source} is not a folder, so it cannot be published as {key}")
        with _explained(self.root):
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                self._rename(source, target)
            shutil.rmtree(source, ignore_errors=True)

    def list(self, prefix: str = "") -> list[str]:
        """The keys of all files under a folder key (everything for ``""``), sorted."""
        start = self._target(prefix.rstrip("/")) if prefix.strip("/") else self.root
        found = []
        for folder, folders, files in os.walk(start):
            folders[:] = [name for name in folders if name != _PARTIAL]
            found += [(Path(folder) / name).relative_to(self.root).as_posix() for name in files]
        return sorted(found)

    def _target(self, key: str) -> Path:
        parts = key.split("/")
        if len(key) > _LONGEST_KEY or not all(_PART.fullmatch(p) and len(p) <= _LONGEST_PART for p in parts):
            raise StorageError(
                f"{key[:80]!r} is not a blob key: use letters, digits and ._=+@- with / between the parts"
            )
        return self.root.joinpath(*parts)

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


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Outage(f"blob folder {root}: the disk is full; free some space and run it again") from e
        raise StorageError(f"blob folder {root} cannot be used: {e.strerror or e}") from e

"""What every blob store promises."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable


class BlobReader(Protocol):
    """Where bytes come from."""

    def get(self, key: str) -> bytes:
        """The bytes of a key; StorageError if there are none."""


class Blobs(BlobReader, Protocol):
    """Where bytes are kept. Every method raises StorageError for a key that is none, or storage that fails.

    Outage, which is one, says that the storage fails for now: its server does not answer, its disk is full.
    """

    @property
    def url(self) -> str:
        """What ``open_blobs`` opens the same store with, from any process; it holds no secret."""

    def check(self) -> str:
        """Make sure that bytes can be written and read; a few words that say where they go."""

    def put(self, key: str, data: bytes) -> None:
        """Store bytes; a key that is there already is left as it is. None goes into a published folder."""

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder under the key."""

    def path(self, key: str) -> Path:
        """Where a file, a published folder or a part of one lies on this machine; StorageError if it is not there.

        Only read there, and soon: what is stored never changes, but a copy of it may go when it was not asked for
        for long. What is used on another machine, or later, travels as its ``address``.
        """

    def address(self, key: str) -> str:
        """What ``fetch`` finds a file or folder by, in any process on any machine; StorageError if it is not there."""

    def scratch_folder(self) -> Path:
        """A new empty folder to fill and then ``publish_folder``; nobody sees it before that."""

    def publish_folder(self, key: str, source: Path) -> None:
        """Move a finished folder under a key, in one step; a key that is there already stays, and ``source`` goes."""

    def list(self, prefix: str = "") -> list[str]:
        """The keys of all files under a folder key (everything for ``""``), sorted."""


@runtime_checkable
class LinkedBlobs(Protocol):
    """A store that browsers may read from by themselves, where they are given a link."""

    def presigned(self, key: str, seconds: int) -> str:
        """A link that gets the bytes of a key without signing in, for so long."""

"""What goes wrong on a disk, in one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from redraft.errors import Outage, StorageError


@contextmanager
def disk_explained(what: str) -> Iterator[None]:
    """OSErrors as sentences about ``what``: an Outage where the disk is full, else a StorageError."""
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Outage(f"{what}: the disk is full; free some space and run it again") from e
        raise StorageError(f"{what} cannot be used: {e.strerror or e}") from e

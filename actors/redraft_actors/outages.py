"""What stops the loop for a while: a database that is down, a disk that is full."""

from __future__ import annotations

import errno

from ray.exceptions import OutOfDiskError

from redraft.errors import Outage
from redraft_actors.worker_errors import plain

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 30.0
_FULL = (errno.ENOSPC, errno.EDQUOT)


def outage_in(error: BaseException) -> str | None:
    """The outage behind an error, in a sentence, however Ray has wrapped it; None if it is of another kind."""
    seen: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        seen.append(at)
        if isinstance(at, Outage):
            return str(plain(at))
        if isinstance(at, OutOfDiskError) or (isinstance(at, OSError) and at.errno in _FULL):
            where = f" that holds {at.filename}" if isinstance(at, OSError) and at.filename else ""
            return f"the disk{where} is full: free some space, the loop then goes on by itself"
        cause = getattr(at, "cause", None)
        at = cause if isinstance(cause, BaseException) else at.__cause__ or at.__context__
    return None

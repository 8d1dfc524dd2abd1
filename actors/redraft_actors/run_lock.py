"""One process works on a run at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redraft.errors import RunError


@contextmanager
def run_lock(root: Path) -> Iterator[None]:
    """Hold the run in ``root``; the kernel lets go when this process ends, however it ends.

    Raises:
        RunError: naming the process that holds it.
    """
    with (root / "lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            handle.seek(0)
            holder = handle.read().strip() or "unknown"
            raise RunError(
                f"{root} is being worked on by process {holder}: wait for it, or stop it with `redraft stop {root}`"
            ) from e
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield

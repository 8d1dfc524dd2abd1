"""What a database says when it cannot do something: as one clear sentence, and whether waiting may help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.engine import URL

from redraft.errors import Outage, StorageError
from redraft.store.url import shown, without_secrets

BUSY_SECONDS = 30
"""How long a SQLite writer waits for the others before it gives up."""

STATEMENT_MINUTES = 5
"""How long PostgreSQL works on a statement of an ordinary transaction, or waits in one for a process that is silent."""


class Disconnected(Outage):
    """The connection to a server broke, or none could be made."""


_HINTS = {
    "database or disk is full": "the disk is full; free some space and run it again",
    "disk I/O error": "the disk failed or is full (disk I/O error)",
    "No space left on device": "the server's disk is full; free some space and run it again",
    "database is locked": f"another process kept it locked for {BUSY_SECONDS} s; stop that process or try again",
    "attempt to write a readonly database": "it is read-only; ask for write permission on the file and its folder",
    "unable to open database file": "it cannot be opened; check that its folder is writable",
    "file is not a database": "the file is not a SQLite database; name another file",
    "database disk image is malformed": "the file is damaged; restore it from a backup",
    "canceling statement due to statement timeout": (
        f"a statement took longer than {STATEMENT_MINUTES} minutes, or waited so long for somebody's lock; try again"
    ),
}

_FOR_GOOD = ("readonly", "unable to open", "not a database", "malformed", "no such", "authentication", "does not exist")
"""Parts of what a database says when waiting will not help."""


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Make the database's errors ours.

    Raises:
        Disconnected: the server is away, and was perhaps in the middle of something.
        Outage: it cannot do it for now.
        StorageError: it cannot do it, or refuses a row.
    """
    try:
        yield
    except exc.DBAPIError as e:
        kind = _kind(url, e)
        if kind is None:
            raise
        raise kind(_sentence(url, e)) from e


def where(url: URL) -> str:
    """The database, for a sentence."""
    return f"database {url.database if url.get_backend_name() == 'sqlite' else shown(url)}"


def _kind(url: URL, error: exc.DBAPIError) -> type[StorageError] | None:
    """What it is for us; None if it is a mistake in our own statements."""
    for_good = any(part in _reason(error) for part in _FOR_GOOD)
    if url.get_backend_name() != "sqlite" and not for_good and _lost(error):
        return Disconnected
    if isinstance(error, exc.OperationalError):
        return StorageError if for_good else Outage
    if isinstance(error, exc.IntegrityError | exc.InternalError) or type(error) is exc.DatabaseError:
        return StorageError
    return None


def _lost(error: exc.DBAPIError) -> bool:
    """Whether the connection is gone, or (then there is no statement either) was never made."""
    return error.connection_invalidated or (isinstance(error, exc.OperationalError) and error.statement is None)


def _sentence(url: URL, error: exc.DBAPIError) -> str:
    reason = without_secrets(_reason(error), url)
    if isinstance(error, exc.IntegrityError):
        return f"{where(url)} refused a row: {reason}"
    for part, hint in _HINTS.items():
        if part in reason:
            return f"{where(url)}: {hint}"
    return f"{where(url)} cannot be used: {reason}"


def _reason(error: exc.DBAPIError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__

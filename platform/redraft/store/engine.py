"""Connections: one short transaction at a time, and one clear sentence when the database cannot do it.

SQLite runs in WAL mode, so readers never wait; writers queue on ``BEGIN IMMEDIATE``. PostgreSQL writes at READ
COMMITTED; what must not interleave takes row locks or advisory locks where it happens.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from redraft.errors import Outage, StorageError

BUSY_SECONDS = 30
"""How long a SQLite writer waits for the others before it gives up."""

_CONNECT_SECONDS = 10
_POOL: dict[str, Any] = {"pool_size": 16, "max_overflow": 8, "pool_use_lifo": True}
_IDLE_SECONDS = 1.0


class Database:
    """A pool of connections to one database; safe to share between threads, and to carry over a fork.

    Args:
        url: a checked URL, see ``parse_url``.
        clock: UTC seconds since the epoch; leases and dates are told by it.
    """

    def __init__(self, url: URL, clock: Callable[[], float] = time.time) -> None:
        self.url = url
        self.clock = clock
        self.sqlite = url.get_backend_name() == "sqlite"
        self._engine = _create_engine(url)
        self._process = os.getpid()
        self._writing = threading.RLock()
        if self.sqlite:
            with self._explained():
                _use_wal(url)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view of what is committed.

        Raises:
            StorageError: the database cannot be reached or read.
        """
        with self._explained(), self._connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True, references: bool = True) -> Iterator[sa.Connection]:
        """A transaction that is committed at the end of the block, or leaves nothing behind.

        ``durable=False`` spares SQLite the wait for the disk: such a commit survives any crash of a process, but not a
        power cut. Leases need no more (PostgreSQL is told so where one is given out). ``references=False`` lets
        SQLite drop a table that others refer to, which only a migration that puts it back does.

        Raises:
            StorageError: the database cannot be reached or written, or another process held it too long.
        """
        options = {"redraft_write": True, "redraft_durable": durable, "redraft_references": references}
        with (
            self._explained(),
            self._turn(),
            self._connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def steps(self, *, durable: bool = True) -> Iterator[sa.Connection]:
        """Statements each of which is whole by itself; what follows one may find that others have been there since.

        PostgreSQL commits each as it is made, which spares two trips to the server. On SQLite, which has no server and
        in which nothing is cheaper than a transaction, it is ``write``.
        """
        if self.sqlite:
            with self.write(durable=durable) as connection:
                yield connection
        else:
            with self._explained(), self._connect().execution_options(redraft_steps=True) as connection:
                yield connection

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Wait until nobody else's transaction holds ``name``; it is let go with the transaction."""
        if not self.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"redraft:{name}", 0))))

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        self._engine.dispose()

    def _connect(self) -> sa.Connection:
        self._notice_fork()
        return self._engine.connect()

    def _turn(self) -> AbstractContextManager[object]:
        """SQLite lets writers wait by sleeping, so that some starve; threads of one process queue here instead."""
        self._notice_fork()
        return self._writing if self.sqlite else nullcontext()

    def _notice_fork(self) -> None:
        if self._process != os.getpid():
            self._engine.dispose(close=False)  # the connections belong to the process that forked this one
            self._process, self._writing = os.getpid(), threading.RLock()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError as e:
            raise StorageError(f"{self._where()} refused a row: {_reason(e)}") from e
        except exc.OperationalError as e:
            kind = StorageError if any(part in _reason(e) for part in _FOR_GOOD) else Outage
            raise kind(self._sentence(e)) from e
        except exc.InternalError as e:
            raise StorageError(self._sentence(e)) from e
        except exc.DatabaseError as e:
            if type(e) is not exc.DatabaseError:
                raise
            raise StorageError(self._sentence(e)) from e

    def _where(self) -> str:
        return f"database {self.url.database}" if self.sqlite else f"database {self.url.render_as_string()}"

    def _sentence(self, error: exc.DBAPIError) -> str:
        reason = _reason(error)
        if self.url.password:
            reason = reason.replace(str(self.url.password), "***")
        for part, hint in _HINTS.items():
            if part in reason:
                return f"{self._where()}: {hint}"
        return f"{self._where()} cannot be used: {reason}"


_HINTS = {
    "database or disk is full": "the disk is full; free some space and run it again",
    "disk I/O error": "the disk failed or is full (disk I/O error)",
    "No space left on device": "the server's disk is full; free some space and run it again",
    "database is locked": f"another process kept it locked for {BUSY_SECONDS} s; stop that process or try again",
    "attempt to write a readonly database": "it is read-only; ask for write permission on the file and its folder",
    "unable to open database file": "it cannot be opened; check that its folder is writable",
    "file is not a database": "the file is not a SQLite database; name another file",
    "database disk image is malformed": "the file is damaged; restore it from a backup",
}

_FOR_GOOD = ("readonly", "unable to open", "not a database", "malformed", "no such", "authentication", "does not exist")
"""Parts of what a database says when waiting will not help."""


def _reason(error: exc.DBAPIError) -> str:
    lines = [line.strip() for line in str(error.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(error.orig).__name__


def parse_url(text: str) -> URL:
    """Check a database URL; SQLite paths become absolute, so that every process means the same file.

    Raises:
        StorageError: malformed, or of a kind that Redraft does not store in. The text itself is never shown: it may
            hold a password.
    """
    try:
        url = sa.make_url(text)
    except (exc.ArgumentError, ValueError) as e:
        raise StorageError(
            "the database URL is malformed: write sqlite:////folder/file.db or postgresql+psycopg://user@host:5432/name"
        ) from e
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return _parse_sqlite(url)
    if url.drivername in ("postgresql", "postgresql+psycopg"):
        if not url.database:
            raise StorageError(f"the database URL {url.render_as_string()} names no database: add /name at its end")
        return url.set(drivername="postgresql+psycopg")
    raise StorageError(f"databases of kind {url.drivername} are not supported: use sqlite or postgresql+psycopg")


def _parse_sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise StorageError("an in-memory SQLite database cannot be shared by processes: name a file, sqlite:///file.db")
    if url.query or url.host or url.username:
        raise StorageError(
            "a SQLite URL is sqlite:/// and a path, nothing else (an absolute path gives four slashes: sqlite:////data/file.db)"
        )
    path = Path(os.path.abspath(url.database))
    if path.is_dir():
        raise StorageError(f"database {path} is a folder: name a file in it, such as {path / 'redraft.db'}")
    if not path.parent.is_dir():
        raise StorageError(f"database {path} cannot be made: there is no folder {path.parent}, create it first")
    return sa.URL.create("sqlite", database=str(path))


def _create_engine(url: URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        arguments = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
        engine = sa.create_engine(url, connect_args=arguments, **_POOL)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        try:
            server = {"connect_timeout": _CONNECT_SECONDS, "application_name": "redraft"}
            engine = sa.create_engine(url, connect_args=server, isolation_level="AUTOCOMMIT", **_POOL)
        except ModuleNotFoundError as e:
            raise StorageError("PostgreSQL needs the psycopg package: pip install 'redraft[postgres]'") from e
        sa.event.listen(engine, "begin", _begin_postgresql)
        sa.event.listen(engine, "checkin", _note_use)
        sa.event.listen(engine, "checkout", partial(_ping_if_idle, engine.dialect))
    return engine


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA foreign_keys = {'ON' if options.get('redraft_references', True) else 'OFF'}")
    if not options.get("redraft_write"):
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options['redraft_durable'] else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("redraft_steps"):
        write = options.get("redraft_write")
        connection.exec_driver_sql("BEGIN" if write else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _note_use(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _ping_if_idle(dialect: sa.Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
    """Replace connections that a server that was restarted does not know, without a trip for every transaction."""
    if time.monotonic() - record.info.get("used", time.monotonic()) > _IDLE_SECONDS:
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as e:
            raise exc.InvalidatePoolError from e


def _use_wal(url: URL) -> None:
    """Switch to WAL, once and for all. SQLite does not queue for this lock, so processes that meet here try again."""
    engine = sa.create_engine(url, connect_args={"isolation_level": None}, poolclass=sa.pool.NullPool)
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
        except exc.OperationalError as e:
            if "locked" not in str(e.orig) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)

"""Connections: one short transaction at a time, and one clear sentence when the database cannot do it.

SQLite runs in WAL mode, so readers never wait; writers queue on ``BEGIN IMMEDIATE``. PostgreSQL writes at READ
COMMITTED; what must not interleave takes row locks or advisory locks where it happens. A server that went away without
a word is noticed by keepalives, a statement that never ends by a time limit; what the URL says after its question mark
(sslmode and the like) goes to libpq as it is, and wins.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from redraft.errors import StorageError
from redraft.store.retrying import Patience
from redraft.store.trouble import BUSY_SECONDS, STATEMENT_MINUTES, explained
from redraft.store.url import parse_url

__all__ = ["BUSY_SECONDS", "Database", "parse_url"]

_SERVER: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "redraft",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
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
        self.patience = Patience()
        self._engine = _create_engine(url)
        self._process = os.getpid()
        self._writing = threading.RLock()
        self._thread = threading.local()
        if self.sqlite:
            with explained(url):
                _use_wal(url)

    @property
    def told(self) -> int:
        """How often this thread has told the database something that may last, whether or not it heard it."""
        return getattr(self._thread, "told", 0)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A consistent view of what is committed.

        Raises:
            StorageError: the database cannot be reached or read.
        """
        with explained(self.url), self._connect() as connection, connection.begin():
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
            explained(self.url),
            self._turn(),
            self._connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection
            self._tell()

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
            with explained(self.url), self._connect().execution_options(redraft_steps=True) as connection:
                self._tell()
                yield connection

    def lock(self, connection: sa.Connection, name: str) -> None:
        """Wait until nobody else's transaction holds ``name``; it is let go with the transaction."""
        if not self.sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"redraft:{name}", 0))))

    def unhurried(self, connection: sa.Connection) -> None:
        """Let this transaction take as long as it must."""
        if not self.sqlite:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        self._engine.dispose()

    def _tell(self) -> None:
        self._thread.told = self.told + 1

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


def _create_engine(url: URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        arguments = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False}
        engine = sa.create_engine(url, connect_args=arguments, **_POOL)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        try:
            server = {name: value for name, value in _SERVER.items() if name not in url.query}
            engine = sa.create_engine(url, connect_args=server, isolation_level="AUTOCOMMIT", **_POOL)
        except ModuleNotFoundError as e:
            raise StorageError("PostgreSQL needs the psycopg package: pip install 'redraft[postgres]'") from e
        sa.event.listen(engine, "begin", _begin_postgresql)
        if "options" not in url.query:
            sa.event.listen(engine, "connect", _limit)
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


def _limit(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    limit = f"'{STATEMENT_MINUTES}min'"
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {limit}")


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

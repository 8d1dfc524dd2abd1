"""A PostgreSQL server of Debian's package in a folder of its own, which can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class PostgresqlServer:
    """A server on a port of its own; ``url`` ends before the name of the database."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self._port = _free_port()
        self.url = f"postgresql://redraft@127.0.0.1:{self._port}"
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        self._call("initdb", "-A", "trust", "-U", "redraft", "--no-sync", "--locale=C.UTF-8")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        here = f"-c listen_addresses=127.0.0.1 -p {self._port} -k {self._folder}"
        options = f"{here} -c fsync=off -c shared_buffers=32MB"
        self._call("pg_ctl", "-w", "-l", self._folder / "log", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it as ``pg_ctl`` does: ``fast`` ends sessions, ``immediate`` is a crash."""
        self._call("pg_ctl", "-w", "-m", mode, "stop")

    def log(self) -> str:
        """What the server wrote so far."""
        return (self._folder / "log").read_text()

    def _call(self, program: str, *arguments: str | Path) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_postgres, self._programs / program, "-D", self._folder / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def private_server() -> Iterator[PostgresqlServer]:
    """A running server that ends with the block; the test is skipped where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb)")
    folder = Path(tempfile.mkdtemp(prefix="redraft-pg-"))
    try:
        server = PostgresqlServer(found[-1].parent, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port

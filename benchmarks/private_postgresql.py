"""A PostgreSQL server of one's own, and what it and others take of the processors."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_postgresql() -> Iterator[str]:
    """A server of Debian's package with its own settings, in a folder of its own."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        sys.exit("PostgreSQL is not installed (no /usr/lib/postgresql/*/bin/initdb): apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix=f"redraft-pg-{os.getpid()}-"))
    data = folder / "data"
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def call(program: str, *arguments: str | Path) -> None:
        command = [*as_postgres, found[-1].with_name(program), "-D", data, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    try:
        call("initdb", "-A", "trust", "-U", "redraft", "--locale=C.UTF-8")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c max_wal_size=4GB -c shared_buffers=256MB"
        call("pg_ctl", "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://redraft@127.0.0.1:{port}"
        finally:
            call("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def processors() -> tuple[float, float, float]:
    """CPU seconds so far: of finished client processes, of PostgreSQL's finished sessions, and of the whole machine."""
    clients = resource.getrusage(resource.RUSAGE_CHILDREN)
    tick = os.sysconf("SC_CLK_TCK")
    server = 0.0
    for pid_file in Path(tempfile.gettempdir()).glob(f"redraft-pg-{os.getpid()}-*/data/postmaster.pid"):
        fields = Path(f"/proc/{pid_file.read_text().split()[0]}/stat").read_text().rpartition(")")[2].split()
        server += (int(fields[13]) + int(fields[14])) / tick
    user, nice, system, _, _, *rest = (
        int(ticks) for ticks in Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    )
    return clients.ru_utime + clients.ru_stime, server, (user + nice + system + sum(rest[:3])) / tick

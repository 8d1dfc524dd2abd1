"""What stays up beside the cluster: PostgreSQL and an S3 server, on a host of their own."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..contract.s3_server import S3Server
from .hosts import NETWORK, Host

DATABASE_PORT, S3_PORT, MONITOR_PORT = 5432, 7480, 6789
READY_SECONDS = 300


@dataclass(frozen=True)
class Database:
    """PostgreSQL as a lab would have it: passwords, and nobody but this network let in."""

    host: Host
    password: str

    @property
    def url(self) -> str:
        """Without the password, which is in ``pgpass``."""
        return f"postgresql+psycopg://redraft@{self.host.address}:{DATABASE_PORT}/redraft"

    @property
    def pgpass(self) -> str:
        """The line of ~/.pgpass."""
        return f"{self.host.address}:{DATABASE_PORT}:redraft:redraft:{self.password}\n"


def start_database(host: Host, work: Path) -> Database:
    """Initialise and start it; returns when it answers."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
    folder, password = work / "postgresql", secrets.token_urlsafe(16)
    folder.mkdir()
    (folder / "password").write_text(password)
    for path in (folder, folder / "password"):
        shutil.chown(path, "postgres", "postgres")
    options = ["-A", "scram-sha-256", "--pwfile", str(folder / "password"), "--locale=C.UTF-8", "--no-sync"]
    data = folder / "data"
    _as_postgres(host, str(programs / "initdb"), "-D", str(data), "-U", "redraft", *options)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write(f"host redraft redraft {NETWORK}.0/24 scram-sha-256\n")
    settings = f"-c listen_addresses=* -p {DATABASE_PORT} -k {folder} -c shared_buffers=32MB"
    start = [str(programs / "pg_ctl"), "-w", "-D", str(data), "-l", str(folder / "log"), "-o", settings, "start"]
    _as_postgres(host, *start)
    create = [str(programs / "createdb"), "-h", str(folder), "-p", str(DATABASE_PORT), "-U", "redraft", "redraft"]
    _as_postgres(host, "env", f"PGPASSWORD={password}", *create)
    return Database(host, password)


def _as_postgres(host: Host, *command: str) -> None:
    host.call("runuser", "-u", "postgres", "--", "env", "-C", "/", *command)


@dataclass(frozen=True)
class Bucket:
    """An S3 server with one bucket; whoever may use it has a credentials file."""

    url: str
    access_key: str
    secret_key: str
    server: subprocess.Popen[str]

    @property
    def credentials(self) -> str:
        """What ~/.aws/credentials holds."""
        return f"[default]\naws_access_key_id = {self.access_key}\naws_secret_access_key = {self.secret_key}\n"

    @property
    def blobs(self) -> str:
        """The address of a run's blobs."""
        return f"s3://{S3Server.bucket}/cluster"


def start_bucket(host: Host, work: Path) -> Bucket:
    """Start Ceph's gateway on the host; returns when it answers."""
    ready = work / "s3.json"
    words = [sys.executable, "-m", "tests.cluster.services", str(work / "s3"), host.address, str(ready)]
    server = host.spawn(f"env -C {Path.cwd()} {' '.join(words)}", work / "s3.log")
    deadline = time.monotonic() + READY_SECONDS
    while not ready.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no S3 server came up: see {work / 's3.log'}")
        time.sleep(0.2)
    return Bucket(**json.loads(ready.read_text()), server=server)


def serve_bucket(root: Path, address: str, ready: Path) -> None:
    """On the host itself: start the server, say who may use it, and stay until this process is killed."""
    server = S3Server(root, S3_PORT, MONITOR_PORT, address)
    server.start()
    told = ready.with_suffix(".partial")
    told.write_text(
        json.dumps({"url": server.url, "access_key": server.owner.access_key, "secret_key": server.owner.secret_key})
    )
    told.rename(ready)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    serve_bucket(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))

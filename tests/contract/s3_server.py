"""A real S3 server for the tests: a Ceph object gateway on loopback, in a folder of its own, its data in memory."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PACKAGES = "radosgw ceph-mon ceph-osd"
"""The Debian packages that hold the programs."""

KMS_KEY = "redraft-key"
START_SECONDS = 180
LOG_LINES = 5

_CONFIG = """\
[global]
fsid = {fsid}
mon host = v1:127.0.0.1:{mon_port}
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon max pg per osd = 1000
mon allow pool size one = true
ms bind ipv6 = false
ms bind msgr2 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {root}
log file = {root}/$name.log
admin socket = {root}/$name.asok
pid file = {root}/$name.pid
[mon.a]
mon data = {root}/mon
mon data avail crit = 0
mon data avail warn = 0
[osd.0]
monmap = {root}/monmap
osd data = {root}/osd
osd objectstore = memstore
osd class update on start = false
osd crush update on start = false
memstore device bytes = 2147483648
osd memory target = 939524096
[client.rgw]
rgw data = {root}/rgw
rgw frontends = beast endpoint={address}:{port}
rgw thread pool size = 32
rgw enable usage log = false
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = {kms_key}={kms_secret}
"""


@dataclass(frozen=True)
class S3User:
    """Somebody whom the server knows."""

    access_key: str
    secret_key: str

    def client(self, url: str) -> boto3.client:
        """boto3 as this user."""
        return boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes a client this user, and nobody else whom this machine may know."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class NotUp(Exception):
    """The server does not come up on this machine, and why."""


class S3Server:
    """One monitor, one memory-backed store and one gateway, as children of this process; with a bucket of one owner."""

    bucket = "redraft"
    owner: S3User

    def __init__(self, root: Path, port: int, mon_port: int, address: str = "127.0.0.1") -> None:
        self.root, self.url = root, f"http://{address}:{port}"
        self.config = root / "ceph.conf"
        self._address, self._port, self._mon_port = address, port, mon_port
        self._daemons: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def missing() -> list[str]:
        """The programs that it needs and this machine lacks."""
        return [program for program in PROGRAMS if shutil.which(program) is None]

    def start(self) -> None:
        """Come up; returns when requests are answered."""
        for name in ("mon", "osd", "rgw"):
            (self.root / name).mkdir(parents=True)
        fsid = str(uuid.uuid4())
        secret = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
        self.config.write_text(
            _CONFIG.format(
                fsid=fsid,
                root=self.root,
                address=self._address,
                port=self._port,
                mon_port=self._mon_port,
                kms_key=KMS_KEY,
                kms_secret=secret,
            )
        )
        monmap = str(self.root / "monmap")
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v1:127.0.0.1:{self._mon_port}]", monmap)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._daemon("ceph-mon", "-i", "a")
        disk = str(uuid.uuid4())
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        patience = ("--connect-timeout", str(START_SECONDS))
        self._run("ceph", *patience, "osd", "new", disk, "0")
        # Left to the store itself, this fails with "wrong fsid" where it asks before it has the monitors' map.
        self._run("ceph", *patience, "osd", "crush", "add", "osd.0", "1.0", "root=default")
        self._daemon("ceph-osd", "-i", "0")
        self._daemon("radosgw", "-n", "client.rgw")
        self._wait()
        self.owner = self.user("owner")
        self.client().create_bucket(Bucket=self.bucket)

    def client(self) -> boto3.client:
        """The owner's own client, for what no store would do."""
        return self.owner.client(self.url)

    def user(self, name: str) -> S3User:
        """A new user, who may make buckets."""
        made = self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", name, "--display-name", name)
        keys = json.loads(made)["keys"][0]
        return S3User(keys["access_key"], keys["secret_key"])

    def stop(self) -> None:
        """End what was started, the gateway first."""
        for daemon in reversed(self._daemons):
            daemon.kill()
            daemon.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if any(daemon.poll() is not None for daemon in self._daemons):
                break
            try:
                urllib.request.urlopen(self.url, timeout=10).close()
                return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.5)
        raise NotUp(f"nothing answers at {self.url}; {self._said()}")

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(self._line(program, arguments), capture_output=True, text=True)
        if done.returncode:
            raise NotUp(f"{program} {' '.join(arguments)}: {done.stderr.strip()[-1000:]}; {self._said()}")
        return done.stdout

    def _said(self) -> str:
        """Which of the daemons have ended, and the last that each wrote."""
        ended = [Path(str(daemon.args[0])).name for daemon in self._daemons if daemon.poll() is not None]
        files = sorted([*self.root.glob("*.log"), *self.root.glob("*.out")])
        last = [f"{file.name}: {' | '.join(file.read_text().splitlines()[-LOG_LINES:])}" for file in files]
        return f"ended: {', '.join(ended) or 'none'}; " + "; ".join(last)

    def _daemon(self, program: str, *arguments: str) -> None:
        with (self.root / f"{program}.out").open("wb") as out:
            line = [*self._line(program, arguments), "-f"]
            self._daemons.append(subprocess.Popen(line, stdout=out, stderr=subprocess.STDOUT))

    def _line(self, program: str, arguments: Sequence[str]) -> list[str]:
        config = [] if program == "monmaptool" else ["-c", str(self.config)]
        return [program, *config, *arguments]


@contextmanager
def private_s3_server(root: Path) -> Iterator[S3Server]:
    """A server that ends with the block; the test is skipped where it is not installed or cannot run."""
    if missing := S3Server.missing():
        pytest.skip(f"no {', '.join(missing)} here: apt-get install {PACKAGES}")
    server = S3Server(root, free_port(), free_port())
    try:
        try:
            server.start()
        except NotUp as e:
            pytest.skip(f"Ceph does not come up on this machine: {e}")
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

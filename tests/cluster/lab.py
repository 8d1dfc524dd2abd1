"""The lab: hosts, the laptop's files, and Redraft's own commands, as docs/cluster.md gives them."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from .hosts import HOME, Host, Network
from .island import ROOT
from .services import Bucket, Database

WORKERS = ("worker1", "worker2", "worker3")
DASHBOARD = "http://127.0.0.1:8265"
HEAD_FLAGS = "--num-cpus=1 --object-store-memory=150000000"
WORKER_FLAGS = "--num-cpus=2 --object-store-memory=200000000"
RAY_WORDS = ("gcs_server", "raylet", "ray::", "/ray/", "redraft_actors.clusters.job")
"""What a head's processes have in their command lines."""


@dataclass
class Lab:
    """Everything that a person who runs a cluster has in hand."""

    work: Path
    network: Network
    database: Database | None = None
    bucket: Bucket | None = None
    tunnel: subprocess.Popen[str] | None = None
    _numbers: list[int] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """The cluster file."""
        return self.work / "cluster.yaml"

    @property
    def shared(self) -> Path:
        """The shared folder, as it is seen from here."""
        return self.network.work / "shared"

    def host(self, name: str) -> Host:
        """A host by name."""
        return self.network.hosts[name]

    @property
    def head(self) -> Host:
        """Where Ray's head is."""
        return self.host("head")

    @property
    def data(self) -> Host:
        """Where database, bucket and pages are."""
        return self.host("data")

    def prepare_homes(self, venv: Path) -> None:
        """What the onprem file expects on each host, and the laptop's secrets."""
        assert self.database is not None and self.bucket is not None
        laptop = Path.home()
        (laptop / ".ssh").mkdir(exist_ok=True)
        shutil.copy(self.work / "etc" / "login", laptop / ".ssh" / "redraft")
        (laptop / ".pgpass").write_text(self.database.pgpass)
        (laptop / ".pgpass").chmod(0o600)
        self.run("ray", "get-auth-token", "--generate")
        for home in (laptop, *(host.own / "home" for host in self.network.hosts.values())):
            (home / ".aws").mkdir(exist_ok=True)
            (home / ".aws" / "credentials").write_text(self.bucket.credentials)
        shutil.copy(laptop / ".pgpass", self.data.own / "home" / ".pgpass")
        for host in self.network.hosts.values():
            (host.own / "home" / "venv").symlink_to(venv)
            (host.own / "home" / ".bashrc").write_text(
                f"export PATH={HOME}/venv/bin:$PATH RAY_AUTH_MODE=token\n"
                "export OMP_NUM_THREADS=1 AWS_EC2_METADATA_DISABLED=true\n"
            )

    def write_cluster_file(self, workers: tuple[str, ...] = WORKERS) -> None:
        """configs/cluster/onprem.yaml, filled in; small object stores, and what is installed already stays."""
        tree: dict[str, Any] = yaml.safe_load((ROOT / "configs" / "cluster" / "onprem.yaml").read_text())
        tree["cluster_name"] = self.work.name
        tree["max_workers"] = tree["min_workers"] = len(workers)
        tree["provider"] |= {"head_ip": self.head.address, "worker_ips": [self.host(name).address for name in workers]}
        tree["auth"]["ssh_user"] = "root"
        tree["metadata"] = {"head": {"CPU": 1}, "worker": {"CPU": 2}}
        tree["file_mounts"] = {
            remote: local for remote, local in tree["file_mounts"].items() if not remote.endswith(".whl")
        }
        tree["setup_commands"] = [
            f"test -x ~/venv/bin/redraft || {{ {command}; }}" if "uv" in command else command
            for command in tree["setup_commands"]
        ]
        for key, flags in (("head_start_ray_commands", HEAD_FLAGS), ("worker_start_ray_commands", WORKER_FLAGS)):
            tree[key] = [f"{command} {flags}" if "ray start" in command else command for command in tree[key]]
        self.file.write_text(yaml.safe_dump(tree, width=1000))

    def up(self) -> None:
        """``redraft up``, and the tunnel to the head's dashboard."""
        self.run("redraft", "up", str(self.file), "--yes")
        self.dig()

    def dig(self) -> None:
        """A new tunnel, as ``ray dashboard`` makes it."""
        if self.tunnel is not None:
            self.tunnel.kill()
            self.tunnel.wait()
        with (self.work / "tunnel.log").open("a") as out:
            self.tunnel = subprocess.Popen(
                ["ray", "dashboard", str(self.file)], stdout=out, stderr=out, stdin=subprocess.DEVNULL, text=True
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{DASHBOARD}/api/version", timeout=5)
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def run(self, *command: str, seconds: float = 150) -> str:
        """A command at the laptop; what it said.

        Raises:
            RuntimeError: it failed.
        """
        code, log = self._command(command, seconds)
        if code:
            raise RuntimeError(f"{' '.join(command)} ended with {code}: see {log}")
        return log.read_text()

    def refused(self, *command: str, says: str, seconds: float = 150) -> None:
        """A command that must end with these words.

        Raises:
            RuntimeError: it did not.
        """
        code, log = self._command(command, seconds)
        if not code or says not in log.read_text():
            raise RuntimeError(f"{' '.join(command)} ended with {code}, and not with “{says}”: see {log}")

    def _command(self, command: Sequence[str], seconds: float) -> tuple[int, Path]:
        """Its exit code, and the file of its own that it wrote into."""
        self._numbers.append(1)
        log = self.work / "commands" / f"{len(self._numbers):02d}-{'-'.join(command[:2])}.log"
        log.parent.mkdir(exist_ok=True)
        program = shutil.which(command[0]) or command[0]
        line = [program, *command[1:]]
        with log.open("w") as out:
            done = subprocess.run(
                line, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=seconds, check=False, cwd=ROOT
            )
        return done.returncode, log

    def stop(self) -> None:
        """End what was started at the laptop."""
        if self.tunnel is not None:
            self.tunnel.kill()
            self.tunnel.wait()

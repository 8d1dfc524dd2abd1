"""A run as a person starts it, seen from outside: its processes, how far it is, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from redraft.records import Phase
from redraft.runs import RunFolder

VICTIMS = {
    "sampler": "MapBatches(Sampler)",
    "oracle": "ray::OracleWorker",
    "controller": "ray::Controller",
    "trainer": "RayTrainWorker",
    "scorer": "MapBatches(",
    "replica": "ServeReplica",
}
"""Kinds of processes by what their titles hold; the first that fits counts."""


@dataclass
class Loop:
    """A run as a person starts it: one process that follows it, and everything below that."""

    folder: Path
    config: Path
    port: int
    process: subprocess.Popen[str] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder.with_suffix(".log")

    def start(self) -> None:
        """`redraft run` the first time, `redraft resume` after that."""
        known = (self.folder / "config.yaml").exists()
        words = ["resume", self.folder] if known else ["run", self.config, "--out", self.folder]
        code = "from redraft_actors.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)],
            stdout=self.log.open("a"),
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ended(self) -> bool:
        """Whether the process that follows the run is gone."""
        return self.process is None or self.process.poll() is not None

    def family(self) -> list[psutil.Process]:
        """The process and all that it started."""
        assert self.process is not None
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill_all(self) -> None:
        """As if the machine had lost its power."""
        for one in self.family():
            try:
                one.kill()
            except psutil.NoSuchProcess:
                continue
        if self.process is not None:
            self.process.wait()

    def alive(self) -> dict[str, list[psutil.Process]]:
        """What may be killed, by kind."""
        found: dict[str, list[psutil.Process]] = {}
        for one in self.family():
            try:
                title = " ".join(one.cmdline())
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
            kind = next((kind for kind, words in VICTIMS.items() if words in title), None)
            if kind is not None:
                found.setdefault(kind, []).append(one)
        return found

    def mark(self) -> tuple[int, str, int]:
        """Round, step and number of events: changes whenever the loop goes on."""
        try:
            progress = json.loads((self.folder / "progress.json").read_text())
            events = (self.folder / "events.jsonl").read_text().count("\n")
        except FileNotFoundError:
            return 0, "", 0
        return int(progress["round"]), str(progress["step"]), events

    def done_rounds(self) -> int:
        """The last round that is done; -1 before there is any."""
        if not (self.folder / "redraft.db").exists():
            return -1
        rounds = RunFolder.open(self.folder).store().rounds()
        return max((row.number for row in rounds if row.phase is Phase.DONE), default=-1)

    def answers(self) -> bool:
        """Whether the served policy answers."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/ready", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """`redraft stop`, and wait until the loop has ended."""
        code = "from redraft_actors.cli import main; main()"
        subprocess.run([sys.executable, "-c", code, "stop", str(self.folder)], check=True, stdout=subprocess.DEVNULL)
        if self.process is not None:
            self.process.wait()

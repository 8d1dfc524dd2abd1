"""The folder of one run: its resolved config, its truth (by default), its logs and its results."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from redraft.blobs import Blobs, open_blobs
from redraft.code_version import code_version
from redraft.config import Config, load_config
from redraft.errors import RunError
from redraft.records import Record
from redraft.store import Event, Store

__all__ = [
    "Event",
    "Progress",
    "RunFolder",
    "RunInfo",
    "amend_progress",
    "append_event",
    "read_events",
    "read_progress",
    "write_progress",
]


class RunInfo(Record):
    """What a run was started with, beside its config."""

    name: str
    seed: int
    code_version: str
    config_hash: str
    created_at: float


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run; ``root`` holds everything that is not kept elsewhere by configuration."""

    root: Path

    @classmethod
    def create(cls, root: Path, config: Config) -> RunFolder:
        """Make the folder and write the resolved config; the config is written last, so a half-made run is no run.

        Raises:
            RunError: if the folder already holds a run.
        """
        if (root / "config.yaml").exists():
            raise RunError(
                f"{root} already holds a run: continue it with `redraft resume {root}` or name another folder"
            )
        for sub in (root, root / "training", root / "logs"):
            sub.mkdir(parents=True, exist_ok=True)
        info = RunInfo(
            name=config.name,
            seed=config.seed,
            code_version=code_version(),
            config_hash=config.hash(),
            created_at=time.time(),
        )
        (root / "run.json").write_text(info.model_dump_json(indent=2) + "\n")
        partial = root / "config.yaml.partial"
        partial.write_text(config.to_yaml())
        partial.rename(root / "config.yaml")
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> RunFolder:
        """The run in ``root``.

        Raises:
            RunError: if there is none.
        """
        if not (root / "config.yaml").is_file():
            raise RunError(f"{root} holds no run: start one with `redraft run CONFIG --out {root}`")
        return cls(root)

    def info(self) -> RunInfo:
        """What the run was started with."""
        return RunInfo.model_validate_json((self.root / "run.json").read_text())

    def config(self) -> Config:
        """The resolved config that the run was started with."""
        return load_config(self.root / "config.yaml")

    def store(self) -> Store:
        """The run's database, migrated to the present schema."""
        return Store.open(self.config().storage.database or f"sqlite:///{self.root.resolve()}/redraft.db")

    def blobs(self) -> Blobs:
        """The run's images, datasets and checkpoints."""
        return open_blobs(self.config().storage.blobs_url or str(self.root.resolve() / "blobs"))

    def train_log(self, number: int) -> Path:
        """One ``TrainStep`` a line, written while round ``number`` trains."""
        return self.root / "training" / f"round-{number:02d}.jsonl"

    @property
    def events(self) -> Path:
        """One ``Event`` a line, appended as steps begin and end."""
        return self.root / "events.jsonl"

    @property
    def progress(self) -> Path:
        """What is happening now, one ``Progress``."""
        return self.root / "progress.json"

    @property
    def summary(self) -> Path:
        """The machine-readable result."""
        return self.root / "summary.json"

    @property
    def report(self) -> Path:
        """The self-contained page for people."""
        return self.root / "report.html"


_PROGRESS = threading.Lock()


class Progress(Record):
    """What is happening now: ``done`` of ``total`` ``unit``, since ``since``; ``message`` says what is waited for."""

    round: int
    step: str
    done: int = 0
    total: int = 0
    unit: str = ""
    since: float
    message: str = ""


def write_progress(folder: RunFolder, progress: Progress) -> None:
    """Say what is happening; readers see the old line or the new one, never half of one."""
    with _PROGRESS:
        _put_progress(folder, progress)


def amend_progress(folder: RunFolder, message: str, *, instead_of: str) -> None:
    """Say beside the step under way, whichever it is, what is waited for, unless something else is said by now."""
    with _PROGRESS:
        progress = read_progress(folder)
        if progress is not None and progress.message == instead_of:
            _put_progress(folder, progress.model_copy(update={"message": message}))


def _put_progress(folder: RunFolder, progress: Progress) -> None:
    partial = folder.progress.with_suffix(".json.partial")
    partial.write_text(progress.model_dump_json())
    partial.rename(folder.progress)


def read_progress(folder: RunFolder) -> Progress | None:
    """What was last said to be happening."""
    return Progress.model_validate_json(folder.progress.read_text()) if folder.progress.exists() else None


def append_event(folder: RunFolder, event: Event) -> None:
    """Append one line; a line is written whole or not at all on POSIX appends of this size."""
    with folder.events.open("a", encoding="utf-8") as f:
        f.write(event.model_dump_json() + "\n")


def read_events(folder: RunFolder) -> list[Event]:
    """All events so far, oldest first; a line cut off by a crash is left out."""
    if not folder.events.exists():
        return []
    lines = folder.events.read_text(encoding="utf-8").split("\n")[:-1]
    return [Event.model_validate(json.loads(line)) for line in lines if line]

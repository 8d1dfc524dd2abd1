"""What every step works on, opened once per process."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redraft.blobs import Blobs
from redraft.checkpoints import resolve_policy_path
from redraft.config import Config
from redraft.runs import Event, Progress, RunFolder, append_event, read_progress, write_progress
from redraft.store import Store
from redraft_actors.memory import MemoryWatch


@dataclass(frozen=True)
class RunContext:
    """A run, opened: its folder, config, database and blobs."""

    folder: RunFolder
    config: Config
    store: Store
    blobs: Blobs

    @classmethod
    def open(cls, root: str | Path) -> RunContext:
        """Open the run in ``root`` in this process."""
        folder = RunFolder.open(Path(root))
        return cls(folder, folder.config(), folder.store(), folder.blobs())

    def policy_path(self, policy_id: str) -> Path:
        """The checkpoint folder of a policy version, on this machine."""
        return self.blobs.path(self.store.policy(policy_id).blob)

    def first_policy_path(self) -> Path:
        """The checkpoint that the run starts from."""
        return resolve_policy_path(self.config.policy.path)

    def staging(self, name: str) -> Path:
        """An empty scratch folder for a step's output before it is published."""
        folder = self.folder.root / "staging" / name
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder

    def report_progress(self, progress: Progress) -> None:
        """Say what is happening."""
        write_progress(self.folder, progress)

    def read_progress(self) -> Progress | None:
        """What was last said to be happening."""
        return read_progress(self.folder)

    @contextmanager
    def timed(self, number: int, step: str, total: int = 0, unit: str = "") -> Iterator[dict[str, float | int | str]]:
        """Log a step with its duration and the memory of the whole run; the yielded dict becomes its details."""
        start = time.time()
        self.report_progress(Progress(round=number, step=step, total=total, unit=unit, since=start))
        detail: dict[str, float | int | str] = {}
        with MemoryWatch() as memory:
            yield detail
        event = Event(
            at=time.time(),
            round=number,
            step=step,
            seconds=round(time.time() - start, 3),
            rss_gib=memory.peak_gib,
            detail=detail,
        )
        append_event(self.folder, event)

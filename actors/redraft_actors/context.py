"""What every step works on, opened once per process."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redraft.blobs import Blobs
from redraft.checkpoints import resolve_policy_path
from redraft.config import Config
from redraft.errors import Outage
from redraft.logs import about_now
from redraft.runs import Event, Progress, RunFolder, append_event, read_progress, write_progress
from redraft.store import Store
from redraft_actors.memory import MemoryWatch

_log = logging.getLogger(__name__)


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

    @classmethod
    def wait_open(cls, root: str | Path) -> RunContext:
        """Open a run that has been open before: its database is waited for, if it is away just now."""
        from redraft_actors.outages import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS

        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                return cls.open(root)
            except Outage as e:
                print(f"The loop waits: {e}", flush=True)
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def policy_path(self, policy_id: str) -> Path:
        """The checkpoint folder of a policy version, on this machine."""
        return self.blobs.path(self.store.policy(policy_id).blob)

    def policy_address(self, policy_id: str) -> str:
        """What ``load_policy`` loads a policy version by on any machine: a worker's, a replica's."""
        return self.blobs.address(self.store.policy(policy_id).blob)

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
        now = about_now()
        event = Event(
            at=time.time(),
            round=number,
            step=step,
            policy=now.policy,
            dataset=now.dataset,
            seconds=round(time.time() - start, 3),
            rss_gib=memory.peak_gib,
            detail=detail,
        )
        self.record(event)
        _log.info("round %d: %s took %.1f s and at most %.2f GiB", number, step, event.seconds, memory.peak_gib)

    def record(self, event: Event) -> None:
        """Add to the run's events: to the table, which is asked, then to the file, which is read.

        Raises:
            Outage: the database is away; the step is then done again, as every step can be.
        """
        named = event.model_copy(update={"run": self.config.name})
        self.store.add_event(named)
        append_event(self.folder, named)

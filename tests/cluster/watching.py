"""What a run is at, seen from outside: its database, its folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from redraft.records import Phase
from redraft.runs import RunFolder, read_events
from redraft.store import Store

LOOK_SECONDS = 0.2


@dataclass
class Watched:
    """A run that somebody watches until ``deadline``."""

    root: Path
    deadline: float

    def begun(self) -> None:
        """Wait until there is a run."""
        self.until("the run folder is made", lambda: (self.root / "config.yaml").exists())

    def open(self) -> Store:
        """Its database."""
        return RunFolder.open(self.root).store()

    def step(self) -> tuple[int, str]:
        """The round and the step under way."""
        try:
            told = json.loads((self.root / "progress.json").read_text())
        except FileNotFoundError:
            return 0, ""
        return int(told["round"]), str(told["step"])

    def message(self) -> str:
        """What the loop waits for, if it does."""
        try:
            return str(json.loads((self.root / "progress.json").read_text())["message"])
        except FileNotFoundError:
            return ""

    def blocks(self) -> int:
        """Files of samples that are whole in the step under way."""
        return len(list((self.root / "staging" / "samples").glob("*.parquet")))

    def train_lines(self, number: int) -> int:
        """Steps that training has reported, repeated ones counted again."""
        log = RunFolder(self.root).train_log(number)
        return len(log.read_text().splitlines()) if log.exists() else 0

    def ended(self, number: int, step: str) -> bool:
        """Whether a step of a round has ended."""
        return any(e.round == number and e.step == step for e in read_events(RunFolder(self.root)))

    def phase(self, store: Store) -> tuple[int, Phase | None]:
        """The newest round and its phase."""
        rows = store.rounds()
        return (rows[-1].number, rows[-1].phase) if rows else (-1, None)

    def until(self, what: str, true: Callable[[], bool], look: float = LOOK_SECONDS) -> float:
        """Wait for something; how many seconds that took.

        Raises:
            TimeoutError: the whole story has taken too long.
        """
        began = time.monotonic()
        while not true():
            if time.monotonic() > self.deadline:
                raise TimeoutError(f"gave up waiting until {what}; the run is at {self.step()} {self.message()}")
            time.sleep(look)
        return time.monotonic() - began

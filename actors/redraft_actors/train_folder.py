"""Where a standalone training job keeps what it makes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redraft.config import Config
from redraft.errors import ResourceError, RunError

CONFIG = "train.yaml"


@dataclass(frozen=True)
class TrainFolder:
    """The folder of one job; its stages are published in it whole."""

    root: Path

    @property
    def prepared(self) -> Path:
        """The pairs with their tokens."""
        return self.root / "prepared"

    @property
    def dataset(self) -> Path:
        """The pairs with their tokens and the reference's log-probabilities."""
        return self.root / "dataset"

    @property
    def blobs(self) -> Path:
        """The pictures."""
        return self.root / "blobs"

    @property
    def policy(self) -> Path:
        """The trained checkpoint."""
        return self.root / "policy"

    @property
    def steps(self) -> Path:
        """One JSON line a step."""
        return self.root / "steps.jsonl"

    def claim(self, config: Config) -> None:
        """Take the folder for this job, or find that it is this job's.

        Raises:
            RunError: if it holds something else.
            ResourceError: if it cannot be made.
        """
        mine = config.to_yaml()
        known = self.root / CONFIG
        if known.exists():
            if known.read_text(encoding="utf-8") != mine:
                raise RunError(
                    f"{self.root} holds a training job with another config: name another --out, or remove it first"
                )
            return
        if self.root.exists() and any(self.root.iterdir()):
            raise RunError(f"{self.root} is not empty and holds no training job: name another --out")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            known.write_text(mine, encoding="utf-8")
        except OSError as e:
            raise ResourceError(f"cannot write to {self.root}: {e.strerror}. Name a folder that can be made.") from e


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A new folder that takes its place once the block has ended well."""
    fresh = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    fresh.rename(folder)

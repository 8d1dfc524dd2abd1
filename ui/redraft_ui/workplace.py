"""What the pages of one run work on: its folder, its store, its blobs and its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from redraft.blobs import Blobs
from redraft.config import Config
from redraft.runs import RunFolder
from redraft.store import Store


@dataclass(frozen=True)
class Workplace:
    """One opened run, shared by every visitor of the app."""

    folder: RunFolder
    store: Store
    blobs: Blobs
    config: Config

    @classmethod
    def open(cls, root: Path) -> Self:
        """Open the run in ``root``.

        Raises:
            RunError: if there is none.
            StorageError: if its database or its blobs cannot be reached.
        """
        folder = RunFolder.open(root)
        return cls(folder, folder.store(), folder.blobs(), folder.config())

"""How much memory a run takes: this process' Ray node, with the driver that started it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

INTERVAL_SECONDS = 2.0


def node_memory_gib() -> float:
    """Memory, in GiB, that the tree of processes around this one does not share: resident minus shared, summed.

    In a Ray worker the tree begins at the driver of a local cluster, or at the raylet of a standing one; elsewhere it
    is this process and its children.
    """
    try:
        root = _root(psutil.Process())
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_own_bytes(p) for p in processes) / 2**30


class MemoryWatch:
    """Samples ``node_memory_gib`` in the background while the ``with`` block runs; ``peak_gib`` is the largest."""

    def __init__(self) -> None:
        self.peak_gib = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def _watch(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self._sample()

    def _sample(self) -> None:
        self.peak_gib = round(max(self.peak_gib, node_memory_gib()), 3)


def _root(process: psutil.Process) -> psutil.Process:
    parent = process.parent()
    if parent is None or parent.name() != "raylet":
        return process
    driver = parent.parent()
    return driver if driver is not None and driver.pid > 1 else parent


def _own_bytes(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.NoSuchProcess:
        return 0
    return int(memory.rss - memory.shared)

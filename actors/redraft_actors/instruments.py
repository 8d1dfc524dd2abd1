"""The run's instruments, shown to Prometheus by way of Ray's own metrics: ``ray_redraft_…``, labelled with the run."""

from __future__ import annotations

import threading
import time

from ray.util.metrics import Gauge

from redraft.errors import RedraftError
from redraft.gauges import GAUGES, read_gauges
from redraft_actors.context import RunContext

EVERY_SECONDS = 10.0


class Instruments:
    """Reads the gauges every few seconds in a thread of its own, so that they move while a step is under way."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go, name="instruments", daemon=True)

    def __enter__(self) -> Instruments:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _go(self) -> None:
        run = RunContext.wait_open(self.root)
        labels = {"run": run.config.name}
        gauges = {g.name: Gauge(g.name, g.description, tag_keys=("run",)) for g in GAUGES}
        while True:
            try:
                shown = read_gauges(run.folder, run.config, run.store, time.time())
            except (RedraftError, OSError) as e:  # the loop meets the same trouble, and says so
                print(f"The instruments stand still: {e}", flush=True)
            else:
                for name, value in shown.items():
                    gauges[name].set(value, tags=labels)
            if self._ended.wait(EVERY_SECONDS):
                run.store.close()
                return

"""The run's instruments, shown to Prometheus by way of Ray's own metrics: ``ray_redraft_…``, labelled with the run.

The same thread tells when Ray has no room for what the step under way needs.
"""

from __future__ import annotations

import logging
import threading
import time

from ray.exceptions import RayError
from ray.util.metrics import Gauge

from redraft.errors import RedraftError
from redraft.gauges import GAUGES, read_gauges
from redraft.runs import amend_progress
from redraft_actors.context import RunContext
from redraft_actors.shortage import Shortage

EVERY_SECONDS = 10.0

_log = logging.getLogger(__name__)


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
        shortage = Shortage()
        told = ""
        while True:
            try:
                lacking = shortage.look(time.monotonic())
                if lacking != told:
                    amend_progress(run.folder, lacking, instead_of=told)
                    _log.warning("%s", lacking or "Ray has room again")
                    told = lacking
                shown = read_gauges(run.folder, run.config, run.store, time.time())
            except (RedraftError, RayError, OSError) as e:  # the loop meets the same trouble, and says so
                print(f"The instruments stand still: {e}", flush=True)
            else:
                for name, value in shown.items():
                    gauges[name].set(value, tags=labels)
            if self._ended.wait(EVERY_SECONDS):
                run.store.close()
                return

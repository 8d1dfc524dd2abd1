"""Ends a process that hangs, so that whoever watches over it starts another."""

from __future__ import annotations

import contextvars
import faulthandler
import logging
import os
import sys
import threading
import time

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: try again."""

_log = logging.getLogger(__name__)


class Watchdog:
    """Must hear ``beat`` every ``seconds``, from its start on; otherwise it prints all stacks and ends the process.

    A worker that waits for a hung one hangs, too, and ends as well: Ray Train then starts the whole group again from
    the last checkpoint.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._last = time.monotonic()
        self._done = threading.Event()
        watch = contextvars.copy_context().run  # it logs what the worker is about
        self._thread = threading.Thread(target=watch, args=(self._watch,), name="watchdog", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Tell it that work goes on."""
        self._last = time.monotonic()

    def stop(self) -> None:
        """Work is done."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self.seconds / 4)):
            if time.monotonic() - self._last > self.seconds:
                hangs = f"no step for {self.seconds:g} s: this worker hangs and is ended"
                _log.error(hangs)
                print(hangs, file=sys.stderr, flush=True)
                faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr)
                os._exit(EXIT_CODE)

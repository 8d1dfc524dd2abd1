"""A server that is restarted interrupts calls; those that may be made again are, for a short while.

A call may be made again when the server was not told anything that lasts: it only read, or its transaction was cut off
before the commit was sent, and then the server takes it back. What was told and not acknowledged may have been done or
not; it is told again only where that changes nothing (``REPEATABLE``).
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from redraft.errors import Outage
from redraft.store.trouble import Disconnected

PATIENCE_SECONDS = 15.0
"""How long an outage is waited out, by all calls of a process together; from then on they fail at once."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

REPEATABLE = frozenset(
    {
        *("add_images", "add_responses", "add_tasks", "add_policy", "add_dataset", "add_corrections", "ensure_user"),
        *("add_evaluation", "add_verdict", "add_event", "begin_round", "advance", "request_stop", "clear_stop"),
        *("submit", "revise", "review", "save_draft", "lease", "renew", "release", "expire_leases", "retire_tasks"),
        *("freeze_unused", "promote", "reject", "settle", "roll_back", "update_project", "end_session"),
    }
)
"""Writes that leave the same behind when they are made twice, down to the audit log."""

_PAGES = "_page"
"""A step of ``answers_from``, which as a whole cannot be made again once it has given something."""

S = TypeVar("S")


class Patience:
    """Since when a server is away, and whether to wait for it any longer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._away_since: float | None = None

    def wait(self, first_lost: float, tries: int) -> bool:
        """Wait a little; False, at once, when this outage or this call has been waited for long enough."""
        now = time.monotonic()
        with self._lock:
            if self._away_since is None:
                self._away_since = now
            waited = now - min(self._away_since, first_lost)
        if waited > PATIENCE_SECONDS:
            return False
        time.sleep(min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE))
        return True

    def over(self) -> None:
        """The server answers."""
        self._away_since = None


def survives_restarts(store: type[S]) -> type[S]:
    """Make the methods of a store go on after a connection was lost, where that is safe."""
    for name in dir(store):
        method = inspect.getattr_static(store, name)
        public = not name.startswith("_") or name == _PAGES
        if public and isinstance(method, FunctionType) and not inspect.isgeneratorfunction(method):
            setattr(store, name, _insistent(method, repeatable=name in REPEATABLE))
    return store


def _insistent(method: Callable[..., Any], *, repeatable: bool) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        args = tuple(list(value) if isinstance(value, Iterator) else value for value in args)
        database = self._db
        told, first_lost, tries = database.told, 0.0, 0
        while True:
            try:
                result = method(self, *args, **options)
            except Disconnected as e:
                if database.told != told and not repeatable:
                    raise Outage(f"{e}; the server may have done it all the same: look before you do it again") from e
                first_lost = first_lost or time.monotonic()
                if not database.patience.wait(first_lost, tries):
                    raise
                tries += 1
            else:
                database.patience.over()
                return result

    return call

"""Mistakes that were found in a worker, as they reach whoever waits for it."""

from __future__ import annotations

from redraft.errors import RedraftError


def plain(error: RedraftError) -> RedraftError:
    """The mistake as the worker raised it: Ray adds a traceback, and remarks of its own below the sentence."""
    raised = error
    while isinstance(inner := getattr(raised, "cause", None), RedraftError):
        raised = inner
    return error if raised is error else type(raised)(str(raised).partition("\n")[0])

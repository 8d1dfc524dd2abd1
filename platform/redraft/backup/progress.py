"""How a long copy tells whoever started it how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], None]
Bar = Callable[[str, int], AbstractContextManager[Advance]]
"""Opens a bar for so many of something; what it gives is called with how many are done since the last time."""


@contextmanager
def no_bar(what: str, total: int) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda count: None

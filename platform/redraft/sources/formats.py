"""What a format is: how it is known, which columns it reads, and how a row becomes a pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from redraft.records import Span
from redraft.sources.pictures import Pictures

Cells = Mapping[str, object]
"""A row as its file gives it: plain values by column, none of them to be trusted."""


@dataclass(frozen=True)
class Draft:
    """What a format makes of a row's cells."""

    prompt: str
    chosen: str
    rejected: str
    image: bytes
    chosen_spans: tuple[Span, ...] | None = None
    rejected_spans: tuple[Span, ...] | None = None
    kind: Literal["correction", "ranking"] = "correction"
    smoothing: float | None = None


@dataclass(frozen=True)
class Format:
    """One way to write down preference pairs.

    ``needs`` says to people what ``fits`` looks for; ``columns`` are read where they are there; ``parse`` raises
    DataError for a row that cannot be used. ``blobs`` says that pictures lie in a blob store.
    """

    name: str
    needs: str
    columns: tuple[str, ...]
    fits: Callable[[frozenset[str]], bool]
    parse: Callable[[Cells, Pictures], Draft]
    blobs: bool = False

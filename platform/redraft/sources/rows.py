"""What a source gives: pairs as they were written, rows that cannot be used, and slices to read them by."""

from __future__ import annotations

from typing import Literal

from redraft.records import Record, Span


class SourcePair(Record):
    """One preference pair with its picture, as somebody else wrote it down.

    ``index`` counts the rows of the whole source from 0 and ``where`` names the file and the row in it. ``image`` is an
    encoded picture that nobody has decoded yet. Spans are code points; ``None`` where the pair came without edits.
    ``smoothing`` is the chance that the preference is the wrong way round, where a dataset version estimated it.
    """

    source: str
    index: int
    where: str
    prompt: str
    chosen: str
    rejected: str
    image: bytes
    chosen_spans: tuple[Span, ...] | None = None
    rejected_spans: tuple[Span, ...] | None = None
    kind: Literal["correction", "ranking"] = "correction"
    smoothing: float | None = None


class BadRow(Record):
    """A row that cannot be used, and why."""

    index: int
    where: str
    reason: str


SourceRow = SourcePair | BadRow


class SourceSlice(Record):
    """Some neighbouring rows of one file: what one task reads.

    ``at`` is the row group of a Parquet file, or the byte that a JSONL slice starts at; ``skip`` rows of the row group
    come before it. ``index`` is that of the first row in the whole source, ``first`` that in the file.
    """

    file: str
    at: int
    skip: int
    rows: int
    first: int
    index: int

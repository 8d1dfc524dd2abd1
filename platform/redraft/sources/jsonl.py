"""JSON lines, one in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from redraft.errors import DataError
from redraft.sources.formats import Cells
from redraft.sources.rows import SourceSlice

LONGEST_LINE: Final = 64 << 20
"""Bytes, newline included."""

LOOKED_AT: Final = 20
LINES_A_SLICE: Final = 1024
UNIT = "line"
_CHUNK = 1 << 20


def columns(file: Path) -> frozenset[str]:
    """The keys that the first lines have.

    Raises:
        DataError: the file cannot be read, or none of its first lines is a JSON object.
    """
    found: set[str] = set()
    objects = 0
    with _opened(file) as lines:
        for _ in range(LOOKED_AT):
            line = _line(lines)
            if line is None:
                break
            cells = _cells(line) if line.strip() else ""
            if not isinstance(cells, str):
                objects += 1
                found |= set(cells)
    if not objects:
        raise DataError(f"{file} is neither Parquet nor JSON lines: its first lines hold no JSON object")
    return frozenset(found)


def slices(file: Path, index: int, rows: int | None) -> Iterator[SourceSlice]:
    """``rows`` lines each (1024 for ``None``); empty lines count, so that indices are line numbers from 0.

    Raises:
        DataError: the file cannot be read.
    """
    size = rows or LINES_A_SLICE
    at = first = count = 0
    for end in _line_ends(file):
        count += 1
        if count == size:
            yield SourceSlice(file=str(file), at=at, skip=0, rows=count, first=first, index=index + first)
            at, first, count = end, first + count, 0
    if count:
        yield SourceSlice(file=str(file), at=at, skip=0, rows=count, first=first, index=index + first)


def read(part: SourceSlice, wanted: Sequence[str]) -> Iterator[tuple[int, Cells | str]]:
    """The lines of a slice by their offset in it, empty ones left out; a string says why a line has no cells.

    Raises:
        DataError: the file cannot be read.
    """
    with _opened(Path(part.file)) as lines:
        lines.seek(part.at)
        for offset in range(part.rows):
            line = _line(lines)
            if line is None:
                return
            if line.strip():
                yield offset, _cells(line)


def _line_ends(file: Path) -> Iterator[int]:
    """The position behind every line, the last one without a newline included."""
    with _opened(file) as lines:
        position, last = 0, 0
        while chunk := lines.read(_CHUNK):
            at = chunk.find(b"\n")
            while at >= 0:
                last = position + at + 1
                yield last
                at = chunk.find(b"\n", at + 1)
            position += len(chunk)
        if position > last:
            yield position


def _line(lines: IO[bytes]) -> bytes | None:
    """The next line, ``None`` behind the last; of one that is too long only the first part, which is no JSON."""
    line = lines.readline(LONGEST_LINE)
    rest = line
    while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
        rest = lines.readline(LONGEST_LINE)
    return line or None


def _cells(line: bytes) -> Cells | str:
    if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
        return f"the line is longer than {LONGEST_LINE >> 20} MiB"
    try:
        tree = json.loads(line.decode("utf-8-sig"))
    except RecursionError:
        return "the line is JSON that is nested too deeply"
    except ValueError as e:
        return f"the line is not valid JSON ({e})"
    return tree if isinstance(tree, dict) else "the line is no JSON object"


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    try:
        with file.open("rb") as lines:
            yield lines
    except OSError as e:
        raise DataError(f"{file} cannot be read ({e.strerror or e})") from e

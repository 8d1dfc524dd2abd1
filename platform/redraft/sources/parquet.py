"""Parquet files, a few rows in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from redraft.errors import DataError
from redraft.sources.formats import Cells
from redraft.sources.rows import SourceSlice

ROWS_AT_A_TIME = 32
"""Each may carry a picture of some megabytes."""

MOST_SLICES = 8
"""Slices of one row group at most: Parquet cannot be entered in the middle, so each reads what comes before it."""

_BUFFER = 1 << 20
UNIT = "row"


def columns(file: Path) -> frozenset[str]:
    """Names of the columns.

    Raises:
        DataError: damaged, or not readable.
    """
    with _opened(file) as parquet:
        return frozenset(parquet.schema_arrow.names)


def slices(file: Path, index: int, rows: int | None) -> Iterator[SourceSlice]:
    """Row groups, cut to ``rows`` rows or somewhat more; ``None`` takes them whole.

    Raises:
        DataError: damaged, or not readable.
    """
    with _opened(file) as parquet:
        sizes = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
    first = 0
    for group, size in enumerate(sizes):
        step = size if rows is None else max(rows, -(-size // MOST_SLICES))
        for skip in range(0, size, step or 1):
            yield SourceSlice(
                file=str(file),
                at=group,
                skip=skip,
                rows=min(step, size - skip),
                first=first + skip,
                index=index + first + skip,
            )
        first += size


def read(part: SourceSlice, wanted: Sequence[str]) -> Iterator[tuple[int, Cells | str]]:
    """The rows of a slice by their offset in it; a string is the reason why a row has no cells.

    Raises:
        DataError: damaged, or not readable.
    """
    at = -part.skip
    for batch in _batches(Path(part.file), part.at, wanted):
        begin, end = max(-at, 0), min(part.rows - at, len(batch))
        if begin < end:
            yield from enumerate(_cells(batch.slice(begin, end - begin)), at + begin)
        at += len(batch)
        if at >= part.rows:
            return


def _batches(file: Path, group: int, wanted: Sequence[str]) -> Iterator[Any]:
    with _opened(file) as parquet:
        present = [name for name in wanted if name in parquet.schema_arrow.names]
        yield from parquet.iter_batches(ROWS_AT_A_TIME, row_groups=[group], columns=present, use_threads=False)


def _cells(batch: Any) -> Iterator[Cells | str]:
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        yield from (_single(batch.slice(row, 1)) for row in range(len(batch)))


def _single(batch: Any) -> Cells | str:
    try:
        cells: Cells = batch.to_pylist()[0]
    except UnicodeDecodeError:
        return "a text is not valid UTF-8"
    return cells


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """The file without reading ahead; what is wrong with it is told in one sentence."""
    try:
        with pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as parquet:
            yield parquet
    except (pa.ArrowException, OSError) as e:
        raise DataError(f"{file} cannot be read as Parquet ({' '.join(str(e).split())[:200]})") from e

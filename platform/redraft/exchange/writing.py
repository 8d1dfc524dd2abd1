"""Answers to files, a few in memory at a time; a folder appears whole or not at all."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from redraft.errors import DataError, RunError, StorageError
from redraft.exchange.exported import IMAGES, Exported
from redraft.exchange.parquet_tables import RLHFV, TRL, ParquetFormat

Progress = Callable[[int], None]
"""Called with how many answers have been written since it was last called."""

Exporter = Callable[[Iterable[Exported], Path, Progress], int]
"""Writes answers into an empty folder, and says how many there were."""

ROWS_AT_A_TIME: Final = 64
"""Each may carry a picture of some megabytes."""

PAIRS: Final = "pairs.parquet"
ANSWERS: Final = "answers.jsonl"


def export_answers(answers: Iterable[Exported], out: Path, format: str, progress: Progress) -> int:
    """Write the answers into the new folder ``out``; how many there were.

    Args:
        answers: corrected responses; for ``jsonl``, answers of any kind.
        out: must not be there yet.
        format: one of ``FORMATS``.
        progress: told of every few answers.

    Raises:
        RunError: ``out`` exists.
        DataError: there was no answer to write, or no such format.
        StorageError: the disk is full, or the folder cannot be written.
    """
    if format not in FORMATS:
        raise DataError(f"there is no format {format}: use one of {', '.join(FORMATS)}")
    with appearing(out) as fresh:
        count = FORMATS[format](answers, fresh, progress)
        if not count:
            raise DataError("there are no corrections to export yet: let people answer first")
    return count


@contextmanager
def appearing(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes ``out`` when the block ends well, and is gone when it does not.

    Raises:
        RunError: ``out`` exists.
        StorageError: the disk is full, or the folder cannot be written.
    """
    if out.exists():
        raise RunError(f"{out} exists already: name a folder that does not")
    partial = out.with_name(f"{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            yield partial
            partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"{out} cannot be written: the disk is full; free some space and try again") from e
        raise StorageError(f"{out} cannot be written ({e.strerror or e}): name a folder that can be made") from e


def _parquet(format: ParquetFormat) -> Exporter:
    def write(answers: Iterable[Exported], folder: Path, progress: Progress) -> int:
        count = 0
        with pq.ParquetWriter(folder / PAIRS, format.schema, compression="zstd") as writer:
            left = iter(answers)
            while some := list(islice(left, ROWS_AT_A_TIME)):
                writer.write_table(format.table(some, count))
                count += len(some)
                progress(len(some))
        return count

    return write


def _json_lines(answers: Iterable[Exported], folder: Path, progress: Progress) -> int:
    count = 0
    (folder / IMAGES).mkdir()
    with (folder / ANSWERS).open("w", encoding="utf-8") as file:
        for answer in answers:
            picture = folder / IMAGES / answer.image_name
            if not picture.exists():
                picture.write_bytes(answer.image)
            file.write(answer.line.model_dump_json() + "\n")
            count += 1
            progress(1)
    return count


FORMATS: Final[dict[str, Exporter]] = {"rlhfv": _parquet(RLHFV), "trl": _parquet(TRL), "jsonl": _json_lines}
"""What answers can be written as, by name."""

"""Prepared pairs on disk: each slice writes its own files, and the parts are then added up.

    folder/pairs/part-INDEX.parquet   rows of ``PREPARED_SCHEMA``
    folder/bad.jsonl                  one ``BadRow`` a line, in the order of the source

A slice's files are written elsewhere and renamed, so a task that is killed and repeated leaves the same files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Final

import pyarrow.parquet as pq

from redraft.blobs import Blobs
from redraft.errors import DataError, StorageError
from redraft.records import Record
from redraft.sources.checking import PREPARED_SCHEMA, PreparedPair, RowChecker, prepared_table
from redraft.sources.reading import Source
from redraft.sources.rows import BadRow, SourcePair, SourceRow, SourceSlice

SHOWN_BAD: Final = 1000
_ROW_GROUP = 512


class TokenCounts(Record):
    """Tokens added up over pairs; ``prompt`` counts those of the picture, responses end with end-of-sequence."""

    prompt: int = 0
    chosen: int = 0
    rejected: int = 0
    chosen_changed: int = 0
    rejected_changed: int = 0

    def __add__(self, other: TokenCounts) -> TokenCounts:
        """The sum, field by field."""
        return TokenCounts(**{name: value + getattr(other, name) for name, value in self})


class PartSummary(Record):
    """What one slice gave."""

    pairs: int = 0
    bad: int = 0
    longest: int = 0
    tokens: TokenCounts = TokenCounts()

    def __add__(self, other: PartSummary) -> PartSummary:
        """Both slices taken together."""
        return PartSummary(
            pairs=self.pairs + other.pairs,
            bad=self.bad + other.bad,
            longest=max(self.longest, other.longest),
            tokens=self.tokens + other.tokens,
        )


class PreparedSource(Record):
    """A source ready for the reference's log-probabilities.

    ``folder`` holds the Parquet files and nothing else. ``bad`` are the first 1000 of the ``bad_rows`` rows that cannot
    be used; ``bad_file`` has them all. ``longest`` is the longest prompt with a response, in tokens.
    """

    folder: Path
    pairs: int
    bad: tuple[BadRow, ...]
    bad_rows: int
    bad_file: Path
    longest: int
    tokens: TokenCounts


def start_parts(folder: Path) -> None:
    """Make the folders that parts are written to.

    Raises:
        StorageError: the folder cannot be made, or holds something already.
    """
    with _explained(folder):
        if folder.exists() and any(folder.iterdir()):
            raise StorageError(f"{folder} is not empty: prepare pairs in a new folder")
        for sub in ("pairs", "bad"):
            (folder / sub).mkdir(parents=True)


def prepare_slice(source: Source, part: SourceSlice, checker: RowChecker, blobs: Blobs, folder: Path) -> PartSummary:
    """Check a slice's rows one by one and write its files; a few hundred pairs are in memory at a time.

    Pictures of good pairs go into ``blobs``.

    Raises:
        DataError: the source's file is damaged.
        StorageError: the disk is full, or a folder cannot be written.
    """
    name = f"part-{part.index:012d}"
    pairs, bad = folder / "pairs" / f"{name}.parquet", folder / "bad" / f"{name}.jsonl"
    total = PartSummary()
    waiting: list[PreparedPair] = []
    with (
        _explained(folder),
        _appearing(bad) as bad_out,
        _appearing(pairs) as pairs_out,
        pq.ParquetWriter(pairs_out, PREPARED_SCHEMA) as writer,
    ):
        for checked in _checked(source.read(part), checker, blobs):
            total += _counted(checked)
            if isinstance(checked, BadRow):
                bad_out.write(checked.model_dump_json().encode() + b"\n")
                continue
            waiting.append(checked)
            if len(waiting) == _ROW_GROUP:
                writer.write_table(prepared_table(waiting))
                waiting.clear()
        writer.write_table(prepared_table(waiting))
    return total


def join_parts(source: str, folder: Path, summaries: Iterable[PartSummary]) -> PreparedSource:
    """Add up what the slices gave, and put their bad rows into one file.

    Raises:
        DataError: there is no good pair.
    """
    total = sum(summaries, PartSummary())
    bad_file = folder / "bad.jsonl"
    with _explained(folder):
        with bad_file.open("wb") as out:
            for piece in sorted((folder / "bad").glob("*.jsonl")):
                with piece.open("rb") as lines:
                    shutil.copyfileobj(lines, out)
        shutil.rmtree(folder / "bad")
        with bad_file.open("rb") as lines:
            bad = tuple(BadRow.model_validate_json(line) for line in islice(lines, SHOWN_BAD))
    if not total.pairs:
        raise DataError(f"{source} holds no pair that can be trained on: {_why(bad, total.bad)}")
    return PreparedSource(
        folder=folder / "pairs",
        pairs=total.pairs,
        bad=bad,
        bad_rows=total.bad,
        bad_file=bad_file,
        longest=total.longest,
        tokens=total.tokens,
    )


def _checked(rows: Iterable[SourceRow], checker: RowChecker, blobs: Blobs) -> Iterator[PreparedPair | BadRow]:
    """The rows checked, the pictures of the good ones stored."""
    for row in rows:
        checked = checker.check(row)
        if isinstance(row, SourcePair) and isinstance(checked, PreparedPair):
            blobs.put(checked.pair.blob, row.image)
        yield checked


def _counted(checked: PreparedPair | BadRow) -> PartSummary:
    if isinstance(checked, BadRow):
        return PartSummary(bad=1)
    tokens = TokenCounts(
        prompt=checked.prompt_tokens,
        chosen=len(checked.chosen.ids),
        rejected=len(checked.rejected.ids),
        chosen_changed=sum(checked.chosen.changed),
        rejected_changed=sum(checked.rejected.changed),
    )
    return PartSummary(pairs=1, longest=checked.longest, tokens=tokens)


def _why(bad: tuple[BadRow, ...], count: int) -> str:
    return f"all {count} rows are bad, the first ({bad[0].where}) because {bad[0].reason}" if bad else "it has no rows"


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there, whole, once the block has ended well."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as out:
        yield out
    partial.rename(path)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        raise StorageError(f"{folder} cannot be written ({e.strerror or e}): free some space or choose another") from e

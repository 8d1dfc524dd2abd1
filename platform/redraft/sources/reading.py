"""A file or a folder of preference data, opened: which files there are, in which format, and their rows as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redraft.blobs import Blobs, open_blobs
from redraft.errors import DataError
from redraft.sources import jsonl, parquet
from redraft.sources.formats import Cells, Format
from redraft.sources.pictures import Pictures
from redraft.sources.recognising import recognise
from redraft.sources.rows import BadRow, SourcePair, SourceRow, SourceSlice
from redraft.sources.versions import blob_folder

SUFFIXES = (".parquet", ".jsonl", ".ndjson")
"""What counts as data in a folder; a file that is named itself may have any name."""

_LONGEST_REASON = 400


class Reader(Protocol):
    """What ``parquet`` and ``jsonl`` have in common."""

    @property
    def UNIT(self) -> str:
        """What a row is called in such a file."""

    def columns(self, file: Path) -> frozenset[str]:
        """Names of the columns."""

    def slices(self, file: Path, index: int, rows: int | None) -> Iterator[SourceSlice]:
        """The whole file in slices; ``index`` is that of its first row in the source."""

    def read(self, part: SourceSlice, wanted: Sequence[str]) -> Iterator[tuple[int, Cells | str]]:
        """The rows of a slice by their offset; a string is the reason why a row has no cells."""


@dataclass(frozen=True)
class _DataFile:
    """A file, the module that reads its kind, and the format of its rows."""

    path: Path
    shown: str
    reader: Reader
    format: Format


class Source:
    """Preference data of one of ``FORMATS``, whose files are known and have been recognised; rows are read on demand.

    ``name`` is that of the file or folder; pair ids do not depend on it.
    """

    def __init__(self, path: Path, *, max_pixels: int, blobs: str | None = None) -> None:
        """Look at every file's columns.

        Args:
            path: a file, or a folder whose ``.parquet`` and ``.jsonl`` files are taken in the order of their paths.
            max_pixels: bounds the size of the picture files that are read.
            blobs: blob store of a dataset version's pictures; by default the nearest folder above it that holds
                ``images``.

        Raises:
            DataError: nothing there, a file that cannot be read or whose columns fit no format, or no blob store.
            StorageError: the blob store cannot be opened.
        """
        self.name = path.resolve().name
        self._files = [_recognised(file, path) for file in _data_files(path)]
        store = _blob_store(path, blobs) if any(file.format.blobs for file in self._files) else None
        self._pictures = Pictures(path if path.is_dir() else path.parent, max_pixels, store)
        self._by_name = {str(file.path): file for file in self._files}

    def __iter__(self) -> Iterator[SourceRow]:
        """All rows in order, in bounded memory."""
        for part in self.slices():
            yield from self.read(part)

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of the formats that its files are in."""
        return tuple(dict.fromkeys(file.format.name for file in self._files))

    def slices(self, rows: int | None = None) -> Iterator[SourceSlice]:
        """What tasks read side by side: about ``rows`` rows each, or as many as can be read without a second pass.

        Raises:
            DataError: a file is damaged.
        """
        end = 0
        for file in self._files:
            for part in file.reader.slices(file.path, end, rows):
                yield part
                end = part.index + part.rows

    def read(self, part: SourceSlice) -> Iterator[SourceRow]:
        """The rows of one slice; each comes as a pair or as a bad row.

        Raises:
            DataError: the file is damaged.
        """
        file = self._by_name[part.file]
        for offset, cells in file.reader.read(part, file.format.columns):
            where = f"{file.shown} {file.reader.UNIT} {part.first + offset + 1}"
            yield self._row(part.index + offset, where, cells, file.format)

    def _row(self, index: int, where: str, cells: Cells | str, known: Format) -> SourceRow:
        if isinstance(cells, str):
            return BadRow(index=index, where=where, reason=cells[:_LONGEST_REASON])
        try:
            draft = known.parse(cells, self._pictures)
        except DataError as e:
            return BadRow(index=index, where=where, reason=str(e)[:_LONGEST_REASON])
        return SourcePair(source=self.name, index=index, where=where, **vars(draft))


def read_source(path: Path, *, max_pixels: int, blobs: str | None = None) -> Iterator[SourceRow]:
    """All rows of a file or folder, in order and in bounded memory; arguments and errors as ``Source``."""
    return iter(Source(path, max_pixels=max_pixels, blobs=blobs))


def _blob_store(path: Path, given: str | None) -> Blobs:
    if given is not None and "://" not in given and not Path(given).is_dir():
        raise DataError(f"the blob store {given} of {path} does not exist: name the folder that holds images/")
    return open_blobs(given or str(blob_folder(path)))


def _data_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path} does not exist: give a Parquet or JSONL file, or a folder of them")
    found = []
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder) / name for name in files if name.endswith(SUFFIXES) and not name.startswith(".")]
    if not found:
        raise DataError(f"{path} holds no preference data: put .parquet or .jsonl files in it")
    return sorted(found, key=lambda file: file.relative_to(path).parts)


def _recognised(file: Path, root: Path) -> _DataFile:
    reader = _reader(file)
    shown = str(file.relative_to(root)) if file != root else file.name
    printable = os.fsencode(shown).decode("utf-8", "replace")
    return _DataFile(file, printable, reader, recognise(reader.columns(file), str(file)))


def _reader(file: Path) -> Reader:
    try:
        with file.open("rb") as f:
            is_parquet = f.read(4) == b"PAR1"
    except OSError as e:
        raise DataError(f"{file} cannot be read ({e.strerror})") from e
    if is_parquet:
        return parquet
    return jsonl

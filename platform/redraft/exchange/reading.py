"""Files of corrections, read as a stream: our own JSON lines with their edits, or pairs in whatever format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redraft.errors import DataError
from redraft.exchange.answer_line import AnswerLine, parse_line
from redraft.sources import BadRow, Source, SourcePair, SourceRow, jsonl
from redraft.sources.formats import Cells
from redraft.sources.pictures import Pictures

MARKS_OF_OURS: Final = frozenset({"prompt", "rejected", "image", "edits"})
"""Keys by which lines of answers are told from plain pairs."""

_LONGEST_REASON = 400


@dataclass(frozen=True)
class Incoming:
    """An answer from outside with its picture, which nobody has decoded yet; ``index`` counts rows from 0."""

    index: int
    where: str
    line: AnswerLine
    image: bytes


class IncomingRows:
    """The rows of a file or folder; they can be gone through several times.

    ``rows`` says how many there are at most (empty lines count).
    """

    def __init__(self, path: Path, *, max_pixels: int, blobs: str | None = None) -> None:
        """Look at what is there; arguments and errors as ``redraft.sources.Source``."""
        self._file = _file_of_answers(path)
        if self._file is None:
            self._source = Source(path, max_pixels=max_pixels, blobs=blobs)
            self.rows = sum(part.rows for part in self._source.slices())
        else:
            self._pictures = Pictures(self._file.parent, max_pixels)
            self.rows = sum(part.rows for part in jsonl.slices(self._file, 0, None))

    def __iter__(self) -> Iterator[Incoming | BadRow]:
        """All rows in order, in bounded memory."""
        if self._file is None:
            return map(_from_pair, self._source)
        return self._answers(self._file)

    def _answers(self, file: Path) -> Iterator[Incoming | BadRow]:
        for part in jsonl.slices(file, 0, None):
            for offset, cells in jsonl.read(part, ()):
                yield self._answer(part.index + offset, f"{file.name} line {part.first + offset + 1}", cells)

    def _answer(self, index: int, where: str, cells: Cells | str) -> Incoming | BadRow:
        if isinstance(cells, str):
            return BadRow(index=index, where=where, reason=cells[:_LONGEST_REASON])
        try:
            line = parse_line({**cells, "image": ""})
            image = self._pictures.in_cell(cells.get("image"))
            if image is None:
                raise DataError("there is no image")
        except DataError as e:
            return BadRow(index=index, where=where, reason=str(e)[:_LONGEST_REASON])
        return Incoming(index, where, line, image)


def _file_of_answers(path: Path) -> Path | None:
    """The file of answers that ``path`` is, or is a folder of; None where it holds something else.

    Raises:
        DataError: several such files, or one beside other data.
    """
    if path.is_file():
        return path if _holds_answers(path) else None
    if not path.is_dir():
        return None
    data = [file for file in sorted(path.iterdir()) if file.suffix in (".jsonl", ".ndjson", ".parquet")]
    ours = [file for file in data if _holds_answers(file)]
    if ours and len(data) > 1:
        raise DataError(f"{path} holds {ours[0].name} beside other data: name the one file that is meant")
    return ours[0] if ours else None


def _holds_answers(file: Path) -> bool:
    try:
        with file.open("rb") as f:
            if f.read(4) == b"PAR1":
                return False
    except OSError as e:
        raise DataError(f"{file} cannot be read ({e.strerror or e})") from e
    return jsonl.columns(file) >= MARKS_OF_OURS


def _from_pair(row: SourceRow) -> Incoming | BadRow:
    if isinstance(row, BadRow):
        return row
    if row.kind == "ranking":
        reason = "it ranks two answers and corrects neither: train on it with `redraft train --pairs`"
        return BadRow(index=row.index, where=row.where, reason=reason)
    return _incoming(row)


def _incoming(row: SourcePair) -> Incoming:
    line = AnswerLine(prompt=row.prompt, rejected=row.rejected, chosen=row.chosen)
    return Incoming(row.index, row.where, line, row.image)

"""A chart and the rows it is drawn from, so that the picture, the PNG and the CSV never disagree."""

from __future__ import annotations

import base64
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path

from redraft.records import Record
from redraft.report.style import Draw, Drawing, render

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Chart:
    """``note`` says what to see; ``alert`` is set when what is to be seen is bad news."""

    name: str
    title: str
    note: str
    rows: Sequence[Record]
    draw: Draw
    size: tuple[float, float] = (5.4, 3.5)
    alert: str = ""

    def save(self, folder: Path) -> None:
        """Write ``NAME.png`` and ``NAME.csv``."""
        (folder / f"{self.name}.png").write_bytes(self.drawing.png)
        (folder / f"{self.name}.csv").write_text(csv_text(self.rows), encoding="utf-8")

    @property
    def columns(self) -> list[str]:
        """The rows' field names."""
        return list(type(self.rows[0]).model_fields)

    @property
    def light(self) -> str:
        """The drawing for a light page, as a data URI."""
        return _data_uri(self.drawing.light)

    @property
    def dark(self) -> str:
        """The drawing for a dark page, as a data URI."""
        return _data_uri(self.drawing.dark)

    @cached_property
    def drawing(self) -> Drawing:
        """The rows, drawn."""
        return render(self.draw, self.size)


def csv_text(rows: Sequence[Record]) -> str:
    """The rows as CSV (RFC 4180), with a header.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    out = StringIO()
    # With a bare line feed, a carriage return within a cell would not be quoted, and begin a row of its own.
    writer = csv.DictWriter(out, fieldnames=list(type(rows[0]).model_fields), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: inert(cell) for name, cell in row.model_dump(mode="json").items()} for row in rows)
    return out.getvalue()


def inert(cell: object) -> object:
    """A cell that no spreadsheet runs: people choose their names, and one may be ``=HYPERLINK(...)``."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _data_uri(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"

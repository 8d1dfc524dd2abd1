"""What a study leaves for programs and for the pages: ``summary.json``, with its tables as they are printed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from redraft.errors import DataError
from redraft.records import Record
from redraft.scaling.analysis import Analysis

FILE = "summary.json"


class TextTable(Record):
    """A table as a reader sees it; the first ``names`` columns say what a row is, the others hold figures."""

    name: str
    caption: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1


class Picture(Record):
    """A chart beside the summary, ``NAME.png``."""

    name: str = Field(pattern=r"^[\w-]+$")
    title: str
    note: str


class StudySummary(Record):
    """A study in short: how far it is, one paragraph, its pictures and tables, and every figure behind them."""

    title: str
    coverage: str
    paragraph: str
    pictures: tuple[Picture, ...]
    tables: tuple[TextTable, ...]
    analysis: Analysis


def read_summary(folder: Path) -> StudySummary:
    """The summary of the study in ``folder``.

    Raises:
        DataError: there is none, or it is not of this version.
    """
    file = folder / FILE
    try:
        return StudySummary.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise DataError(f"{file} is missing: `redraft study scaling CONFIG --out {folder}` writes it") from e
    except (ValidationError, UnicodeDecodeError) as e:
        raise DataError(f"{file} is no summary of this version: write it again with --report-only") from e

"""Names that people choose, in tables that others open in a spreadsheet."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from redraft.records import Record
from redraft.report.chart import csv_text


class Row(Record):
    annotator: str
    change: float
    answers: int


@pytest.mark.parametrize("name", ["=HYPERLINK(A1)", "+1", "-1+cmd|'/C calc'!A0", "@SUM(1)", "\t=1", "\r=1"], ids=ascii)
def test_a_name_is_never_a_formula(name: str) -> None:
    text = csv_text([Row(annotator=name, change=-0.5, answers=3)])
    (row,) = csv.DictReader(StringIO(text, newline=""))
    assert row["annotator"] == f"'{name}"
    assert (row["change"], row["answers"]) == ("-0.5", "3"), "numbers stay numbers"


@pytest.mark.parametrize("name", ["Ada", "O'Neill", "a=b", "", "Ada, Countess\nof Lovelace", "x\r=1"])
def test_other_names_stay_as_they_are(name: str) -> None:
    (row,) = csv.DictReader(StringIO(csv_text([Row(annotator=name, change=0.5, answers=3)]), newline=""))
    assert row["annotator"] == name

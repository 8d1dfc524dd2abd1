"""The report: one HTML file that needs nothing else, and its charts and tables as PNG and CSV beside it.

Responses, corrections and names are other people's text. The template escapes everything, pictures are re-encoded, and
the page's content security policy lets it load nothing and run no script.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from redraft.records import Record, RoundRow, Verdict
from redraft.report.arms import arm_charts
from redraft.report.breakdown import breakdown_charts
from redraft.report.calibration import calibration_charts
from redraft.report.chart import Chart, csv_text
from redraft.report.costs import cost_rows
from redraft.report.examples import answer_examples, correction_examples
from redraft.report.headline import headline, tiles
from redraft.report.history import History, read_history
from redraft.report.people import annotator_rows, edit_rows, queue_rows
from redraft.report.progress import progress_charts
from redraft.report.provenance import config_text, lineage_rows, timing_rows
from redraft.report.summary import RoundSummary, Summary, summarise
from redraft.report.training import training_charts
from redraft.report.wording import duration, moment, percent, points
from redraft.runs import RunFolder
from redraft.store import Store


class RoundView(Record):
    """A round as the page tells it: where it stands, what it measured, and why it was decided so."""

    row: RoundRow
    summary: RoundSummary | None
    verdict: Verdict | None


def write_report(folder: RunFolder) -> Path:
    """Write ``report.html`` and ``report/``; a run that is still going on is reported as far as it went."""
    with folder.store() as store:
        history = read_history(folder, store)
        page, charts, tables = _build(history, store)
    beside = folder.root / "report"
    beside.mkdir(exist_ok=True)
    for chart in charts:
        chart.save(beside)
    for name, rows in tables.items():
        if rows:
            (beside / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8")
    partial = folder.report.with_suffix(".html.partial")
    partial.write_text(page, encoding="utf-8")
    return partial.replace(folder.report)


def _build(history: History, store: Store) -> tuple[str, list[Chart], dict[str, Sequence[Record]]]:
    """The page, its charts, and its tables by name."""
    summary = summarise(history)
    sections = {
        "progress": progress_charts(history, summary),
        "breakdown": breakdown_charts(history),
        "training": training_charts(history),
        "arms": arm_charts(history),
        "calibration": calibration_charts(history, store),
    }
    costs = cost_rows(history, store.effort())
    tables: dict[str, Sequence[Record]] = {
        "queue": queue_rows(history),
        "annotators": annotator_rows(history),
        "edits": edit_rows(history.corrections),
        "costs": costs,
    }
    timing = timing_rows(history)
    page = (
        _environment()
        .get_template("page.html")
        .render(
            history=history,
            summary=summary,
            headline=headline(history, summary),
            tiles=tiles(history),
            base=_base_row(summary),
            rounds=_round_views(history, summary),
            charts=sections,
            tables=tables,
            corrections=correction_examples(history, store),
            answers=answer_examples(history, store),
            lineage=lineage_rows(history),
            timing=timing,
            priced=any(row.money is not None for row in costs),
            timed=sorted({number for row in timing for number in row.seconds}),
            config=config_text(history),
            written=time.time(),
        )
    )
    return page, [chart for charts in sections.values() for chart in charts], tables


def _base_row(summary: Summary) -> RoundSummary | None:
    return next((row for row in summary.rounds if row.round == 0), None)


def _round_views(history: History, summary: Summary) -> list[RoundView]:
    measured = {row.round: row for row in summary.rounds}
    return [
        RoundView(row=row, summary=measured.get(row.number), verdict=history.verdicts.get(row.number))
        for row in history.rounds
    ]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"percent": percent, "points": points, "duration": duration, "moment": moment}
    environment.filters.update(filters)
    return environment

"""A study's report: one HTML file that needs nothing else, with its charts, tables and figures beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from redraft.report.chart import Chart, csv_text
from redraft.report.study.change_charts import scene_chart, type_chart
from redraft.report.study.compare_charts import difference_chart, recall_chart
from redraft.report.study.curve_charts import base_chart, curve_charts, fit_chart, helpfulness_chart
from redraft.report.study.curve_tables import curve_tables
from redraft.report.study.end_tables import largest_tables, scene_table, type_table
from redraft.report.study.flat import curve_rows
from redraft.report.study.level_chart import level_chart
from redraft.report.study.markdown import markdown
from redraft.report.study.panels import first_condition
from redraft.report.study.tables import difference_table, fit_table, needed_tables, recall_table
from redraft.report.study.telling import coverage, paragraph
from redraft.scaling.analysis import Analysis, analyse
from redraft.scaling.design import StudyConfig
from redraft.scaling.findings import CLAIMS
from redraft.scaling.resample import Resamples
from redraft.scaling.roles import main_arm
from redraft.scaling.rows import CellResult, write_csv
from redraft.scaling.summary import FILE, Picture, StudySummary, TextTable

_HERE = Path(__file__).parent


def write_study(config: StudyConfig, results: Iterable[CellResult], out: Path, *, cells: int | None = None) -> None:
    """Write ``report.html``, ``summary.json``, ``summary.md``, ``curves.csv``, ``rows.csv`` and the charts.

    Args:
        results: what is done so far; cells of other splits are passed over.
        cells: how many there will be, if not what the config says.

    Raises:
        DataError: there is no result on the test split, or the results are not of one study.
    """
    analysis, drawn = analyse(config, list(results))
    if cells is not None:
        analysis = analysis.model_copy(update={"planned": cells})
    charts = _charts(drawn, analysis)
    summary = StudySummary(
        title=config.title,
        coverage=coverage(config, analysis),
        paragraph=paragraph(config, analysis),
        pictures=tuple(Picture(name=c.name, title=c.title, note=c.note) for c in charts),
        tables=tuple(_tables(drawn, analysis)),
        analysis=analysis,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_csv(drawn.results.all, out / "rows.csv")
    (out / "curves.csv").write_text(csv_text(curve_rows(analysis.curves)), encoding="utf-8", newline="")
    for chart in charts:
        (out / f"{chart.name}.png").write_bytes(chart.drawing.png)
    (out / "summary.md").write_text(markdown(summary), encoding="utf-8")
    _replace(out / FILE, summary.model_dump_json(indent=1))
    _replace(out / "report.html", _page(config, summary, charts))


def _charts(drawn: Resamples, analysis: Analysis) -> list[Chart]:
    points = list(analysis.curves)
    return [
        *curve_charts(drawn, points),
        *level_chart(drawn, points),
        *recall_chart(drawn, points),
        *difference_chart(drawn, analysis.pays, "pays", "When dense preference training pays"),
        *difference_chart(drawn, analysis.rounds, "rounds", "Rounds on-policy against all labels at once"),
        *fit_chart(drawn, points),
        *helpfulness_chart(drawn, points),
        *type_chart(drawn, analysis.types),
        *scene_chart(drawn, analysis.scenes),
        *base_chart(drawn, points),
    ]


def _tables(drawn: Resamples, analysis: Analysis) -> list[TextTable]:
    config, lines, beside = drawn.results.config, drawn.results.lines, analysis.reference
    rates = [row for row in analysis.differences if row.figure == "response_rate"]
    recalls = [row for row in analysis.differences if row.figure == "recall"]
    pays = [row for row in analysis.pays if row.figure == "response_rate"]
    rounds = [row for row in analysis.rounds if row.figure == "response_rate"]
    paired = "Paired by training and picture, in points, 95 % intervals; a column a number of labels."
    main = next((line for line in lines if line.arm == main_arm(config)), None)
    return [
        *curve_tables(config, analysis, lines),
        *needed_tables(config, analysis),
        *difference_table(config, pays, "pays", "When dense preference training pays: rates", paired, both=True),
        *difference_table(config, rounds, "rounds", "Rounds on-policy, minus all at once: rates", paired, both=True),
        *difference_table(config, rates, "differences", f"Rate at equal labels, minus {beside}", paired, both=False),
        *difference_table(config, recalls, "recalls", f"Recall at equal labels, minus {beside}", paired, both=False),
        *recall_table(config, analysis),
        *fit_table(config, analysis),
        *largest_tables(config, analysis),
        *type_table(config, analysis, first_condition(drawn)),
        *scene_table(config, analysis, main),
    ]


def _page(config: StudyConfig, summary: StudySummary, charts: list[Chart]) -> str:
    environment = Environment(
        loader=FileSystemLoader([_HERE / "template", _HERE.parent / "template"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tables = {table.name: table for table in summary.tables}
    claims = [[finding for finding in summary.analysis.findings if finding.claim == claim] for claim in CLAIMS]
    return environment.get_template("study.html").render(
        summary=summary,
        analysis=summary.analysis,
        charts={chart.name: chart for chart in charts},
        tables=tables,
        curve_tables_shown=len(summary.analysis.schedules),
        claims=[found for found in claims if found],
        config=config.model_dump_json(indent=2, exclude_none=True),
    )


def _replace(file: Path, text: str) -> None:
    """Write a file whole: a reader sees the old one or the new one."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)

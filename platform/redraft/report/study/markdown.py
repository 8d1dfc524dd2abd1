"""A study in Markdown, to be pasted into documentation: a list of findings, and the main tables."""

from __future__ import annotations

from redraft.report.wording import count
from redraft.scaling.findings import Finding
from redraft.scaling.summary import StudySummary, TextTable

_MAIN = (
    *("rate_", "recall_", "labels_to_target", "ratios", "pays", "rounds", "differences", "matched_recall", "fits"),
    *("largest", "log_probabilities", "cost", "types", "over_generalisation"),
)
"""What the names of the main tables begin with."""


def markdown(summary: StudySummary) -> str:
    """The whole document."""
    parts = [f"## {_cell(summary.title)}", summary.coverage, _findings(summary)]
    parts += [_table(table) for table in summary.tables if table.name.startswith(_MAIN)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _findings(summary: StudySummary) -> str:
    return "\n".join(_finding(summary, finding) for finding in summary.analysis.findings)


def _finding(summary: StudySummary, finding: Finding) -> str:
    several = len({f.condition for f in summary.analysis.findings}) > 1
    where = f" ({finding.condition})" if several else ""
    rests = f"{count(finding.bases, 'base')}, {count(finding.seeds, 'seed')}"
    return f"- **{_cell(finding.statement)}{_cell(where)}: {finding.verdict}.** {_cell(finding.sentence)} ({rests}.)"


def _table(table: TextTable) -> str:
    marks = [":--" if at < table.names else "--:" for at in range(len(table.head))]
    lines = [f"**{_cell(table.caption)}**", "", _line(table.head), _line(marks)]
    lines += [_line(row) for row in table.rows]
    return "\n".join([*lines, "", _cell(table.note)])


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """A name that people chose is no markup."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")

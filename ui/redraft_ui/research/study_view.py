"""The studies beside a run: where they lie, and what their summaries say as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from redraft.scaling.findings import Finding
from redraft.scaling.summary import FILE, StudySummary


def studies(root: Path) -> dict[str, Path]:
    """Folders of studies with a summary, by a short name: those of the run in ``root`` itself, then those beside it."""
    beside = root.parent
    places = (root / "studies", beside / "studies")
    found = sorted(file.parent for place in places for file in place.glob(f"*/{FILE}"))
    return {str(folder.relative_to(beside)): folder for folder in found}


def findings_table(findings: Sequence[Finding]) -> tuple[list[str], list[list[str]]]:
    """Head and rows; the condition is told where there are several."""
    several = len({finding.condition for finding in findings}) > 1
    head = ["Claim", "Verdict", *(["Condition"] if several else []), "What the intervals say"]
    rows = [
        [f.statement, f.verdict, *([f.condition] if several else []), f"{f.sentence} {_rests_on(f)}"] for f in findings
    ]
    return head, rows


def pictures(folder: Path, summary: StudySummary) -> list[tuple[Path, str, str]]:
    """File, title and note of each chart that lies in the folder."""
    files = [(folder / f"{picture.name}.png", picture) for picture in summary.pictures]
    return [(file, picture.title, picture.note) for file, picture in files if file.is_file()]


def _rests_on(finding: Finding) -> str:
    plural = ("" if finding.bases == 1 else "s", "" if finding.seeds == 1 else "s")
    return f"({finding.bases} base{plural[0]}, {finding.seeds} seed{plural[1]}.)"

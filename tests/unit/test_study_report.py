"""A study's report as it lies in a folder: complete, self-contained, and as far as the study went."""

from __future__ import annotations

import csv
import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from redraft.errors import DataError
from redraft.report.study import write_study
from redraft.report.study.palette import StudyChart, labels_axis, looks
from redraft.report.style import LIGHT
from redraft.scaling.summary import StudySummary, read_summary

from .study_cells import ARMS, cells_of, small_study

EVIL = '<script>alert("x")</script>'
FILES = {"report.html", "summary.json", "summary.md", "curves.csv", "rows.csv"}
CHARTS = {"curve", "matched", "pays", "fit", "helpfulness", "types", "over_generalisation", "per_base"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of two conditions and two schedules, one arm of which has a hostile name."""
    out = tmp_path_factory.mktemp("whole")
    arms = ARMS | {f"dense {EVIL}": {"objective": {"preset": "paper", "gamma": 9}}}
    config = small_study(
        arms=arms, title=EVIL, conditions={"full": {}, "partial": {"fixes": 1}}, schedules=("steps", "epochs")
    )
    cells = cells_of(config, lambda c: 0.3 if EVIL in c.arm else 0.4 - 0.0005 * c.labels)
    write_study(config, cells, out)
    return out


@pytest.fixture(scope="module")
def page(whole: Path) -> str:
    return (whole / "report.html").read_text(encoding="utf-8")


def read_rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def test_everything_is_written(whole: Path) -> None:
    names = {file.name for file in whole.iterdir()}
    assert names == FILES | {f"{name}.png" for name in CHARTS | {"curve-partial"}}
    for file in whole.glob("*.png"):
        assert min(Image.open(BytesIO(file.read_bytes())).size) > 400


def test_the_page_needs_nothing_else_and_runs_nothing(page: str) -> None:
    assert EVIL not in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href|srcset)="(?!data:)', page)
    assert page.count("<picture>") == len(CHARTS) + 1


def test_charts_have_colours_for_dark_pages(page: str) -> None:
    dark = [b64decode(data).decode() for data in re.findall(r'srcset="data:image/svg\+xml;base64,([^"]+)"', page)]
    light = set(look.colour for look in looks([str(at) for at in range(8)]).values()) | {LIGHT.ink}
    assert dark and not [colour for svg in dark for colour in light if colour in svg]


def test_the_summary_is_read_back(whole: Path) -> None:
    summary = read_summary(whole)
    assert isinstance(summary, StudySummary)
    assert summary.coverage == "322 of 322 cells; 2 bases, 2 seeds, 200 test pictures."
    assert {picture.name for picture in summary.pictures} == CHARTS | {"curve-partial"}
    assert summary.paragraph.startswith(summary.coverage)
    assert all(len(row) == len(table.head) for table in summary.tables for row in table.rows)


def test_curves_are_written_for_every_point(whole: Path) -> None:
    rows = read_rows(whole / "curves.csv")
    points = 5 * 2 * 2 * 4
    assert len(rows) == 3 * (points + 1)
    first = next(row for row in rows if row["arm"] == "dense" and row["labels"] == "400" and row["base"] == "all")
    assert float(first["response_rate"]) == pytest.approx(0.2)
    assert float(first["response_rate_low"]) < 0.2 < float(first["response_rate_high"])
    assert len(read_rows(whole / "rows.csv")) == 322


def test_markdown_tables_are_whole(whole: Path) -> None:
    text = (whole / "summary.md").read_text(encoding="utf-8")
    assert EVIL not in text
    blocks = re.findall(r"(?:^\|.*\n)+", text, flags=re.M)
    assert len(blocks) > 10
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    assert "**Over-generalisation shrinks (full): supported.**" in text


def test_an_unfinished_study_says_so(tmp_path: Path) -> None:
    config = small_study()
    write_study(config, cells_of(config)[:21], tmp_path, cells=444)
    assert read_summary(tmp_path).coverage.startswith("Unfinished: 21 of 444 cells")
    assert "Unfinished: 21 of 444 cells" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_bases_alone_and_a_single_cell(tmp_path: Path) -> None:
    config = small_study()
    cells = cells_of(config)
    write_study(config, cells[:1], tmp_path / "base")
    write_study(config, cells[-1:], tmp_path / "cell")
    for name in ("base", "cell"):
        summary = read_summary(tmp_path / name)
        assert summary.analysis.done == 1 and not summary.analysis.findings
    with pytest.raises(DataError, match="no result"):
        write_study(config, [], tmp_path / "nothing")


def test_a_study_of_two_sizes_and_several_rounds(tmp_path: Path) -> None:
    """No curves, but levels by arm, and rounds against all labels at once."""
    config = small_study(sizes=(100, 400), rounds=(1, 2))
    write_study(config, cells_of(config), tmp_path)
    summary = read_summary(tmp_path)
    names = {picture.name for picture in summary.pictures}
    assert {"levels", "rounds", "pays"} <= names and not {"curve", "fit", "helpfulness"} & names
    levels = next(table for table in summary.tables if table.name == "rate_levels")
    assert levels.head == ("arm", "100", "400")
    assert [row[0] for row in levels.rows][:2] == ["untrained base", "dense"]
    assert "dense, 2 rounds" in {row[0] for row in levels.rows}


def test_the_same_results_give_the_same_figures(tmp_path: Path) -> None:
    config = small_study(arms={"dense": ARMS["dense"]}, sizes=(50, 100))
    cells = cells_of(config)
    for name, order in (("one", cells), ("two", cells[::-1])):
        write_study(config, order, tmp_path / name)
    assert (tmp_path / "one" / "summary.json").read_bytes() == (tmp_path / "two" / "summary.json").read_bytes()


def test_summaries_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing"):
        read_summary(tmp_path)
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no summary of this version"):
        read_summary(tmp_path)


def test_ticks_do_not_touch() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    labels_axis(axes, [50, 100, 200, 400, 800, 1400, 2800, 7000, 14000])
    assert [text.get_text() for text in axes.get_xticklabels()][-1] == "14,000"
    assert len(axes.get_xticks()) <= 7


def test_no_two_lines_look_alike() -> None:
    assert len(set(map(str, looks([str(at) for at in range(32)]).values()))) == 32
    assert len({(look.colour, look.marker) for look in looks([str(at) for at in range(64)]).values()}) == 64
    assert StudyChart.__doc__

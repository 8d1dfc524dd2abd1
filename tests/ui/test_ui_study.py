"""The page of curves shows the studies that lie beside a run, as their own reports have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from redraft.records import Role
from redraft.report.study import write_study
from redraft_ui.research import study_view

from ..unit.study_cells import cells_of, small_study
from .conftest import Run

HOSTILE = "<b>bold</b> **x** $y$"
SCRIPT = """
from pathlib import Path
from redraft_ui.research import scaling_page
from redraft_ui.workplace import Workplace

work = Workplace.open(Path({root!r}))
scaling_page.page(work, work.store.user("rosa"))
"""


def write(folder: Path, title: str = "A study", keep: int | None = None) -> None:
    config = small_study(title=title)
    write_study(config, cells_of(config)[:keep], folder)


@pytest.fixture
def researcher(run: Run) -> Run:
    run.store.add_user("rosa", Role.RESEARCHER, actor="test")
    return run


def show(run: Run, **query: str) -> AppTest:
    app = AppTest.from_string(SCRIPT.format(root=str(run.root)), default_timeout=30)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def said(app: AppTest) -> str:
    return " ".join(e.value for kind in ("error", "warning", "caption", "markdown") for e in app.get(kind))


def test_a_run_without_studies_says_nothing_of_them(researcher: Run) -> None:
    assert "Studies" not in [heading.value for heading in show(researcher).subheader]


def test_findings_charts_and_tables_of_a_study(researcher: Run) -> None:
    write(researcher.root.parent / "studies" / "first", title=HOSTILE)
    app = show(researcher)
    assert "What the intervals support" in html(app) and "Over-generalisation shrinks" in html(app)
    assert "<b>bold" not in html(app)
    assert r"\<b\>bold" in said(app)
    assert html(app).count("data:image/png") >= 6
    assert any("power laws" in expander.label.lower() for expander in app.expander)
    assert {button.proto.label for button in app.get("download_button")} >= {"report.html", "curves.csv"}


def test_an_unfinished_study_of_the_run_itself_and_one_beside_it(researcher: Run) -> None:
    write(researcher.root / "studies" / "mine", keep=20)
    write(researcher.root.parent / "studies" / "other")
    names = list(study_view.studies(researcher.root))
    assert names == ["run/studies/mine", "studies/other"]
    app = show(researcher, study="run/studies/mine")
    assert "Unfinished" in " ".join(warning.value for warning in app.warning)
    assert not show(researcher, study="studies/other").warning


def test_a_broken_summary_is_one_sentence(researcher: Run) -> None:
    folder = researcher.root / "studies" / "broken"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text("{}", encoding="utf-8")
    assert "no summary of this version" in " ".join(error.value for error in show(researcher).error)

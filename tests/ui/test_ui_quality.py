"""The quality page on a real store, and what training makes of the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from redraft.config import Config
from redraft.pairs import build_pairs, dataset_id
from redraft.quality.shares import wilson
from redraft.records import Answer, Correction, Edit, Gold, HallucinationType, ImageItem, Interval, Task, stable_id
from redraft.segments import apply_edits
from redraft_actors.building import _smoothed
from redraft_actors.context import RunContext
from redraft_ui.research import quality_charts, quality_view
from redraft_ui.research.quality_view import QualityView, view_quality

from .conftest import Run

HOSTILE = "<img src=x onerror='window.hacked=1'> **Eve** :red[x] =1+1"
TEXT = "Picture {}: two red cups on the table."
FIX = ("two", "three", HallucinationType.NUMBER)


def answered(task: Task, annotator: str, *changes: tuple[str, str, HallucinationType], **fields: Any) -> Correction:
    """An answer to a task, clean without changes."""
    edits = tuple(
        Edit(start=task.text.index(old), end=task.text.index(old) + len(old), replacement=new, type=kind)
        for old, new, kind in changes
    )
    plain = {
        "id": stable_id("answer", task.id, annotator, fields.get("review", False)),
        "task_id": task.id,
        "round": 1,
        "annotator": annotator,
        "answer": Answer.CORRECTED if edits else Answer.CLEAN,
        "original": task.text,
        "corrected": apply_edits(task.text, edits),
        "edits": edits,
        "arm": task.arm,
        "seconds": 20.0,
        "elapsed": 25.0,
        "submitted_at": 1_000_000.0,
    }
    return Correction.model_validate(plain | fields)


@pytest.fixture
def busy(run: Run) -> list[Task]:
    """Thirty tasks, answered by Ada and by a hostile name that got slow lately; one is gold, one reviewed."""
    tasks = [run.add_task(TEXT.format(number), unsure="red") for number in range(30)]
    for number, task in enumerate(tasks):
        when = 1_000_000.0 + 86_400 * number
        mine = [FIX] if number % 2 else []
        theirs = [FIX, ("red", "blue", HallucinationType.ATTRIBUTE)] if number % 4 == 1 else mine
        pace = 20.0 + number % 3 if number < 15 else 60.0 + number % 3
        run.store.add_corrections(
            [
                answered(task, "Ada", *mine, submitted_at=when, shaded=number % 3 > 0),
                answered(task, HOSTILE, *theirs, submitted_at=when, seconds=pace, elapsed=0.0),
            ],
            [],
            actor="test",
        )
    review = answered(tasks[1], "Rita", FIX, review=True)
    known = answered(tasks[0], "Cleo", gold=True)
    run.store.add_corrections([review, known], [], actor="test")
    run.store.add_gold(Gold(task_id=tasks[0].id, edits=(), author="Rita", created_at=0.0))
    return tasks


@pytest.fixture
def page(run: Run) -> AppTest:
    """The page alone, not run yet."""

    def script(root: str) -> None:
        from pathlib import Path

        from redraft.records import Role, User
        from redraft_ui.research import quality_page
        from redraft_ui.workplace import Workplace

        quality_page.page(Workplace.open(Path(root)), User(name="Rita", role=Role.REVIEWER, disabled=False))

    return AppTest.from_function(script, default_timeout=30, args=(str(run.root),))


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_page_works_before_anybody_has_answered(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "Nobody has answered anything" in page.info[0].value


def test_the_page_shows_everybody_and_obeys_no_name(page: AppTest, busy: list[Task]) -> None:
    page.run()
    assert not page.exception
    html = shown(page)
    assert html.count("<table") == 6, "agreement, work, standing, gold, weeks, anchoring"
    assert "<img" not in html and "&lt;img src=x" in html
    assert "30 tasks were answered by two people or more" in page.markdown[0].value
    assert len(page.get("vega_lite_chart")) == 3
    (warning,) = page.warning
    assert "active seconds per 100 words went from" in warning.value.replace("\\", "")
    assert "\\<img" in warning.value and "\\*\\*Eve\\*\\*" in warning.value, "Markdown shows the name as it is"
    assert not page.error


def test_the_weeks_are_those_of_whoever_is_chosen(page: AppTest, busy: list[Task]) -> None:
    page.run()
    page.selectbox[0].select("Ada").run()
    assert not page.exception
    assert "The weeks of Ada, the newest first" in shown(page)
    page.selectbox[1].select("gold tasks answered right").run()
    assert not page.exception


@pytest.fixture
def view(run: Run, busy: list[Task]) -> QualityView:
    return view_quality(run.store, "main", threshold=0.5, training=0)


def test_what_is_measured_is_what_was_answered(view: QualityView) -> None:
    assert view.answers == 62 and view.left_out == 0
    assert view.agreement is not None and view.agreement.tasks == 30
    assert view.agreement.wrong is not None and view.agreement.wrong.value == 1
    assert view.agreement.types is not None and 0 < view.agreement.types.low < view.agreement.types.value < 1
    assert {person.annotator: person.reviewed for person in view.people} == {HOSTILE: 1, "Ada": 1, "Cleo": 0}
    changed = {person.annotator: person.changed for person in view.people}
    assert (changed["Ada"], changed[HOSTILE]) == (wilson(0, 1), wilson(1, 1))
    assert {score.annotator: score.right.value for score in view.golds} == {HOSTILE: 1, "Ada": 1, "Cleo": 1}
    assert (view.anchoring.shaded, view.anchoring.unshaded) == (50, 10)


def test_old_answers_are_left_out_by_number(run: Run, busy: list[Task]) -> None:
    view = view_quality(run.store, "main", threshold=0.5, training=0, newest=10)
    assert (view.answers, view.left_out) == (10, 52)


def test_every_table_has_a_cell_for_every_heading(view: QualityView) -> None:
    assert view.agreement is not None
    tables = [
        quality_view.agreement_table(view.agreement),
        quality_view.work_table(view.people),
        quality_view.standing_table(view.people, view.reliability),
        quality_view.gold_table(view.golds),
        quality_view.week_table(view.weeks, "Ada"),
        quality_view.anchoring_table(view.anchoring),
    ]
    for head, rows in tables:
        assert rows and {len(row) for row in rows} == {len(head)}


@pytest.mark.parametrize(
    ("value", "low", "words"),
    [
        (0.9, 0.85, "people agree well: rely on it"),
        (0.9, 0.7, "people agree well: rely on it; so few tasks may also mean: people agree fairly"),
        (0.5, 0.4, "people often disagree: make the guidelines clearer"),
        (-0.1, -0.2, "no more agreement than by chance"),
    ],
)
def test_agreement_is_told_in_plain_words(value: float, low: float, words: str) -> None:
    assert quality_view.alpha_in_words(Interval(value=value, low=low, high=1)).startswith(words)
    assert "chance" in quality_view.alpha_in_words(None)


def test_charts_show_the_figures_of_their_tables(view: QualityView) -> None:
    chart = quality_charts.reliability_chart(view.people, view.reliability)
    assert chart is not None
    assert [point["about"] for point in chart["data"]["values"]] == [person.annotator for person in view.people]
    assert quality_charts.reliability_chart(view.people, {}) is None
    nobody = (
        view.agreement.model_copy(update={"edited": None, "types": None, "wrong": None}) if view.agreement else None
    )
    assert nobody is not None and quality_charts.agreement_chart(nobody) is None


def test_building_smooths_pairs_by_what_the_page_shows(run: Run, busy: list[Task], view: QualityView) -> None:
    def opened(reliability: bool) -> RunContext:
        config = Config.model_validate({"train": {"objective": {"reliability": reliability}}})
        context = RunContext.open(run.root)
        return RunContext(context.folder, config, run.store, context.blobs)

    fresh = run.store.unused_corrections()
    images: dict[str, ImageItem] = {task.image_id: run.store.image(task.image_id) for task in busy}
    pairs = build_pairs(fresh, {task.id: task for task in busy}, images)
    assert _smoothed(opened(False), pairs) is pairs
    smoothed = _smoothed(opened(True), pairs)
    expected = {name: 1 - known.value.value for name, known in view.reliability.items()} | {"Rita": 0.0}
    assert {pair.annotator for pair in smoothed} == {"Ada", HOSTILE, "Rita"}
    for pair in smoothed:
        assert pair.smoothing == pytest.approx(expected[pair.annotator], abs=1e-4)
    assert dataset_id(smoothed) != dataset_id(pairs)

"""The page of human evaluations: how far a study is, and what people found once it was closed."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from redraft.evaluate.humaneval import measure_study
from redraft.evaluate.study import Study, StudyItem, study_key
from redraft.records import (
    Answer,
    HallucinationType,
    HumanDifference,
    Interval,
    Mark,
    Phase,
    Project,
    ProjectKind,
    Span,
    Split,
    Submission,
)
from redraft_ui.research import humaneval_view

from .conftest import Run

TEXTS = {"base": "There are two <b>red</b> cups.", "child": "A dog sleeps on the left."}


@pytest.fixture
def study(run: Run) -> Study:
    """Two policies, each with a text about one picture, to be judged by one person."""
    run.store.begin_round(1, Phase.ANNOTATING, "base")
    run.add_policy("child", 1, "base")
    project = Project(id="blind", title="Cups & dogs", kind=ProjectKind.EVALUATION, created_at=0.0)
    run.store.add_project(project, actor="test")
    first = run.add_task("A text of the loop.", priority=0.1)
    tasks = [
        first.model_copy(update={"id": f"t-{policy}", "text": text, "project": "blind", "priority": 1.0})
        for policy, text in TEXTS.items()
    ]
    run.store.add_tasks(tasks)
    items = tuple(
        StudyItem(task=task.id, image_id=task.image_id, prompt=task.prompt, text=task.text, policies=(policy,))
        for task, policy in zip(tasks, TEXTS, strict=True)
    )
    made = Study(project="blind", split=Split.TEST, policies=("base", "child"), seed=0, overlap=1, items=items)
    run.blobs.put(study_key("blind"), made.model_dump_json().encode())
    return made


@pytest.fixture
def page(run: Run) -> AppTest:
    """The page alone, not run yet."""

    def script(root: str) -> None:
        from pathlib import Path

        from redraft.records import Role, User
        from redraft_ui.research import humaneval_page
        from redraft_ui.workplace import Workplace

        humaneval_page.page(Workplace.open(Path(root)), User(name="Rosa", role=Role.RESEARCHER, disabled=False))

    return AppTest.from_function(script, default_timeout=20, args=(str(run.root),))


def judge(run: Run) -> None:
    """Ann finds the cups of the first text wrong and the other text right."""
    while (lease := run.store.lease("ann", 60)) and lease.task.project == "blind":
        wrong = "cups" in lease.task.text
        mark = Mark(span=Span(start=10, end=13), type=HallucinationType.NUMBER)
        run.store.submit(
            Submission(
                nonce=f"nonce-{lease.task.id}",
                task_id=lease.task.id,
                annotator="ann",
                answer=Answer.MARKED if wrong else Answer.CLEAN,
                marks=(mark,) if wrong else (),
                seconds=30,
            )
        )


def html(page: AppTest) -> str:
    return " ".join(element.proto.body for element in page.get("html"))


def test_without_a_study_it_says_how_to_start_one(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "redraft humaneval start" in page.info[0].value


def test_progress_is_shown_and_no_results_before_the_end(run: Run, study: Study, page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert page.selectbox[0].options == ["Cups & dogs"]
    view = humaneval_view.view_study(run.store, run.blobs, run.store.project("blind"))
    assert view is not None
    assert humaneval_view.progress_sentence(view) == (
        "0 of 2 answers are in: 2 texts about 1 picture of the test split, each for one person; 0 texts in work now."
    )
    judge(run)
    page.run()
    assert "redraft humaneval close RUN blind" in page.code[0].value
    assert "rd-table" not in html(page), "what people found is not shown before the study is closed"


def test_results_stand_in_tables(run: Run, study: Study, page: AppTest) -> None:
    judge(run)
    answers = run.store.corrections(project="blind")
    found = measure_study(study, answers, bootstrap=100, seed=0, closed_at=1.7e9)
    run.store.add_human_evaluations(found, actor="Rosa")
    page.run()
    assert not page.exception
    shown = html(page)
    assert "100.0% (100.0% to 100.0%)" in shown and "20.00 (20.00 to 20.00)" in shown
    assert "-100.0 points" in shown and "fewer are wrong" in shown
    assert "1 by 1 annotator, 30 s each" in shown


@pytest.mark.parametrize(
    ("low", "high", "reading"),
    [(-0.2, 0.1, "no clear difference"), (-0.2, -0.1, "fewer are wrong"), (0.1, 0.2, "more are wrong")],
)
def test_a_difference_is_read_aloud(run: Run, study: Study, low: float, high: float, reading: str) -> None:
    judge(run)
    base, child = measure_study(study, run.store.corrections(project="blind"), bootstrap=9, seed=0, closed_at=0.0)
    rate = Interval(value=(low + high) / 2, low=low, high=high)
    told = child.model_copy(update={"differences": (HumanDifference(other="base", response_rate=rate, segments=rate),)})
    _, rows = humaneval_view.differences_table([base, told])
    assert [row[-1] for row in rows] == [reading]

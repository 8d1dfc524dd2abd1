"""The pages for researchers and reviewers, driven by Streamlit's own test harness on a real store."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from redraft.evaluate.outcomes import write_outcomes
from redraft.records import (
    Answer,
    Correction,
    DatasetVersion,
    Edit,
    HallucinationType,
    Outcome,
    Phase,
    Role,
    Schedule,
    Split,
    Submission,
    Task,
    TaskState,
    stable_id,
)
from redraft.report.chart import csv_text
from redraft_ui.research import scaling_view
from redraft_ui.research.scaling_view import Metric

from .conftest import TEXTS, Run

HOSTILE = "<b>Eve</b> **x** $y$ :red[z]"
OBJECT = HallucinationType.OBJECT
SCRIPT = """
from importlib import import_module
from pathlib import Path
from redraft_ui.workplace import Workplace

work = Workplace.open(Path({root!r}))
import_module({page!r}).page(work, work.store.user({name!r}))
"""


Show = Callable[..., AppTest]


@pytest.fixture
def show(run: Run) -> Show:
    """Runs a page for somebody; the address may hold a query."""
    for name, role in (("rosa", Role.RESEARCHER), ("rita", Role.REVIEWER)):
        run.store.add_user(name, role, actor="test")

    def run_page(page: str, name: str = "rosa", **query: str) -> AppTest:
        module = f"redraft_ui.{'annotating' if page == 'review' else 'research'}.{page}_page"
        script = SCRIPT.format(root=str(run.root), page=module, name=name)
        app = AppTest.from_string(script, default_timeout=20)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return app

    return run_page


def click(app: AppTest, label: str, nth: int = 0) -> AppTest:
    app = [button for button in app.button if button.label == label][nth].click().run()
    assert not app.exception
    return app


def choose(app: AppTest, label: str, value: Any) -> AppTest:
    (box,) = [box for box in app.selectbox if box.label == label]
    app = box.select(value).run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """All HTML of the page; nothing that people or models wrote may be a tag in it."""
    html = "\n".join(element.proto.body for element in app.get("html"))
    for tag in ("<script", "<b>", "<i>", "<img src=x"):
        assert tag not in html
    return html


def said(app: AppTest) -> str:
    return " ".join(e.value for kind in ("error", "warning", "info", "success", "caption") for e in app.get(kind))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def answer(run: Run, who: str, *edits: Edit, given: Answer | None = None, reason: str = "") -> Correction:
    """Lease the next task and answer it: clean without edits."""
    lease = run.store.lease(who, 60)
    assert lease is not None
    kind = given or (Answer.CORRECTED if edits else Answer.CLEAN)
    nonce = stable_id("nonce", who, lease.task.id)
    return run.store.submit(
        Submission(
            nonce=nonce, task_id=lease.task.id, annotator=who, answer=kind, edits=edits, reason=reason, seconds=30.0
        )
    )


def edit(text: str, old: str, new: str, kind: HallucinationType = OBJECT) -> Edit:
    at = text.index(old)
    return Edit(start=at, end=at + len(old), replacement=new, type=kind)


def measure(run: Run, policy: str, split: Split, texts: dict[str, tuple[str, int]]) -> None:
    """An evaluation with outcomes: of each picture the text, and how many errors it has."""
    outcomes = [
        Outcome(
            image_id=image,
            prompt="Describe this image in detail.",
            scene="park",
            text=text,
            mentions=4,
            errors=errors,
            error_types=(OBJECT,) * errors,
            found=2,
            present=3,
            words=len(text.split()),
            invented=("dog",) * errors,
        )
        for image, (text, errors) in texts.items()
    ]
    blob = f"evaluations/{policy}-{split}.parquet"
    run.blobs.put(blob, write_outcomes(outcomes))
    run.measure(policy, sum(o.errors > 0 for o in outcomes) / len(outcomes))
    (found,) = [e for e in run.store.evaluations(policy) if e.split is Split.TEST]
    run.store.add_evaluation(found.model_copy(update={"split": split, "blob": blob, "by_type": {OBJECT: 0.1}}))


# -- Monitor ----------------------------------------------------------------------------------------------------------


def test_the_monitor_works_before_anything_has_happened(show: Show) -> None:
    app = show("monitor")
    assert "No round" in app.subheader[0].value
    assert "Nobody holds a task" in " ".join(text.value for text in app.markdown)


def test_a_researcher_pauses_the_loop_and_lets_it_go_on(show: Show, run: Run) -> None:
    app = click(show("monitor"), "Pause the loop")
    assert run.store.paused()
    assert any("begins no further step" in info.value for info in app.info)
    click(app, "Let the loop go on")
    assert not run.store.paused()
    assert [(e.actor, e.action) for e in run.store.latest_audit(2)] == [("rosa", "unpause"), ("rosa", "pause")]


def test_one_who_lost_the_role_meanwhile_pauses_nothing(show: Show, run: Run) -> None:
    app = show("monitor")
    run.store.set_role("rosa", Role.ANNOTATOR, actor="test")
    app = click(app, "Pause the loop")
    assert not run.store.paused()
    assert any("mere annotator" in error.value for error in app.error)


def train_like(app: AppTest, *, after: int, hours: tuple[str, str]) -> AppTest:
    """The form, filled in and sent as a whole."""
    app.number_input[0].set_value(after)
    for box, hour in zip(app.selectbox, hours, strict=True):
        box.select(hour)
    return click(app, "Train like this")


def test_a_researcher_says_when_it_trains_and_takes_it_back(show: Show, run: Run) -> None:
    app = show("monitor")
    app = train_like(app, after=12, hours=("22:00", "06:00"))
    assert run.store.schedule() == Schedule(train_after=12, train_hours=(22, 6))
    told = said(app).replace("\\", "")
    assert "once 12 new corrections are in" in told and "only from 22:00 to 6:00 UTC" in told
    app = train_like(app, after=12, hours=("22:00", "22:00"))
    assert "two different hours" in said(app) and "changed\\." not in said(app)
    app = train_like(app, after=12, hours=("22:00", "any time"))
    assert "choose both hours" in said(app)
    assert run.store.schedule() == Schedule(train_after=12, train_hours=(22, 6))
    app = click(app, "Leave it to the config again")
    assert run.store.schedule() is None
    assert "once the worklist is done" in said(app)
    assert [(e.actor, e.action) for e in run.store.latest_audit(2)] == [("rosa", "schedule"), ("rosa", "schedule")]


def test_one_who_lost_the_role_meanwhile_changes_no_schedule(show: Show, run: Run) -> None:
    app = show("monitor")
    run.store.set_role("rosa", Role.ANNOTATOR, actor="test")
    app = click(app, "Train like this")
    assert run.store.schedule() is None
    assert any("mere annotator" in error.value for error in app.error)


def test_the_monitor_works_before_any_evaluation(show: Show, tasks: list[Task]) -> None:
    app = show("monitor")
    assert app.subheader[0].value == "Round 1 of 3"
    assert metrics(app)["Tasks open"] == "3" and metrics(app)["Corrections so far"] == "0"
    assert "Nothing has been measured yet" in said(app)
    assert "not measured" in shown(app)
    assert "3 tasks open\\, and nobody has worked for 1 h" in said(app)


@pytest.mark.usefixtures("rounds")
def test_the_monitor_shows_rounds_people_and_what_went_wrong(show: Show, run: Run) -> None:
    answer(run, HOSTILE)
    answer(run, "ada", given=Answer.FLAGGED, reason="black")
    run.store.lease("bob", 60)
    app = show("monitor")
    assert app.subheader[0].value == "Round 3 of 3"
    html = shown(app)
    assert 'aria-current="step"><span aria-hidden="true">●</span> training' in html
    assert "25.4% (22.4% to 28.4%)" in html and "rejected: recall fell by 2.1 points" in html
    assert "&lt;b&gt;Eve&lt;/b&gt; **x**" in html and "bob" in html
    assert metrics(app) == {
        "Tasks open": "0",
        "Being worked on": "1",
        "Flagged": "1",
        "Done": "1",
        "Corrections so far": "0",
    }
    assert "1 task flagged by annotators" in said(app)
    assert "Candidate policy\\-2 of round 2 was rejected\\: recall fell by 2\\.1 points" in said(app)
    assert len(app.get("vega_lite_chart")) == 1


# -- Scaling ----------------------------------------------------------------------------------------------------------


def test_scaling_says_when_nothing_is_measured(show: Show) -> None:
    assert "Nothing of this has been measured on the test split yet." in said(show("scaling"))


@pytest.mark.usefixtures("rounds")
def test_scaling_draws_what_is_chosen_against_what_is_chosen(show: Show, run: Run, tasks: list[Task]) -> None:
    answer(run, "ada", edit(tasks[0].text, "two", "three"))
    app = show("scaling")
    assert "50.5%" in shown(app) and "22.4% to 28.4%" in shown(app)
    choose(app, "Measure", "Words per description")
    assert "39.0 to 41.0" in shown(app)
    choose(app, "Against", "Annotator minutes so far")
    rows = scaling_view.measured(run.store, Split.TEST)
    assert [(r.round, r.corrections, r.minutes, r.in_force) for r in rows] == [
        (0, 0, 0.0, True),
        (1, 1, 0.5, True),
        (2, 1, 0.5, False),
    ]
    run.store.roll_back("base", "Start anew.", actor="eve")
    rows = scaling_view.measured(run.store, Split.TEST)
    assert [(r.note, r.in_force) for r in rows[1:]] == [
        ("promoted, given up since", False),
        ("rejected: recall fell by 2.1 points", False),
    ]
    choose(app, "Split", Split.DEV)
    assert "Nothing of this has been measured on the dev split" in said(app)


def test_errors_by_type_are_curves_of_their_own(show: Show, run: Run) -> None:
    run.store.begin_round(0, Phase.DONE, "base")
    measure(run, "base", Split.TEST, {str(n): ("A dog.", n % 2) for n in range(10)})
    app = choose(show("scaling"), "Measure", "Wrong claims per mention, by type")
    assert "object" in shown(app) and "12.5%" in shown(app)


def test_the_file_of_figures_runs_nothing_in_a_spreadsheet(run: Run) -> None:
    run.store.begin_round(0, Phase.DONE, "base")
    run.measure("base", 0.5)
    rows = scaling_view.measured(run.store, Split.TEST)
    evil = [scaling_view.figures(rows, Metric.RESPONSES, lambda e: {})[0].model_copy(update={"policy": "=1+1"})]
    (read,) = csv.DictReader(io.StringIO(csv_text(evil), newline=""))
    assert (read["policy"], float(read["value"]), read["round"]) == ("'=1+1", 0.5, "0")


# -- Policies ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def versions(run: Run) -> None:
    """base and new, which is in force, measured on the same three pictures; the third answer is hostile."""
    run.add_policy("new", 1, "base")
    run.store.promote("new", ["Passed: fewer."])
    for name in ("base", "new"):
        run.blobs.put(f"policies/{name}/config.json", b"{}")
    images = [run.add_task(text).image_id for text in TEXTS]
    same = ("A tree.", 0)
    measure(run, "base", Split.DEV, dict(zip(images, [("A red dog.", 1), same, (TEXTS[2], 0)], strict=True)))
    measure(run, "new", Split.DEV, dict(zip(images, [("A red cat.", 0), same, (f"{TEXTS[2]} dog", 1)], strict=True)))


@pytest.mark.usefixtures("versions")
def test_two_versions_are_compared_on_the_same_picture(show: Show) -> None:
    app = show("policies")
    html = shown(app)
    assert "promoted" in html and "superseded" in html
    assert 'A red <mark class="rd-only rd-only-one">dog</mark>.' in html
    assert 'A red <mark class="rd-only rd-only-two">cat</mark>.' in html
    assert 'src="data:image/png;base64,' in html
    assert "which does not exclude no difference" in " ".join(text.value for text in app.markdown)
    choose(app, "Show answers", "A right, B wrong")
    assert "&lt;script&gt;" in shown(app)
    choose(app, "Show answers", "both wrong")
    assert "No answers are like that." in said(app)


@pytest.mark.usefixtures("versions")
def test_a_roll_back_needs_a_reason_and_a_tick_and_is_logged(show: Show, run: Run) -> None:
    app = show("policies")
    assert "base becomes the promoted policy" in " ".join(text.value for text in app.markdown)
    click(app, "Roll back to it")
    assert "tick the box first" in said(app)
    app.checkbox[0].check()
    click(app, "Roll back to it")
    assert "needs a reason" in said(app)
    app.text_area[0].input("It calls every cat a dog.")
    click(app, "Roll back to it")
    assert "base is in force again" in said(app)
    promoted = run.store.promoted()
    assert promoted is not None and promoted.id == "base"
    assert promoted.reasons[-1] == "Rolled back to by rosa: It calls every cat a dog."
    entry = run.store.audit()[-1]
    assert (entry.actor, entry.action, entry.detail) == (
        "rosa",
        "roll_back",
        "base instead of new: It calls every cat a dog.",
    )
    assert "given up" in shown(app)


@pytest.mark.usefixtures("versions")
def test_whoever_lost_the_role_meanwhile_decides_nothing(show: Show, run: Run) -> None:
    app = show("policies")
    run.store.set_role("rosa", Role.REVIEWER, actor="test")
    app.checkbox[0].check()
    app.text_area[0].input("Back.")
    click(app, "Roll back to it")
    promoted = run.store.promoted()
    assert "ask an admin" in said(app) and promoted is not None and promoted.id == "new"


@pytest.mark.usefixtures("versions")
def test_a_candidate_can_be_promoted_or_rejected(show: Show, run: Run) -> None:
    run.add_policy("next", 2, "new")
    run.blobs.put("policies/next/config.json", b"{}")
    app = show("policies")
    choose(app, "Decision", "reject")
    app.checkbox[0].check()
    app.text_area[0].input("It swears.")
    click(app, "Reject")
    assert run.store.policy("next").reasons == ("Decided by rosa: It swears.",)
    assert run.store.policy("next").status == "rejected"


# -- Corrections ------------------------------------------------------------------------------------------------------


@pytest.fixture
def said_so(run: Run, tasks: list[Task]) -> list[Correction]:
    """A correction that a policy was trained on, one in no dataset, and a hostile one by a hostile name."""
    first = answer(run, "ada", edit(tasks[0].text, "two", "three", HallucinationType.NUMBER))
    second = answer(run, "ada", edit(tasks[1].text, "dog", "cat"))
    third = answer(run, HOSTILE, edit(tasks[2].text, "Bold", "<i>Bold</i>"))
    run.store.add_dataset(
        DatasetVersion(
            id="data-1", round=1, blob="d", pairs=1, corrections=(first.id,), reference="base", created_at=0.0
        )
    )
    run.add_policy("new", 1, "base")
    return [first, second, third]


def test_the_browser_lists_searches_and_keeps_text_text(show: Show, said_so: list[Correction]) -> None:
    app = show("dataset")
    html = shown(app)
    assert "3 found" in said(app)
    assert '<del>two</del><ins>three</ins><span class="rd-type">number</span>' in html
    assert "&lt;i&gt;Bold&lt;/i&gt;" in html and "by &lt;b&gt;Eve&lt;/b&gt;" in html
    app.text_input[0].input("THREE cups")
    click(app, "Search")
    assert app.query_params["words"] == "THREE cups" and "1 found" in said(app)
    app = show("dataset", words="three red", type="number", annotator="ada", round="1", answer="corrected")
    assert "1 found" in said(app) and "dog" not in shown(app)
    assert "0 found" in said(show("dataset", type="action"))
    assert "3 found" in said(show("dataset", type="nonsense", round="x", arm="<b>"))


def test_a_list_is_turned_a_page_at_a_time(show: Show, run: Run) -> None:
    run.store.begin_round(1, Phase.ANNOTATING, "base")
    for number in range(12):
        run.add_task(f"Picture {number:02d} shows a cat.")
        answer(run, "ada")
    app = show("dataset")
    assert "12 found" in said(app) and "Picture 11" in shown(app) and "Picture 01" not in shown(app)
    click(app, "Older")
    assert "Picture 01" in shown(app) and "Picture 11" not in shown(app)
    assert not [button for button in app.button if button.label == "Older"]
    click(app, "Back to the newest")
    assert "Picture 11" in shown(app)


def test_a_correction_is_traced_both_ways(show: Show, run: Run, said_so: list[Correction]) -> None:
    app = show("dataset", correction=said_so[0].id)
    html = shown(app)
    assert "data-1" in html and "All answers to this task" in html and "data:image/png" in html
    click(app, "All corrections in dataset data-1")
    assert "1 found" in said(app) and "three" in shown(app)
    app = show("dataset", correction=said_so[1].id)
    assert "in no dataset version yet" in " ".join(text.value for text in app.markdown)
    assert "There is no such correction." in said(show("dataset", correction="<b>nowhere</b>"))
    app = show("dataset", dataset="data-1")
    assert "1 found" in said(app) and "three" in shown(app)


# -- Review -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def unsettled(run: Run, tasks: list[Task]) -> dict[str, Task]:
    """A task that was flagged, one whose two answers differ, and one with a single answer."""
    twice = tasks[0].model_copy(update={"id": "twice", "wanted": 2, "priority": 9.0})
    run.store.add_tasks([twice])
    answer(run, "ada", edit(twice.text, "two", "three", HallucinationType.NUMBER))
    answer(run, "bob", edit(twice.text, "two", "four", HallucinationType.NUMBER), edit(twice.text, "cat", "<b>dog</b>"))
    answer(run, "ada")
    answer(run, "bob", given=Answer.FLAGGED, reason="It is <b>black</b>.")
    return {"twice": twice, "once": tasks[0], "flagged": tasks[1]}


def waiting(app: AppTest) -> list[str]:
    (box,) = [box for box in app.selectbox if box.label == "Task"]
    return list(box.options)


def test_flagged_tasks_come_first_and_then_disagreements(show: Show, unsettled: dict[str, Task]) -> None:
    app = show("review", "rita")
    assert [label.split(" · ")[0] for label in waiting(app)] == ["flagged", "answers differ", "a look"]
    assert "Flagged\\: It is \\<b\\>black\\<\\/b\\>\\." in said(app)
    click(app, "Back to the annotators")
    assert [label.split(" · ")[0] for label in waiting(app)] == ["answers differ", "a look"]


def test_a_flagged_task_can_be_taken_off(show: Show, run: Run, unsettled: dict[str, Task]) -> None:
    click(show("review", "rita"), "Take it off the worklist")
    assert run.store.task(unsettled["flagged"].id).state is TaskState.RETIRED


def test_answers_stand_side_by_side_without_names_and_one_is_accepted(
    show: Show, run: Run, unsettled: dict[str, Task]
) -> None:
    app = choose(show("review", "rita"), "Task", "twice")
    html = shown(app)
    assert "<del>two</del><ins>three</ins>" in html and "<ins>&lt;b&gt;dog&lt;/b&gt;</ins>" in html
    texts = " ".join(text.value for text in app.markdown)
    assert "The 2 answers differ in 2 of 2 places." in texts and "left as it is" in html
    assert "ada" not in texts + html
    app.toggle[0].set_value(True).run()
    assert "Answer 1\\, ada" in " ".join(text.value for text in app.markdown)
    click(app, "Accept this answer")
    (review,) = [a for a in run.store.answers_of("twice") if a.review]
    assert (review.annotator, review.corrected) == ("rita", unsettled["twice"].text.replace("two", "three"))
    assert "twice" not in str(waiting(app)) and len(waiting(app)) == 2


def test_an_answer_becomes_the_known_one(show: Show, run: Run, unsettled: dict[str, Task]) -> None:
    app = choose(show("review", "rita"), "Task", "twice")
    app.text_area[0].input("Count them.")
    click(app, "Make it the known answer")
    gold = run.store.gold("twice")
    assert gold is not None and (gold.author, gold.explanation) == ("rita", "Count them.")
    assert gold.edits[0].replacement == "three"
    assert run.store.task("twice").gold


def test_nobody_below_a_reviewer_settles_anything(show: Show, run: Run, unsettled: dict[str, Task]) -> None:
    app = choose(show("review", "rita"), "Task", "twice")
    run.store.set_role("rita", Role.ANNOTATOR, actor="test")
    (button, *_) = [button for button in app.button if button.label == "Accept this answer"]
    button.click().run()
    assert [a for a in run.store.answers_of("twice") if a.review] == []


def test_nothing_to_review_is_said(show: Show) -> None:
    app = show("review", "rita")
    assert "Nothing waits for a reviewer" in " ".join(text.value for text in app.markdown)

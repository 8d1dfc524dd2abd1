"""The pages, driven by Streamlit's own test harness on a real store."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import redraft_ui
from redraft.errors import LeaseLost, NotAllowed
from redraft.records import Answer, HallucinationType, Phase, Task, TaskState
from redraft_ui import desk, session
from redraft_ui.edits_from_text import edits_from_text
from redraft_ui.loop_view import view_loop

from .conftest import Run

APP = Path(redraft_ui.__file__).with_name("app.py")


@pytest.fixture(autouse=True)
def quick_fingers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test answers sooner than a person can."""
    monkeypatch.setattr(desk, "STRAY_CLICK_SECONDS", 0.0)


@pytest.fixture
def app(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app on the run, nobody signed in."""
    monkeypatch.setattr(sys, "argv", [str(APP), str(run.root)])
    yield AppTest.from_file(APP, default_timeout=20).run()


@pytest.fixture
def loop(run: Run) -> AppTest:
    """The loop page alone, not run yet."""

    def script(root: str) -> None:
        from pathlib import Path

        from redraft_ui import loop_page
        from redraft_ui.workplace import Workplace

        loop_page.page(Workplace.open(Path(root)))

    return AppTest.from_function(script, default_timeout=20, args=(str(run.root),))


def sign_in(app: AppTest, name: str = "Ada") -> AppTest:
    app.text_input[0].input(name)
    return click(app, "Start")


def click(app: AppTest, label: str) -> AppTest:
    (button,) = [button for button in app.button if button.label == label]
    button.click().run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_whoever_gives_a_name_gets_the_most_urgent_task(app: AppTest, run: Run, tasks: list[Task]) -> None:
    sign_in(app, "  Ada   Lovelace ")
    user = run.store.user("Ada Lovelace")
    assert user is not None and user.role == "annotator"
    assert app.text_area[0].value == tasks[0].text
    assert '<mark class="rd-unsure">two red cups</mark>' in shown(app)
    assert "Describe this image in detail." in [text.value for text in app.text]
    assert metrics(app)["Left"] == "3"
    assert metrics(app)["Reserved for you"] == "15 min"


@pytest.mark.parametrize("name", ["", "   ", "<b>x</b>", "a" * 80, "oracle-0", "Oracle", "[x](http://y)", "-x"])
def test_a_name_that_will_not_do_is_explained_and_makes_no_account(app: AppTest, run: Run, name: str) -> None:
    sign_in(app, name)
    assert len(app.error) == 1
    assert run.store.users() == []


@pytest.mark.parametrize("name", ["Ada", "José Á.", "o'neill@example.org", "李小龙", "Anna-Lena_2"])
def test_ordinary_names_will_do(name: str) -> None:
    assert session.clean_name(name) == name


def test_a_correction_is_stored_with_its_edits_and_the_next_task_comes(
    app: AppTest, run: Run, tasks: list[Task]
) -> None:
    sign_in(app)
    app.text_area[0].input("There are three red cups on the table. A dog sleeps on the left.").run()
    assert "<del>two</del>" in shown(app) and "<ins>three</ins>" in shown(app)
    assert [box.value for box in app.selectbox] == [HallucinationType.NUMBER, HallucinationType.OBJECT]
    app.selectbox[1].select(HallucinationType.OTHER)
    click(app, "Submit correction")
    (stored,) = run.store.corrections()
    assert (stored.task_id, stored.annotator, stored.answer) == (tasks[0].id, "Ada", Answer.CORRECTED)
    assert stored.corrected == "There are three red cups on the table. A dog sleeps on the left."
    assert [(edit.replacement, edit.type) for edit in stored.edits] == [("three", "number"), ("dog", "other")]
    assert app.text_area[0].value == tasks[1].text
    assert (metrics(app)["Left"], metrics(app)["Done by you"]) == ("2", "1")


def test_text_typed_just_before_the_button_is_what_is_stored(app: AppTest, run: Run, tasks: list[Task]) -> None:
    sign_in(app)
    app.text_area[0].input(tasks[0].text.replace("red", "blue"))
    click(app, "Submit correction")
    (stored,) = run.store.corrections()
    assert [(edit.replacement, edit.type) for edit in stored.edits] == [("blue", "attribute")]


def test_no_hallucination_stores_a_clean_answer(app: AppTest, run: Run, tasks: list[Task]) -> None:
    click(sign_in(app), "No hallucination")
    (stored,) = run.store.corrections()
    assert (stored.answer, stored.corrected) == (Answer.CLEAN, tasks[0].text)
    assert app.text_area[0].value == tasks[1].text


def test_skip_leaves_the_task_to_somebody_else(app: AppTest, run: Run, tasks: list[Task]) -> None:
    click(sign_in(app), "Skip")
    assert run.store.task(tasks[0].id).state is TaskState.OPEN
    assert app.text_area[0].value == tasks[1].text
    assert (metrics(app)["Left"], metrics(app)["Done by you"]) == ("3", "0")


@pytest.mark.parametrize(
    ("typed", "button"),
    [(None, "Submit correction"), ("There is nothing.", "No hallucination"), ("  \n ", "Submit correction")],
)
def test_an_answer_that_contradicts_the_box_is_refused_and_the_text_stays(
    app: AppTest, run: Run, tasks: list[Task], typed: str | None, button: str
) -> None:
    sign_in(app)
    if typed is not None:
        app.text_area[0].input(typed).run()
    click(app, button)
    assert run.store.corrections() == []
    assert len(app.error) == 1
    assert app.text_area[0].value == (tasks[0].text if typed is None else typed)
    assert not app.run().error


def test_a_lost_lease_is_told_and_the_text_is_kept(app: AppTest, run: Run, tasks: list[Task]) -> None:
    sign_in(app)
    mine = tasks[0].text.replace("cat", "dog")
    app.text_area[0].input(mine).run()
    run.store.expire_leases(time.time() + 10_000)
    assert run.store.lease("Bob", 60) is not None
    click(app, "Submit correction")
    assert run.store.corrections() == []
    assert "ran out" in app.warning[0].value
    assert app.text_area[0].value == mine
    click(app, "Next task")
    assert app.text_area[0].value == tasks[1].text
    assert not app.warning


def test_a_task_that_comes_back_still_has_what_was_typed(app: AppTest, run: Run, tasks: list[Task]) -> None:
    sign_in(app)
    mine = tasks[0].text.replace("cat", "dog")
    app.text_area[0].input(mine).run()
    run.store.expire_leases(time.time() + 10_000)
    click(app, "Submit correction")
    click(app, "Next task")
    assert app.text_area[0].value == mine
    click(app, "Submit correction")
    assert [stored.corrected for stored in run.store.corrections()] == [mine]


def test_whoever_was_disabled_meanwhile_writes_nothing(app: AppTest, run: Run, tasks: list[Task]) -> None:
    sign_in(app)
    run.store.disable_user("Ada", actor="admin")
    click(app, "No hallucination")
    assert run.store.corrections() == []
    assert any("disabled" in error.value for error in app.error)
    sign_in(app)
    assert not app.text_area


def test_every_write_asks_again_who_it_is(run: Run, tasks: list[Task]) -> None:
    with pytest.raises(NotAllowed):
        desk.take(run.store, "Nobody", 60)
    run.store.ensure_user("Ada")
    held = desk.take(run.store, "Ada", 60)
    assert held is not None
    run.store.disable_user("Ada", actor="admin")
    with pytest.raises(NotAllowed):
        desk.keep(run.store, held, 60)
    with pytest.raises(NotAllowed):
        desk.answer(run.store, held, Answer.CLEAN)


def test_answering_twice_counts_once_and_a_stolen_lease_counts_not_at_all(run: Run, tasks: list[Task]) -> None:
    run.store.ensure_user("Ada")
    held = desk.take(run.store, "Ada", 60)
    assert held is not None
    assert desk.answer(run.store, held, Answer.CLEAN) == desk.answer(run.store, held, Answer.CLEAN)
    assert len(run.store.corrections()) == 1
    held = desk.take(run.store, "Ada", 60)
    assert held is not None
    run.store.expire_leases(time.time() + 10_000)
    with pytest.raises(LeaseLost):
        desk.answer(run.store, held, Answer.CLEAN)


def test_a_click_that_comes_too_soon_is_not_an_answer(
    app: AppTest, run: Run, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "STRAY_CLICK_SECONDS", 60.0)
    click(sign_in(app), "No hallucination")
    assert run.store.corrections() == []
    assert app.text_area[0].value == tasks[0].text


def test_markup_in_a_response_is_shown_and_not_obeyed(app: AppTest, run: Run, tasks: list[Task]) -> None:
    click(click(sign_in(app), "Skip"), "Skip")
    assert app.text_area[0].value == tasks[2].text
    assert "<script>" not in shown(app) and "<img" not in shown(app)
    assert "&lt;script&gt;" in shown(app)
    app.text_area[0].input(tasks[2].text.replace("stars", "<i>stars</i>")).run()
    assert "&lt;i&gt;" in shown(app) and "<i>" not in shown(app)
    assert not [text for text in app.markdown if "stars" in text.value]
    assert tasks[2].text not in [text.value for text in app.caption]


def test_a_picture_that_cannot_be_shown_can_be_skipped(app: AppTest, run: Run) -> None:
    task = run.add_task("A cat.", data=b"no picture at all")
    sign_in(app)
    assert "cannot be shown" in app.error[0].value
    click(app, "Skip")
    assert [stored.answer for stored in run.store.corrections()] == [Answer.SKIPPED]
    assert run.store.task(task.id).state is TaskState.OPEN


def test_an_empty_queue_waits_and_notices_work(app: AppTest, run: Run) -> None:
    sign_in(app)
    assert "Nothing for you" in app.subheader[0].value
    task = run.add_task("A cat.")
    app.run()
    assert app.text_area[0].value == task.text


def test_signing_out_forgets_who_it_was(app: AppTest, run: Run, tasks: list[Task]) -> None:
    click(sign_in(app), "Sign out")
    assert not app.text_area
    sign_in(app, "Bob")
    assert app.text_area[0].value == tasks[1].text


def test_the_loop_page_works_before_anything_has_happened(loop: AppTest) -> None:
    loop.run()
    assert not loop.exception
    assert "No round" in loop.subheader[0].value


def test_the_loop_page_works_before_any_evaluation(loop: AppTest, run: Run, tasks: list[Task]) -> None:
    loop.run()
    assert loop.subheader[0].value == "Round 1 of 3"
    assert metrics(loop) == {"Tasks open": "3", "Being worked on": "0", "Done": "0", "Corrections so far": "0"}
    assert "Nothing has been measured yet" in loop.info[0].value
    assert "not measured" in shown(loop)


@pytest.mark.usefixtures("rounds")
def test_the_loop_page_shows_every_round(loop: AppTest, run: Run) -> None:
    run.store.ensure_user("Ada")
    held = desk.take(run.store, "Ada", 60)
    assert held is not None
    desk.answer(run.store, held, Answer.CLEAN)
    loop.run()
    assert not loop.exception
    assert loop.subheader[0].value == "Round 3 of 3"
    assert 'aria-current="step"><span aria-hidden="true">●</span> training' in shown(loop)
    assert "50.5% (47.5% to 53.5%)" in shown(loop)
    assert "25.4% (22.4% to 28.4%)" in shown(loop)
    assert "rejected: recall fell by 2.1 points" in shown(loop)
    assert metrics(loop)["Done"] == "1" and metrics(loop)["Corrections so far"] == "0"
    assert len(loop.get("vega_lite_chart")) == 1


def test_a_missing_run_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(APP), str(tmp_path)])
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert not app.exception
    assert "holds no run" in app.error[0].value


def test_corrections_are_counted_up_to_each_round(run: Run, tasks: list[Task]) -> None:
    run.store.ensure_user("Ada")
    held = desk.take(run.store, "Ada", 60)
    assert held is not None
    desk.answer(run.store, held, Answer.CORRECTED, edits_from_text(tasks[0].text, "There is nothing."))
    run.store.begin_round(2, Phase.SAMPLING, "base")
    assert [(row.number, row.corrections) for row in view_loop(run.store).rounds] == [(0, 0), (1, 1), (2, 1)]

"""The annotators' pages, driven by Streamlit's own test harness on a real store."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import redraft_ui
from redraft.records import Task
from redraft_ui.annotating.guidelines import RULES

from .conftest import Run
from .office import Office, clean, correction, skip

APP = Path(redraft_ui.__file__).with_name("app.py")


@pytest.fixture
def office(run: Run) -> Office:
    return Office(run)


def show(office: Office, page: str, name: str = "ada") -> AppTest:
    """A page as somebody sees it, not run yet."""

    def script(root: str, page: str, name: str) -> None:
        from importlib import import_module
        from pathlib import Path

        import streamlit as st

        from redraft_ui.workplace import Workplace

        work = st.cache_resource(Workplace.open)(Path(root))
        import_module(f"redraft_ui.annotating.{page}").page(work, work.store.user(name))

    return AppTest.from_function(script, default_timeout=30, args=(str(office.run.root), page, name))


def told_to_editor(app: AppTest) -> dict[str, Any]:
    """What the editor on the page is given."""
    assert not app.exception
    (editor,) = app.get("bidi_component")
    data: dict[str, Any] = json.loads(editor.proto.json)
    return data


def shown(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_editor_is_given_the_most_urgent_task(office: Office, tasks: list[Task]) -> None:
    app = show(office, "correct_page").run()
    given = told_to_editor(app)
    assert given["user"] == "ada" and given["task"]["text"] == tasks[0].text
    assert given["guide"]["correcting"] == list(RULES)
    office.desk.answer("ada", tasks[0].id, clean())
    assert told_to_editor(app.run())["task"]["text"] == tasks[1].text


def test_what_is_typed_meanwhile_does_not_come_back_to_the_editor(office: Office, tasks: list[Task]) -> None:
    app = show(office, "correct_page").run()
    before = told_to_editor(app)
    office.desk.keep("ada", tasks[0].id)
    assert told_to_editor(app.run()) == before


def test_without_a_task_the_editor_waits(office: Office) -> None:
    app = show(office, "correct_page").run()
    assert told_to_editor(app)["task"] is None
    late = office.run.add_task("A late cat.")
    assert told_to_editor(app.run())["task"]["id"] == late.id


def test_answers_are_listed_and_opened_again_until_they_are_in_use(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    office.desk.answer("ada", tasks[0].id, correction(tasks[0].text, "two", "three", next=True))
    office.desk.skip("ada", tasks[1].id, skip(next=True))
    office.desk.answer("ada", tasks[2].id, clean())
    app = show(office, "answers_page").run()
    assert [button.disabled for button in app.button] == [False, True, False]
    assert "<ins>three</ins>" in shown(app) and "<script>" not in shown(app)
    app.button[2].click().run()
    given = told_to_editor(app)
    assert given["task"]["revising"] and given["task"]["draft"]["edits"][0]["replacement"] == "three"
    assert app.button[0].label == "Back to your answers"
    app.button[0].click().run()
    office.store.freeze_unused()
    assert [button.disabled for button in app.run().button] == [False, True, True]  # nothing is made of a clean one


def test_an_answer_that_came_into_use_meanwhile_is_not_opened(office: Office, tasks: list[Task]) -> None:
    office.desk.take("ada")
    office.desk.answer("ada", tasks[0].id, correction(tasks[0].text, "two", "three"))
    app = show(office, "answers_page").run()
    office.store.freeze_unused()
    app.button[0].click().run()
    assert not app.get("bidi_component")
    assert app.success[0].value == "This answer can no longer be changed\\."


def test_whoever_has_answered_nothing_is_told_so(office: Office) -> None:
    assert "not answered anything" in show(office, "answers_page").run().markdown[0].value


def test_a_missing_run_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(APP), str(tmp_path)])
    app = AppTest.from_file(APP, default_timeout=20).run()
    assert not app.exception
    assert "holds no run" in app.error[0].value

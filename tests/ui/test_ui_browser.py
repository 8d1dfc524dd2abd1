"""Correcting at a real browser: by keyboard, by finger, with an input method, in every theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from redraft.records import Answer, Edit, Gold, HallucinationType, ProjectKind, Role, TaskState

from .annotators import Annotator, Site, open_site
from .browsing import CHROMIUM, PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

CUPS = "There are two red cups on the table 😀. A cat sleeps on the left side."
TREE = "A green tree stands in the middle. There is a dog at the bottom."
HOSTILE = (
    "<img src=x onerror='window.hacked=1'> <script>window.hacked=1</script> [a](javascript:alert(1)) "
    "{{7*7}} **stars** $x$ :red[w] &lt;b&gt; \u202egnp.exe </textarea><svg onload=window.hacked=1> ${1+1}"
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("browser"), unshaded_share=0, training_tasks=1) as site:
        yield site


@pytest.fixture
def site(opened: Site) -> Iterator[Site]:
    yield opened
    opened.everybody_out()


def test_a_day_s_work_by_keyboard_alone(site: Site) -> None:
    project, tasks = site.project(
        CUPS, TREE, "All is well here.", "A blurred picture.", "The last.", unsure="two red cups"
    )
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    assert ada.chosen() == "two red cups"

    ada.type("recorded three red")  # r and c would be Streamlit's
    ada.press("Control+a")
    ada.type("three red mugs")
    ada.press("Enter")
    expect(ada.page.locator(".pane .edit")).to_have_count(2)
    assert ada.page.locator(".pane del").all_text_contents() == ["two", "cups"]
    ada.press("End", "ArrowLeft", "Delete")
    expect(ada.text).to_contain_text("on the left side")
    ada.press("Control+z", "Control+y", "Home", "ArrowRight", "Alt+i")
    ada.type("now")
    ada.press("Enter", "6")
    ada.press("?")
    expect(ada.page.get_by_role("dialog")).to_be_visible()
    ada.press("Escape")
    expect(ada.box).to_be_focused()
    expect(ada.page.locator(".saved")).to_have_text("Saved")
    ada.press("Control+Enter")
    ada.sees(TREE)

    ada.look()
    ada.press("Control+Enter")  # nothing is changed: asked whether all is right
    ada.press("Escape")
    expect(ada.box).to_be_focused()
    ada.press("ArrowRight", "Shift+ArrowRight", "3")
    expect(ada.box).to_have_value("green tree")
    ada.type("red tree")
    ada.press("Control+Enter")
    ada.sees("All is well here.")
    ada.look()
    ada.press("Control+Enter", "Enter")
    ada.sees("A blurred picture.")
    ada.look()
    ada.press("Alt+f")
    ada.type("nothing to be seen")
    ada.press("Enter")
    ada.sees("The last.")
    ada.look()
    ada.press("Alt+s")
    expect(ada.page.get_by_role("heading", name="Nothing for you to correct right now")).to_be_visible()
    late = site.run.add_task("A late cat sleeps.", project=project)
    ada.sees(late.text)
    assert ada.elsewhere == []

    first, second, third, fourth, fifth = site.answers(project)
    assert [(e.replacement, e.type) for e in first.edits] == [
        (" now", "other"), ("three", "number"), ("mugs", "object"), ("", "position"),
    ]  # fmt: skip
    assert first.corrected == "There are now three red mugs on the table 😀. A cat sleeps on the left."
    assert [(e.replacement, e.type) for e in second.edits] == [("red", "attribute")]
    assert [a.answer for a in (third, fourth, fifth)] == [Answer.CLEAN, Answer.FLAGGED, Answer.SKIPPED]
    assert fourth.reason == "nothing to be seen" and site.run.store.task(tasks[3].id).state is TaskState.FLAGGED
    assert 0 < first.seconds <= first.elapsed + 0.1


def test_doubts_are_checked_and_the_picture_is_looked_at(site: Site) -> None:
    project, _ = site.project(CUPS, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    ada.press("Space")
    expect(ada.page.locator(".pane .checked")).to_have_text(["two", " ", "red", " ", "cups"])
    ada.press("+", "+")
    expect(ada.page.locator(".scale")).to_have_text("156 %")
    ada.page.locator(".frame").focus()
    ada.press("0")
    expect(ada.page.locator(".scale")).to_have_text("")
    ada.page.locator(".frame").hover()
    ada.page.mouse.wheel(0, -200)
    expect(ada.page.locator(".scale")).not_to_have_text("")
    ada.page.get_by_role("slider").fill("95")
    expect(ada.page.locator(".pane .doubt")).to_have_count(0)
    words = ada.page.locator(".pane .word")
    words.filter(has_text="table").hover()
    ada.page.mouse.down()
    words.filter(has_text="sleeps").hover()
    ada.page.mouse.up()
    assert "😀. A cat sl" in ada.page.evaluate("getSelection().toString()")
    assert ada.chosen() == "table 😀. A cat sleeps"
    ada.page.get_by_text("What this teaches the model").click()
    words.filter(has_text="cat").dblclick()
    ada.type("dog")
    ada.press("Enter")
    expect(ada.page.locator(".chosen mark")).to_have_text([" dog"])
    ada.press("Control+Enter")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    (stored,) = site.answers(project)
    assert [(mark.span.start, mark.span.end, mark.type) for mark in stored.marks] == [(10, 22, None)]
    assert stored.corrected == CUPS.replace("cat", "dog")


def test_words_come_through_an_input_method(site: Site) -> None:
    project, _ = site.project(CUPS, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    keys = ada.context.new_cdp_session(ada.page)
    for typed in ("k", "か", "かっ", "かっぷ"):
        keys.send("Input.imeSetComposition", {"text": typed, "selectionStart": len(typed), "selectionEnd": len(typed)})
    expect(ada.box).to_have_value("かっぷ")
    keys.send("Input.insertText", {"text": "三つのカップ"})
    ada.press("Enter")
    expect(ada.page.locator(".pane ins")).to_have_text("三つのカップ")
    ada.press("Control+Enter")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    assert site.answers(project)[0].corrected == CUPS.replace("two red cups", "三つのカップ")


def test_a_phone_is_enough(site: Site) -> None:
    project, _ = site.project(CUPS, TREE, unsure="two red cups", guidelines="word " * 50 + "w" * 300)
    ada = site.annotator(project, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    ada.open()
    expect(ada.text).to_have_text(CUPS)
    ada.page.locator(".pane .word", has_text="cat").tap()
    ada.page.get_by_role("button", name="Replace").tap()
    expect(ada.box).to_be_focused()
    ada.box.fill("dog")
    ada.page.get_by_role("button", name="Keep").tap()
    expect(ada.page.locator(".pane ins")).to_have_text("dog")
    assert ada.page.evaluate("document.documentElement.scrollWidth") == 390
    ada.page.get_by_role("button", name="Submit", exact=True).tap()
    expect(ada.text).to_have_text(TREE)
    assert [edit.replacement for edit in site.answers(project)[0].edits] == ["dog"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(site: Site, theme: str) -> None:
    project, _ = site.project(CUPS, unsure="two red cups", guidelines="Cups count.")
    ada = site.annotator(project, color_scheme=theme)
    ada.open()
    ada.sees(CUPS)
    expect(ada.page.locator(".redraft-root")).to_have_attribute("data-theme", theme)
    ada.press("Space", "ArrowRight", "Delete", "ArrowRight", "ArrowRight", "x", "Enter")
    ada.page.get_by_text("What this teaches the model").click()
    ada.page.get_by_text("Read it as it stands now").click()
    expect(ada.page.locator(".chosen")).to_be_visible()
    check(ada)
    ada.press("Alt+f")
    ada.page.locator(".pane .word", has_text="table").dblclick()
    check(ada)
    ada.press("Escape", "?")
    check(ada)


def test_markup_is_shown_and_not_obeyed(site: Site) -> None:
    project, (task,) = site.project(HOSTILE, guidelines=HOSTILE, prompt=HOSTILE, unsure="**stars**")
    right = Edit(start=0, end=4, replacement=HOSTILE, type=HallucinationType.OBJECT)
    site.run.store.add_gold(Gold(task_id=task.id, edits=(right,), explanation=HOSTILE, author="tests", created_at=0.0))
    ada = site.annotator(project)
    ada.open()
    ada.sees(HOSTILE)
    for place in (".prompt", ".own p"):
        expect(ada.page.locator(place)).to_have_text(HOSTILE)
    ada.type(HOSTILE)
    ada.press("Enter")
    expect(ada.page.locator(".result-text")).to_contain_text(HOSTILE)
    ada.press("Control+Enter")
    ada.click("Yes, submit it")
    expect(ada.page.get_by_role("heading", name="Not quite")).to_be_visible()
    expect(ada.page.locator(".feedback > p").nth(1)).to_have_text(HOSTILE)
    check(ada)
    ada.press("Enter")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    ada.open("answers")
    expect(ada.page.locator(".rd-running")).to_contain_text("onerror")
    assert ada.page.evaluate("window.hacked") is None
    assert ada.page.locator("main svg[onload], main img[src=x], main script").count() == 0


def test_an_answer_is_opened_again_until_it_is_in_use(site: Site) -> None:
    project, _ = site.project(TREE, "Another one.")
    ada = site.annotator(project)
    ada.open()
    ada.sees(TREE)
    ada.look()
    ada.press("Alt+h")
    ada.sees("Another one.")
    ada.open("answers")
    ada.click("Open again")
    ada.sees(TREE)
    ada.press("ArrowRight")
    ada.type("blue")
    ada.press("Control+Enter")
    expect(ada.page.get_by_text("Your answer is changed.")).to_be_visible()
    (stored,) = site.answers(project)
    assert (stored.corrected, stored.revision) == (TREE.replace("green", "blue"), 1)
    ada.open()
    ada.sees("Another one.")


def test_an_evaluation_marks_and_changes_nothing(site: Site) -> None:
    project, _ = site.project(CUPS, TREE, unsure="two red cups", kind=ProjectKind.EVALUATION)
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    assert ada.page.locator(".pane .doubt").count() == 0
    ada.press("ArrowRight", "ArrowRight", "Shift+ArrowRight", "2", "x", "Enter")
    expect(ada.page.locator(".pane .wrong")).to_have_text(["two", " ", "red"])
    ada.press("Control+Enter")
    ada.sees(TREE)
    (stored,) = site.answers(project)
    assert (stored.answer, stored.edits, stored.shaded) == (Answer.MARKED, (), False)
    assert [(mark.span.start, mark.span.end, mark.type) for mark in stored.marks] == [(10, 17, "number")]


def test_a_reviewer_writes_a_version_of_their_own(site: Site) -> None:
    project, (task,) = site.project(CUPS)
    ada, rita = site.annotator(project), site.annotator(project, Role.REVIEWER)
    ada.open()
    ada.sees(CUPS)
    ada.type("Here are")
    ada.press("Control+Enter")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    rita.open(f"review?project={project}")
    rita.page.get_by_text("Write a version of my own").click()
    expect(rita.text).to_have_text(CUPS)
    rita.page.locator(".pane .word", has_text="red").click()
    rita.type("blue")
    rita.press("Enter")
    rita.page.get_by_label("Why, if it needs saying").fill("They are blue.")
    rita.page.get_by_role("button", name="Save as reviewer").click()
    expect(rita.page.get_by_text("Your version is stored")).to_be_visible()
    theirs, own = site.run.store.answers_of(task.id)
    assert (theirs.corrected, own.review) == (CUPS.replace("There", "Here are"), True)
    assert (own.corrected, own.reason) == (CUPS.replace("red", "blue"), "They are blue.")


def check(ada: Annotator) -> None:
    found = Axe().run(ada.page, context={"include": [[".redraft-root"]]})
    assert found.response["violations"] == [], found.generate_report()
    ada.page.wait_for_timeout(0)

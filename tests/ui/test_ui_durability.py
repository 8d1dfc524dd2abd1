"""Nothing that somebody typed is lost, whatever happens to server, network, tab, lease or account."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from redraft.records import Answer

from .annotators import Site, eventually, open_site
from .browsing import CHROMIUM, PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

CUPS = "There are two red cups on the table 😀. A cat sleeps on the left side."
TREE = "A green tree stands in the middle. There is a dog at the bottom."


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("durability"), unshaded_share=0) as site:
        yield site


@pytest.fixture
def site(opened: Site) -> Iterator[Site]:
    yield opened
    opened.everybody_out()


def test_two_annotators_never_have_one_task(site: Site) -> None:
    project, _ = site.project(*(f"Picture {number} shows a cat." for number in range(6)))
    ada, bob = site.annotator(project), site.annotator(project)
    shown: list[str] = []
    for person in (ada, bob):
        person.open()
    for _ in range(3):
        for person in (ada, bob):
            expect(person.box).to_be_focused()
            shown.append(person.text.inner_text())
        assert shown[-1] != shown[-2]
        for person in (ada, bob):
            person.look()
            person.press("Alt+h")
        for person, text in ((ada, shown[-2]), (bob, shown[-1])):
            expect(person.text).not_to_have_text(text)
    assert len(set(shown)) == len(shown) == len(site.answers(project))


def test_a_server_that_is_killed_loses_nothing(site: Site) -> None:
    project, (first, _) = site.project(CUPS, TREE, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    ada.type("three gre")
    site.server.kill()
    ada.type("en cups")
    ada.press("Enter", "Control+Enter")
    expect(ada.notice).to_contain_text("kept on this device")
    site.server.start()
    ada.sees(TREE)
    (stored,) = site.answers(project)
    assert (stored.task_id, stored.corrected) == (first.id, CUPS.replace("two red", "three green"))
    expect(ada.notice).to_be_empty()
    ada.press("ArrowRight")
    ada.type("blue")
    ada.press("Control+Enter")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    assert len(site.answers(project)) == 2


def test_a_closed_tab_loses_nothing(site: Site) -> None:
    project, (task, _) = site.project(CUPS, TREE, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    ada.press("End", "ArrowLeft", "Delete", "Home")
    ada.type("Here ar")
    ada.page.evaluate("localStorage.clear()")  # only the server may know
    ada.page.close(run_before_unload=True)
    draft = eventually(lambda: site.run.store.draft(task.id, ada.name))
    assert draft.typing is not None and draft.typing.text == "Here ar"

    again = ada.another_page()
    again.open()
    expect(again.box).to_have_value("Here ar")
    expect(again.box).to_be_focused()
    again.type("e")
    again.press("Control+Enter")
    again.sees(TREE)
    assert site.answers(project)[0].corrected == CUPS.replace("There", "Here are").replace(" side", "")


def test_a_lost_network_loses_nothing(site: Site) -> None:
    project, _ = site.project(CUPS, TREE, "A third one.", unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    ada.context.set_offline(True)
    ada.press("Delete")
    expect(ada.page.locator(".saved")).to_have_text("Offline: kept on this device")
    ada.press("Control+Enter")
    expect(ada.notice).to_contain_text("The server cannot be reached")
    ada.press("Delete", "x")  # what is on its way stays as it is
    ada.context.set_offline(False)
    ada.sees(TREE)
    assert [stored.corrected for stored in site.answers(project)] == [CUPS.replace(" two red cups", "")]

    ada.context.set_offline(True)
    ada.press("Delete", "Control+Enter")
    expect(ada.notice).to_contain_text("The server cannot be reached")
    ada.page.close()
    ada.context.set_offline(False)
    again = ada.another_page()
    again.open()
    again.sees("A third one.")
    assert [stored.corrected for stored in site.answers(project)][1] == TREE.removeprefix("A ")


def test_a_lost_lease_is_told_and_what_was_done_comes_back_with_the_task(site: Site) -> None:
    project, (task,) = site.project(CUPS, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    ada.type("a cup")
    ada.press("Enter")
    expect(ada.page.locator(".saved")).to_have_text("Saved")
    bob = site.annotator(project).name
    site.run.store.expire_leases(time.time() + 10_000)
    assert site.run.store.lease(bob, 600) is not None
    ada.press("1")
    ada.press("Control+Enter")
    expect(ada.notice).to_contain_text("ran out")
    assert site.answers(project) == []
    site.run.store.release(task.id, bob)
    ada.click("Take the next task")
    expect(ada.page.get_by_role("heading", name="Nothing for you")).to_be_visible()
    (stored,) = site.answers(project)
    assert stored.corrected == CUPS.replace("two red cups", "a cup")


def test_whoever_is_signed_out_or_disabled_is_out_at_once(site: Site) -> None:
    project, _ = site.project(CUPS, TREE, unsure="two red cups")
    ada = site.annotator(project)
    ada.open()
    ada.sees(CUPS)
    site.run.store.end_sessions(ada.name, actor="tests")
    ada.type("a cup")
    ada.press("Control+Enter")
    expect(ada.notice).to_contain_text("signed out")
    session = site.session(ada.name)
    ada.context.add_cookies([session])
    ada.click("Try again")
    ada.sees(TREE)
    assert [stored.answer for stored in site.answers(project)] == [Answer.CORRECTED]

    site.run.store.disable_user(ada.name, actor="tests")
    ada.press("Delete", "Control+Enter")
    expect(ada.notice).not_to_be_empty()
    assert len(site.answers(project)) == 1
    ada.page.reload()
    expect(ada.page.get_by_text("You need a link to sign in.")).to_be_visible()

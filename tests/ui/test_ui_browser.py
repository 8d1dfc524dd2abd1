"""A person at a real browser: what Streamlit's harness cannot see."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from redraft.records import Answer, Phase, Task
from redraft_ui.desk import STRAY_CLICK_SECONDS
from redraft_ui.launch import command

from .conftest import Run
from .test_ui_launch import wait_until_healthy

CHROMIUM = shutil.which("chromium")
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
]
PATIENCE_MS = 60_000
A_LOOK_MS = 1000 * STRAY_CLICK_SECONDS + 100

expect.set_options(timeout=PATIENCE_MS)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]


@dataclass
class Visit:
    """A browser page on a running app, and whatever it asked other machines for."""

    page: Page
    url: str
    elsewhere: list[str]

    def open(self) -> None:
        self.page.goto(self.url)
        self.page.get_by_label("Your name").fill("Ada")
        self.page.get_by_role("button", name="Start").click()

    def note(self, url: str) -> None:
        """Remember a request that left this machine."""
        if not url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.elsewhere.append(url)

    @property
    def box(self) -> Locator:
        return self.page.get_by_label("Correct the wrong words here").first

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


class Server:
    """The app on a run, as `redraft ui` starts it."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._root = root
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._child = subprocess.Popen(command(self._root, self._port, "127.0.0.1", True), stdout=subprocess.DEVNULL)
        assert wait_until_healthy(self.url, self._child)

    def stop(self) -> None:
        self._child.terminate()
        self._child.wait()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def server(run: Run) -> Iterator[Server]:
    server = Server(run.root)
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=[(1360, 860)], ids=["desktop"])
def visit(request: pytest.FixtureRequest, chromium: Browser, server: Server) -> Iterator[Visit]:
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    made = Visit(page, server.url, [])
    page.on("request", lambda sent: made.note(sent.url))
    yield made
    context.close()


def test_a_person_works_through_the_queue(visit: Visit, run: Run, tasks: list[Task]) -> None:
    visit.open()
    expect(visit.box).to_have_value(tasks[0].text)
    typed = tasks[0].text.replace("left", "right")
    visit.box.fill(typed)
    visit.box.press("Control+Enter")
    expect(visit.page.locator("ins")).to_have_text("right")
    expect(visit.page.get_by_role("combobox")).to_have_value("Position: where something is")

    visit.page.get_by_role("link", name="The loop").click()
    expect(visit.page.get_by_role("heading", name="Round 1 of 3")).to_be_visible()
    visit.page.get_by_role("link", name="Correct").click()
    expect(visit.box).to_have_value(typed)

    visit.box.fill(typed.replace("two", "three"))
    visit.press("Submit correction")
    expect(visit.box).to_have_value(tasks[1].text)
    (stored,) = run.store.corrections()
    assert (stored.annotator, stored.answer, stored.corrected) == (
        "Ada",
        Answer.CORRECTED,
        typed.replace("two", "three"),
    )
    assert [(edit.replacement, edit.type) for edit in stored.edits] == [("three", "number"), ("right", "position")]

    visit.page.wait_for_timeout(A_LOOK_MS)
    visit.page.get_by_role("button", name="No hallucination").dblclick()
    expect(visit.box).to_have_value(tasks[2].text)
    expect(visit.page.get_by_test_id("stMetricValue").nth(1)).to_have_text("2")
    assert [stored.task_id for stored in run.store.corrections()] == [tasks[0].id, tasks[1].id]

    response = visit.page.locator(".rd-response")
    expect(response).to_have_text(tasks[2].text)
    assert response.locator("b, script, img").count() == 0
    assert visit.page.evaluate("window.hacked") is None

    visit.page.wait_for_timeout(A_LOOK_MS)
    visit.press("Skip")
    expect(visit.page.get_by_role("heading", name="Nothing for you to correct right now")).to_be_visible()
    late = run.add_task("A late cat sleeps.")
    expect(visit.box).to_have_value(late.text)
    assert visit.elsewhere == []


def test_the_loop_page_follows_the_loop(visit: Visit, run: Run, tasks: list[Task]) -> None:
    visit.page.goto(f"{visit.url}/loop")
    now = visit.page.locator("[aria-current=step]")
    expect(now).to_contain_text("annotating")
    run.store.advance(1, Phase.ANNOTATING, Phase.BUILDING)
    expect(now).to_contain_text("building")


@pytest.mark.parametrize("visit", [(390, 844)], ids=["phone"], indirect=True)
def test_a_phone_shows_everything_without_scrolling_sideways(visit: Visit, run: Run, tasks: list[Task]) -> None:
    visit.open()
    expect(visit.box).to_have_value(tasks[0].text)
    visit.page.wait_for_timeout(1000)  # a faster answer is taken for the second half of a double click
    visit.box.fill(tasks[0].text.replace("two", "three"))
    visit.press("Submit correction")
    expect(visit.box).to_have_value(tasks[1].text)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_page_heals_when_the_server_comes_back(visit: Visit, run: Run, tasks: list[Task], server: Server) -> None:
    visit.open()
    expect(visit.box).to_have_value(tasks[0].text)
    server.stop()
    server.start()
    expect(visit.page.get_by_label("Your name")).to_be_visible()

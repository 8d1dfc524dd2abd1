"""People at the editor: a run served once for many tests, each with a project, people and tasks of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from redraft.records import Correction, Phase, Project, ProjectKind, Role, Task, TokenKind, WorkFilter
from redraft_ui.access.join import COOKIE

from .browsing import PATIENCE_MS, Server, chromium_browser, serving
from .conftest import Run, new_run

LOOK_MS = 450
"""An answer sooner than this after a task is shown is taken for the second half of a double click."""

T = TypeVar("T")
_names = count(1)


@dataclass
class Annotator:
    """Somebody signed in, at a page of their own; ``elsewhere`` is what their browser asked other machines for."""

    name: str
    page: Page
    url: str
    elsewhere: list[str] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    @property
    def text(self) -> Locator:
        return self.page.locator(".pane .text")

    @property
    def box(self) -> Locator:
        """Where one types."""
        return self.page.locator(".pane textarea")

    @property
    def notice(self) -> Locator:
        return self.page.locator(".notice")

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.url}/{path}")

    def sees(self, text: str) -> None:
        """The task with this text is there, untouched, and has the focus."""
        expect(self.text).to_have_text(text)
        expect(self.box).to_be_focused()

    def look(self) -> None:
        """Take the time that a person needs at least."""
        self.page.wait_for_timeout(LOOK_MS)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def chosen(self) -> str:
        """The selected words."""
        return "".join(self.page.locator(".pane .sel").all_text_contents())

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def another_page(self) -> Annotator:
        """The same person at another tab."""
        return Annotator(self.name, self.context.new_page(), self.url)


@dataclass
class Site:
    """The served run, and a browser for everybody who visits it."""

    run: Run
    server: Server
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def project(self, *texts: str, kind: ProjectKind = ProjectKind.CORRECTION, **more: Any) -> tuple[str, list[Task]]:
        """A project with a task for each text, the first one first; ``unsure`` words are doubtful wherever they are."""
        id = f"project-{next(_names)}"
        unsure: str = more.pop("unsure", "")
        guidelines = more.pop("guidelines", "")
        self.run.store.add_project(
            Project(id=id, title=id, kind=kind, guidelines=guidelines, created_at=0.0), actor="tests"
        )
        return id, [
            self.run.add_task(text, priority=1 - at / 100, unsure=unsure if unsure in text else "", project=id, **more)
            for at, text in enumerate(texts)
        ]

    def annotator(
        self, project: str, role: Role = Role.ANNOTATOR, name: str | None = None, **context: Any
    ) -> Annotator:
        """Somebody new who works on one project alone."""
        name = name or f"Ada {next(_names)}"
        self.run.store.add_user(name, role, actor="tests")
        self.run.store.set_work(name, WorkFilter(projects=(project,)), actor="tests")
        made = self.browser.new_context(**({"viewport": {"width": 1360, "height": 860}} | context))
        made.set_default_timeout(PATIENCE_MS)
        made.add_cookies([self.session(name)])
        self.contexts.append(made)
        person = Annotator(name, made.new_page(), self.server.url)
        ours = (person.url, person.url.replace("http", "ws"), "data:", "blob:")
        person.page.on("request", lambda sent: sent.url.startswith(ours) or person.elsewhere.append(sent.url))
        return person

    def session(self, name: str) -> Any:
        """The cookie of a new session."""
        secret = self.run.store.issue_token(name, TokenKind.SESSION, seconds=3600, actor="tests")
        return {"name": COOKIE, "value": secret, "url": self.server.url, "sameSite": "Strict"}

    def answers(self, project: str) -> list[Correction]:
        """What stands in the store, oldest first."""
        return self.run.store.corrections(project=project)

    def everybody_out(self) -> None:
        while self.contexts:
            self.contexts.pop().close()


def eventually(found: Callable[[], T | None], seconds: float = 10.0) -> T:
    """What is not there yet but must be soon."""
    end = time.monotonic() + seconds
    while (it := found()) is None:
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return it


@contextmanager
def open_site(root: Path, **annotate: Any) -> Iterator[Site]:
    """A served run and a browser, until the block ends."""
    with new_run(root / "run", **annotate) as run:
        run.store.begin_round(1, Phase.ANNOTATING, "base")
        with serving(run.root) as server, chromium_browser() as browser:
            yield Site(run, server, browser)

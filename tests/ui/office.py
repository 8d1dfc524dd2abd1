"""A run with rules and a clock of its own, and short ways to say what people send."""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from redraft.config import Config
from redraft.records import Gold, HallucinationType, Project, ProjectKind, Role, Task, TokenKind
from redraft.runs import RunFolder
from redraft.segments import apply_edits
from redraft.store import Store
from redraft_ui.access.join import COOKIE
from redraft_ui.annotating.bodies import EditIn, ReviewIn, SkipIn, SubmitIn
from redraft_ui.annotating.desk import Desk
from redraft_ui.annotating.kinds import typed
from redraft_ui.annotating.reviewing import ReviewDesk
from redraft_ui.api import API_PREFIX, build_api
from redraft_ui.workplace import Workplace

if TYPE_CHECKING:
    from .conftest import Run

OWN = {"X-Redraft": "1"}
"""What a page of another site cannot send."""

_nonces = count(1)


def nonce() -> str:
    """One that was not used before."""
    return f"nonce-{next(_nonces):08d}"


class Office:
    """The desks of a run; ``late`` seconds are added to the time by which leases are told."""

    def __init__(self, run: Run, **annotate: Any) -> None:
        self.run, self.late = run, 0.0
        self.store = Store.open(run.store.url, clock=lambda: time.time() + self.late)
        self.config = Config.model_validate({"annotate": {"by": "human", "unshaded_share": 0.0, **annotate}})
        self.work = Workplace(RunFolder.open(run.root), self.store, run.blobs, self.config)
        self.desk, self.reviews = Desk(self.store, self.config), ReviewDesk(self.store, self.config)
        for name in ("ada", "bob"):
            self.store.ensure_user(name)
        self.store.ensure_user("rita", Role.REVIEWER)

    def secret(self, name: str, kind: TokenKind = TokenKind.SESSION) -> str:
        """A way in for somebody."""
        return self.store.issue_token(name, kind, seconds=3600, actor="test")

    def add_project(self, id: str, kind: ProjectKind, task: Task) -> Task:
        """A project with one task: a copy of another that comes before it."""
        self.store.add_project(Project(id=id, title=id, kind=kind, created_at=0.0), actor="test")
        copy = task.model_copy(update={"id": f"{task.id}-{id}", "project": id, "priority": 9.0})
        self.store.add_tasks([copy])
        return copy

    def add_gold(self, task: Task, old: str, new: str) -> None:
        """Let it be known what is wrong with a task."""
        edits = typed(task.text, [swap(task.text, old, new)])
        self.store.add_gold(
            Gold(task_id=task.id, edits=edits, explanation="Count them.", author="rita", created_at=0.0)
        )


class People:
    """The API of an office, and clients that are signed in to it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.app = Starlette(routes=[Mount(API_PREFIX, app=build_api(office.work))])

    def __call__(self, name: str) -> TestClient:
        """A browser of somebody's, with the cookie and the header."""
        cookies = {COOKIE: self.office.secret(name)}
        return TestClient(self.app, f"http://testserver{API_PREFIX}", cookies=cookies, headers=OWN)

    def script(self, name: str) -> TestClient:
        """A program of somebody's, with a token."""
        bearer = {"Authorization": f"Bearer {self.office.secret(name, TokenKind.API)}"}
        return TestClient(self.app, f"http://testserver{API_PREFIX}", headers=bearer)


def swap(text: str, old: str, new: str, type: HallucinationType | None = None) -> EditIn:
    """Replace the first ``old``."""
    start = text.index(old)
    return EditIn(start=start, end=start + len(old), replacement=new, type=type)


def correction(text: str, old: str, new: str, **more: Any) -> SubmitIn:
    """A correction of one place, as the editor sends it."""
    edits = (swap(text, old, new),)
    sent: dict[str, Any] = {
        "nonce": nonce(),
        "answer": "corrected",
        "edits": edits,
        "corrected": apply_edits(text, typed(text, edits)),
        "seconds": 12.5,
        "elapsed": 20.0,
    }
    return SubmitIn.model_validate(sent | more)


def clean(**more: Any) -> SubmitIn:
    """Nothing is wrong."""
    return SubmitIn.model_validate({"nonce": nonce(), "answer": "clean", "elapsed": 5.0} | more)


def skip(**more: Any) -> SkipIn:
    """Cannot be told."""
    return SkipIn.model_validate({"nonce": nonce(), "elapsed": 5.0} | more)


def review(text: str, old: str, new: str, **more: Any) -> ReviewIn:
    """A reviewer's version."""
    sent = {"nonce": nonce(), "answer": "corrected", "edits": (swap(text, old, new),)}
    return ReviewIn.model_validate(sent | more)


def submission(text: str, old: str, new: str, **more: Any) -> dict[str, Any]:
    """A correction of one place, as JSON."""
    start = text.index(old)
    edit = {"start": start, "end": start + len(old), "replacement": new, "type": "number"}
    sent = {"nonce": nonce(), "answer": "corrected", "edits": [edit], "corrected": text.replace(old, new, 1)}
    return sent | {"seconds": 4.5, "elapsed": 9.0} | more


def confirmed() -> dict[str, Any]:
    """What makes of a submission another one, with every question answered."""
    return {"nonce": nonce(), "confirmed": ["rewrite", "style_only"]}


def refused(response: Any, status: int, code: str) -> str:
    """The sentence of a refusal that has this status and code."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["code"] == code and set(body) == {"code", "message", "question"}
    assert body["message"].endswith((".", "?")) or code == "malformed"
    return str(body["message"])

"""People at the pages: they take tasks and submit corrections by the API of ``redraft ui``, come what may."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from redraft.records import Edit, Role, TokenKind
from redraft.store import Store
from redraft.world import OracleAnnotator, scene_of

TOKEN_SECONDS = 3600.0
ASK_SECONDS, LEAVE_SECONDS = 20.0, 60.0
AGAIN_SECONDS = 0.5
IDLE_SECONDS = 1.0
QUICKEST_SECONDS, SLOWEST_SECONDS, SUPPLY_SECONDS = 3.0, 40.0, 900.0
"""A person rests between these, so long that what is left would last for about the third, and there is always some."""


@dataclass(frozen=True)
class Submitted:
    """An answer that was acknowledged."""

    task: str
    nonce: str
    at: float
    edits: tuple[Edit, ...]


@dataclass
class Person:
    """Somebody who answers one task after the other until told to stop, more slowly where few are left.

    What was not acknowledged is sent again under the same nonce, as the page's outbox does. ``longest_wait`` is for an
    answer of the pages, all attempts together.
    """

    name: str
    url: str
    store: Store
    submitted: list[Submitted] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    sent_again: int = 0
    longest_wait: float = 0.0

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
        self.store.add_user(self.name, Role.ANNOTATOR, actor="story")
        secret = self.store.issue_token(self.name, TokenKind.API, seconds=TOKEN_SECONDS, actor="story")
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.oracle = OracleAnnotator(name=self.name, seed=1, error_rate=0.0, seconds_per_task=0.0)
        self.leaving = threading.Event()
        self.trouble: Exception | None = None

    def start(self) -> None:
        """Begin; another thread does it."""
        self._thread.start()

    def leave(self) -> None:
        """Finish what is in hand and go home."""
        self.leaving.set()
        self._thread.join(LEAVE_SECONDS)
        if self._thread.is_alive():
            self.trouble = TimeoutError(f"the pages have not answered for {LEAVE_SECONDS:.0f} s")

    def _work(self) -> None:
        try:
            with httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers, timeout=ASK_SECONDS) as api:
                while not self.leaving.is_set():
                    self.leaving.wait(self._answer_one(api))
        except Exception as e:
            self.trouble = e
            raise

    def _answer_one(self, api: httpx.Client) -> float:
        """Take a task and answer it; how long to rest then."""
        given = self._post(api, "/tasks/next", None)
        if given.status_code == 204:
            self.idle.append(time.time())
            return IDLE_SECONDS
        task = given.raise_for_status().json()
        rest: float = min(SLOWEST_SECONDS, max(QUICKEST_SECONDS, SUPPLY_SECONDS / max(1, task["left"])))
        scene = scene_of(self.store.image(self.store.task(task["id"]).image_id).origin)
        answer, edits = self.oracle.annotate(scene, task["prompt"], task["text"], task["id"])
        nonce = uuid.uuid4().hex
        body = {
            "nonce": nonce,
            "answer": str(answer),
            "edits": [edit.model_dump(mode="json") for edit in edits],
            "seconds": rest,
            "elapsed": rest,
        }
        told = self._post(api, f"/tasks/{task['id']}/submit", body)
        if told.status_code == 200:
            self.submitted.append(Submitted(task["id"], nonce, time.time(), tuple(edits)))
        else:
            self.refused.append(f"{told.status_code} {told.text[:200]}")
        return rest

    def _post(self, api: httpx.Client, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """Until there is an answer that is not the server's own trouble."""
        began = time.monotonic()
        while True:
            try:
                answer = api.post(path, json=body)
            except httpx.TransportError:
                answer = None
            self.longest_wait = max(self.longest_wait, time.monotonic() - began)
            if answer is not None and answer.status_code < 500:
                return answer
            self.sent_again += 1
            time.sleep(AGAIN_SECONDS)

"""The API refuses: who may not call, what is no request, and how little is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from redraft.records import Task, TokenKind
from redraft_ui.access.join import COOKIE
from redraft_ui.api import API_PREFIX
from redraft_ui.api.transport import MAX_BODY

from .office import OWN, Office, People, refused, submission


def test_nothing_is_done_for_who_is_not_signed_in(office: Office, people: People) -> None:
    stranger = TestClient(people.app, f"http://testserver{API_PREFIX}", headers=OWN)
    invite = office.secret("ada", TokenKind.INVITE)
    api, session = office.secret("ada", TokenKind.API), office.secret("ada")
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": f"Bearer {session}"}):
        refused(stranger.get("/me", headers=headers), 401, "signed_out")
    for cookie in ("", "made-up", invite, api):
        refused(stranger.get("/me", headers={"Cookie": f"{COOKIE}={cookie}"}), 401, "signed_out")
    signed_in = {"Cookie": f"{COOKIE}={session}"}
    assert stranger.get("/me", headers=signed_in).status_code == 200
    office.late = 4000
    refused(stranger.get("/me", headers=signed_in), 401, "signed_out")


def test_with_the_cookie_a_write_needs_the_header(people: People, office: Office) -> None:
    with people("ada") as ada:
        del ada.headers["X-Redraft"]
        assert ada.get("/me").status_code == 200
        for method, path in [("POST", "/tasks/next"), ("PUT", "/tasks/x/draft"), ("POST", "/tasks/x/submit")]:
            refused(ada.request(method, path, json={"revision": 1}), 403, "csrf")
        refused(ada.post("/tasks/next", headers={"X-Redraft": "0"}), 403, "csrf")
    assert office.store.active_leases() == []


def test_a_disabled_user_is_out_at_the_next_call(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    ada.post("/tasks/next")
    office.store.disable_user("ada", actor="test")
    sent = submission(tasks[0].text, "two", "three")
    refused(ada.post(f"/tasks/{tasks[0].id}/submit", json=sent), 401, "signed_out")
    assert office.store.corrections() == []


def test_what_is_no_request_is_said_to_be_none(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    ada.post("/tasks/next")
    path = f"/tasks/{tasks[0].id}/submit"
    as_json = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"seconds": ' + b"9" * 5000 + b"}"):
        refused(ada.post(path, content=body, headers=as_json), 400, "malformed")
    good = submission(tasks[0].text, "two", "three")
    for bad in (
        good | {"answer": "skipped"},
        good | {"nonce": "short"},
        good | {"nonce": "has a space in it"},
        good | {"edits": good["edits"] * 501},
        good | {"edits": [{"start": 3, "end": 2, "replacement": "x"}]},
        good | {"edits": [{"start": 3, "end": 3, "replacement": ""}]},
        good | {"edits": [good["edits"][0] | {"type": "nonsense"}]},
        good | {"seconds": -1},
        good | {"seconds": "NaN"},
        good | {"corrected": "x" * 20_001},
        good | {"reason": "extra"},
        [good],
        None,
    ):
        assert "three" not in refused(ada.post(path, json=bad), 422, "malformed")
    surrogate = json.dumps(good).replace("three", "\\ud800")
    assert ada.post(path, content=surrogate, headers=as_json).status_code == 422
    assert ada.post(path, content=json.dumps(good), headers={"Content-Type": "text/plain"}).status_code == 422
    assert office.store.corrections() == []


def test_a_body_has_a_largest_size(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    ada.post("/tasks/next")
    path = f"/tasks/{tasks[0].id}/draft"
    refused(ada.put(path, content=b" " * (MAX_BODY + 1)), 413, "too_large")

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * (MAX_BODY // 9)

    refused(ada.put(path, content=chunks()), 413, "too_large")
    assert ada.put(path, content=b" " * (MAX_BODY - 20) + b'{"revision": 1}').status_code in (200, 422)


def test_a_bug_tells_the_caller_nothing(office: Office, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret detail")

    cookies = {COOKIE: office.secret("ada")}
    client = TestClient(
        people.app, f"http://testserver{API_PREFIX}", cookies=cookies, headers=OWN, raise_server_exceptions=False
    )
    monkeypatch.setattr(office.store, "waiting", broken)
    assert "detail" not in refused(client.get("/me"), 500, "server")
    refused(client.get("/nothing"), 404, "not_found")
    refused(client.delete("/me"), 405, "method")


def test_a_store_that_is_away_is_told_without_its_address(
    office: Office, ada: TestClient, tasks: list[Task], caplog: pytest.LogCaptureFixture
) -> None:
    ada.post("/tasks/next")
    image = office.store.image(tasks[0].image_id)
    (office.run.root / "blobs" / image.blob).unlink()
    assert str(office.run.root) not in refused(ada.get(f"/tasks/{tasks[0].id}/image"), 503, "storage")
    assert image.blob in caplog.text

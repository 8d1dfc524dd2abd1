"""The desk over HTTP, from the first task to the last."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from redraft.records import HallucinationType, ProjectKind, Task, TokenKind
from redraft_ui.annotating.views import TaskView
from redraft_ui.api import API_PREFIX

from .conftest import Run
from .office import Office, People, confirmed, nonce, refused, submission

XSS = (
    "<script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    '"><svg/onload=window.hacked=1>',
    "</textarea><script>1</script>",
    "javascript:window.hacked=1",
    "{{constructor.constructor('1')()}} ${1} :red[x] **b** [a](javascript:1)",
    "\u202e\u2066 right to left \u2069 \ufeff",
    "]]><!--",
)


def test_a_whole_day_by_http(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    assert ada.get("/me").json() == {"name": "ada", "role": "annotator", "left": 3, "done": 0}
    view = ada.post("/tasks/next").json()
    assert view == TaskView.model_validate(view).model_dump(mode="json")
    task = f"/tasks/{view['id']}"
    assert ada.get(task).json()["id"] == view["id"]
    assert ada.post(f"{task}/renew").json()["expires_at"] >= view["expires_at"]
    edits = submission(view["text"], "two", "three")["edits"]
    typing = {"span": {"start": 0, "end": 5}, "text": "Ther"}
    draft = {"revision": 1, "edits": edits, "marks": [], "typing": typing, "seconds": 2}
    saved = ada.put(f"{task}/draft", json=draft).json()
    assert saved["revision"] == 1 and saved["expires_at"] is not None
    kept = ada.get(task).json()["draft"]
    assert {name: kept[name] for name in draft} == draft
    shown = ada.post(f"{task}/preview", json={"edits": edits}).json()
    assert "".join(piece["text"] for piece in shown["chosen"]) == view["text"].replace("two", "three")
    outcome = ada.post(f"{task}/submit", json=submission(view["text"], "two", "three", next=True)).json()
    assert outcome["feedback"] is None and outcome["next"]["id"] == tasks[1].id
    skipped = ada.post(f"/tasks/{tasks[1].id}/skip", json={"nonce": nonce(), "elapsed": 3, "next": True}).json()
    assert skipped["next"]["id"] == tasks[2].id
    flag = {"nonce": nonce(), "reason": "Not a picture.", "elapsed": 3, "next": True}
    assert ada.post(f"/tasks/{tasks[2].id}/flag", json=flag).json()["next"] is None
    none = ada.post("/tasks/next")
    assert none.status_code == 204 and none.content == b""
    assert [a["answer"] for a in ada.get("/answers").json()] == ["flagged", "skipped", "corrected"]
    assert ada.get("/me").json()["done"] == 2


def test_an_answer_that_is_sent_again_is_acknowledged_again(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    ada.post("/tasks/next")
    sent = submission(tasks[0].text, "two", "three", next=True)
    one, two = (ada.post(f"/tasks/{tasks[0].id}/submit", json=sent) for _ in range(2))
    assert one.status_code == two.status_code == 200
    assert one.json()["correction"] == two.json()["correction"]
    assert len(office.store.corrections()) == 1
    other = submission(tasks[0].text, "two", "four", nonce=sent["nonce"])
    refused(ada.post(f"/tasks/{tasks[0].id}/submit", json=other), 409, "conflict")


def test_a_lost_lease_is_told_and_the_draft_is_kept(
    ada: TestClient, people: People, office: Office, tasks: list[Task]
) -> None:
    ada.post("/tasks/next")
    task = f"/tasks/{tasks[0].id}"
    sent = submission(tasks[0].text, "two", "three")
    ada.put(f"{task}/draft", json={"revision": 1, "edits": sent["edits"]})
    office.late = 1000
    assert people("bob").post("/tasks/next").json()["id"] == tasks[0].id
    assert ada.put(f"{task}/draft", json={"revision": 2}).json() == {"revision": 2, "expires_at": None}
    refused(ada.post(f"{task}/renew"), 409, "lease_lost")
    refused(ada.post(f"{task}/submit", json=sent), 409, "lease_lost")
    refused(ada.get(task), 404, "not_found")
    draft = office.store.draft(tasks[0].id, "ada")
    assert draft is not None and draft.revision == 2


def test_a_guard_rail_asks_and_is_answered(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    text = ada.post("/tasks/next").json()["text"]
    task = f"/tasks/{tasks[0].id}"
    asked = ada.post(f"{task}/submit", json=submission(text, text, "A dog."))
    assert refused(asked, 422, "question").endswith("?")
    assert asked.json()["question"] == "rewrite"
    for bad, code in [
        (submission(text, "two", "three", corrected="Something else."), "edits"),
        (submission(text, "two", "three", edits=[]), "edits"),
        (submission(text, text, " ", corrected=None), "edits"),
        (submission(text, "two", "three", answer="clean", corrected=None), "edits"),
        (submission(text, "two", "three", answer="marked"), "refused"),
        ({"nonce": nonce(), "answer": "clean", "elapsed": 0.1}, "too_fast"),
        (submission(text, "two", "th\x00ree", corrected=None), "data"),
    ]:
        refused(ada.post(f"{task}/submit", json=bad), 422, code)
    sent = submission(text, text, "A dog.", confirmed=["rewrite"])
    assert ada.post(f"{task}/submit", json=sent).status_code == 200


def test_a_program_works_with_a_token_alone(people: People, office: Office) -> None:
    with people.script("ada") as script:
        view = script.post("/tasks/next").json()
        sent = submission(view["text"], "two", "three") | {"elapsed": None}
        assert script.post(f"/tasks/{view['id']}/submit", json=sent).status_code == 200
        office.store.revoke_token(office.store.tokens("ada")[0].id, actor="test")
        refused(script.post("/tasks/next"), 401, "signed_out")


def test_reviews_are_for_reviewers(ada: TestClient, people: People, office: Office, tasks: list[Task]) -> None:
    ada.post("/tasks/next")
    ada.post(f"/tasks/{tasks[0].id}/submit", json=submission(tasks[0].text, "two", "three"))
    version = submission(tasks[0].text, "two", "four", reason="Four.")
    version = {name: value for name, value in version.items() if name != "next"}
    path = f"/reviews/{tasks[0].id}"
    for response in (
        ada.get("/reviews"),
        ada.get(path),
        ada.post(path, json=version),
        ada.post(f"{path}/resolve", json={"state": "open"}),
    ):
        refused(response, 403, "not_allowed")
    with people("rita") as rita:
        assert [row["task"] for row in rita.get("/reviews").json()] == [tasks[0].id]
        assert rita.get("/reviews", params={"project": "other"}).json() == []
        view = rita.get(path).json()
        assert [answer["annotator"] for answer in view["answers"]] == ["ada"]
        assert rita.post(path, json=version).json() == rita.post(path, json=version).json()
        assert rita.get("/reviews").json() == []
        refused(rita.post(f"{path}/resolve", json={"state": "open"}), 409, "conflict")
        refused(rita.post(f"{path}/resolve", json={"state": "done"}), 422, "malformed")
        refused(rita.get("/reviews/none"), 404, "not_found")
        refused(rita.get("/reviews", params={"project": "no\x00ne"}), 422, "malformed")
    (answer,) = ada.get("/answers").json()
    revised = ada.post(f"/answers/{answer['correction']}/revise", json=submission(tasks[0].text, "two", "six"))
    assert "reviewer" in refused(revised, 409, "conflict")


def test_positions_are_code_points(ada: TestClient, office: Office, run: Run) -> None:
    text = "👩‍👩‍👧 two cafe\u0301s 🐈‍⬛ two"
    task = run.add_task(text, priority=5.0)
    assert ada.post("/tasks/next").json()["id"] == task.id
    start = text.index("🐈")
    edits = [
        {"start": start, "end": start + len("🐈‍⬛"), "replacement": "🐕", "type": "object"},
        {"start": len(text), "end": len(text), "replacement": " e\u0301"},
    ]
    sent = submission(text, "two", "three") | {"corrected": text.replace("🐈‍⬛", "🐕") + " e\u0301", "edits": edits}
    assert ada.post(f"/tasks/{task.id}/submit", json=sent).status_code == 200
    (stored,) = office.store.corrections()
    assert stored.corrected == text.replace("🐈‍⬛", "🐕") + " e\u0301"
    assert [edit.type for edit in stored.edits] == [HallucinationType.OBJECT] * 2


def test_hostile_text_comes_back_as_data(ada: TestClient, people: People, run: Run) -> None:
    with people("rita") as rita:
        for at, hostile in enumerate(XSS):
            task = run.add_task(f"A cat. {hostile}", priority=5.0)
            edits = [{"start": 2, "end": 5, "replacement": hostile, "type": "object"}]
            assert ada.post("/tasks/next").json()["id"] == task.id
            sent = submission(task.text, "cat", hostile) | confirmed()
            responses = [
                ada.put(f"/tasks/{task.id}/draft", json={"revision": 1, "edits": edits}),
                ada.get(f"/tasks/{task.id}"),
                ada.post(f"/tasks/{task.id}/preview", json={"edits": edits}),
                ada.post(f"/tasks/{task.id}/submit", json=sent),
                ada.get("/answers"),
                rita.post(f"/reviews/{task.id}", json=sent | {"reason": hostile} | confirmed()),
                rita.get(f"/reviews/{task.id}"),
                ada.get(f"/tasks/{hostile.replace('/', '')}"),
                ada.post(f"/{at}{hostile}"),
            ]
            assert hostile in responses[1].json()["text"]
            assert responses[1].json()["draft"]["edits"] == edits
            assert responses[4].json()[0]["corrected"] == task.text.replace("cat", hostile)
            assert responses[6].json()["answers"][1]["reason"] == hostile
            for response in responses:
                assert response.headers["content-type"] == "application/json"
                assert response.headers["x-content-type-options"] == "nosniff"
                assert response.headers["cache-control"] == "no-store"
                json.loads(response.content)


def test_an_evaluation_takes_marks_by_http(ada: TestClient, office: Office, tasks: list[Task]) -> None:
    task = office.add_project("blind", ProjectKind.EVALUATION, tasks[0])
    view = ada.post("/tasks/next").json()
    assert (view["id"], view["kind"], view["spans"]) == (task.id, "evaluation", [])
    assert "policy" not in view
    marks = [{"span": {"start": 10, "end": 13}, "type": "number"}]
    sent = {"nonce": nonce(), "answer": "marked", "marks": marks, "elapsed": 5}
    assert ada.post(f"/tasks/{task.id}/submit", json=sent).status_code == 200


def test_the_description_names_every_route(people: People) -> None:
    api = TestClient(people.app, f"http://testserver{API_PREFIX}").get("/openapi.json").json()
    described = {f"{method.upper()} {path}" for path, methods in api["paths"].items() for method in methods}
    assert described == {
        "GET /me",
        "POST /tasks/next",
        "GET /tasks/{task_id}",
        "GET /tasks/{task_id}/image",
        "POST /tasks/{task_id}/renew",
        "PUT /tasks/{task_id}/draft",
        "POST /tasks/{task_id}/submit",
        "POST /tasks/{task_id}/skip",
        "POST /tasks/{task_id}/flag",
        "POST /tasks/{task_id}/preview",
        "GET /answers",
        "POST /answers/{correction_id}/revise",
        "GET /reviews",
        "GET /reviews/{task_id}",
        "POST /reviews/{task_id}",
        "POST /reviews/{task_id}/resolve",
    }
    assert api["servers"] == [{"url": API_PREFIX}]
    assert set(api["components"]["securitySchemes"]) == {"session", "token"}
    for methods in api["paths"].values():
        for operation in methods.values():
            assert operation["summary"] and operation["description"] and operation["security"]
            assert {"401", "403"} <= set(operation["responses"])
            for status, response in operation["responses"].items():
                if status >= "400":
                    schema = response["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_the_script_of_the_manual_works(
    office: Office, people: People, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    script = manual.split("```python\n")[1].split("```")[0]

    def client(base_url: str, headers: dict[str, str], timeout: float) -> TestClient:
        return TestClient(people.app, base_url, headers=headers)

    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setenv("REDRAFT_TOKEN", office.secret("ada", TokenKind.API))
    monkeypatch.setenv("REDRAFT_URL", "http://testserver")
    exec(compile(script, "api.md", "exec"), {"__name__": "__main__"})
    answers = [(a.task_id, a.answer.value) for a in office.store.corrections()]
    assert answers == [(tasks[0].id, "corrected"), (tasks[1].id, "clean"), (tasks[2].id, "clean")]

"""Pictures over HTTP: for those who work on them, and never as somebody else made them."""

from __future__ import annotations

import io

from PIL import Image
from starlette.testclient import TestClient

from redraft.blobs import content_key
from redraft.records import ImageItem, Split, Task, stable_id
from redraft_ui.api import API_PREFIX

from .conftest import Run
from .office import Office, People, nonce, refused


def test_pictures_are_for_who_works_on_them(ada: TestClient, people: People, office: Office, tasks: list[Task]) -> None:
    view = ada.post("/tasks/next").json()
    url = view["image"]["url"].removeprefix(API_PREFIX)
    picture = ada.get(url)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"].startswith("private")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(picture.content)).size == (96, 96)
    with people("bob") as bob, people("rita") as rita:
        refused(bob.get(url), 404, "not_found")
        assert rita.get(url).status_code == 200
    refused(ada.get(f"/tasks/{tasks[1].id}/image"), 404, "not_found")
    ada.post(f"/tasks/{tasks[0].id}/submit", json={"nonce": nonce(), "answer": "clean", "elapsed": 4})
    assert ada.get(url).status_code == 200


def test_a_picture_is_made_anew(ada: TestClient, office: Office, run: Run) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "where I live"
    out = io.BytesIO()
    Image.new("RGB", (2000, 500), "navy").save(out, "JPEG", exif=exif, comment=b"<script>")
    data = out.getvalue() + b"<script>alert(1)</script>"
    key = content_key("images", data, ".html")
    run.blobs.put(key, data)
    item = ImageItem(id=stable_id(data), origin="test", split=Split.POOL, blob=key, width=500, height=2000)
    run.store.add_images([item])
    task = run.add_task("A wall.", priority=0.1)
    response = run.store.response(task.response_id).model_copy(update={"id": "wide", "image_id": item.id})
    run.store.add_responses([response])
    wide = task.model_copy(update={"id": "wide", "response_id": "wide", "image_id": item.id, "priority": 7.0})
    run.store.add_tasks([wide])
    assert ada.post("/tasks/next").json()["image"] == {
        "url": f"{API_PREFIX}/tasks/wide/image",
        "width": 500,
        "height": 2000,
    }
    for query, size in (("", (400, 1600)), ("?full=1", (500, 2000))):
        answer = ada.get(f"/tasks/wide/image{query}")
        assert answer.headers["content-type"] == "image/jpeg"
        assert b"script" not in answer.content and b"where I live" not in answer.content
        picture = Image.open(io.BytesIO(answer.content))
        assert picture.size == size and picture.format == "JPEG"
        assert dict(picture.getexif()) == {}


def test_a_picture_that_is_none_is_said_to_be(ada: TestClient, run: Run, tasks: list[Task]) -> None:
    task = run.add_task("A wall.", priority=5.0, data=b"<script>alert(1)</script>")
    assert ada.post("/tasks/next").json()["id"] == task.id
    assert "flag the task" in refused(ada.get(f"/tasks/{task.id}/image"), 422, "data")

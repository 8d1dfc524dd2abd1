"""Asking for answers: kept as they come, gone on with after a kill, never mixed."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from PIL import Image

from redraft import world
from redraft.errors import ConfigError, DataError, PolicyError, ResourceError
from redraft.evaluate.answer_lines import AnswerLog, read_answers
from redraft.evaluate.answering import ItemPictures, PolicyAnswerer, ask
from redraft.evaluate.endpoint import EndpointAnswerer
from redraft.evaluate.suite import SuiteItem
from redraft.evaluate.world_suite import WorldPictures, WorldSuite
from redraft.policy import Policy
from redraft.records import Split
from redraft.world.quality import respond

from .eval_suite import Parrots


class Counting:
    """Answers with the prompt and its number; may break off."""

    def __init__(self, says: str = "a counting parrot", until: int = 99) -> None:
        self.says, self.until, self.asked = says, until, 0

    def answer(self, images: Sequence[bytes], prompts: Sequence[str]) -> list[str]:
        self.asked += len(prompts)
        if self.asked > self.until:
            raise KeyboardInterrupt
        return [f"parrot says {prompt}" for prompt in prompts]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(2):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / f"image{number}.png")
    return folder


def test_a_job_that_was_killed_goes_on(images: Path, tmp_path: Path) -> None:
    items, out = Parrots().items(), tmp_path / "out"
    pictures = ItemPictures(images, items)
    with pytest.raises(KeyboardInterrupt):
        ask(Counting(until=2), items, pictures, batch_size=1, out=out)
    answers = out / "answers.jsonl"
    assert len(answers.read_text().splitlines()) == 2
    with answers.open("a") as f:
        f.write('{"id": "q2", "te')  # what a killed process may leave
    again, seen = Counting(), []
    texts = ask(again, items, pictures, batch_size=3, out=out, progress=lambda done, total: seen.append((done, total)))
    assert again.asked == 2 and seen == [(2, 4), (4, 4)]
    assert list(texts.items()) == [(f"q{n}", f"parrot says {n}?") for n in range(4)]
    assert read_answers(answers, items).texts == texts
    third = Counting()
    assert ask(third, items, pictures, batch_size=3, out=out) == texts and third.asked == 0
    assert ask(third, items, pictures, batch_size=3, out=None) == texts and third.asked == 4


def test_answers_of_another_policy_or_to_other_questions_are_refused(images: Path, tmp_path: Path) -> None:
    items, out = Parrots().items(), tmp_path / "out"
    pictures = ItemPictures(images, items)
    ask(Counting(), items, pictures, batch_size=4, out=out)
    with pytest.raises(DataError, match="holds answers of a counting parrot, not of a dog: name another folder"):
        ask(Counting("a dog"), items, pictures, batch_size=4, out=out)
    with pytest.raises(DataError, match="name another folder"):
        ask(Counting(), items[:3], pictures, batch_size=4, out=out)
    (out / "asked.json").unlink()
    with pytest.raises(DataError, match=r"is there without asked\.json"):
        AnswerLog(out, "f", "s")


def test_images_that_are_not_there(images: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 3 images are not in .*: 'image2\.png'"):
        ItemPictures(images, Parrots(6).items())
    with pytest.raises(DataError, match="does not exist: --images takes the folder"):
        ItemPictures(tmp_path / "none", [])
    (tmp_path / "secret.png").write_bytes((images / "image0.png").read_bytes())
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        outside = [SuiteItem("x", "x", name, "?")]
        with pytest.raises(DataError, match="is outside the data folder"):
            ask(Counting(), outside, ItemPictures(images, outside), batch_size=1, out=None)
    (images / "image1.png").write_bytes(b"text")
    with pytest.raises(DataError, match=r"image 'image1\.png' of item q2: is not an image"):
        ask(Counting(), Parrots().items(), ItemPictures(images, Parrots().items()), batch_size=4, out=None)


def test_the_policy_answers_as_world_quality_hears_it(policy: Policy) -> None:
    suite = WorldSuite(Split.DEV, 3)
    items = suite.items()
    answerer = PolicyAnswerer("builtin:tiny", max_new_tokens=160)
    texts = ask(answerer, items, WorldPictures(), batch_size=2, out=None)
    scenes = [world.scene_of(item.image) for item in items]
    heard = respond(policy, scenes, [i.id for i in items], [i.prompt for i in items])
    assert [texts[item.id] for item in items] == [outcome.text for outcome in heard]
    assert PolicyAnswerer("builtin:tiny", max_new_tokens=8).says != answerer.says
    with pytest.raises(PolicyError, match="is no folder"):
        PolicyAnswerer("nowhere", max_new_tokens=8)


def test_answers_from_a_file(tmp_path: Path) -> None:
    path, items = tmp_path / "a.jsonl", Parrots().items()
    lines = [
        {"id": "q0", "text": "one"},
        {"question_id": "q1", "text": "two"},
        {"image_id": "image1", "prompt": "2?", "text": "three"},
        {"id": "zz", "text": "nobody asked"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    read = read_answers(path, items)
    assert (dict(read.texts), read.strangers) == ({"q0": "one", "q1": "two", "q2": "three"}, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"id": "q0", "text": "x"}\n{"id": "q0"', "line 2 is not valid JSON"),
        ("[1]", "line 1 is a list, not an object"),
        ('{"id": "q0"}', "line 1 has no text"),
        ('{"text": "x"}', "line 1 says of no item"),
        ('{"id": "q0", "text": "x"}\n{"id": "q0", "text": "x"}', "line 2 answers item q0 a second time"),
        ('{"id": "zz", "text": "x"}', "answers no item of the suite: its first item is q0"),
        ("", "answers no item of the suite"),
    ],
)
def test_a_malformed_file_of_answers(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        read_answers(path, Parrots().items())
    with pytest.raises(DataError, match="does not exist: --answers takes a file"):
        read_answers(tmp_path / "none.jsonl", Parrots().items())


def endpoint(handler: httpx.MockTransport, key: str | None = None) -> EndpointAnswerer:
    return EndpointAnswerer("http://host/v1/", "vlm", max_new_tokens=7, key=key, transport=handler, pause=0)


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_server_is_asked_with_the_picture_in_the_message() -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) == 1:
            return httpx.Response(503, text="starting")
        return httpx.Response(200, json={"choices": [{"message": {"content": " a dog "}}]})

    assert endpoint(httpx.MockTransport(reply), "k1").answer([picture()], ["what?"]) == ["a dog"]
    request = asked[1]
    assert str(request.url) == "http://host/v1/chat/completions" and request.headers["authorization"] == "Bearer k1"
    body = json.loads(request.content)
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("vlm", 0, 7)
    image, text = body["messages"][0]["content"]
    assert text == {"type": "text", "text": "what?"}
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64" and base64.b64decode(data) == picture()


def test_a_server_that_refuses() -> None:
    calls = []

    def reply(status: int, body: object) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            calls.append(status)
            return httpx.Response(status, json=body)

        return httpx.MockTransport(answer)

    with pytest.raises(ResourceError, match="status 401"):
        endpoint(reply(401, {"error": "key"})).answer([picture()], ["?"])
    assert calls == [401], "a refusal is not asked again"
    with pytest.raises(ResourceError, match="status 500"):
        endpoint(reply(500, {})).answer([picture()], ["?"])
    assert calls.count(500) == 5
    with pytest.raises(ResourceError, match="sent no chat completion"):
        endpoint(reply(200, {"choices": []})).answer([picture()], ["?"])
    with pytest.raises(ConfigError, match="write an address"):
        EndpointAnswerer("host:8000", "vlm", max_new_tokens=1)

"""The promoted policy over HTTP: it answers, swaps without a gap, and takes no rubbish."""

from __future__ import annotations

import base64
import io
import threading
import time

import httpx
import pytest

from redraft.config import Config
from redraft.errors import ResourceError
from redraft.policy import GenerationSettings, Policy, encode_prompts, generate
from redraft.records import Split
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.serving import serve_policy

pytestmark = pytest.mark.ray


def picture() -> str:
    buffer = io.BytesIO()
    render(scene_at(0, Split.POOL, 3)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def wait_for(url: str, version: str) -> None:
    while True:
        try:
            answer = httpx.get(f"{url}/version", timeout=5)
            if answer.status_code == 200 and answer.json() == {"policy": version}:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)


@pytest.fixture(scope="module")
def url(ray_config: Config, local_ray: str) -> str:
    serve_policy(ray_config, local_ray, "first", str(builtin_policy()))
    url = f"http://{ray_config.serve.host}:{ray_config.serve.port}"
    wait_for(url, "first")
    return url


def test_it_answers_as_the_policy_does(url: str, policy: Policy) -> None:
    answer = httpx.post(f"{url}/generate", json={"image": picture(), "max_new_tokens": 40}, timeout=60).json()
    assert "text" in answer, answer
    prompts = encode_prompts(policy, [render(scene_at(0, Split.POOL, 3))], ["Describe this image in detail."])
    expected = generate(policy, prompts, GenerationSettings(40), [0])[0]
    assert answer["text"] == expected.text
    assert answer["policy"] == "first"
    assert answer["logprobs"] == pytest.approx(list(expected.trace.logprobs), abs=1e-4)


@pytest.mark.parametrize("image", ["no base64!", base64.b64encode(b"no picture").decode(), ""])
def test_rubbish_is_refused(url: str, image: str) -> None:
    answer = httpx.post(f"{url}/generate", json={"image": image}, timeout=60)
    assert answer.status_code == 422


def test_a_swap_fails_no_request(url: str, ray_config: Config, local_ray: str) -> None:
    seen: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(timeout=60) as client:
            while not stop.is_set():
                answer = client.post(f"{url}/generate", json={"image": picture(), "max_new_tokens": 5})
                seen.append((answer.status_code, answer.json().get("policy", answer.text)))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    serve_policy(ray_config, local_ray, "second", str(builtin_policy()))
    wait_for(url, "second")
    time.sleep(0.5)
    stop.set()
    for asker in askers:
        asker.join()
    assert {code for code, _ in seen} == {200}
    assert {version for _, version in seen} == {"first", "second"}


def test_no_dashboard_is_one_sentence(ray_config: Config) -> None:
    with pytest.raises(ResourceError, match="does not answer"):
        serve_policy(ray_config, "127.0.0.1:1", "x", str(builtin_policy()))

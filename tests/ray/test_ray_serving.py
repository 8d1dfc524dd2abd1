"""The promoted policy over HTTP: OpenAI's client reads it, it swaps without a gap, and takes no rubbish."""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
import torch

from redraft.config import Config
from redraft.errors import ConfigError, ResourceError
from redraft.policy import GenerationSettings, Policy, encode_prompts, generate, load_policy, save_policy
from redraft.records import Split
from redraft.serving import MODEL_ALIAS
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.serving import serve_policy

pytestmark = pytest.mark.ray

PROMPT = "Describe this image in detail."


def picture() -> str:
    buffer = io.BytesIO()
    render(scene_at(0, Split.POOL, 3)).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def messages(image: str) -> list[openai.types.chat.ChatCompletionMessageParam]:
    return [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": image}},
                {"type": "text", "text": PROMPT},
            ],
        }
    ]


def expected(policy: Policy, tokens: int) -> str:
    prompts = encode_prompts(policy, [render(scene_at(0, Split.POOL, 3))], [PROMPT])
    return generate(policy, prompts, GenerationSettings(tokens), [0])[0].text


def wait_for(url: str, version: str) -> None:
    while True:
        try:
            answer = httpx.get(f"{url}/ready", timeout=5)
            if answer.status_code == 200 and answer.json()["policy"] == version:
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


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that says something else."""
    policy = load_policy(builtin_policy(), device="cpu")
    with torch.no_grad():
        for parameter in policy.model.parameters():
            parameter.mul_(0.8)
    folder = tmp_path_factory.mktemp("other") / "policy"
    save_policy(policy, folder)
    return folder


def test_it_answers_as_the_policy_does(client: openai.OpenAI, policy: Policy) -> None:
    answer = client.chat.completions.create(
        model=MODEL_ALIAS, messages=messages(picture()), max_tokens=40, temperature=0
    )
    assert answer.choices[0].message.content == expected(policy, 40)
    assert answer.model == answer.system_fingerprint == "first"


@pytest.mark.parametrize("image", ["data:image/png;base64,no base64!", "http://127.0.0.1/picture.png", ""])
def test_rubbish_is_refused(client: openai.OpenAI, image: str) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=MODEL_ALIAS, messages=messages(image))


def test_a_swap_fails_no_request_and_mixes_no_versions(
    url: str, ray_config: Config, local_ray: str, policy: Policy, other: Path
) -> None:
    seen: list[tuple[str, str]] = []
    failures: list[openai.OpenAIError] = []
    stop = threading.Event()

    def ask(stream: bool) -> None:
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            while not stop.is_set():
                try:
                    seen.append(streamed(client) if stream else whole(client))
                except openai.OpenAIError as e:
                    failures.append(e)

    askers = [threading.Thread(target=ask, args=(stream,)) for stream in (False, False, True)]
    for asker in askers:
        asker.start()
    serve_policy(ray_config, local_ray, "second", str(other))
    wait_for(url, "second")
    time.sleep(0.5)
    stop.set()
    for asker in askers:
        asker.join()
    assert not failures
    second = load_policy(other, device="cpu")
    assert set(seen) == {("first", expected(policy, 5)), ("second", expected(second, 5))}


def whole(client: openai.OpenAI) -> tuple[str, str]:
    answer = client.chat.completions.create(
        model=MODEL_ALIAS, messages=messages(picture()), max_tokens=5, temperature=0
    )
    return answer.model, answer.choices[0].message.content or ""


def streamed(client: openai.OpenAI) -> tuple[str, str]:
    chunks = list(
        client.chat.completions.create(
            model=MODEL_ALIAS, messages=messages(picture()), max_tokens=5, temperature=0, stream=True
        )
    )
    (version,) = {chunk.model for chunk in chunks}
    return version, "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_no_dashboard_is_one_sentence(ray_config: Config) -> None:
    with pytest.raises(ResourceError, match="does not answer"):
        serve_policy(ray_config, "127.0.0.1:1", "x", str(builtin_policy()))


def test_a_public_address_needs_a_run_that_knows_tokens(ray_config: Config) -> None:
    public = ray_config.model_copy(update={"serve": ray_config.serve.model_copy(update={"host": "0.0.0.0"})})
    with pytest.raises(ConfigError, match="need tokens"):
        serve_policy(public, "127.0.0.1:1", "x", str(builtin_policy()))

"""The promoted policy over HTTP: OpenAI's client reads it, it swaps without a gap, and takes no rubbish."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import openai
import pytest
import torch

from redraft.config import Config
from redraft.errors import ConfigError, ResourceError
from redraft.policy import GenerationSettings, Policy, encode_prompts, generate, load_policy, save_policy
from redraft.records import Phase, PolicyStatus, Split
from redraft.runs import RunFolder, read_events
from redraft.serving import MODEL_ALIAS
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.context import RunContext
from redraft_actors.controller import Controller
from redraft_actors.serving import serve_policy

from ..measured_policies import add_candidate, measure

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
    with people_asking(url) as seen:
        serve_policy(ray_config, local_ray, "second", str(other))
        wait_for(url, "second")
        time.sleep(0.5)
    second = load_policy(other, device="cpu")
    assert set(seen) == {("first", expected(policy, 5)), ("second", expected(second, 5))}


@contextmanager
def people_asking(url: str) -> Iterator[list[tuple[str, str]]]:
    """Three ask all the time, one by streams; what they were told and by whom. None of them may be let down."""
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
    try:
        yield seen
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert not failures


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


@pytest.fixture
def run(ray_config: Config, tmp_path: Path) -> RunContext:
    """A run that tries its candidates out, with the shipped policy promoted."""
    serve = {**ray_config.serve.model_dump(), "canary_share": 0.5, "canary_minutes": 0.1}
    config = Config.model_validate({"name": "tried", "serve": serve, "evaluate": {"bootstrap": 100}})
    context = RunContext.open(RunFolder.create(tmp_path / "run", config).root)
    add_policy(context, "base", None, builtin_policy(), wrong=20)
    context.store.promote("base", ["It is the policy that the run starts from."])
    return context


def add_policy(run: RunContext, id: str, parent: str | None, checkpoint: Path, wrong: int) -> None:
    """A version whose measured descriptions are wrong for so many of twenty pictures."""
    staging = run.staging(id)
    for file in checkpoint.iterdir():
        (staging / file.name).write_bytes(file.read_bytes())
    run.blobs.publish_folder(f"policies/{id}", staging)
    add_candidate(run, id, parent)
    measure(run, id, wrong)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose likeliest token is always the end."""
    policy = load_policy(builtin_policy(), device="cpu")
    with torch.no_grad():
        for parameter in policy.model.parameters():
            parameter.zero_()
    folder = tmp_path_factory.mktemp("silent") / "policy"
    save_policy(policy, folder)
    return folder


def test_a_candidate_that_fails_people_is_refused_and_one_that_does_not_is_promoted(
    run: RunContext, url: str, local_ray: str, other: Path, silent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redraft_actors.controller.POLL_SECONDS", 0.2)
    add_policy(run, "mute", "base", silent, wrong=0)
    add_policy(run, "kind", "base", other, wrong=0)
    controller = Controller(str(run.folder.root), local_ray, wait=True)
    controller.steps.serve()
    wait_for(url, "base")
    for number, (candidate, well) in enumerate((("mute", False), ("kind", True)), start=1):
        run.store.begin_round(number, Phase.EVALUATING, "base")
        run.store.advance(number, Phase.EVALUATING, Phase.PROMOTING, candidate=candidate)
        with people_asking(url) as seen:
            while run.store.rounds()[-1].phase is Phase.PROMOTING:
                assert controller.turn() is None
            wait_for(url, candidate if well else "base")
        assert {version for version, _ in seen} == {"base", candidate}, "both were asked"
        (verdict,) = (verdict for n, verdict in run.store.verdicts() if n == number)
        assert (verdict.promoted, run.store.rounds()[-1].promoted) == (well, well)
        said = "Passed" if well else "Failed"
        assert verdict.reasons[-1].startswith(f"{said}: as a canary it was asked "), verdict.reasons
        assert all(reason.startswith("Passed: ") for reason in verdict.reasons[:-1]), "it had measured well"
    assert {p.id: p.status for p in run.store.policies()} == {
        "base": PolicyStatus.SUPERSEDED,
        "mute": PolicyStatus.REJECTED,
        "kind": PolicyStatus.PROMOTED,
    }
    canaries = {e.policy: e.detail for e in read_events(run.folder) if e.step == "canary"}
    assert canaries["mute"]["bad"] == canaries["mute"]["asked"] > 0 == canaries["kind"]["bad"]
    assert json.loads(run.blobs.get("canaries/kind.json"))["well"]
    assert httpx.get(f"{url}/ready").json()["candidate"] is None


def test_no_dashboard_is_one_sentence(ray_config: Config) -> None:
    with pytest.raises(ResourceError, match="does not answer"):
        serve_policy(ray_config, "127.0.0.1:1", "x", str(builtin_policy()))


def test_a_public_address_needs_a_run_that_knows_tokens(ray_config: Config) -> None:
    public = ray_config.model_copy(update={"serve": ray_config.serve.model_copy(update={"host": "0.0.0.0"})})
    with pytest.raises(ConfigError, match="need tokens"):
        serve_policy(public, "127.0.0.1:1", "x", str(builtin_policy()))

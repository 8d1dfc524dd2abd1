"""What every sampling engine promises, asked of all of them: scripted, local, and remote over a real server."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from redraft.config import EndpointConfig
from redraft.engines import GenerationSettings, Sampled, SampleRequest, SamplingEngine, ScriptedEngine
from redraft.engines.local import LocalEngine
from redraft.engines.remote import RemoteEngine
from redraft.errors import RedraftError
from redraft.policy import Policy
from redraft.records import Split
from redraft.world import render, scene_at

from .chat_server import chat_server

VERSION = "r01-abc"
SETTINGS = GenerationSettings(64, k=3, temperature=1.0)
WORDS = ("Two cups", "a tent", "three kites 🪁", "in the middle.", "No dog", "Überall")


def says(request: SampleRequest, sample: int) -> str:
    rng = random.Random(f"{request.seed} {sample} {request.prompt}")
    return ". ".join(rng.choices(WORDS, k=rng.randrange(2, 9)))


@pytest.fixture(scope="module", params=["scripted", "local", "remote over scripted", "remote over local"])
def engine(request: pytest.FixtureRequest) -> Iterator[SamplingEngine]:
    behind: SamplingEngine = ScriptedEngine(says, VERSION)
    if "local" in request.param:
        policy: Policy = request.getfixturevalue("policy")
        behind = LocalEngine(policy, VERSION, batch_size=4, max_pixels=1_000_000)
    if "remote" not in request.param:
        yield behind
        return
    with chat_server(behind) as url:
        endpoint = EndpointConfig(url=url, dialect="vllm", retries=0, timeout_s=60)
        remote = RemoteEngine(endpoint, VERSION)
        yield remote
        remote.close()


@pytest.fixture(scope="module")
def requests() -> list[SampleRequest]:
    made = []
    for index, prompt in enumerate(["Describe this image in detail.", "How many cups are there?"]):
        buffer = io.BytesIO()
        render(scene_at(0, Split.POOL, index)).save(buffer, "PNG")
        made.append(SampleRequest(buffer.getvalue(), prompt, seed=40 + index))
    return made


@pytest.fixture(scope="module")
def drawn(engine: SamplingEngine, requests: list[SampleRequest]) -> list[Sampled]:
    return engine.sample(requests, SETTINGS)


def texts(sampled: Sampled) -> list[str]:
    return [g.text for g in sampled.generations]


def test_k_responses_a_request_by_one_version(drawn: list[Sampled]) -> None:
    assert [len(sampled.generations) for sampled in drawn] == [3, 3]
    assert {sampled.version for sampled in drawn} == {VERSION}
    assert len(set(texts(drawn[0]))) > 1, "samples at temperature 1 differ"


def test_traces_fit_their_texts(drawn: list[Sampled]) -> None:
    for generation in (g for sampled in drawn for g in sampled.generations):
        trace, text = generation.trace, generation.text
        assert text == text.strip() and len(trace.starts) > 1
        assert list(trace.ends) == sorted(trace.ends)
        assert all(0 <= a <= b <= len(text) for a, b in zip(trace.starts, trace.ends, strict=True))
        assert {i for a, b in zip(trace.starts, trace.ends, strict=True) for i in range(a, b)} == set(range(len(text)))
        assert max(trace.logprobs) <= 0 and min(trace.entropies) >= 0
        assert all(a >= 0 for a in trace.token_ids)


def test_a_request_is_answered_alike_in_any_company_and_order(
    engine: SamplingEngine, requests: list[SampleRequest], drawn: list[Sampled]
) -> None:
    backwards = engine.sample([*reversed(requests), requests[0]], SETTINGS)
    assert [texts(sampled) for sampled in backwards] == [texts(drawn[1]), texts(drawn[0]), texts(drawn[0])]
    (reseeded,) = engine.sample([replace(requests[0], seed=99)], SETTINGS)
    assert texts(reseeded) != texts(drawn[0])


def test_a_sample_does_not_depend_on_how_many_there_are(
    engine: SamplingEngine, requests: list[SampleRequest], drawn: list[Sampled]
) -> None:
    (one,) = engine.sample(requests[:1], replace(SETTINGS, k=1))
    assert texts(one) == texts(drawn[0])[:1]


def test_greedy_samples_are_equal(engine: SamplingEngine, requests: list[SampleRequest]) -> None:
    (greedy,) = engine.sample(requests[1:], replace(SETTINGS, temperature=0.0))
    assert len(greedy.generations) == 3
    assert len(set(texts(greedy))) == 1


def test_a_response_ends_before_a_stop_text(
    engine: SamplingEngine, requests: list[SampleRequest], drawn: list[Sampled]
) -> None:
    (ended,) = engine.sample(requests[:1], replace(SETTINGS, stop=(". ",)))
    for mine, whole in zip(ended.generations, drawn[0].generations, strict=True):
        if ". " in whole.text or whole.finished:
            assert mine.finished
        assert mine.text == whole.text.partition(". ")[0].rstrip()
        assert max(mine.trace.ends) == len(mine.text)


def test_a_response_that_is_cut_off_says_so(engine: SamplingEngine, requests: list[SampleRequest]) -> None:
    (short,) = engine.sample(requests[:1], replace(SETTINGS, max_new_tokens=2))
    for generation in short.generations:
        assert not generation.finished
        assert len(generation.trace.token_ids) == 2


def test_no_requests_no_answers(engine: SamplingEngine) -> None:
    assert engine.sample([], SETTINGS) == []


def test_what_is_no_picture_is_refused_in_one_sentence(engine: SamplingEngine) -> None:
    with pytest.raises(RedraftError) as caught:
        engine.sample([SampleRequest(b"<svg>", "What?", 1)], SETTINGS)
    assert "\n" not in str(caught.value)

"""The API as OpenAI's own client sees it, on the shipped policy."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from redraft.config import Config, ServeConfig
from redraft.errors import ConfigError
from redraft.images import load_encoded, register_images
from redraft.policy import Generation, GenerationSettings, Policy, encode_prompts, generate, generate_stream
from redraft.records import Role, Split, TokenKind, TokenTrace
from redraft.runs import RunFolder
from redraft.serving import (
    MODEL_ALIAS,
    PolicyServer,
    Refused,
    ServedVersion,
    ServeSettings,
    ServeTerms,
    build_app,
    drawing,
)
from redraft.serving.answers import answer_of
from redraft.serving.requests import question_of, read_request
from redraft.world import render, scene_at

EOS = 0
PROMPT = "Describe this image in detail."
PICTURE = render(scene_at(0, Split.POOL, 3))


def png() -> bytes:
    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    return buffer.getvalue()


URI = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


def messages(text: str = PROMPT, image: str = URI, system: str | None = None) -> list[Any]:
    user = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": image}}]
    before = [] if system is None else [{"role": "system", "content": system}]
    return [*before, {"role": "user", "content": user}]


def told(**terms: Any) -> ServeSettings:
    return ServeSettings(
        promoted=ServedVersion(id="v1", path="/one"),
        candidate=ServedVersion(id="v2", path="/two"),
        terms=ServeTerms(**terms),
    )


def serving(policy: Policy, **terms: Any) -> PolicyServer:
    server = PolicyServer(lambda path, device, dtype: policy)
    asyncio.run(server.reconfigure(told(**terms)))
    return server


@pytest.fixture(scope="module")
def server(policy: Policy) -> PolicyServer:
    return serving(policy, serve=ServeConfig(max_new_tokens=200))


@pytest.fixture(scope="module")
def http(server: PolicyServer) -> Iterator[TestClient]:
    with TestClient(build_app(server), "http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def client(http: TestClient) -> openai.OpenAI:
    return openai.OpenAI(base_url="http://127.0.0.1/v1", api_key="none", http_client=http, max_retries=0)


def drawn(policy: Policy, prompt: str = PROMPT, seed: int = 0, **how: Any) -> list[Generation]:
    return generate(policy, encode_prompts(policy, [PICTURE], [prompt]), GenerationSettings(**how), [seed])


def test_an_answer_is_the_policys_with_its_version_and_log_probabilities(client: openai.OpenAI, policy: Policy) -> None:
    answer = client.chat.completions.create(
        model=MODEL_ALIAS, messages=messages(), temperature=0, max_tokens=30, logprobs=True
    )
    (expected,) = drawn(policy, max_new_tokens=30)
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (expected.text, "length")
    assert (answer.model, answer.system_fingerprint) == ("v1", "v1")
    assert choice.logprobs is not None and choice.logprobs.content is not None
    assert "".join(token.token for token in choice.logprobs.content) == expected.text
    assert [token.logprob for token in choice.logprobs.content] == pytest.approx(expected.trace.logprobs, abs=1e-4)
    assert all(token.top_logprobs == [] for token in choice.logprobs.content)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 30
    assert answer.usage.prompt_tokens == len(encode_prompts(policy, [PICTURE], [PROMPT])[0].input_ids)


def test_everything_about_drawing_reaches_the_policy(client: openai.OpenAI, policy: Policy) -> None:
    answer = client.chat.completions.create(
        model="v2",
        messages=messages(),
        n=3,
        seed=7,
        temperature=0.9,
        top_p=0.8,
        max_completion_tokens=40,
        extra_body={"min_p": 0.01, "repetition_penalty": 1.1},
    )
    how = {"temperature": 0.9, "top_p": 0.8, "min_p": 0.01, "repetition_penalty": 1.1}
    expected = drawn(policy, seed=7, max_new_tokens=40, k=3, **how)
    assert [choice.message.content for choice in answer.choices] == [one.text for one in expected]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.model == "v2"


def test_a_system_text_comes_before_the_question(client: openai.OpenAI, policy: Policy) -> None:
    answer = client.chat.completions.create(
        model=MODEL_ALIAS, messages=messages(system="Be brief."), temperature=0, max_tokens=20
    )
    (expected,) = drawn(policy, f"Be brief.\n\n{PROMPT}", max_new_tokens=20)
    assert answer.choices[0].message.content == expected.text


def test_an_answer_ends_before_a_stop(client: openai.OpenAI, policy: Policy) -> None:
    (whole,) = drawn(policy, max_new_tokens=60)
    answer = client.chat.completions.create(
        model=MODEL_ALIAS, messages=messages(), temperature=0, max_tokens=60, stop=[" top left", "never"]
    )
    (choice,) = answer.choices
    assert choice.message.content == whole.text[: whole.text.index(" top left")]
    assert choice.finish_reason == "stop"


def test_a_stream_has_the_same_words_and_the_version_in_every_chunk(client: openai.OpenAI, http: TestClient) -> None:
    asked: dict[str, Any] = {
        "model": MODEL_ALIAS,
        "messages": messages(),
        "n": 2,
        "seed": 1,
        "max_tokens": 25,
        "logprobs": True,
    }
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert {(chunk.model, chunk.system_fingerprint) for chunk in chunks} == {("v1", "v1")}
    assert len({chunk.id for chunk in chunks}) == 1
    *pieces, last = chunks
    assert last.choices == [] and last.usage == whole.usage
    for choice in whole.choices:
        own = [c for chunk in pieces for c in chunk.choices if c.index == choice.index]
        assert own[0].delta.role == "assistant"
        assert "".join(c.delta.content or "" for c in own) == choice.message.content
        assert [c.finish_reason for c in own if c.finish_reason] == [choice.finish_reason]
        logprobs = [t.logprob for c in own if c.logprobs for t in c.logprobs.content or []]
        assert choice.logprobs is not None
        assert logprobs == [t.logprob for t in choice.logprobs.content or []]
    raw = http.post("/v1/chat/completions", json=asked | {"stream": True})
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.text.endswith("\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True])
def test_alternatives_are_the_likeliest_tokens_with_the_chosen_one_among_them(
    client: openai.OpenAI, policy: Policy, stream: bool
) -> None:
    asked: dict[str, Any] = {"model": "v1", "messages": messages(), "temperature": 0, "max_tokens": 20}
    tokens: list[Any] = []
    if stream:
        for chunk in client.chat.completions.create(**asked, stream=True, logprobs=True, top_logprobs=3):
            logprobs = chunk.choices[0].logprobs
            tokens += (logprobs.content or []) if logprobs else []
    else:
        answer = client.chat.completions.create(**asked, logprobs=True, top_logprobs=3)
        assert answer.choices[0].logprobs is not None
        tokens += answer.choices[0].logprobs.content or []
    (expected,) = drawn(policy, max_new_tokens=20)
    assert "".join(token.token for token in tokens) == expected.text
    for token, logprob in zip(tokens, expected.trace.logprobs, strict=True):
        best, *others = token.top_logprobs
        assert len(others) == 2
        assert (best.token, best.logprob, best.bytes) == (token.token, token.logprob, token.bytes), "it was greedy"
        assert token.logprob == pytest.approx(logprob, abs=1e-4)
        assert best.logprob >= others[0].logprob >= others[1].logprob
        assert sum(math.exp(one.logprob) for one in token.top_logprobs) <= 1 + 1e-5
    assert any(token.top_logprobs[1].token.startswith(" ") for token in tokens)


def test_requests_of_one_moment_share_a_batch_and_agree_with_those_alone(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []

    def counted(policy: Policy, prompts: Any, how: GenerationSettings, seeds: Any, listener: Any) -> None:
        sizes.append(len(prompts))
        generate_stream(policy, prompts, how, seeds, listener)

    monkeypatch.setattr(drawing, "generate_stream", counted)
    body: dict[str, Any] = {"model": "v1", "messages": messages(), "max_tokens": 15}
    asked = [read_request(json.dumps(body | {"seed": seed}).encode()) for seed in range(4)]

    async def scenario() -> list[str]:
        server = PolicyServer(lambda path, device, dtype: policy)
        await server.reconfigure(told(serve=ServeConfig(max_batch=4, batch_wait_ms=1000)))
        return [done.answers[0].text for done in await asyncio.gather(*map(server.complete, asked))]

    texts = asyncio.run(scenario())
    assert sizes == [4]
    assert texts == [drawn(policy, seed=seed, max_new_tokens=15, temperature=1.0)[0].text for seed in range(4)]


TWO_PICTURES = messages()[0]["content"] + messages()[0]["content"][1:]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "What is this?"}]}, "has 0 pictures"),
        ({"messages": [{"role": "user", "content": TWO_PICTURES}]}, "has 2 pictures"),
        ({"messages": [{"role": "assistant", "content": "A cup."}]}, "last message has role assistant"),
        ({"messages": [*messages(), {"role": "assistant", "content": "A cup."}, *messages()]}, "no conversation"),
        ({"messages": messages(text=" ")}, "no text"),
        ({"messages": messages(text="x" * 9000)}, "9000 characters"),
        ({"messages": messages(text="Look: <image>")}, "'<image>'"),
        ({"messages": messages(text="</s>")}, "'</s>'"),
        ({"messages": messages(text="a b " * 200)}, "context is 512"),
        ({"messages": messages(image="https://example.org/a.png")}, "not fetched from example.org"),
        ({"messages": messages(image="redraft:image/unknown")}, "no stored picture"),
        ({"model": "gpt-4o"}, "'gpt-4o' is not served"),
        ({"max_tokens": 201}, "200 at most"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "say the same"),
        ({"n": 17}, "16 answers at most"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"stop": ""}, "stop"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"seed": 2**63}, "seed"),
        ({"top_logprobs": 2}, "needs logprobs"),
        ({"presence_penalty": 1}, "no such penalty"),
        ({"tools": []}, "does not know tools"),
        ({"response_format": {"type": "json_object"}}, "does not know response_format"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_what_the_policy_cannot_take_is_refused_in_one_sentence(
    client: openai.OpenAI, change: dict[str, Any], says: str
) -> None:
    asked: dict[str, Any] = {"model": MODEL_ALIAS, "messages": messages(), **change}
    with pytest.raises((openai.BadRequestError, openai.NotFoundError), match=says) as refused:
        client.post("/chat/completions", cast_to=object, body=asked)
    assert isinstance(refused.value.body, dict)
    assert set(refused.value.body) == {"message", "type", "param", "code"}
    assert "\n" not in refused.value.body["message"]


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL_ALIAS, "v1", "v2"]
    assert client.models.retrieve("v2").id == "v2"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("v3")


def test_health_and_readiness_need_no_token_and_differ(policy: Policy) -> None:
    server = PolicyServer(lambda path, device, dtype: policy)
    with TestClient(build_app(server), "http://anywhere.example") as http:
        assert http.get("/health").status_code == 200
        assert http.get("/ready").status_code == http.get("/v1/models").status_code == 503
        asyncio.run(server.reconfigure(told()))
        ready = http.get("/ready")
        assert (ready.status_code, ready.json()["policy"]) == (200, "v1")


def test_without_tokens_a_web_page_cannot_ask(http: TestClient) -> None:
    body = {"model": MODEL_ALIAS, "messages": messages(), "max_tokens": 1}
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil:80", ""):
        assert http.post("/v1/chat/completions", json=body, headers={"Host": host}).status_code == 403, host
    for host in ("localhost", "127.0.0.1:8123", "[::1]:8123"):
        assert http.get("/v1/models", headers={"Host": host}).status_code == 200, host
    plain = http.post("/v1/chat/completions", content=json.dumps(body), headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415, "what a browser sends across origins without asking"
    assert "access-control-allow-origin" not in plain.headers


def test_a_body_without_end_is_cut_off(http: TestClient) -> None:
    asked = http.post("/v1/chat/completions", content=b" " * 20_000_000, headers={"Content-Type": "application/json"})
    assert asked.status_code == 413
    assert http.post("/v1/chat/completions", json=["no request"]).status_code == 400
    assert http.get("/nowhere").json()["error"]["type"] == "not_found_error"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path / "run", Config())
    with folder.store() as store:
        store.add_user("ada", Role.ANNOTATOR, actor="test")
        picture = load_encoded("here", png())
        register_images(store, folder.blobs(), [picture], Split.POOL)
    return folder


def test_only_a_token_of_the_policys_scope_opens_it(policy: Policy, run: RunFolder) -> None:
    server = serving(policy, serve=ServeConfig(host="0.0.0.0"), run=str(run.root))
    store = run.store()
    good, tasks, session = (
        store.issue_token("ada", kind, seconds=60, actor="test")
        for kind in (TokenKind.POLICY, TokenKind.API, TokenKind.SESSION)
    )
    assert store.holder(good, TokenKind.API) is None, "it opens nothing else"
    with TestClient(build_app(server), "http://policy.example") as http:

        def ask(key: str) -> openai.types.chat.ChatCompletion:
            client = openai.OpenAI(base_url="http://policy.example/v1", api_key=key, http_client=http, max_retries=0)
            image = f"redraft:image/{store.images(Split.POOL)[0].id}"
            return client.chat.completions.create(
                model=MODEL_ALIAS, messages=messages(image=image), temperature=0, max_tokens=10
            )

        assert ask(good).choices[0].message.content == drawn(policy, max_new_tokens=10)[0].text
        for bad in (tasks, session, good[:-1], good.swapcase(), "none"):
            with pytest.raises(openai.AuthenticationError) as refused:
                ask(bad)
            assert bad not in str(refused.value)
        assert http.get("/v1/models").status_code == 401
        assert http.get("/v1/models", headers={"Authorization": f"Basic {good}"}).status_code == 401
        store.disable_user("ada", actor="test")
        with pytest.raises(openai.AuthenticationError):
            ask(good)
    store.close()


def test_without_a_run_a_public_server_does_not_open(policy: Policy) -> None:
    with pytest.raises(ConfigError, match="need tokens"):
        serving(policy, serve=ServeConfig(host="0.0.0.0"))
    with pytest.raises(ConfigError, match="need tokens"):
        serving(policy, serve=ServeConfig(open_on_loopback=False))


@pytest.mark.parametrize("stop_early", [False, True])
def test_the_end_of_sequence_counts_and_is_no_piece(policy: Policy, stop_early: bool) -> None:
    stop = (".",) if stop_early else ()
    (whole,) = drawn(policy, max_new_tokens=300, stop=stop)
    answer = answer_of(whole, policy.eos_id)
    assert (answer.finish_reason, answer.tokens) == ("stop", len(whole.trace.token_ids))
    assert len(answer.pieces) == answer.tokens - (0 if stop_early else 1)
    assert "".join(piece.text for piece in answer.pieces) == answer.text == whole.text


@given(st.lists(st.text(max_size=4), max_size=12), st.lists(st.integers(-3, 3)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_pieces_give_the_text_whatever_the_offsets(words: list[str], shifts: list[int], ended: bool) -> None:
    text = "".join(words)
    ends = [len("".join(words[: at + 1])) for at in range(len(words))]
    ends = [max(0, min(len(text), end + shift)) for end, shift in zip(ends, [*shifts, *[0] * 12], strict=False)]
    n = len(ends) + ended
    trace = TokenTrace(
        token_ids=tuple(range(1, n)) + ((EOS,) if ended else (n,)) if n else (),
        starts=(0,) * n,
        ends=(*ends, *[len(text)] * ended),
        logprobs=(-1.0,) * n,
        entropies=(0.0,) * n,
    )
    answer = answer_of(Generation(text, ended, trace), EOS)
    assert "".join(piece.text for piece in answer.pieces) == (text if words else "")
    assert len(answer.pieces) == len(words)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
@settings(max_examples=50, deadline=None)
def test_no_body_is_a_bug(body: Any) -> None:
    for hostile in (
        body,
        {"model": "m", "messages": body},
        {"model": "m", "messages": [{"role": "user", "content": body}]},
    ):
        try:
            question_of(read_request(json.dumps(hostile).encode()))
        except Refused as refused:
            assert 400 <= refused.status < 500

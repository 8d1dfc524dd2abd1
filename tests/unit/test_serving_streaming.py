"""Chunks are sent while the text is written, and whoever goes away is not written for any more."""

from __future__ import annotations

import asyncio
import base64
import io
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import openai
import pytest
import torch
import uvicorn

from redraft.errors import PolicyError
from redraft.policy import Generation, GenerationSettings, Listener, Policy, encode_prompts, generate, generate_stream
from redraft.records import Split, Tally
from redraft.serving import PolicyServer, ServedVersion, ServeSettings, build_app, drawing
from redraft.serving.requests import ChatRequest
from redraft.world import render, scene_at

PICTURE = render(scene_at(0, Split.POOL, 3))
PROMPT = "Describe this image in detail."
PATIENCE = 120.0
"""Seconds after which something that should have come never will."""


def asked(**fields: Any) -> dict[str, Any]:
    buffer = io.BytesIO()
    PICTURE.save(buffer, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    content = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "redraft", "messages": [{"role": "user", "content": content}], "temperature": 0} | fields


def server_of(policy: Policy) -> PolicyServer:
    server = PolicyServer(lambda path, device, dtype: policy)
    asyncio.run(server.reconfigure(ServeSettings(promoted=ServedVersion(id="v1", path="/one"))))
    return server


class Gate:
    """Stands in the decoding loop: counts the tokens of every row, and lets the loop on only where a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, closed_after: int) -> None:
        self.open = threading.Event()
        self.reached = threading.Event()
        self.rows: list[list[int]] = []
        gate = self

        class Gated:
            def __init__(self, listener: Listener) -> None:
                self.listener = listener

            def wrote(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor) -> Sequence[int]:
                if len(gate.rows) == closed_after:
                    gate.reached.set()
                    assert gate.open.wait(PATIENCE), "nobody opened the gate"
                gate.rows.append(rows.tolist())
                return self.listener.wrote(rows, token, logp)

            def ended(self, row: int, generation: Generation) -> None:
                self.listener.ended(row, generation)

        def gated(policy: Policy, prompts: Any, how: GenerationSettings, seeds: Any, listener: Listener) -> None:
            generate_stream(policy, prompts, how, seeds, Gated(listener))

        monkeypatch.setattr(drawing, "generate_stream", gated)


@contextmanager
def listening(server: PolicyServer) -> Iterator[openai.OpenAI]:
    """The server behind a real socket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(build_app(server), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    http = uvicorn.Server(config)
    thread = threading.Thread(target=http.run)
    thread.start()
    until(lambda: http.started)
    try:
        with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client:
            yield client
    finally:
        http.should_exit = True
        thread.join()


def until(true: Any) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.01)


def said(policy: Policy, tokens: int) -> str:
    prompts = encode_prompts(policy, [PICTURE], [PROMPT])
    return generate(policy, prompts, GenerationSettings(tokens), [0])[0].text


def test_words_arrive_before_the_answer_is_whole(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, closed_after=6)
    with listening(server_of(policy)) as client:
        text = ""
        for chunk in client.chat.completions.create(**asked(max_tokens=40), stream=True):
            text += chunk.choices[0].delta.content or ""
            if not gate.open.is_set() and text:
                assert said(policy, 40).startswith(text)
                gate.open.set()
        assert text == said(policy, 40)
    assert len(gate.rows) == 40


def test_a_client_that_goes_away_frees_its_row_and_no_other(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, server = Gate(monkeypatch, closed_after=5), server_of(policy)
    answers: list[str | None] = []
    with listening(server) as client:
        leaving = client.chat.completions.create(**asked(max_tokens=30), stream=True)
        staying = threading.Thread(
            target=lambda: answers.append(
                client.chat.completions.create(**asked(max_tokens=30)).choices[0].message.content
            )
        )
        batcher = server._open_front.batcher
        gate.reached.wait(PATIENCE)  # whichever batch the other question is in
        staying.start()
        until(lambda: batcher.waiting == 2)
        next(iter(leaving))
        leaving.close()
        until(lambda: batcher.waiting == 1)
        gate.open.set()
        staying.join()
    assert answers == [said(policy, 30)]
    assert len(gate.rows) == 5 + 1 + 30, "the one who left was written for until then"
    assert server.tally().tallies == {"v1": Tally(asked=2, left=1, cut=1)}


def test_a_client_that_leaves_before_its_turn_is_never_written_for(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, server = Gate(monkeypatch, closed_after=3), server_of(policy)

    async def scenario() -> list[str]:
        first = asyncio.ensure_future(server.complete(ChatRequest.model_validate(asked(max_tokens=10))))
        await asyncio.to_thread(gate.reached.wait, PATIENCE)
        requests = [ChatRequest.model_validate(asked(max_tokens=12, seed=seed)) for seed in (1, 2)]
        leaver, stayer = [server.begin(await server.prepare(request)) for request in requests]
        leaver.leave()
        gate.open.set()
        with stayer:
            return [(await first).answers[0].text, (await stayer.completed()).answers[0].text]

    assert asyncio.run(scenario()) == [said(policy, 10), said(policy, 12)]
    assert gate.rows[-1] == [0], "a batch of one"
    assert server._open_front.batcher.waiting == 0
    assert server.tally().tallies == {"v1": Tally(asked=3, left=1, cut=2)}


def test_whoever_is_answered_early_does_not_wait_for_the_rest_of_the_batch(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one batch, the answer that a seed ends sooner is whole while the other is still written."""
    prompts = encode_prompts(policy, [PICTURE], [PROMPT])
    how = GenerationSettings(300, temperature=1.0)
    lengths = {seed: len(generate(policy, prompts, how, [seed])[0].trace.token_ids) for seed in range(4)}
    short, long = min(lengths, key=lambda seed: lengths[seed]), max(lengths, key=lambda seed: lengths[seed])
    gate, server = Gate(monkeypatch, closed_after=lengths[short]), server_of(policy)

    async def scenario() -> tuple[int, int]:
        requests = [ChatRequest.model_validate(asked(max_tokens=300, temperature=1, seed=s)) for s in (short, long)]
        questions = [await server.prepare(request) for request in requests]
        early, late = [server.begin(question) for question in questions]  # at one moment, so in one batch
        with early, late:
            one = await early.completed()
            assert not gate.open.is_set()
            gate.open.set()
            return one.answers[0].tokens, (await late.completed()).answers[0].tokens

    assert asyncio.run(scenario()) == (lengths[short], lengths[long])
    assert gate.rows[0] == [0, 1]


def test_a_batch_that_fails_under_way_is_told_in_the_stream(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(policy: Policy, prompts: Any, how: GenerationSettings, seeds: Any, listener: Listener) -> None:
        raise PolicyError("the file /secret/place is gone")

    monkeypatch.setattr(drawing, "generate_stream", failing)
    server = server_of(policy)
    with listening(server) as client:
        for stream in (True, False):
            with pytest.raises(openai.APIError, match="on the server") as raised:
                list(client.chat.completions.create(**asked(), stream=stream))
            assert "secret" not in str(raised.value)
    assert server.tally().tallies == {"v1": Tally(asked=2, failed=2)}


def test_a_version_that_cannot_read_a_question_has_failed_and_who_asks_nonsense_has_not(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise KeyError("pixel_values")

    server = server_of(policy)
    with listening(server) as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(**asked(messages=[{"role": "user", "content": "Where?"}]))
        assert server.tally().tallies == {}
        monkeypatch.setattr("redraft.serving.server.prepare", failing)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(**asked())
    assert (server.tally().versions, server.tally().tallies) == (("v1",), {"v1": Tally(asked=1, failed=1)})


@pytest.mark.parametrize("stop", [[], [" top left", "."], ["\n"]])
def test_a_stream_is_the_answer_whatever_ends_it(policy: Policy, stop: list[str]) -> None:
    with listening(server_of(policy)) as client:
        fields = asked(max_tokens=60, temperature=1, n=3, seed=5, stop=stop or None, logprobs=True, top_logprobs=2)
        whole = client.chat.completions.create(**fields)
        texts, ends, tokens = ["", "", ""], ["", "", ""], list[list[Any]]([[], [], []])
        for chunk in client.chat.completions.create(**fields, stream=True):
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                ends[choice.index] += choice.finish_reason or ""
                tokens[choice.index] += (choice.logprobs.content or []) if choice.logprobs else []
    assert texts == [choice.message.content for choice in whole.choices]
    assert ends == [choice.finish_reason for choice in whole.choices]
    assert tokens == [choice.logprobs.content for choice in whole.choices if choice.logprobs]

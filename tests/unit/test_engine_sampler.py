"""A round's sampler without Ray: requests with their blocks in, scored responses out, by either engine."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from redraft.blobs import Blobs
from redraft.config import Config
from redraft.engines.blocks import BLOCK_COLUMN
from redraft.pool import Request
from redraft.records import Split
from redraft.responses import scored_from_table
from redraft.world import builtin_policy
from redraft_actors.pools import request_table
from redraft_actors.sampling import Sampler

from .judge_server import Reply, served

POLICY = "r00-base"


def batch() -> pa.Table:
    requests = [
        Request(image_id=f"i{n}", blob=f"images/{n}.png", origin="", split=Split.POOL, prompt="What is there?", seed=n)
        for n in range(3)
    ]
    return request_table(requests).append_column(BLOCK_COLUMN, pa.array(["a", "a", "b"]))


def check(table: pa.Table) -> None:
    assert table[BLOCK_COLUMN].to_pylist() == ["a"] * 4 + ["b"] * 2
    assert table["image_id"].to_pylist() == ["i0", "i0", "i1", "i1", "i2", "i2"]
    assert table["sample"].to_pylist() == [0, 1] * 3
    assert set(table["policy"].to_pylist()) == {POLICY}
    assert len(set(table["id"].to_pylist())) == 6
    scored = scored_from_table(table)
    assert [response.sample for response, _ in scored] == [0, 0, 0], "the first of each is scored"
    assert all(response.text and response.trace.ends[-1] <= len(response.text) for response, _ in scored)


def test_by_a_checkpoint(blobs: Blobs) -> None:
    config = Config.model_validate({"sample": {"k": 2}, "policy": {"max_new_tokens": 24, "device": "cpu"}})
    sampler = Sampler(str(builtin_policy()), POLICY, 1, blobs.url, config)
    table = sampler(batch())
    check(table)
    again = sampler(batch().slice(1, 1))
    assert again["text"].to_pylist() == table["text"].to_pylist()[2:4]


def test_by_a_server(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.delenv("http_proxy", raising=False)

    def answer(body: dict[str, Any], place: int) -> Reply:
        texts = [f"There are {body['seed'] + i + 2} cups." for i in range(body["n"])]
        choices = [
            {
                "index": i,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
                "logprobs": {"content": [{"token": text, "logprob": -0.7, "top_logprobs": []}]},
            }
            for i, text in enumerate(texts)
        ]
        return Reply(body=json.dumps({"model": body["model"], "choices": choices}).encode())

    with served(answer) as server:
        config = Config.model_validate({"sample": {"k": 2, "engine": "remote", "endpoint": {"url": server.url}}})
        sampler = Sampler("/nowhere", POLICY, 1, blobs.url, config)
        table = sampler(batch())
        sampler.engine.close()
    check(table)
    assert table["text"].to_pylist()[:3] == ["There are 2 cups.", "There are 3 cups.", "There are 3 cups."]
    assert {body["model"] for body in server.bodies} == {POLICY}

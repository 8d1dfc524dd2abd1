"""A real OpenAI-compatible server on this machine, with log-probabilities, that answers from a sampling engine."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from redraft.engines import Generation, GenerationSettings, SampleRequest, SamplingEngine
from redraft.errors import DataError


@contextmanager
def chat_server(engine: SamplingEngine) -> Iterator[str]:
    """The address of a server in front of ``engine``, until the block ends; it answers one request at a time."""
    app, turn = FastAPI(), threading.Lock()

    @app.post("/v1/chat/completions")
    def complete(body: dict[str, Any]) -> JSONResponse:
        (message,) = body["messages"]
        picture, text = message["content"]
        image = base64.b64decode(picture["image_url"]["url"].partition(",")[2])
        settings = GenerationSettings(
            body["max_tokens"],
            k=body["n"],
            temperature=body["temperature"],
            top_p=body["top_p"],
            min_p=body["min_p"],
            repetition_penalty=body["repetition_penalty"],
            stop=tuple(body.get("stop", ())),
        )
        with turn:
            (sampled,) = engine.sample([SampleRequest(image, text["text"], body["seed"])], settings)
        choices = [_choice(index, one, body) for index, one in enumerate(sampled.generations)]
        return JSONResponse({"object": "chat.completion", "model": sampled.version, "choices": choices})

    @app.exception_handler(DataError)
    def refused(request: Request, error: DataError) -> JSONResponse:
        return JSONResponse({"error": {"message": str(error)}}, 400)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # whoever comes before the server has started waits for it
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            server.should_exit = True
            thread.join()


def _choice(index: int, one: Generation, body: dict[str, Any]) -> dict[str, Any]:
    trace, at, tokens = one.trace, 0, []
    for end, logprob in zip(trace.ends, trace.logprobs, strict=True):
        piece = one.text[at : max(at, end)]
        at = max(at, end)
        tokens.append({"token": piece, "bytes": list(piece.encode()), "logprob": logprob, "top_logprobs": []})
    return {
        "index": index,
        "finish_reason": "stop" if one.finished else "length",
        "message": {"role": "assistant", "content": one.text},
        "logprobs": {"content": tokens} if body["logprobs"] else None,
        "token_ids": list(trace.token_ids) if body.get("return_token_ids") else None,
    }

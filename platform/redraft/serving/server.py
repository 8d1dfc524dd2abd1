"""From a request to its answers, whatever carries them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redraft.errors import ConfigError
from redraft.policy import EncodedPrompt, Generation, GenerationSettings, load_policy
from redraft.runs import RunFolder
from redraft.serving.access import Access
from redraft.serving.answering import Prepared, answer_of, draw, prepare
from redraft.serving.batching import Batcher
from redraft.serving.completions import Completed
from redraft.serving.pictures import Pictures, from_store
from redraft.serving.refusals import Refused
from redraft.serving.remote import RemotePictures
from redraft.serving.requests import ChatRequest, question_of
from redraft.serving.settings import ServeSettings, ServeTerms
from redraft.serving.versions import Hosted, LineUp, Loader, PolicyHost


@dataclass(frozen=True)
class BatchKey:
    """What requests of one batch have in common: who answers, and how it is drawn."""

    hosted: Hosted
    settings: GenerationSettings


@dataclass(frozen=True)
class Front:
    """What stands before the policy under some terms."""

    terms: ServeTerms
    access: Access
    pictures: Pictures
    batcher: Batcher[BatchKey, Prepared, tuple[Generation, ...]]

    @classmethod
    def open(cls, terms: ServeTerms) -> Front:
        """Open the run's store, if there is a run; blocks for a moment.

        Raises:
            RedraftError: tokens are needed and there is no run that knows them, or the run cannot be opened.
        """
        folder = RunFolder.open(Path(terms.run)) if terms.run is not None else None
        store = folder.store() if folder is not None else None
        if terms.needs_token and store is None:
            raise ConfigError(
                f"callers of a policy on {terms.serve.host} need tokens, but no run is behind the server that knows "
                "them: serve a run"
            )
        stored = from_store(store, folder.blobs()) if folder is not None and store is not None else None
        serve = terms.serve
        return cls(
            terms,
            Access(store if terms.needs_token else None),
            Pictures(terms.max_pixels, stored, RemotePictures(serve.image_hosts)),
            Batcher(
                _run, max_rows=serve.max_batch, wait_seconds=serve.batch_wait_ms / 1000, max_waiting=serve.max_waiting
            ),
        )


class PolicyServer:
    """Answers by the versions that it was last told of; nothing until the first are loaded."""

    def __init__(self, load: Loader = load_policy) -> None:
        self._host = PolicyHost(load)
        self._front: Front | None = None
        self._preparing = asyncio.Lock()

    async def reconfigure(self, settings: ServeSettings) -> None:
        """Take other versions, or other terms, without a gap.

        Raises:
            RedraftError: a checkpoint or the run cannot be opened; what was there stays.
        """
        front = self._front
        if front is None or front.terms != settings.terms:
            front = await asyncio.to_thread(Front.open, settings.terms)
        await self._host.reconfigure(settings)
        self._front = front

    @property
    def line_up(self) -> LineUp:
        """The versions that answer now.

        Raises:
            Refused: none is loaded yet.
        """
        if self._host.line_up is None:
            raise _not_ready()
        return self._host.line_up

    async def admit(self, authorization: str | None, host: str | None) -> None:
        """As ``Access.check``."""
        await asyncio.to_thread(self._open_front.access.check, authorization, host)

    async def complete(self, request: ChatRequest) -> Completed:
        """Answer one request, in a batch with others if there are any.

        Raises:
            Refused: it asks for what cannot be given.
        """
        front, hosted = self._open_front, self.line_up.choose(request.model, request.caller)
        question, settings = question_of(request), _settings(request, front.terms)
        data = await front.pictures.load(question.image)
        # One at a time: a picture may take hundreds of megabytes while it is open.
        async with self._preparing:
            encoded = await asyncio.to_thread(_encode, front.pictures, hosted, data, question.prompt, settings)
        seed = secrets.randbits(31) if request.seed is None else request.seed
        drawn = await front.batcher.submit(BatchKey(hosted, settings), Prepared(encoded, seed), rows=settings.k)
        return Completed(
            version=hosted.version.id,
            answers=tuple(answer_of(generation, hosted.policy.eos_id) for generation in drawn),
            prompt_tokens=len(encoded.input_ids),
            created=int(time.time()),
            logprobs=request.logprobs,
        )

    @property
    def _open_front(self) -> Front:
        if self._front is None:
            raise _not_ready()
        return self._front


def _settings(request: ChatRequest, terms: ServeTerms) -> GenerationSettings:
    longest, most = terms.serve.max_new_tokens, terms.serve.max_batch
    asked = request.max_completion_tokens or request.max_tokens or min(terms.policy.max_new_tokens, longest)
    if asked > longest:
        raise Refused(f"max_tokens is {asked}, and this server writes {longest} at most", param="max_tokens")
    if request.n > most:
        raise Refused(f"n is {request.n}, and this server draws {most} answers at most", param="n")
    greedy = request.temperature == 0  # filters then change nothing, and must not keep requests apart
    return GenerationSettings(
        asked,
        k=request.n,
        temperature=request.temperature,
        top_p=1.0 if greedy else request.top_p,
        min_p=0.0 if greedy else request.min_p,
        repetition_penalty=request.repetition_penalty,
        stop=request.stops,
    )


def _encode(
    pictures: Pictures, hosted: Hosted, data: bytes, prompt: str, settings: GenerationSettings
) -> EncodedPrompt:
    return prepare(hosted.encoder, pictures.decode(data), prompt, settings.max_new_tokens)


async def _run(key: BatchKey, asked: Sequence[Prepared]) -> Sequence[tuple[Generation, ...]]:
    return await asyncio.to_thread(draw, key.hosted, key.settings, asked)


def _not_ready() -> Refused:
    return Refused("no policy is loaded yet: try again in a moment", status=503, code="not_ready")

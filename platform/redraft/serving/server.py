"""From a request to its answers, whatever carries them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from redraft.errors import ConfigError
from redraft.logs import about
from redraft.policy import EncodedPrompt, GenerationSettings, load_policy
from redraft.records import ServerTally
from redraft.runs import RunFolder
from redraft.serving.access import Access
from redraft.serving.batching import Batcher
from redraft.serving.completions import Completed, Head
from redraft.serving.drawing import Mailbox, Prepared, draw
from redraft.serving.encoding import prepare
from redraft.serving.pictures import Pictures, from_store
from redraft.serving.refusals import Refused
from redraft.serving.remote import RemotePictures
from redraft.serving.requests import ChatRequest, question_of
from redraft.serving.settings import ServeSettings, ServeTerms
from redraft.serving.tallies import Tallies
from redraft.serving.underway import Underway
from redraft.serving.versions import Hosted, LineUp, Loader, PolicyHost

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchKey:
    """What requests of one batch have in common: who answers, and how it is drawn."""

    hosted: Hosted
    settings: GenerationSettings


@dataclass(frozen=True)
class Question:
    """A request that can be answered: who will, and how."""

    request: ChatRequest
    key: BatchKey
    encoded: EncodedPrompt
    batcher: Batcher[BatchKey, Prepared, None]


@dataclass(frozen=True)
class Front:
    """What stands before the policy under some terms."""

    terms: ServeTerms
    access: Access
    pictures: Pictures
    batcher: Batcher[BatchKey, Prepared, None]

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
        self._tallies = Tallies()

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
        with about(policy=settings.promoted.id):
            also = f", and {settings.canary_share:.0%} by {settings.candidate.id}" if settings.candidate else ""
            _log.info("requests are answered by %s%s", settings.promoted.id, also)

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

    async def prepare(self, request: ChatRequest) -> Question:
        """Choose a version and read the picture.

        Raises:
            Refused: it asks for what cannot be given.
        """
        front, hosted = self._open_front, self.line_up.choose(request.model, request.caller)
        question, settings = question_of(request), _settings(request, front.terms)
        data = await front.pictures.load(question.image)
        # One at a time: a picture may take hundreds of megabytes while it is open.
        async with self._preparing:
            with self._tallies.failing(hosted.version.id):
                encoded = await asyncio.to_thread(_encode, front.pictures, hosted, data, question.prompt, settings)
        return Question(request, BatchKey(hosted, settings), encoded, front.batcher)

    def begin(self, question: Question) -> Underway:
        """Put a request into a batch, with others if there are any; it must be left again.

        Raises:
            Refused: too many wait already.
        """
        request, mailbox = question.request, Mailbox()
        seed = secrets.randbits(31) if request.seed is None else request.seed
        wanted = Prepared(question.encoded, seed, mailbox, request.top_logprobs or 0, request.stream)
        place = question.batcher.join(question.key, wanted, rows=question.key.settings.k)
        head = Head(
            version=question.key.hosted.version.id,
            prompt_tokens=len(question.encoded.input_ids),
            created=int(time.time()),
            logprobs=request.logprobs,
        )
        return Underway(head, place, mailbox, question.key.settings.k, over=partial(self._tallies.add, head.version))

    async def complete(self, request: ChatRequest) -> Completed:
        """Answer one request whole.

        Raises:
            Refused: as ``prepare`` and ``begin``.
        """
        with self.begin(await self.prepare(request)) as underway:
            return await underway.completed()

    def tally(self) -> ServerTally:
        """What has become of the requests so far, and who answers now."""
        hosted = self._host.line_up.hosted if self._host.line_up is not None else ()
        return self._tallies.read(one.version.id for one in hosted)

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


async def _run(key: BatchKey, asked: Sequence[Prepared]) -> Sequence[None]:
    with about(policy=key.hosted.version.id):
        await asyncio.to_thread(draw, key.hosted, key.settings, asked)
    return [None] * len(asked)


def _not_ready() -> Refused:
    return Refused("no policy is loaded yet: try again in a moment", status=503, code="not_ready")

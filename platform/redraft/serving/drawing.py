"""A batch while it is written: every request hears of its own rows, and rows that nobody waits for are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from redraft.policy import EncodedPrompt, Generation, GenerationSettings, generate_stream
from redraft.serving.alternatives import Namer
from redraft.serving.answers import Alternative, Answer, Piece, answer_of
from redraft.serving.text_stream import TextStream, Token, Vocabulary
from redraft.serving.versions import Hosted


@dataclass(frozen=True)
class Said:
    """News of one choice: pieces that are certain now, and with the last of them the whole answer."""

    choice: int
    pieces: tuple[Piece, ...]
    answer: Answer | None = None


class Mailbox:
    """Where news of one request arrive; made in an event loop and read there, filled from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news: asyncio.Queue[Said | None] = asyncio.Queue()
        self.left = False
        """Nobody will read any more."""

    def post(self, said: Said | None) -> None:
        """Add to the news; None means that no more will come."""
        self._loop.call_soon_threadsafe(self._news.put_nowait, said)

    @staticmethod
    def post_all(news: Sequence[tuple[Mailbox, Said]]) -> None:
        """Add to the news of many; all were made in one loop, which is woken once."""

        def deliver() -> None:
            for mailbox, said in news:
                mailbox._news.put_nowait(said)

        if news:
            news[0][0]._loop.call_soon_threadsafe(deliver)

    async def read(self) -> list[Said | None]:
        """Wait for news; all that there are by then."""
        news = [await self._news.get()]
        while not self._news.empty():
            news.append(self._news.get_nowait())
        return news


@dataclass(frozen=True)
class Prepared:
    """One request; what else says how to draw is the same for all of a batch.

    ``alternatives`` is how many are wanted for each token; ``streamed`` says whether pieces are wanted at once.
    """

    prompt: EncodedPrompt
    seed: int
    mailbox: Mailbox
    alternatives: int = 0
    streamed: bool = False


def draw(hosted: Hosted, settings: GenerationSettings, asked: Sequence[Prepared]) -> None:
    """``settings.k`` answers to each of a batch, all by one version, in one call; they arrive in the mailboxes."""
    waiting = [one for one in asked if not one.mailbox.left]
    if waiting:
        listener = _Rows(hosted, settings, waiting)
        generate_stream(
            hosted.policy, [one.prompt for one in waiting], settings, [one.seed for one in waiting], listener
        )


@dataclass
class _Row:
    asked: Prepared
    choice: int
    stream: TextStream | None
    tokens: list[int] = field(default_factory=list)
    alternatives: list[tuple[Alternative, ...]] = field(default_factory=list)
    over: bool = False

    def add(self, token: Token) -> tuple[Piece, ...]:
        """Take a token; what is to be told at once."""
        self.tokens.append(token.id)
        if self.asked.alternatives:
            self.alternatives.append(token.alternatives)
        return self.stream.push(token) if self.stream is not None else ()


class _Rows:
    """Listens to a batch, and posts what each request is to hear."""

    def __init__(self, hosted: Hosted, settings: GenerationSettings, asked: Sequence[Prepared]) -> None:
        self._eos_id = hosted.policy.eos_id
        self._most = max(one.alternatives for one in asked)
        self._namer = Namer(hosted.policy) if self._most else None
        vocabulary = Vocabulary(hosted.policy)
        self._rows = [
            _Row(one, choice, TextStream(vocabulary, settings.stop) if one.streamed else None)
            for one in asked
            for choice in range(settings.k)
        ]

    def wrote(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor) -> list[int]:
        """Post what became certain; rows whose request was left are given up."""
        given_up: list[int] = []
        news: list[tuple[Mailbox, Said]] = []
        chosen = logp.gather(1, token[:, None])[:, 0].tolist()
        likeliest = logp.topk(min(self._most, logp.shape[-1])) if self._most else None
        for at, (number, id, logprob) in enumerate(zip(rows.tolist(), token.tolist(), chosen, strict=True)):
            row = self._rows[number]
            if row.over:
                continue
            if row.asked.mailbox.left:
                row.over = True
                given_up.append(number)
                continue
            others: tuple[Alternative, ...] = ()
            if likeliest is not None and row.asked.alternatives:
                others = self._named(row, likeliest.indices[at], likeliest.values[at])
            if pieces := row.add(Token(id, logprob, others)):
                news.append((row.asked.mailbox, Said(row.choice, pieces)))
        Mailbox.post_all(news)
        return given_up

    def ended(self, row: int, generation: Generation) -> None:
        """Post the whole answer."""
        one = self._rows[row]
        one.over = True
        answer = answer_of(generation, self._eos_id, one.alternatives)
        rest = one.stream.rest(answer) if one.stream is not None else ()
        one.asked.mailbox.post(Said(one.choice, rest, answer))

    def _named(self, row: _Row, ids: torch.Tensor, logprobs: torch.Tensor) -> tuple[Alternative, ...]:
        assert self._namer is not None
        wanted = row.asked.alternatives
        return self._namer.name(row.tokens, ids[:wanted].tolist(), logprobs[:wanted].tolist())

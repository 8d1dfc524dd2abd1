"""Answers in the shapes of OpenAI's API, made with the client library's own types."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from openai.types import CompletionUsage, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage, ChatCompletionTokenLogprob
from openai.types.chat.chat_completion import Choice, ChoiceLogprobs
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta
from openai.types.chat.chat_completion_chunk import ChoiceLogprobs as ChunkLogprobs
from openai.types.chat.chat_completion_token_logprob import TopLogprob

from redraft.serving.answers import Answer, Piece

OWNER = "redraft"

_HALF = "\ufffd"


@dataclass(frozen=True)
class Head:
    """What all parts of an answer say: which version wrote it; ``created`` is UTC seconds since the epoch."""

    version: str
    prompt_tokens: int
    created: int
    logprobs: bool


@dataclass(frozen=True)
class Completed:
    """What one request was answered."""

    head: Head
    answers: tuple[Answer, ...]


def completion(done: Completed) -> ChatCompletion:
    """The whole answer at once."""
    head = done.head
    choices = [
        Choice(
            index=index,
            finish_reason=answer.finish_reason,
            message=ChatCompletionMessage(role="assistant", content=answer.text),
            logprobs=ChoiceLogprobs(content=_logprobs(answer.pieces)) if head.logprobs else None,
        )
        for index, answer in enumerate(done.answers)
    ]
    return ChatCompletion(
        id=_new_id(),
        object="chat.completion",
        created=head.created,
        model=head.version,
        system_fingerprint=head.version,
        choices=choices,
        usage=_usage(head, sum(answer.tokens for answer in done.answers)),
    )


class Chunks:
    """The answer in chunks, each of which names the version."""

    def __init__(self, head: Head) -> None:
        self._head, self._id = head, _new_id()

    def role(self, choice: int) -> ChatCompletionChunk:
        """The first chunk of a choice."""
        return self._chunk([ChunkChoice(index=choice, delta=ChoiceDelta(role="assistant", content=""))])

    def pieces(self, choice: int, pieces: Sequence[Piece]) -> ChatCompletionChunk:
        """More of a choice."""
        logprobs = ChunkLogprobs(content=_logprobs(pieces)) if self._head.logprobs else None
        delta = ChoiceDelta(content="".join(piece.text for piece in pieces))
        return self._chunk([ChunkChoice(index=choice, delta=delta, logprobs=logprobs)])

    def end(self, choice: int, answer: Answer) -> ChatCompletionChunk:
        """The last chunk of a choice."""
        return self._chunk([ChunkChoice(index=choice, delta=ChoiceDelta(), finish_reason=answer.finish_reason)])

    def usage(self, written: int) -> ChatCompletionChunk:
        """What the whole answer took; ``written`` tokens."""
        return self._chunk([], _usage(self._head, written))

    def _chunk(self, choices: list[ChunkChoice], usage: CompletionUsage | None = None) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=self._id,
            object="chat.completion.chunk",
            created=self._head.created,
            model=self._head.version,
            system_fingerprint=self._head.version,
            choices=choices,
            usage=usage,
        )


def model(version: str, created: int) -> Model:
    """An entry of the list of models."""
    return Model(id=version, object="model", created=created, owned_by=OWNER)


def _logprobs(pieces: Sequence[Piece]) -> list[ChatCompletionTokenLogprob]:
    return [
        ChatCompletionTokenLogprob(
            token=piece.text,
            bytes=list(piece.text.encode()),
            logprob=piece.logprob,
            top_logprobs=[
                TopLogprob(token=other.text, bytes=_bytes(other.text), logprob=other.logprob)
                for other in piece.alternatives
            ],
        )
        for piece in pieces
    ]


def _bytes(text: str) -> list[int] | None:
    """None where a token is a part of a character."""
    return None if _HALF in text else list(text.encode())


def _usage(head: Head, written: int) -> CompletionUsage:
    return CompletionUsage(
        prompt_tokens=head.prompt_tokens, completion_tokens=written, total_tokens=head.prompt_tokens + written
    )


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"

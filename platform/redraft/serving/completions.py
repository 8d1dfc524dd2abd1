"""Answers in the shapes of OpenAI's API, made with the client library's own types."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openai.types import CompletionUsage, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage, ChatCompletionTokenLogprob
from openai.types.chat.chat_completion import Choice, ChoiceLogprobs
from openai.types.chat.chat_completion_chunk import Choice as ChunkChoice
from openai.types.chat.chat_completion_chunk import ChoiceDelta
from openai.types.chat.chat_completion_chunk import ChoiceLogprobs as ChunkLogprobs

from redraft.serving.answering import Answer, Piece

OWNER = "redraft"


@dataclass(frozen=True)
class Completed:
    """What one request was answered, by which version; ``created`` is UTC seconds since the epoch."""

    version: str
    answers: tuple[Answer, ...]
    prompt_tokens: int
    created: int
    logprobs: bool


def completion(done: Completed) -> ChatCompletion:
    """The whole answer at once."""
    choices = [
        Choice(
            index=index,
            finish_reason=answer.finish_reason,
            message=ChatCompletionMessage(role="assistant", content=answer.text),
            logprobs=ChoiceLogprobs(content=_logprobs(answer.pieces)) if done.logprobs else None,
        )
        for index, answer in enumerate(done.answers)
    ]
    return ChatCompletion(
        id=_new_id(),
        object="chat.completion",
        created=done.created,
        model=done.version,
        system_fingerprint=done.version,
        choices=choices,
        usage=_usage(done),
    )


def chunks(done: Completed, include_usage: bool) -> Iterator[ChatCompletionChunk]:
    """The answer in pieces, a token each, one choice after the other."""
    id = _new_id()

    def chunk(choices: list[ChunkChoice], usage: CompletionUsage | None = None) -> ChatCompletionChunk:
        return ChatCompletionChunk(
            id=id,
            object="chat.completion.chunk",
            created=done.created,
            model=done.version,
            system_fingerprint=done.version,
            choices=choices,
            usage=usage,
        )

    for index, answer in enumerate(done.answers):
        yield chunk([ChunkChoice(index=index, delta=ChoiceDelta(role="assistant", content=""))])
        for piece in answer.pieces:
            logprobs = ChunkLogprobs(content=_logprobs([piece])) if done.logprobs else None
            yield chunk([ChunkChoice(index=index, delta=ChoiceDelta(content=piece.text), logprobs=logprobs)])
        yield chunk([ChunkChoice(index=index, delta=ChoiceDelta(), finish_reason=answer.finish_reason)])
    if include_usage:
        yield chunk([], _usage(done))


def model(version: str, created: int) -> Model:
    """An entry of the list of models."""
    return Model(id=version, object="model", created=created, owned_by=OWNER)


def _logprobs(pieces: Sequence[Piece]) -> list[ChatCompletionTokenLogprob]:
    """Of the chosen tokens alone: the alternatives are not kept."""
    return [
        ChatCompletionTokenLogprob(
            token=piece.text, bytes=list(piece.text.encode()), logprob=piece.logprob, top_logprobs=[]
        )
        for piece in pieces
    ]


def _usage(done: Completed) -> CompletionUsage:
    written = sum(answer.tokens for answer in done.answers)
    return CompletionUsage(
        prompt_tokens=done.prompt_tokens, completion_tokens=written, total_tokens=done.prompt_tokens + written
    )


def _new_id() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"

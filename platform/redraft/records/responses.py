"""Images, what policies wrote about them, and how unsure they were."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from redraft.records.base import Record, Span


class Split(StrEnum):
    """What an image may be used for; an image never changes split."""

    POOL = "pool"
    DEV = "dev"
    TEST = "test"


class Arm(StrEnum):
    """Why a response was routed to a person."""

    UNCERTAIN = "uncertain"
    RANDOM = "random"


class ImageItem(Record):
    """One image that may be shown to a policy.

    ``id`` is the SHA-256 of the encoded bytes; ``origin`` says where they came from: ``world:SEED:SPLIT:INDEX``
    for the picture world, else a path or URL. ``blob`` is the key of the bytes in the blob store.
    """

    id: str
    origin: str
    split: Split
    blob: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class TokenTrace(Record):
    """What the policy thought while it wrote a response, one entry a token, end-of-sequence included.

    ``starts``/``ends`` are the token's characters in the response text; ``logprobs`` and ``entropies`` (nats) are of
    the distribution at temperature 1. A server that wrote the response may not have told the ids, which are -1 then,
    and its entropies are lower bounds (``redraft.engines.tokens``). ``blank_logprobs`` are what the logprobs would have
    been after a blank image; None where nobody asked. ``embedding`` is what the policy made of the whole: the mean of
    its last hidden states, thrown onto a few random directions; None where nobody asked.
    """

    token_ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    logprobs: tuple[float, ...]
    entropies: tuple[float, ...]
    blank_logprobs: tuple[float, ...] | None = None
    embedding: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _aligned(self) -> Self:
        lengths = {len(x) for x in (self.token_ids, self.starts, self.ends, self.logprobs, self.entropies)}
        if self.blank_logprobs is not None:
            lengths.add(len(self.blank_logprobs))
        if len(lengths) != 1:
            raise ValueError(f"a token trace needs columns of one length, got {sorted(lengths)}")
        return self


class Response(Record):
    """One text that one policy version wrote about one image and prompt."""

    id: str
    image_id: str
    prompt: str
    text: str
    policy: str
    round: int
    sample: int
    seed: int
    temperature: float
    top_p: float
    finished: bool
    trace: TokenTrace


class SpanScore(Record):
    """How unsure the policy is about one span of a response, in ``[0, 1]``."""

    span: Span
    score: float = Field(ge=0, le=1)


class ResponseScore(Record):
    """How unsure the policy is about one response; higher means more likely to hold an error.

    ``score`` says how likely any error is, ``segments`` how many phrases to expect wrong: chances where a probe gave
    them, else guesses that order responses all the same. ``entropy`` (largest span mean, nats) and ``disagreement``
    (share of the other samples that do not make the most contested claim) are what they were made of.
    """

    response_id: str
    score: float
    segments: float = Field(default=0.0, ge=0)
    entropy: float
    disagreement: float
    spans: tuple[SpanScore, ...]

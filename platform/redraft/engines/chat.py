"""The chat-completions format: what is sent for a request, and what of the reply is believed."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from redraft.engines.protocol import SampleRequest
from redraft.engines.tokens import ChosenToken
from redraft.generation import GenerationSettings
from redraft.sources.pictures import suffix_of

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

_MEDIA = {".jpg": "jpeg"}


@dataclass(frozen=True)
class Portion:
    """Samples ``first`` to ``first + count - 1`` of a request, which are asked for in one call."""

    first: int
    count: int


class _Logprobs(BaseModel):
    content: list[ChosenToken] | None = None


class _Message(BaseModel):
    content: str | None = None


class Choice(BaseModel):
    """One answer; ``token_ids`` is vLLM's."""

    index: int = Field(ge=0)
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None
    token_ids: list[int] | None = None

    @property
    def text(self) -> str:
        """The answer without white space around it; NUL, which databases refuse, becomes U+FFFD."""
        return (self.message.content or "").replace("\0", "\ufffd").strip()

    @property
    def tokens(self) -> Sequence[ChosenToken] | None:
        """What was written; None where the server gives no log-probabilities."""
        return None if self.logprobs is None else self.logprobs.content


class Reply(BaseModel):
    """A completion, as far as it is read."""

    model: str = Field(min_length=1)
    system_fingerprint: str | None = None
    choices: list[Choice] = Field(min_length=1)

    @property
    def version(self) -> str:
        """What wrote all of the reply: the model, and the server's fingerprint where it says something else."""
        fingerprint = self.system_fingerprint
        return self.model if fingerprint in (None, "", self.model) else f"{self.model}@{fingerprint}"


def reply_of(body: str) -> Reply | None:
    """The completion in the body of a reply, its choices in order; None where there is none."""
    try:
        reply = Reply.model_validate_json(body)
    except ValidationError:
        return None
    return reply.model_copy(update={"choices": sorted(reply.choices, key=lambda choice: choice.index)})


def portions(k: int, at_once: int | None) -> list[Portion]:
    """k samples in calls of ``at_once`` at most."""
    size = at_once or k
    return [Portion(first, min(size, k - first)) for first in range(0, k, size)]


def messages_of(request: SampleRequest) -> list[ChatCompletionMessageParam]:
    """One message of the user: the picture as a data URI, then the prompt.

    Raises:
        DataError: the bytes are no picture of a known kind.
    """
    suffix = suffix_of(request.image)
    uri = f"data:image/{_MEDIA.get(suffix, suffix[1:])};base64,{base64.b64encode(request.image).decode()}"
    return [
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": uri}},
                {"type": "text", "text": request.prompt},
            ],
        }
    ]


def vllm_extras(settings: GenerationSettings) -> dict[str, float | bool]:
    """Fields beyond OpenAI's; all are sent, since a server would take what is missing from the model's own defaults."""
    return {
        "min_p": settings.min_p,
        "repetition_penalty": settings.repetition_penalty,
        "top_k": -1,
        "return_token_ids": True,
    }

"""The chat-completions format: what is sent for a question, and what of the reply is believed."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from redraft.errors import DataError
from redraft.evaluate.judging.options import JudgeOptions
from redraft.evaluate.judging.protocol import JudgeQuestion

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam

_MAGIC = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp", b"GIF8": "gif"}


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class Completion(BaseModel):
    """A reply, as far as it is read; servers that count no tokens leave ``usage`` out."""

    model: str | None = None
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None

    @property
    def text(self) -> str:
        """What the judge wrote; empty where it declined."""
        return (self.choices[0].message.content or "").replace("\0", "\ufffd")


def completion_of(body: str) -> Completion | None:
    """The completion in the body of a reply, None where there is none."""
    try:
        return Completion.model_validate_json(body)
    except ValidationError:
        return None


def messages_of(question: JudgeQuestion) -> list[ChatCompletionMessageParam]:
    """What to send; the image goes before the text, as a data URI.

    Raises:
        DataError: the image is of no kind that judges read.
    """
    system: list[ChatCompletionMessageParam] = []
    if question.system:
        system = [{"role": "system", "content": question.system}]
    if question.image is None:
        return [*system, {"role": "user", "content": question.text}]
    parts: list[ChatCompletionContentPartParam] = [
        {"type": "image_url", "image_url": {"url": _data_uri(question.image)}},
        {"type": "text", "text": question.text},
    ]
    return [*system, {"role": "user", "content": parts}]


def cache_key(question: JudgeQuestion, options: JudgeOptions) -> str:
    """The SHA-256 of everything that an answer depends on: server, model, sampling, wording, messages."""
    asked = {
        "server": options.base_url,
        "model": options.model,
        "temperature": options.temperature,
        options.limit_name: options.max_tokens,
        "prompt_version": question.prompt_version,
        "attempt": question.attempt,
        "messages": messages_of(question),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _data_uri(image: bytes) -> str:
    kinds = [kind for magic, kind in _MAGIC.items() if image.startswith(magic)]
    if not kinds:
        raise DataError("an image for the judge is no PNG, JPEG, WebP or GIF: convert it")
    return f"data:image/{kinds[0]};base64,{base64.b64encode(image).decode()}"

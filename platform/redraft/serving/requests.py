"""What may be asked: OpenAI's chat completions, as far as a policy that sees one picture can follow."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from redraft.records import Record
from redraft.serving.refusals import Refused

MODEL_ALIAS = "redraft"
"""The name of whichever version is served."""

LONGEST_TEXT = 8000
"""Characters of the system text and the question together."""

_MOST_MESSAGES = 64
_MOST_PARTS = 32


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _no_penalty(value: float | None) -> float | None:
    if value:
        raise ValueError("the policy knows no such penalty: leave it out, or send repetition_penalty")
    return value


NoPenalty = Annotated[float | None, AfterValidator(_no_penalty)]
StopText = Annotated[str, Field(min_length=1, max_length=100)]


class TextPart(_Body):
    """A piece of text."""

    type: Literal["text"]
    text: str


class ImageUrl(_Body):
    """Where a picture is; ``detail`` changes nothing, since the policy has one resolution."""

    url: str
    detail: Literal["auto", "low", "high"] = "auto"


class ImagePart(_Body):
    """A picture."""

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class Message(_Body):
    """One message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[Part], Field(max_length=_MOST_PARTS)] | None = None
    name: str | None = None

    @property
    def parts(self) -> list[TextPart | ImagePart]:
        """The content as parts."""
        if isinstance(self.content, str):
            return [TextPart(type="text", text=self.content)]
        return list(self.content or [])


class StreamOptions(_Body):
    """What a stream holds beside its pieces."""

    include_usage: bool = False
    include_obfuscation: Literal[False] = False


class ChatRequest(_Body):
    """The body of ``POST /v1/chat/completions``; temperature 0 is greedy.

    ``min_p`` and ``repetition_penalty`` are not OpenAI's; other servers of open models call them so, too.
    """

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=_MOST_MESSAGES)]
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float = Field(1.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    min_p: float = Field(0.0, ge=0, le=1)
    repetition_penalty: float = Field(1.0, gt=0, le=10)
    n: int = Field(1, ge=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    logprobs: bool = False
    top_logprobs: int | None = Field(None, ge=0, le=20)
    user: str | None = Field(None, max_length=200)
    safety_identifier: str | None = Field(None, max_length=200)
    frequency_penalty: NoPenalty = None
    presence_penalty: NoPenalty = None

    @property
    def stops(self) -> tuple[str, ...]:
        """The texts before which the answer ends."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    @property
    def caller(self) -> str | None:
        """What tells one user's requests, or else one seed's, from others, if anything does."""
        known = self.user or self.safety_identifier
        return known or (None if self.seed is None else f"seed {self.seed}")


class Question(Record):
    """What the policy is asked, and where its picture is."""

    prompt: str
    image: str


def read_request(body: bytes) -> ChatRequest:
    """The request in a body.

    Raises:
        Refused: it is no JSON, or not as described; the first fault is named.
    """
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as e:
        first = e.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise Refused("the body is no JSON: send an object as OpenAI's chat completions take it") from e
        if first["type"] == "extra_forbidden":
            raise Refused(
                f"this server does not know {where}: leave it out", code="unknown_parameter", param=where
            ) from e
        raise Refused(f"{where or 'the body'}: {first['msg']}", param=where or None) from e
    if request.max_tokens is not None and request.max_completion_tokens is not None:
        raise Refused("max_tokens and max_completion_tokens say the same: send one of them", param="max_tokens")
    if request.top_logprobs and not request.logprobs:
        raise Refused("top_logprobs needs logprobs: set that to true", param="top_logprobs")
    if request.stream_options is not None and not request.stream:
        raise Refused("stream_options are for streams: set stream to true", param="stream_options")
    return request


def question_of(request: ChatRequest) -> Question:
    """The one question that the messages put: system texts, if any, then one user message with text and one picture.

    Raises:
        Refused: anything else; a policy of this kind answers one question about one picture.
    """
    *before, last = request.messages
    for message in before:
        if message.role not in ("system", "developer"):
            raise Refused(
                f"a message of role {message.role} stands before the last one: the policy keeps no conversation, "
                "send one user message, with system texts before it if need be",
                param="messages",
            )
    if last.role != "user":
        raise Refused(f"the last message has role {last.role}: end with the user's question", param="messages")
    images = [part.image_url.url for part in last.parts if isinstance(part, ImagePart)]
    if len(images) != 1:
        raise Refused(f"the question has {len(images)} pictures: send one image_url part", param="messages")
    if any(isinstance(part, ImagePart) for message in before for part in message.parts):
        raise Refused("a system text holds a picture: put the picture into the user's message", param="messages")
    texts = ["\n".join(p.text for p in m.parts if isinstance(p, TextPart)).strip() for m in request.messages]
    if not texts[-1]:
        raise Refused("the question has no text: add a text part", param="messages")
    prompt = "\n\n".join(text for text in texts if text)
    if len(prompt) > LONGEST_TEXT:
        raise Refused(f"the texts have {len(prompt)} characters: send {LONGEST_TEXT} at most", param="messages")
    return Question(prompt=prompt, image=images[0])

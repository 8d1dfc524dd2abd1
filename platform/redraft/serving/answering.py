"""From a question and its picture to tokens, and from generated tokens to an answer with its pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

from redraft.policy import EncodedPrompt, Generation, GenerationSettings, Policy, encode_prompts, generate
from redraft.serving.refusals import Refused
from redraft.serving.versions import Hosted


@dataclass(frozen=True)
class Prepared:
    """One request's tokens and seed; what else says how to draw is the same for all of a batch."""

    prompt: EncodedPrompt
    seed: int


@dataclass(frozen=True)
class Piece:
    """What one generated token added to the answer, and its log-probability (nats, at temperature 1)."""

    text: str
    logprob: float


@dataclass(frozen=True)
class Answer:
    """One choice; the pieces give its text. ``tokens`` counts all generated ones, the end of sequence included."""

    text: str
    pieces: tuple[Piece, ...]
    finish_reason: Literal["stop", "length"]
    tokens: int


def prepare(policy: Policy, image: Image.Image, prompt: str, max_new_tokens: int) -> EncodedPrompt:
    """Encode one question.

    Raises:
        Refused: the text holds the policy's own markup, or is too long for it.
    """
    for token in sorted(_markup(policy)):
        if token in prompt:
            raise Refused(
                f"the text holds {token!r}, which has a meaning of its own to the policy: leave it out",
                param="messages",
            )
    encoded = encode_prompts(policy, [image], [prompt])[0]
    longest = getattr(policy.model.config.get_text_config(), "max_position_embeddings", None)
    needed = len(encoded.input_ids) + max_new_tokens
    if longest is not None and needed > longest:
        raise Refused(
            f"the question has {len(encoded.input_ids)} tokens and asks for {max_new_tokens} more, but the policy's "
            f"context is {longest}: shorten the text or lower max_tokens",
            code="context_length_exceeded",
            param="messages",
        )
    return encoded


def draw(hosted: Hosted, settings: GenerationSettings, asked: Sequence[Prepared]) -> list[tuple[Generation, ...]]:
    """``settings.k`` generations for each of a batch, all by one version, in one call."""
    drawn = generate(hosted.policy, [one.prompt for one in asked], settings, [one.seed for one in asked])
    return [tuple(drawn[at : at + settings.k]) for at in range(0, len(drawn), settings.k)]


def answer_of(generation: Generation, eos_id: int) -> Answer:
    """The answer with its pieces; the end-of-sequence token counts as a token and is no piece."""
    reason: Literal["stop", "length"] = "stop" if generation.finished else "length"
    pieces = _pieces(generation, eos_id)
    return Answer(generation.text, pieces, reason, len(generation.trace.token_ids))


def _markup(policy: Policy) -> set[str]:
    special = {token.content for token in policy.tokenizer.added_tokens_decoder.values() if token.special}
    image = getattr(policy.processor, "image_token", None)
    return special | set(policy.tokenizer.all_special_tokens) | ({image} if isinstance(image, str) else set())


def _pieces(generation: Generation, eos_id: int) -> tuple[Piece, ...]:
    """The text cut where its tokens end; a token that ends within a character adds nothing, the last adds the rest."""
    text, trace = generation.text, generation.trace
    written = trace.token_ids[:-1] if trace.token_ids[-1:] == (eos_id,) else trace.token_ids
    ends = list(trace.ends[: len(written)])
    if ends:
        ends[-1] = len(text)
    pieces, at = [], 0
    for end, logprob in zip(ends, trace.logprobs, strict=False):
        end = max(at, end)
        pieces.append(Piece(text[at:end], logprob))
        at = end
    return tuple(pieces)

"""A generation as an answer in pieces: what each token added to the text, and what it was chosen from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from redraft.policy import Generation


@dataclass(frozen=True)
class Alternative:
    """A token that could have stood at a place, what it would have added, and its log-probability (nats)."""

    token: int
    text: str
    logprob: float


@dataclass(frozen=True)
class Piece:
    """What one generated token added to the answer, and its log-probability (nats, at temperature 1)."""

    text: str
    logprob: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One choice; the pieces give its text. ``tokens`` counts all generated ones, the end of sequence included."""

    text: str
    pieces: tuple[Piece, ...]
    finish_reason: Literal["stop", "length"]
    tokens: int


def answer_of(generation: Generation, eos_id: int, alternatives: Sequence[tuple[Alternative, ...]] = ()) -> Answer:
    """The answer with its pieces; the end-of-sequence token counts as a token and is no piece.

    Args:
        generation: as drawn.
        eos_id: the token that ends a response.
        alternatives: of each token, if they were asked for.
    """
    reason: Literal["stop", "length"] = "stop" if generation.finished else "length"
    pieces = _pieces(generation, eos_id, alternatives)
    return Answer(generation.text, pieces, reason, len(generation.trace.token_ids))


def piece_of(text: str, token: int, logprob: float, alternatives: tuple[Alternative, ...]) -> Piece:
    """A piece, in which the chosen token has the same text among the alternatives as it has in the answer."""
    return Piece(text, logprob, tuple(replace(a, text=text) if a.token == token else a for a in alternatives))


def _pieces(generation: Generation, eos_id: int, alternatives: Sequence[tuple[Alternative, ...]]) -> tuple[Piece, ...]:
    """The text cut where its tokens end; a token that ends within a character adds nothing, the last adds the rest."""
    text, trace = generation.text, generation.trace
    written = trace.token_ids[:-1] if trace.token_ids[-1:] == (eos_id,) else trace.token_ids
    ends = list(trace.ends[: len(written)])
    if ends:
        ends[-1] = len(text)
    pieces, at = [], 0
    beside = alternatives or ((),) * len(ends)
    for end, token, logprob, others in zip(ends, written, trace.logprobs, beside, strict=False):
        end = max(at, end)
        pieces.append(piece_of(text[at:end], token, logprob, others))
        at = end
    return tuple(pieces)

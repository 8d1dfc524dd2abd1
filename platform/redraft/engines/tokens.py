"""A remote answer's tokens as a trace: characters from bytes, and entropies from the likeliest alternatives.

tokens with bytes, log-probability and alternatives ──► TokenTrace over the answer's text
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BaseModel, Field

from redraft.records import TokenTrace

UNKNOWN_ID: Final = -1
"""Stands for a token's id where the server does not tell it."""

_REPLACEMENT = "\ufffd"


class Alternative(BaseModel):
    """A token that might have been next; its bytes may be a part of a character."""

    token: str
    logprob: float = Field(allow_inf_nan=False)
    utf8: list[Annotated[int, Field(ge=0, le=255)]] | None = Field(None, alias="bytes")

    @property
    def written(self) -> bytes:
        """What the token adds to the text, UTF-8."""
        return self.token.encode(errors="replace") if self.utf8 is None else bytes(self.utf8)


class ChosenToken(Alternative):
    """The token that was next, and the likeliest ones in its place, itself perhaps among them."""

    top_logprobs: list[Alternative] = []


def trace_of(text: str, tokens: Sequence[ChosenToken], ids: Sequence[int] | None) -> TokenTrace | None:
    """The trace of an answer; None if the tokens do not spell its text.

    Args:
        text: the answer, without white space around it.
        tokens: all that were written; what goes before or beyond the text gets empty ranges at its ends.
        ids: of the tokens, where the server tells them.
    """
    ranges = character_ranges(text, [token.written for token in tokens])
    if ranges is None:
        return None
    known = ids is not None and len(ids) == len(tokens)
    return TokenTrace(
        token_ids=tuple(ids) if ids is not None and known else (UNKNOWN_ID,) * len(tokens),
        starts=tuple(start for start, _ in ranges),
        ends=tuple(end for _, end in ranges),
        logprobs=tuple(min(0.0, token.logprob) for token in tokens),
        entropies=tuple(entropy_bound(token) for token in tokens),
    )


def entropy_bound(token: ChosenToken) -> float:
    """A lower bound on the entropy of the token's distribution, in nats.

    The alternatives and the chosen token count with their probabilities, all other tokens as one that has the rest. To
    join outcomes never raises entropy, so the bound holds whatever the rest is spread over; it is exact once the
    alternatives have all the mass. (To renormalise the alternatives instead would bound nothing.)
    """
    likely = token.top_logprobs
    # Where another token is spelt alike the chosen one may be left out, which joins it to the rest; none counts twice.
    if all(one.written != token.written for one in likely):
        likely = [*likely, token]
    p = [math.exp(min(0.0, one.logprob)) for one in likely]
    return sum(-one * math.log(one) for one in [*p, max(0.0, 1.0 - math.fsum(p))] if one > 0)


def character_ranges(text: str, pieces: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """The characters of ``text`` that each piece of UTF-8 covers; None if the pieces do not spell it.

    A piece that holds part of a character covers the character. Some servers send U+FFFD for such parts; the pieces
    around them then say what they stand for.
    """
    joined, ranges = _decoded(pieces)
    start = joined.replace("\0", _REPLACEMENT).find(text)
    if start < 0:
        return _around_replacements(text, [piece.decode(errors="replace") for piece in pieces])
    return [_within(a - start, b - start, len(text)) for a, b in ranges]


def _within(start: int, end: int, size: int) -> tuple[int, int]:
    """A range, clamped to ``[0, size]``."""
    return min(max(start, 0), size), min(max(end, 0), size)


def _decoded(pieces: Sequence[bytes]) -> tuple[str, list[tuple[int, int]]]:
    """The text that the pieces spell, and the characters each has a byte of."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = ""
    ranges = []
    for piece in pieces:
        start = end = len(text)
        for place, byte in enumerate(piece):
            before = len(text)
            text += decoder.decode(bytes([byte]))
            # Without output the byte belongs to the character that is on its way; with some, to the last one.
            owner = len(text) - 1 if len(text) > before else before
            start, end = owner if place == 0 else start, owner + 1
        ranges.append((start, end))
    return text + decoder.decode(b"", final=True), ranges


def _around_replacements(text: str, pieces: Sequence[str]) -> list[tuple[int, int]] | None:
    """Ranges when some pieces hold U+FFFD or nothing: a run of such pieces covers what lies between its neighbours."""
    ranges: list[tuple[int, int]] = []
    unknown: list[int] = []
    at = 0
    for place, piece in enumerate(pieces):
        if not piece or _REPLACEMENT in piece:
            unknown.append(place)
            ranges.append((at, at))
            continue
        word = piece if at else piece.lstrip()
        found = text.find(word, at) if unknown else (at if text.startswith(word, at) else -1)
        if found < 0:
            if at < len(text) and not unknown:
                return None
            found, word = len(text), ""  # beyond the text: the end of the sequence, or a stop text
        for one in unknown:
            ranges[one] = (at, found)
        unknown = []
        at = found + len(word)
        ranges.append((found, at))
    for one in unknown:
        ranges[one] = (at, len(text))
    return ranges if at == len(text) or unknown else None

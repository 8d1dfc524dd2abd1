"""A row's text while it is written: told as soon as it can no longer change, and not before.

    token ──► is it a whole character? ──► could it begin a stop text, or be white space at the end? ──► piece
               no: wait                     yes: wait

What is told and what is left at the end give the text of the whole answer, whatever the tokenizer does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from redraft.policy import Policy
from redraft.serving.answers import Alternative, Answer, Piece, piece_of

CONTEXT = 8
"""Tokens before those that are decoded: decoders treat the first ones of a sequence in ways of their own."""

_LONGEST = 24
_HALF = "\ufffd"
_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class Token:
    """One generated token."""

    id: int
    logprob: float
    alternatives: tuple[Alternative, ...] = ()


class Vocabulary:
    """How a policy's tokens are read; what each is by itself is looked up once."""

    def __init__(self, policy: Policy) -> None:
        self._tokenizer, self.lead = policy.tokenizer, policy.lead
        self.joins_words = bool(policy.tokenizer.clean_up_tokenization_spaces)
        self._alone: dict[int, str] = {}

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def alone(self, token: int) -> str:
        """What a token is by itself; nothing, if it stands for a byte that is read with those that follow."""
        if token not in self._alone:
            is_byte = _BYTE.fullmatch(self._tokenizer.convert_ids_to_tokens(token))
            self._alone[token] = "" if is_byte else self.decode([token])
        return self._alone[token]


class TextStream:
    """The text of one row."""

    def __init__(self, vocabulary: Vocabulary, stops: Sequence[str]) -> None:
        self._vocabulary, self._stops = vocabulary, tuple(stops)
        self._tokens: list[Token] = []
        self._ends: list[int] = []  # where each settled token ends in the text
        self._raw = ""  # what the settled tokens decode to
        self._start, self._known = 0, ""  # the window that is decoded, and what its settled tokens give
        self._told, self._at = 0, 0  # tokens and characters

    def push(self, token: Token) -> tuple[Piece, ...]:
        """Take a token; what is certain now."""
        self._tokens.append(token)
        window = self._decode(self._start)
        if not self._settled(token.id, window):
            return ()
        self._raw += window[len(self._known) :]
        self._known = window
        if len(self._tokens) - self._start > _LONGEST:
            self._start = len(self._tokens) - CONTEXT
            self._known = self._decode(self._start)
        text = self._spoken()
        before = self._ends[-1] if self._ends else 0
        unsettled = len(self._tokens) - len(self._ends) - 1
        self._ends += [before] * unsettled + [max(before, len(text))]
        return self._tell(text, self._certain(text))

    def rest(self, answer: Answer) -> tuple[Piece, ...]:
        """What the whole answer has beyond what was told."""
        pieces, at, end = [], self._at, sum(len(piece.text) for piece in answer.pieces[: self._told])
        for token, piece in zip(self._tokens[self._told :], answer.pieces[self._told :], strict=False):
            end += len(piece.text)
            pieces.append(piece_of(answer.text[at : max(at, end)], token.id, piece.logprob, piece.alternatives))
            at = max(at, end)
        if not answer.text.startswith(self._spoken()[: self._at]) or at != len(answer.text):
            raise RuntimeError("what was streamed of an answer is not how the answer begins")
        return tuple(pieces)

    def _decode(self, start: int) -> str:
        return self._vocabulary.decode([token.id for token in self._tokens[start:]])

    def _settled(self, token: int, window: str) -> bool:
        """Whether no later token can change what there is so far.

        A token may hold a part of a character, which decodes to U+FFFD until the rest has come; if none comes, a token
        that is whole by itself tells that the part stays one.
        """
        alone = self._vocabulary.alone(token)
        if not alone or not window.startswith(self._known):
            return False
        return _HALF not in window[len(self._known) :] or _HALF not in alone

    def _spoken(self) -> str:
        """The settled text as ``response_text`` has it, with the white space at its end."""
        text = self._raw.replace("\0", _HALF)
        lead = self._vocabulary.lead
        if len(text) < len(lead) and lead.startswith(text):
            return ""
        return text.removeprefix(lead).lstrip()

    def _certain(self, text: str) -> int:
        """How much of the text will be in the answer: neither white space at its end nor what may begin a stop."""
        if self._vocabulary.joins_words:  # a word to the sign after it
            text = text[: max(text.rfind(" "), 0)]
        for stop in self._stops:
            if (found := text.find(stop)) >= 0:
                text = text[:found]
        held = min((_beginning(text, stop) for stop in self._stops), default=len(text))
        return len(text[:held].rstrip())

    def _tell(self, text: str, limit: int) -> tuple[Piece, ...]:
        """The tokens that end within ``limit``; one that adds nothing waits for one that does."""
        upto, at = self._told, self._at
        for number in range(self._told, len(self._ends)):
            if self._ends[number] > limit:
                break
            if self._ends[number] > at:
                upto, at = number + 1, self._ends[number]
        pieces = []
        for token, end in zip(self._tokens[self._told : upto], self._ends[self._told : upto], strict=True):
            pieces.append(piece_of(text[self._at : end], token.id, token.logprob, token.alternatives))
            self._at = end
        self._told = upto
        return tuple(pieces)


def _beginning(text: str, stop: str) -> int:
    """Where the longest end of ``text`` begins that is a beginning of ``stop``."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:size]):
            return len(text) - size
    return len(text)

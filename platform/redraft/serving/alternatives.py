"""What else could have been written at a place: the likeliest tokens, with what each would have added to the text."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.policy import Policy
from redraft.serving.answers import Alternative
from redraft.serving.text_stream import CONTEXT, Vocabulary

LEAST = -9999.0
"""Stands for minus infinity, which JSON does not know; OpenAI's API has the same."""


class Namer:
    """Says what tokens would add after others. Special ones add nothing, and have their own name instead."""

    def __init__(self, policy: Policy) -> None:
        self._decode = Vocabulary(policy).decode
        added = policy.tokenizer.added_tokens_decoder
        self._special = {id: str(token.content) for id, token in added.items() if token.special}

    def name(self, written: Sequence[int], tokens: Sequence[int], logprobs: Sequence[float]) -> tuple[Alternative, ...]:
        """The alternatives after the tokens that were written."""
        context = list(written[-CONTEXT:])
        before = self._decode(context)
        return tuple(
            Alternative(token, self._text(context, before, token), max(logprob, LEAST))
            for token, logprob in zip(tokens, logprobs, strict=True)
        )

    def _text(self, context: list[int], before: str, token: int) -> str:
        if token in self._special:
            return self._special[token]
        after = self._decode([*context, token])
        # Where a character is not whole yet, the decoder may say something else about it now.
        text = after[len(before) :] if after.startswith(before) else self._decode([token])
        return text if before.strip() else text.lstrip() or text

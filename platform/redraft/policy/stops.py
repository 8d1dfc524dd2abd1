"""Stop texts: when a row has written one, and what is kept of the response then."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from redraft.policy.load import Policy
from redraft.policy.prompts import EncodedResponse

_SLACK = 8
"""Tokens before those that can hold a stop text: decoders treat the first ones of a sequence in ways of their own."""


class StopWatch:
    """Watches the last tokens of every row; with no stop texts it costs nothing."""

    def __init__(self, policy: Policy, stops: Sequence[str], rows: int) -> None:
        self._policy, self._stops = policy, tuple(stops)
        self._written: list[list[int]] = [[] for _ in range(rows)] if stops else []
        # A token that writes anything writes a byte at least.
        self._window = max((len(stop.encode()) for stop in stops), default=0) + _SLACK

    def stopped(self, rows: torch.Tensor, token: torch.Tensor) -> torch.Tensor:
        """Whether each of ``rows`` holds a stop text now that it has written ``token``; both ``[B]``."""
        if not self._stops:
            return torch.zeros_like(token, dtype=torch.bool)
        written = []
        for row, one in zip(rows.tolist(), token.tolist(), strict=True):
            self._written[row].append(one)
            written.append(self._written[row])
        tails = self._policy.tokenizer.batch_decode([ids[-self._window :] for ids in written], skip_special_tokens=True)
        found = [
            any(stop in tail for stop in self._stops) and first_stop(spoken(self._policy, ids), self._stops) is not None
            for ids, tail in zip(written, tails, strict=True)
        ]
        return torch.tensor(found, dtype=torch.bool, device=token.device)


def spoken(policy: Policy, token_ids: Sequence[int]) -> str:
    """As ``response_text``, with the white space at its end, which a stop text may be made of."""
    text = str(policy.tokenizer.decode(list(token_ids), skip_special_tokens=True)).replace("\0", "\ufffd")
    return text.removeprefix(policy.lead).lstrip()


def first_stop(text: str, stops: Sequence[str]) -> int | None:
    """Where the first of the stop texts begins; None where there is none."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)


def ended_before(text: str, trace: EncodedResponse, at: int) -> tuple[str, EncodedResponse]:
    """The first ``at`` characters of a response, without white space at their end, and the tokens that wrote them."""
    kept = text[:at].rstrip()
    count = max((i + 1 for i, start in enumerate(trace.starts) if start < len(kept)), default=0)
    ends = tuple(min(end, len(kept)) for end in trace.ends[:count])
    return kept, EncodedResponse(trace.token_ids[:count], trace.starts[:count], ends)

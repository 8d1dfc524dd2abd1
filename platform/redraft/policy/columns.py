"""What a batch has written: a column a step, a response a row, and whoever wants to hear of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from redraft.generation import Generation
from redraft.policy.load import Policy
from redraft.policy.prompts import response_text, trace_offsets
from redraft.policy.stops import ended_before, first_stop, spoken
from redraft.records import TokenTrace


class Listener(Protocol):
    """Follows a batch while it is written, in the thread that decodes."""

    def wrote(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor) -> Sequence[int]:
        """One more token of ``rows``, ``[B]``, and the ``log_softmax`` before it was chosen, ``[B, V]``.

        Rows that have ended may be among them for a while. Gives back the rows that nobody waits for any more.
        """
        ...

    def ended(self, row: int, generation: Generation) -> None:
        """A row is whole; told once, and not of a row that was given up."""
        ...


class Columns:
    """Chosen tokens with their log-probabilities and entropies, one column a step, for all rows."""

    def __init__(self, rows: int, policy: Policy, stops: Sequence[str]) -> None:
        self.ended = torch.zeros(rows, dtype=torch.bool, device=policy.device)
        self.lengths = torch.zeros(rows, dtype=torch.long, device=policy.device)
        self._policy, self._stops = policy, stops
        self._columns: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def append(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor, stopped: torch.Tensor) -> None:
        """Write a step of the rows that are still decoded; those that ended before are padded."""
        self.lengths[rows] += ~self.ended[rows]
        chosen = torch.full_like(self.ended, self._policy.pad_id, dtype=token.dtype)
        logprob = torch.zeros_like(self.ended, dtype=logp.dtype)
        entropy = torch.zeros_like(logprob)
        chosen[rows] = token
        logprob[rows] = logp.gather(1, token[:, None])[:, 0]
        # A forbidden token has log-probability minus infinity, and adds nothing.
        entropy[rows] = -(logp.exp() * logp.clamp(min=-1e4)).sum(-1)
        chosen[self.ended] = self._policy.pad_id
        self.ended[rows] |= (token == self._policy.eos_id) | stopped
        self._columns.append((chosen, logprob, entropy))

    def generations(self) -> list[Generation]:
        """One a row."""
        ids, logprobs, entropies = (torch.stack(c, 1).tolist() for c in zip(*self._columns, strict=True))
        rows = zip(ids, logprobs, entropies, self.lengths.tolist(), strict=True)
        return [generation_of(self._policy, i[:n], lp[:n], h[:n], self._stops) for i, lp, h, n in rows]


class ToldColumns(Columns):
    """Columns that a listener hears of as they are written."""

    def __init__(self, rows: int, policy: Policy, stops: Sequence[str], listener: Listener) -> None:
        super().__init__(rows, policy, stops)
        self._listener = listener
        self._untold = set(range(rows))

    def append(self, rows: torch.Tensor, token: torch.Tensor, logp: torch.Tensor, stopped: torch.Tensor) -> None:
        """As ``Columns.append``; then tell, and end the rows that are given up."""
        super().append(rows, token, logp, stopped)
        given_up = list(self._listener.wrote(rows, token, logp))
        if given_up:
            self._untold.difference_update(given_up)
            self.ended[given_up] = True
        for row in self.ended.nonzero()[:, 0].tolist():
            self._tell(row)

    def tell_rest(self) -> None:
        """Tell of the rows that were cut off."""
        for row in sorted(self._untold):
            self._tell(row)

    def _tell(self, row: int) -> None:
        if row in self._untold:
            self._untold.remove(row)
            self._listener.ended(row, self._row(row))

    def _row(self, row: int) -> Generation:
        n = int(self.lengths[row])
        ids, logprobs, entropies = (
            torch.stack([column[row] for column in c[:n]]).tolist() for c in zip(*self._columns, strict=True)
        )
        return generation_of(self._policy, ids, logprobs, entropies, self._stops)


def generation_of(
    policy: Policy, ids: list[int], logprobs: list[float], entropies: list[float], stops: Sequence[str]
) -> Generation:
    """One row's tokens as a response, which ends before the first of the ``stops``."""
    text = response_text(policy, ids)
    spans = trace_offsets(policy, text, ids)
    finished = ids[-1] == policy.eos_id
    stop = first_stop(spoken(policy, ids), stops) if stops else None
    if stop is not None:
        text, spans = ended_before(text, spans, stop)
        finished = True
    length = len(spans.token_ids)
    trace = TokenTrace(
        token_ids=spans.token_ids,
        starts=spans.starts,
        ends=spans.ends,
        logprobs=tuple(logprobs[:length]),
        entropies=tuple(entropies[:length]),
    )
    return Generation(text=text, finished=finished, trace=trace)

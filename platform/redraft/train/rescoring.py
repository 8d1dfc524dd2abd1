"""What a policy now thinks of pairs: the log-probability of every response token, by the path that training uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from redraft.policy import Policy, TokenLogProbs
from redraft.train.batches import micro_batches
from redraft.train.encode import TrainingExample
from redraft.train.feed import BatchMaker

Scored = tuple[TrainingExample, tuple[float, ...], tuple[float, ...]]
"""An example with the log-probabilities of its chosen and its rejected tokens, in nats."""


def rescore(policy: Policy, maker: BatchMaker, examples: Sequence[TrainingExample], size: int = 32) -> Iterator[Scored]:
    """Score ``examples``, ``size`` at a time and alike in length; in that order, not in the order given."""
    policy.model.eval()
    log_probs = TokenLogProbs(policy.model, policy.family)
    for group in micro_batches(examples, size):
        with torch.inference_mode():
            batch = maker.collate(group).to(policy.device)
            logps = log_probs(batch.inputs).float().cpu()
        rows = [tuple(row[kept].tolist()) for row, kept in zip(logps, batch.inputs.tokens.mask.cpu(), strict=True)]
        yield from zip(group, rows[: len(group)], rows[len(group) :], strict=True)

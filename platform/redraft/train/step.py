"""One DDPO step: from token log-probabilities to a loss and the figures worth watching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from redraft import ddpo
from redraft.config import ObjectiveConfig
from redraft.policy import SequenceBatch
from redraft.train.batches import PairBatch

METRICS = (
    "loss",
    "accuracy",
    "margin",
    "chosen_logp",
    "rejected_logp",
    "chosen_reference_logp",
    "rejected_reference_logp",
)


@dataclass(frozen=True)
class StepResult:
    """The mean loss to differentiate, and ``METRICS`` in that order, averaged over the pairs, [7], detached."""

    loss: torch.Tensor
    metrics: torch.Tensor


def pair_step(
    log_probs: Callable[[SequenceBatch], torch.Tensor], batch: PairBatch, objective: ObjectiveConfig
) -> StepResult:
    """Forward B pairs and reduce them by the objective.

    The logged log-probabilities are plain means over a response's tokens, so that they compare across lengths and
    objectives; the loss uses DDPO's weighted scores.
    """
    logps = log_probs(batch.sequences)
    mask = batch.sequences.mask
    weights = ddpo.token_weights(batch.changed, objective.gamma)
    policy = ddpo.score(logps, weights, mask, normalise=objective.normalise)
    reference = ddpo.score(batch.reference.to(logps), weights, mask, normalise=objective.normalise)
    pairs = len(policy) // 2
    losses = ddpo.loss(policy[:pairs], policy[pairs:], reference[:pairs], reference[pairs:], beta=objective.beta)
    loss = losses.mean()
    with torch.no_grad():
        margins = (policy[:pairs] - reference[:pairs]) - (policy[pairs:] - reference[pairs:])
        ours, theirs = _token_mean(logps, mask), _token_mean(batch.reference.to(logps), mask)
        metrics = torch.stack(
            [
                loss.detach(),
                (margins > 0).to(logps).mean(),
                margins.mean(),
                ours[:pairs].mean(),
                ours[pairs:].mean(),
                theirs[:pairs].mean(),
                theirs[pairs:].mean(),
            ]
        )
    return StepResult(loss, metrics)


def learning_rate(step: int, steps: int, *, peak: float, warmup_share: float, schedule: str) -> float:
    """Linear warm-up, then linear or cosine decay to 5 % of the peak; ``step`` counts from 0 to ``steps`` - 1."""
    warmup = max(1.0, warmup_share * steps)
    if step + 1 < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step + 1 - warmup) / max(1.0, steps - warmup))
    if schedule == "cosine":
        return peak * (0.05 + 0.95 * 0.5 * (1 + float(torch.cos(torch.tensor(progress * torch.pi)))))
    return peak * max(0.05, 1 - progress)


def _token_mean(logps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (logps.detach() * mask).sum(-1) / mask.sum(-1)

"""One DDPO step: from token log-probabilities to a loss and the figures worth watching."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from redraft import ddpo
from redraft.config import ObjectiveConfig
from redraft.policy import ModelInput
from redraft.train.batches import PairBatch

LogProbs = Callable[[ModelInput], torch.Tensor]

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


def pair_step(log_probs: LogProbs, batch: PairBatch, objective: ObjectiveConfig) -> StepResult:
    """Forward B pairs and reduce them by the objective."""
    logps = log_probs(batch.inputs)
    weights = ddpo.token_weights(batch.changed, objective.gamma)
    policy = ddpo.score(logps, weights, batch.kept, normalise=objective.normalise)
    reference = ddpo.score(batch.reference.to(logps), weights, batch.kept, normalise=objective.normalise)
    chosen, rejected = policy.chunk(2)
    reference_chosen, reference_rejected = reference.chunk(2)
    losses = objective.preference * ddpo.loss(
        chosen,
        rejected,
        reference_chosen,
        reference_rejected,
        beta=objective.beta,
        label_smoothing=_label_smoothing(batch, objective),
    )
    if objective.supervised:
        told = weights if objective.supervised_dense else torch.ones_like(weights)
        losses = losses + objective.supervised * ddpo.negative_log_likelihood(
            *(half.chunk(2)[0] for half in (logps, told, batch.inputs.tokens.mask))
        )
    if objective.anchor:
        kept_up = ddpo.anchor(chosen, reference_chosen, beta=objective.beta, margin=objective.anchor_margin)
        losses = losses + objective.anchor * kept_up
    if objective.image_ablated:
        losses = losses + objective.image_ablated * _image_ablated(
            log_probs, batch, chosen, reference_chosen, weights.chunk(2)[0], objective
        )
    margins = ddpo.margin(chosen, rejected, reference_chosen, reference_rejected)
    return _result(losses.mean(), margins, logps, batch)


def supervised_step(log_probs: LogProbs, batch: PairBatch) -> StepResult:
    """The on-policy warm-up (OPA-DPO, arXiv 2501.09695): likelihood of original and corrected responses alike."""
    logps = log_probs(batch.inputs)
    mask = batch.inputs.tokens.mask
    losses = ddpo.negative_log_likelihood(logps, torch.ones_like(logps), mask)
    chosen, rejected = (logps - batch.reference.to(logps)).mul(mask).sum(-1).chunk(2)
    return _result(losses.mean(), chosen - rejected, logps, batch)


def _label_smoothing(batch: PairBatch, objective: ObjectiveConfig) -> float | torch.Tensor:
    """The objective's, or that of the pair where it is larger: the same doubt is not counted twice."""
    if batch.smoothing is None:
        return objective.label_smoothing
    return batch.smoothing.clamp(min=objective.label_smoothing)


def _image_ablated(
    log_probs: LogProbs,
    batch: PairBatch,
    chosen: torch.Tensor,
    reference_chosen: torch.Tensor,
    weights: torch.Tensor,
    objective: ObjectiveConfig,
) -> torch.Tensor:
    """Chosen with its image over chosen with a blank one (mDPO, arXiv 2406.11839, equation 6), ``[B]``."""
    if batch.blank is None or batch.blank_reference is None:
        raise ValueError("objective.image_ablated needs a batch that was collated with blank images")
    logps = log_probs(batch.blank)
    width = logps.shape[1]
    kept = batch.kept.chunk(2)[0][:, :width]

    def scored(values: torch.Tensor) -> torch.Tensor:
        return ddpo.score(values, weights[:, :width], kept, normalise=objective.normalise)

    reference = scored(batch.blank_reference.to(logps))
    return ddpo.loss(chosen, scored(logps), reference_chosen, reference, beta=objective.beta)


@torch.no_grad()
def _result(loss: torch.Tensor, margins: torch.Tensor, logps: torch.Tensor, batch: PairBatch) -> StepResult:
    """The logged log-probabilities are plain means over a response's tokens: they compare across objectives."""
    mask = batch.inputs.tokens.mask
    ours, theirs = _token_mean(logps, mask).chunk(2), _token_mean(batch.reference.to(logps), mask).chunk(2)
    figures = [loss, (margins > 0).to(logps), margins, *ours, *theirs]
    return StepResult(loss, torch.stack([figure.detach().mean() for figure in figures]))


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

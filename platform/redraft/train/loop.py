"""The training loop: the same function on one process, under DDP and under DeepSpeed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from redraft.blobs import BlobReader
from redraft.config import TrainConfig
from redraft.errors import DataError, TrainingError
from redraft.policy import Policy
from redraft.records import TrainStep
from redraft.train.batches import PairBatch, rank_slice, step_indices
from redraft.train.encode import TrainingExample
from redraft.train.engine import Engine
from redraft.train.feed import BatchMaker
from redraft.train.images import ImageSource
from redraft.train.references import score_references
from redraft.train.speed import Stopwatch
from redraft.train.state import TrainingState
from redraft.train.step import METRICS, StepResult, learning_rate, pair_step, supervised_step

REFERENCE_TOLERANCE = 0.1
"""How far, in nats per token, the untrained policy may be from the stored reference before they cannot be the same."""


def run_training(
    policy: Policy,
    engine: Engine,
    examples: Sequence[TrainingExample],
    blobs: BlobReader,
    config: TrainConfig,
    *,
    seed: int,
    max_pixels: int,
    state: TrainingState,
    after_step: Callable[[TrainStep], None],
    images: ImageSource | None = None,
) -> TrainingState:
    """Run ``config.steps`` optimiser steps from where ``state`` stands; every rank runs this with the same arguments.

    A job that is stopped and resumed ends with the parameters of one that never stopped: the order of pairs and the
    learning rate depend on the step alone, and the tiny amount of state that is left is saved with the optimiser.

    Args:
        after_step: called on every rank after each step, after ``state.log`` has grown; checkpoints are its business.
        images: what an earlier job with the same, frozen, vision tower has encoded already.

    Raises:
        DataError: if there are no examples, or their reference is another policy than the one to train.
        TrainingError: if the loss or the gradient is no number; names the step's pairs.
    """
    if not examples:
        raise DataError("a dataset without preference pairs cannot be trained on")
    plan = step_indices(len(examples), config.batch_size, config.steps, seed)
    batches = BatchMaker(policy, examples, blobs, config, max_pixels, images)
    policy.model.train()
    for step in range(state.next_step, config.steps):
        watch = Stopwatch(policy.device)
        supervised = step < config.warmup_steps_on_policy
        if config.warmup_steps_on_policy and not supervised and state.references is None:
            state.references = score_references(engine, batches, len(examples))
        batches.references = state.references
        mine = batches.of(rank_slice(plan[step], engine.rank, engine.world_size))
        metrics = _forward_backward(engine, mine, config, supervised)
        lr = _rate(step, config)
        figures = dict(zip(METRICS, engine.mean_over_ranks(metrics).tolist(), strict=True))
        _check_finite(figures["loss"], "loss", step, [examples[i] for i in plan[step]])
        if step == 0:
            _check_reference(figures)
        norm = engine.step(lr)
        _check_finite(norm, "gradient norm", step, [examples[i] for i in plan[step]])
        entry = TrainStep(
            step=step,
            lr=lr,
            grad_norm=norm,
            alarm=figures["chosen_reference_logp"] - figures["chosen_logp"] > config.chosen_alarm,
            speed=watch.speed(pairs=len(plan[step]), tokens=batches.tokens * engine.world_size, model=policy.model),
            **figures,
        )
        state.log.append(entry)
        after_step(entry)
    policy.model.eval()
    return state


def _forward_backward(
    engine: Engine, batches: Sequence[PairBatch], config: TrainConfig, supervised: bool
) -> torch.Tensor:
    """Gradients of the mean loss over all pairs of ``batches``; ``METRICS``, averaged over them."""
    pairs = sum(len(batch.inputs.prompts) for batch in batches)
    total: torch.Tensor | None = None
    for number, batch in enumerate(batches, start=1):
        share = len(batch.inputs.prompts) / pairs
        with engine.accumulate(last=number == len(batches)):
            result: StepResult = (
                supervised_step(engine.log_probs, batch)
                if supervised
                else pair_step(engine.log_probs, batch, config.objective)
            )
            engine.backward(result.loss * share)
        total = result.metrics * share if total is None else total + result.metrics * share
    if total is None:
        raise ValueError("a step without pairs")
    return total


def _rate(step: int, config: TrainConfig) -> float:
    return learning_rate(
        step, config.steps, peak=config.learning_rate, warmup_share=config.warmup_share, schedule=config.schedule
    )


def _check_finite(value: float, name: str, step: int, examples: Sequence[TrainingExample]) -> None:
    if not math.isfinite(value):
        ids = ", ".join(example.pair_id for example in examples)
        raise TrainingError(
            f"training stopped at step {step}: the {name} is {value}; lower train.learning_rate, or look at the pairs "
            f"of that step: {ids}"
        )


def _check_reference(figures: dict[str, float]) -> None:
    """Before the first update the policy is the reference, and the loss ln 2."""
    off = max(abs(figures[f"{side}_logp"] - figures[f"{side}_reference_logp"]) for side in ("chosen", "rejected"))
    if off > REFERENCE_TOLERANCE:
        raise DataError(
            f"the dataset's reference log-probabilities are {off:.2f} nats per token away from the policy to train: "
            "prepare the dataset with this policy"
        )

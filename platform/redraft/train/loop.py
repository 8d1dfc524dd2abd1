"""The training loop: the same function on one process, under DDP and under DeepSpeed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import torch

from redraft.blobs import Blobs
from redraft.config import TrainConfig
from redraft.errors import DataError
from redraft.images import decode_image
from redraft.policy import EncodedPrompt, Policy, encode_prompts
from redraft.records import TrainStep
from redraft.train.batches import collate_pairs, rank_slice, step_indices
from redraft.train.encode import TrainingExample
from redraft.train.engine import Engine
from redraft.train.step import METRICS, learning_rate, pair_step

CACHED_PROMPTS = 512


class TrainingState:
    """Where a training job stands: the next step, and the log of those done."""

    def __init__(self) -> None:
        self.log: list[TrainStep] = []

    @property
    def next_step(self) -> int:
        """The step to do next, from 0."""
        return len(self.log)

    def save(self, folder: Path) -> None:
        """Write the log; the engine writes the rest."""
        (folder / "steps.json").write_text(json.dumps([s.model_dump() for s in self.log]))

    @classmethod
    def load(cls, folder: Path) -> TrainingState:
        """Take up what ``save`` wrote."""
        state = cls()
        state.log = [TrainStep.model_validate(s) for s in json.loads((folder / "steps.json").read_text())]
        return state


def run_training(
    policy: Policy,
    engine: Engine,
    examples: Sequence[TrainingExample],
    blobs: Blobs,
    config: TrainConfig,
    *,
    seed: int,
    max_pixels: int,
    state: TrainingState,
    after_step: Callable[[TrainStep], None],
) -> TrainingState:
    """Run ``config.steps`` optimiser steps from where ``state`` stands; every rank runs this with the same arguments.

    A job that is stopped and resumed ends with the parameters of one that never stopped: the order of pairs and the
    learning rate depend on the step alone, and the tiny amount of state that is left is saved with the optimiser.

    Args:
        after_step: called on every rank after each step, after ``state.log`` has grown; checkpoints are its business.

    Raises:
        DataError: if there are no examples.
    """
    if not examples:
        raise DataError("a dataset without preference pairs cannot be trained on")
    plan = step_indices(len(examples), config.batch_size, config.steps, seed)
    policy.model.train()

    @lru_cache(maxsize=CACHED_PROMPTS)
    def prompt_of(index: int) -> EncodedPrompt:
        example = examples[index]
        image = decode_image(blobs.get(example.blob), max_pixels)
        return encode_prompts(policy, [image], [example.prompt])[0]

    for step in range(state.next_step, config.steps):
        mine = rank_slice(plan[step], engine.rank, engine.world_size)
        batch = collate_pairs([examples[i] for i in mine], [prompt_of(i) for i in mine], policy.pad_id)
        result = pair_step(engine.log_probs, batch.to(policy.device), config.objective)
        lr = learning_rate(
            step,
            config.steps,
            peak=config.learning_rate,
            warmup_share=config.warmup_share,
            schedule=config.schedule,
        )
        norm = engine.update(result.loss, lr)
        metrics = engine.mean_over_ranks(torch.cat([result.metrics, result.metrics.new_tensor([norm])])).tolist()
        entry = TrainStep(step=step, lr=lr, grad_norm=metrics[-1], **dict(zip(METRICS, metrics[:-1], strict=True)))
        state.log.append(entry)
        after_step(entry)
    policy.model.eval()
    return state

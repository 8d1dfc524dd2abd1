"""Published ways to train on a set of corrections, as values for the config."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """A preset of the objective with the optimiser settings that belong to it.

    Attributes:
        train: values of the config's ``train`` section.
        epochs: passes over the pairs; None where ``train`` says how many steps.
    """

    train: dict[str, Any] = field(default_factory=dict)
    epochs: float | None = None


RECIPES: dict[str, Recipe] = {
    # RLHF-V, arXiv 2312.00849, section 4 and appendix: all parameters, 7 epochs of batch 32.
    "paper": Recipe(
        {
            "objective": {"preset": "paper"},
            "batch_size": 32,
            "learning_rate": 5e-7,
            "warmup_share": 0.1,
            "schedule": "cosine",
            "freeze_vision": False,
        },
        epochs=7,
    ),
    # The training script published with it: 2160 steps of batch 8.
    "released": Recipe(
        {
            "objective": {"preset": "released"},
            "batch_size": 8,
            "steps": 2160,
            "learning_rate": 5e-7,
            "warmup_share": 0.03,
            "schedule": "cosine",
            "freeze_vision": False,
        }
    ),
    # The paper's optimiser; an anchor and a supervised term on chosen, and the vision tower frozen, so that images are
    # read once. Where that comes from: docs/experiments.md.
    "recommended": Recipe(
        {
            "objective": {"preset": "recommended"},
            "batch_size": 32,
            "learning_rate": 5e-7,
            "warmup_share": 0.1,
            "schedule": "cosine",
            "freeze_vision": True,
        },
        epochs=7,
    ),
}


def steps_for(epochs: float, pairs: int, batch_size: int) -> int:
    """Optimiser steps that see every pair ``epochs`` times, at least one."""
    return max(1, round(epochs * pairs / batch_size))

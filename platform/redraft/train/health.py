"""Whether preference training goes right, from the steps that it wrote down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev

from redraft.records import TrainStep


def read_steps(path: Path) -> tuple[TrainStep, ...]:
    """One entry a step in order; a repeated step counts as it was last run, a line cut off by a crash not at all."""
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    steps = {step.step: step for step in (TrainStep.model_validate_json(line) for line in lines if line)}
    return tuple(steps[number] for number in sorted(steps))


def chosen_fell(steps: Sequence[TrainStep]) -> bool:
    """Whether the chosen texts ended less likely than under the reference.

    True if the mean of policy minus reference over the last quarter of the steps lies more than two standard errors
    below zero.
    """
    last = [step.chosen_logp - step.chosen_reference_logp for step in steps[-max(1, len(steps) // 4) :]]
    error = stdev(last) / math.sqrt(len(last)) if len(last) > 1 else 0.0
    return fmean(last) < -2 * error

"""Where the loop and a training job stand."""

from __future__ import annotations

from enum import StrEnum

from redraft.records.base import Record


class Phase(StrEnum):
    """The step a round is in; the value is the step that runs next."""

    SAMPLING = "sampling"
    ANNOTATING = "annotating"
    BUILDING = "building"
    TRAINING = "training"
    EVALUATING = "evaluating"
    PROMOTING = "promoting"
    DONE = "done"


class StepSpeed(Record):
    """What an optimiser step took, over all workers; ``memory_gib`` and ``mfu`` are one worker's."""

    ended_at: float
    seconds: float
    pairs_per_second: float
    tokens_per_second: float
    memory_gib: float
    mfu: float | None = None


class TrainStep(Record):
    """What one optimiser step saw, averaged over its pairs.

    ``alarm`` says that the chosen responses have become less likely than ``train.chosen_alarm`` allows.
    """

    step: int
    loss: float
    accuracy: float
    margin: float
    chosen_logp: float
    rejected_logp: float
    chosen_reference_logp: float
    rejected_reference_logp: float
    lr: float
    grad_norm: float
    alarm: bool = False
    speed: StepSpeed | None = None


class RoundRow(Record):
    """One round of the loop as committed so far."""

    number: int
    phase: Phase
    incumbent: str
    dataset: str | None = None
    candidate: str | None = None
    promoted: bool | None = None
    started_at: float
    ended_at: float | None = None

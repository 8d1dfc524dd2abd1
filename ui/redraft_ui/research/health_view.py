"""Whether training goes right, round by round, from the steps that it wrote into the run folder."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from statistics import fmean

from redraft.records import Record, TrainStep
from redraft.runs import RunFolder
from redraft.train.health import chosen_fell, read_steps
from redraft_ui.research.charts import Chart, StepPoint, steps_chart

CHOSEN, REJECTED = "corrected (chosen)", "original (rejected)"
_MOST_POINTS = 300
"""A series on the chart; longer training is drawn with every n-th step."""


class TrainingHealth(Record):
    """How one round's training ended: means over its last quarter, policy minus reference.

    ``fell`` says that the chosen texts ended less likely than they were, ``alarms`` counts the steps that were further
    below the reference than the configuration allows.
    """

    round: int
    steps: int
    chosen: float
    rejected: float
    accuracy: float
    fell: bool
    alarms: int

    @property
    def words(self) -> str:
        """The state of it for people."""
        if self.alarms or self.fell:
            return f"the corrected texts became less likely ({self.chosen:+.3f})"
        if self.rejected >= self.chosen:
            return "the originals did not become less likely than the corrections"
        return "as it should be"


def training_health(folder: RunFolder, rounds: Iterable[int]) -> list[TrainingHealth]:
    """One entry for every round that has trained, in order."""
    return [_health(number, steps) for number, steps in _logs(folder, rounds)]


def training_chart(folder: RunFolder, rounds: Iterable[int]) -> Chart | None:
    """Chosen and rejected log-probabilities over all steps; ``None`` before the first."""
    points: list[StepPoint] = []
    logs = _logs(folder, rounds)
    every = 1 + sum(len(steps) for _, steps in logs) // _MOST_POINTS
    at = 0
    for number, steps in logs:
        for step in steps:
            at += 1
            if at % every:
                continue
            chosen = step.chosen_logp - step.chosen_reference_logp
            rejected = step.rejected_logp - step.rejected_reference_logp
            points.append(StepPoint(series=CHOSEN, at=at, value=chosen, round=number))
            points.append(StepPoint(series=REJECTED, at=at, value=rejected, round=number))
    return steps_chart(points) if points else None


def _health(number: int, steps: tuple[TrainStep, ...]) -> TrainingHealth:
    last = steps[-max(1, len(steps) // 4) :]
    return TrainingHealth(
        round=number,
        steps=len(steps),
        chosen=fmean(step.chosen_logp - step.chosen_reference_logp for step in last),
        rejected=fmean(step.rejected_logp - step.rejected_reference_logp for step in last),
        accuracy=fmean(step.accuracy for step in last),
        fell=chosen_fell(steps),
        alarms=sum(step.alarm for step in steps),
    )


def _logs(folder: RunFolder, rounds: Iterable[int]) -> list[tuple[int, tuple[TrainStep, ...]]]:
    found = []
    for number in rounds:
        path = folder.train_log(number)
        if path.exists():
            state = path.stat()
            steps = _steps(path, state.st_mtime_ns, state.st_size)
            if steps:
                found.append((number, steps))
    return found


@lru_cache(maxsize=64)
def _steps(path: Path, written_at: int, size: int) -> tuple[TrainStep, ...]:
    """The page looks every few seconds, and a log that is not being written stays the same."""
    return read_steps(path)

"""When the loop moves on and when it ends."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator

from redraft.config.section import Section
from redraft.records.schedule import Schedule, two_hours


class LoopConfig(Section):
    """When the loop moves on and when it ends; limits that are unset do not end it."""

    rounds: int | None = Field(3, ge=1, description="stop after so many; unset: other limits, or people, end it")
    min_corrections: int = Field(20, ge=1, description="fewer than this are not worth a training run")
    train_after: int | None = Field(
        None, ge=1, description="train once this many new corrections are in; default: worklist empty"
    )
    train_every_minutes: float | None = Field(
        None, gt=0, description="train once a round is this old, if min_corrections new corrections are in"
    )
    train_on_drift: int | None = Field(
        None,
        ge=10,
        description="train once the last so many answers of the random arm hold more wrong responses than those before "
        "them, beyond doubt",
    )
    train_hours: tuple[int, int] | None = Field(
        None, description="hours of the day, UTC, from which and until which training may begin, such as [22, 6]"
    )
    refill_below: int = Field(
        0,
        ge=0,
        description="draw more tasks when fewer are open, so that nobody waits while training goes on",
    )
    max_refills: int = Field(10, ge=0, le=99, description="how often a round may draw more tasks")
    max_corrections: int | None = Field(None, ge=1, description="stop sampling once this many were made")
    max_annotator_minutes: float | None = Field(None, gt=0, description="stop once people have worked for so long")
    max_gpu_hours: float | None = Field(None, gt=0, description="stop once so many GPU-hours were spent")
    patience: int | None = Field(
        None,
        ge=1,
        description="stop after so many rounds in a row that promoted nothing: the curve is flat",
    )

    _hours = field_validator("train_hours")(two_hours)

    def schedule(self) -> Schedule:
        """When a round trains, as far as a person may change it while the loop runs."""
        return Schedule.model_validate({name: getattr(self, name) for name in Schedule.model_fields})

    def under(self, schedule: Schedule | None) -> Self:
        """The same with what a person has set since, if anybody has."""
        return self if schedule is None else self.model_copy(update=dict(schedule))

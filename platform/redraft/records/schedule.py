"""When a round trains, as a person sets it while the loop runs."""

from __future__ import annotations

from pydantic import Field, field_validator

from redraft.records.base import Record

Hours = tuple[int, int]
"""From one full hour of the day until another, UTC; they may span midnight."""


def two_hours(hours: Hours | None) -> Hours | None:
    """The same hours.

    Raises:
        ValueError: they are no hours of a day, or the same one twice.
    """
    if hours is not None and not (all(0 <= hour <= 23 for hour in hours) and hours[0] != hours[1]):
        raise ValueError("name two different hours from 0 to 23, such as [22, 6]")
    return hours


class Schedule(Record):
    """It takes the place of the settings of the same names in the config's ``loop``, all three of them.

    Attributes:
        train_after: train once so many new corrections are in.
        train_every_minutes: train once a round is so old.
        train_hours: begin training within these hours only.
    """

    train_after: int | None = Field(None, ge=1)
    train_every_minutes: float | None = Field(None, gt=0, allow_inf_nan=False)
    train_hours: Hours | None = None

    _hours = field_validator("train_hours")(two_hours)

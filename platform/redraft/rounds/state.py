"""All that the loop's next step depends on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from redraft.config import LoopConfig
from redraft.records import Record, RoundRow


class LoopState(Record):
    """What is true at one moment.

    Attributes:
        round: the newest one, None before the first.
        tasks_open: open tasks; of these, ``tasks_skipped`` were skipped by someone before.
        new_corrections: answers of kind ``corrected`` that are in no dataset version yet.
        unused_corrections: those no promoted policy has learned from, among them a rejected candidate's.
        total_corrections: all that were ever made.
        promoted: the version that is promoted now, which people may change at any time.
        paused: whether a person has paused the loop.
        hour: of the day, UTC; None where no schedule asks for it.
        round_minutes: since the round began.
        annotator_minutes: active minutes that people have spent so far.
        gpu_hours: what sampling, training and evaluating have taken so far.
        fruitless_rounds: the latest rounds in a row that trained a candidate and did not promote it.
        random_arm: whether each answered response of the random arm was wrong, the incumbent's alone, oldest first.
        canary: whether the round's candidate answers a share of the requests just now, and is watched.
        refills: how often this round has drawn more tasks; ``can_refill`` says whether there is anything left to draw.
    """

    config: LoopConfig
    annotators: Literal["oracle", "human"]
    round: RoundRow | None
    tasks_open: int = Field(ge=0)
    tasks_skipped: int = Field(default=0, ge=0)
    tasks_leased: int = Field(ge=0)
    new_corrections: int = Field(ge=0)
    unused_corrections: int = Field(ge=0)
    total_corrections: int = Field(ge=0)
    stop_requested: bool
    promoted: str | None = None
    paused: bool = False
    hour: int | None = Field(None, ge=0, le=23)
    round_minutes: float = Field(0.0, ge=0)
    annotator_minutes: float = Field(0.0, ge=0)
    gpu_hours: float = Field(0.0, ge=0)
    fruitless_rounds: int = Field(0, ge=0)
    random_arm: tuple[bool, ...] = ()
    canary: bool = False
    refills: int = Field(0, ge=0)
    can_refill: bool = False

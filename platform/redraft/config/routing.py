"""Which responses people see."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from redraft.config.section import Section

Strategy = Literal["random", "uncertainty", "probe", "probe+diversity"]


class RouteConfig(Section):
    """Which responses people see."""

    strategy: Strategy = Field(
        "probe",
        description="random: drawn alike; uncertainty: by one signal that needs no label; probe: most corrected "
        "segments a minute, by a probe as soon as answers suffice; probe+diversity: the same, near-duplicates thinned",
    )
    budget: int = Field(300, ge=1, description="tasks per round")
    minutes: float | None = Field(
        None, gt=0, description="annotator minutes per round, estimated; the tasks end with whichever ends first"
    )
    random_share: float = Field(0.2, ge=0, le=1, description="share of the budget drawn at random: the control arm")
    shortlist: float = Field(
        2.0,
        ge=1,
        description="probe+diversity: candidates for each task, of which those that lie far apart stay",
    )
    stale: Literal["retire", "rescore", "keep"] = Field(
        "retire",
        description="open tasks of an older policy, once a newer one's come: off the worklist; or those that would be "
        "chosen today stay, newly ordered; or all stay",
    )
    entropy_weight: float = Field(
        0.5, ge=0, le=1, description="entropy's weight in the score; disagreement has the rest"
    )

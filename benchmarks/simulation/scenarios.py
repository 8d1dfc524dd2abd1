"""What is simulated: people, machines and settings, and the question that each scenario asks."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from redraft.records import Record
from simulation.assumptions import Machines, People, Policies

MANY = People(count=2000, sessions_a_day=0.05)
FEW = People(count=10, sessions_a_day=2.0)
SLOW = Machines(train_pair_s=6.0)
ROUND: dict[str, Any] = {
    "images": {"per_round": 700},
    "route": {"budget": 350},
    "train": {"steps": 55, "batch_size": 32},
}
LOOP = {"rounds": None, "train_after": 250, "refill_below": 250, "max_refills": 99}
TWICE = {"images": {"per_round": 1400}, "route": {"budget": 700}}


class Scenario(Record):
    """One simulation; ``settings`` are what differs from a config for people who correct on simulated machines."""

    name: str
    question: str
    settings: dict[str, Any]
    people: People = MANY
    policies: Policies = Policies()
    machines: Machines = Machines()
    days: float = Field(1.0, gt=0)
    project_budget: int | None = None

    def scaled(self, share: float) -> Scenario:
        """The same with more or fewer people; what a round asks for grows or shrinks with them."""
        people = self.people.model_copy(update={"count": max(2, round(self.people.count * share))})
        budget = None if self.project_budget is None else round(self.project_budget * share)
        settings = _scaled(self.settings, share)
        return self.model_copy(update={"people": people, "settings": settings, "project_budget": budget})


_SCALED = ("per_round", "budget", "train_after", "refill_below", "max_corrections", "max_annotator_minutes")


def _scaled(settings: dict[str, Any], share: float) -> dict[str, Any]:
    def scaled(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return _scaled(value, share)
        return max(20, round(value * share)) if key in _SCALED and value else value

    return {key: scaled(key, value) for key, value in settings.items()}


STEADY = Scenario(name="steady", question="Do people and loop keep each other busy?", settings=ROUND | {"loop": LOOP})

SCENARIOS = (
    STEADY,
    Scenario(
        name="no refill",
        question="What is the low-water mark for?",
        settings=ROUND | {"loop": LOOP | {"refill_below": 0}},
    ),
    Scenario(
        name="slow training",
        question="Training takes three hours: does anybody wait for it?",
        settings=ROUND | {"loop": LOOP},
        machines=SLOW,
    ),
    Scenario(
        name="slow, deep",
        question="And with a low-water mark of 1000?",
        settings=ROUND | {"loop": LOOP | {"refill_below": 1000}},
        machines=SLOW,
    ),
    Scenario(
        name="never better",
        question="No candidate is better, batches are too large: does the worklist grow?",
        settings=ROUND | TWICE | {"loop": LOOP},
        policies=Policies(gain=0.0, sigma=0.0),
    ),
    Scenario(
        name="patience",
        question="And with loop.patience 3?",
        settings=ROUND | TWICE | {"loop": LOOP | {"patience": 3}},
        policies=Policies(gain=0.0, sigma=0.0),
    ),
    Scenario(
        name="corrections",
        question="loop.max_corrections 750: how many more are made?",
        settings=ROUND | {"loop": LOOP | {"max_corrections": 750}},
    ),
    Scenario(
        name="minutes",
        question="loop.max_annotator_minutes 750: how many more are worked?",
        settings=ROUND | {"loop": LOOP | {"max_annotator_minutes": 750}},
    ),
    Scenario(
        name="GPU-hours",
        question="loop.max_gpu_hours 8: how many more are spent?",
        settings=ROUND | {"loop": LOOP | {"max_gpu_hours": 8}},
    ),
    Scenario(
        name="project",
        question="A budget of 750 answers for the project: is it kept?",
        settings=ROUND | {"loop": LOOP},
        project_budget=750,
    ),
    Scenario(
        name="few people",
        question="Ten people, a round a day, a tenth of the tasks asked three times",
        settings={
            "annotate": {"overlap": 3, "overlap_share": 0.1},
            "loop": {"rounds": None, "min_corrections": 50, "train_every_minutes": 1440, "refill_below": 100},
            "train": {"steps": 66, "batch_size": 32},
        },
        people=FEW,
        days=7.0,
    ),
    STEADY.scaled(4.0).model_copy(update={"name": "eight thousand", "question": "And four times as many people?"}),
)

"""Predicted against measured, where there is a measured point, also where the prediction is wrong."""

from __future__ import annotations

from simulation.results import kept

from growth.inputs import Assumptions
from growth.measured import Measured
from redraft.records import Record

WATCHED = ("steady", "few people")
"""Simulations in which nobody waits for tasks and no limit is met."""


class Check(Record):
    """One quantity; ``how`` says what it was predicted from."""

    what: str
    how: str
    unit: str
    predicted: float
    measured: float

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted / self.measured


def checks(a: Assumptions, m: Measured) -> tuple[Check, ...]:
    """All of them."""
    return (*_store(m), *_loop(m), _training(m), *_disk(m), *_people(a))


def _store(m: Measured) -> tuple[Check, ...]:
    rows = m.rows
    line = rows[0].bytes + (rows[1].bytes - rows[0].bytes) * (rows[2].tasks - rows[0].tasks) / (
        rows[1].tasks - rows[0].tasks
    )
    size = Check(
        what=f"database with {rows[2].tasks} tasks and answers",
        how=f"the line through {rows[0].tasks} and {rows[1].tasks}",
        unit="MB",
        predicted=line / 1e6,
        measured=rows[2].bytes / 1e6,
    )
    return size, *(
        Check(
            what=f"answers a second, {calls.annotators} annotators on {calls.database}",
            how="one annotator alone" if calls.database == "sqlite" else "one annotator alone, on two processors",
            unit="1/s",
            predicted=calls.alone * (1 if calls.database == "sqlite" else 2),
            measured=calls.together,
        )
        for calls in m.calls
    )


def _loop(m: Measured) -> tuple[Check, ...]:
    first, middle, last = m.readings
    share = (last.corrections - first.corrections) / (middle.corrections - first.corrections)
    how = f"the line through {first.corrections} and {middle.corrections}"
    return (
        Check(
            what=f"a decision with {last.corrections} new corrections",
            how=how,
            unit="s",
            predicted=first.decision_s + (middle.decision_s - first.decision_s) * share,
            measured=last.decision_s,
        ),
        Check(
            what=f"a routing reads {last.corrections} answers",
            how=how,
            unit="s",
            predicted=first.effort_s + (middle.effort_s - first.effort_s) * share,
            measured=last.effort_s,
        ),
    )


def _training(m: Measured) -> Check:
    narrow, wide = m.training
    return Check(
        what=f"training on a pair, d {wide.hidden}",
        how=f"d {narrow.hidden}, by the plan's operations",
        unit="CPU s",
        predicted=narrow.seconds * wide.operations / narrow.operations,
        measured=wide.seconds,
    )


def _disk(m: Measured) -> tuple[Check, ...]:
    kept = m.kept
    return (
        Check(
            what=f"policies, rounds: {kept.rounds}",
            how="the plan",
            unit="MB",
            predicted=kept.rounds * kept.plan_policy / 1e6,
            measured=kept.policies / 1e6,
        ),
    )


def _people(a: Assumptions) -> tuple[Check, ...]:
    """What the model takes a task for, against simulated people, who are given what the router picks."""
    simulated = [result for result in kept() if result.scenario in WATCHED]
    seconds = [
        Check(
            what=f"seconds a task in the simulation *{result.scenario}*",
            how="the model, for tasks that nobody picked",
            unit="s",
            predicted=a.task_seconds,
            measured=60 * result.minutes / result.answers,
        )
        for result in simulated
    ]
    wrong = [
        Check(
            what=f"share of answers that correct in the simulation *{result.scenario}*",
            how="the same",
            unit="",
            predicted=a.wrong,
            measured=result.corrections / result.answers,
        )
        for result in simulated
    ]
    return (*seconds, *wrong)

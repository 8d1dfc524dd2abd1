"""The loop and the worklist under simulated people: the promises hold, and what watches them can see them broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redraft.records import Arm, Lease, Task

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def small(name: str, **changes: Any) -> Any:
    """A scenario with a twentieth of the people and of the tasks, looked at twice an hour."""
    from simulation.scenarios import SCENARIOS

    scenario = next(s for s in SCENARIOS if s.name == name).scaled(0.05)
    machines = scenario.machines.model_copy(update={"poll_s": 1800.0})
    return scenario.model_copy(update={"machines": machines} | changes)


def test_people_and_loop_keep_each_other_busy(tmp_path: Path) -> None:
    from simulation.assumptions import Machines
    from simulation.simulating import simulate

    result = simulate(small("steady", machines=Machines()), 0, tmp_path / "run")
    assert result.faults == ()
    assert result.rounds >= 2
    assert result.answers >= 50
    assert result.idle < 0.02


def test_without_a_low_water_mark_people_wait_for_slow_training(tmp_path: Path) -> None:
    from simulation.simulating import simulate

    slow = small("slow training").machines.model_copy(update={"train_pair_s": 2.0})
    loop = {"rounds": None, "train_after": 30, "max_refills": 99}
    idle = {}
    for mark in (0, 400):
        settings = small("steady").settings | {"loop": loop | {"refill_below": mark}}
        scenario = small("slow training", machines=slow, settings=settings)
        result = simulate(scenario, 0, tmp_path / f"run-{mark}")
        assert result.faults == ()
        idle[mark] = result.idle
    assert idle[0] > 0.05
    assert idle[400] < 0.01


def test_the_budget_of_a_project_is_overrun_by_no_more_than_what_people_hold(tmp_path: Path) -> None:
    from simulation.simulating import simulate

    result = simulate(small("project", project_budget=30), 0, tmp_path / "run")
    assert result.faults == ()
    assert 30 <= result.answers <= 40


def test_the_watch_sees_a_task_given_twice_and_one_given_again() -> None:
    from simulation.watch import Depth, Watch

    from redraft.records import Answer, Submission

    watch = Watch(lambda: 100.0, promotions=["p"])
    task = Task(
        id="t",
        round=1,
        response_id="r",
        image_id="i",
        prompt="Describe.",
        text="A cat.",
        spans=(),
        arm=Arm.RANDOM,
        priority=1.0,
        policy="p",
    )
    watch.put_on([task])
    watch.asked("ada", Lease(task=task, annotator="ada", expires_at=200.0))
    watch.asked("bob", Lease(task=task, annotator="bob", expires_at=200.0))
    assert watch.faults == ["t was given to bob while ada held it"]
    watch.refused("ada")
    watch.answered(task, Submission(nonce="nonce-0001", task_id="t", annotator="bob", answer=Answer.CLEAN))
    watch.asked("bob", Lease(task=task, annotator="bob", expires_at=200.0))
    assert watch.faults[1:] == ["bob was given t again after an answer"]
    watch.look(Depth(at=100.0, open=12, skipped=1, leased=0, oldest=0.0, limit=10))
    assert watch.faults[2:] == ["11 tasks are open, over 10"]

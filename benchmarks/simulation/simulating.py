"""A scenario from the first task to the last answer, and what came out of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from redraft.config import Config
from redraft.cost import gpu_seconds
from redraft.records import MAIN_PROJECT, Answer, TaskState
from redraft.routing import Effort
from redraft.runs import RunFolder, read_events
from redraft.store import Store
from redraft_actors.context import RunContext
from simulation.agenda import DAY, Agenda
from simulation.crowd import Annotator, Desk
from simulation.loop import SimulatedController
from simulation.results import Result
from simulation.scenarios import Scenario
from simulation.steps import SimulatedSteps, Truth
from simulation.watch import Watch

START = 20_000 * DAY
"""Midnight, UTC."""

BASE: dict[str, Any] = {
    "name": "simulated",
    "annotate": {"by": "human"},
    "serve": {"enabled": False},
    "sample": {"actors": 8, "gpus_per_actor": 1},
    "train": {"workers": 8, "gpus_per_worker": 1},
    "evaluate": {"actors": 8, "gpus_per_actor": 1, "bootstrap": 200},
    "promote": {"max_recall_drop": 1, "max_length_change": 10},
}


def simulate(scenario: Scenario, seed: int, folder: Path) -> Result:
    """Run a scenario in a new folder."""
    agenda = Agenda(START)
    watch = Watch(agenda.clock)
    run = _open(scenario, seed, folder, agenda)
    with run.store:
        if scenario.project_budget is not None:
            main = run.store.project(MAIN_PROJECT)
            limited = main.model_copy(update={"budget": scenario.project_budget})
            run.store.update_project(limited, actor="simulation")
        truth = Truth(scenario.policies, seed)
        steps = SimulatedSteps(run, truth, watch)
        controller = SimulatedController(steps, agenda, scenario.machines)
        lease_seconds = run.config.annotate.lease_seconds
        desk = Desk(run.store, agenda, scenario.people, lease_seconds, Effort(), truth.segments, watch)
        for number in range(scenario.people.count):
            Annotator(desk, f"p{number:05d}", seed)
        agenda.until(START + scenario.days * DAY)
        return _result(scenario, seed, run, watch, controller)


def _open(scenario: Scenario, seed: int, folder: Path, agenda: Agenda) -> RunContext:
    config = Config.model_validate(_merged(BASE, scenario.settings | {"seed": seed}))
    created = RunFolder.create(folder, config)
    store = Store.open(f"sqlite:///{folder.resolve()}/redraft.db", clock=agenda.clock)
    return RunContext(created, config, store, created.blobs())


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {key: _merged(base[key], over[key]) for key in base.keys() & over.keys() if isinstance(base[key], dict)}
    return base | over | both


def _result(scenario: Scenario, seed: int, run: RunContext, watch: Watch, controller: SimulatedController) -> Result:
    rounds, counts = run.store.rounds(), run.store.counts()
    states = Counter(task.state for task in run.store.tasks())
    handed = sum(watch.behind.values())
    in_steps = sum(n for step, n in watch.asks.items() if step != "annotate")
    idle_in_steps = sum(n for step, n in watch.idle.items() if step != "annotate")
    hours = sorted(age / 3600 for age in watch.ages)
    idle = sum(watch.idle.values())
    return Result(
        scenario=scenario.name,
        seed=seed,
        people=scenario.people.count,
        days=scenario.days,
        ended=controller.ended,
        rounds=len(rounds) - 1,
        promoted=len(watch.promotions) - 1,
        tasks=len(watch.added),
        answers=counts.corrected + counts.clean,
        corrections=counts.corrected,
        skips=counts.skipped,
        retired=states[TaskState.RETIRED],
        depth=max(depth.open for depth in watch.depths),
        depth_end=counts.open,
        skipped_end=counts.open_skipped,
        oldest=max(depth.oldest for depth in watch.depths) / 3600,
        waited=median(hours),
        waited_p95=quantiles(hours, n=20)[-1],
        stale=sum(n for behind, n in watch.behind.items() if behind) / handed,
        staler=sum(n for behind, n in watch.behind.items() if behind > 1) / handed,
        idle=idle / sum(watch.asks.values()),
        idle_in_steps=idle_in_steps / in_steps if in_steps else 0.0,
        idle_hours=idle * scenario.people.asks_again_s / 3600,
        late=watch.late,
        minutes=watch.seconds / 60,
        gpu_hours=sum(gpu_seconds(run.config, read_events(run.folder)).values()) / 3600,
        left=controller.left_at_end,
        faults=(*watch.faults, *_miscounted(run, watch, states)),
    )


def _miscounted(run: RunContext, watch: Watch, states: Counter[TaskState]) -> list[str]:
    """What the tables say otherwise than those who looked on."""
    stored = Counter(correction.answer for correction in run.store.corrections())
    faults = [
        f"{watch.answers[kind]} answers were taken as {kind}, {stored[kind]} are stored"
        for kind in Answer
        if watch.answers[kind] != stored[kind]
    ]
    if sum(states.values()) != len(watch.added):
        faults.append(f"{len(watch.added)} tasks were put on the worklist, {sum(states.values())} are stored")
    used = Counter(id for dataset in _lineage(run) for id in dataset)
    faults += [f"{id} is {times} times in the promoted lineage" for id, times in used.items() if times > 1]
    return faults


def _lineage(run: RunContext) -> list[tuple[str, ...]]:
    promoted = run.store.promoted()
    return [] if promoted is None else [d.corrections for d in run.store.lineage(promoted.id).datasets]

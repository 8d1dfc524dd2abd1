"""The controller: asks what to do next, does it, and commits it, until the loop says finish.

It keeps nothing in memory that matters. Killed at any moment, it is started again by Ray and goes on from the phase
that the database holds.
"""

from __future__ import annotations

import os
import time
from typing import Any

import ray

from redraft.records import RoundRow
from redraft.rounds import (
    BeginRound,
    BuildDataset,
    EndAnnotation,
    Evaluate,
    Finish,
    LoopState,
    Promote,
    Sample,
    SkipTraining,
    Train,
    WaitForAnnotators,
    next_action,
)
from redraft_actors.context import RunContext
from redraft_actors.steps import Steps

POLL_SECONDS = 2.0


class Controller:
    """The loop of one run; a plain class, so that it also runs without an actor around it."""

    def __init__(self, root: str, dashboard: str, wait: bool) -> None:
        self.run = RunContext.open(root)
        self.steps = Steps(self.run, dashboard)
        self.wait = wait

    def pid(self) -> int:
        """The process that the controller lives in."""
        return os.getpid()

    def loop(self) -> str:
        """Perform actions until there is nothing to do; the reason why it ended."""
        while True:
            self.steps.serve()
            state = self.state()
            action = next_action(state)
            if isinstance(action, Finish):
                return f"Finished: {action.reason}."
            if isinstance(action, WaitForAnnotators) and self.run.config.annotate.by == "human":
                if not self.wait:
                    return f"Paused: {action.reason}."
                self.steps.note(action.number, "annotate")
                time.sleep(POLL_SECONDS)
                continue
            self.perform(action, state.round)

    def perform(self, action: Any, row: RoundRow | None) -> None:
        """Do one action on the newest round."""
        if isinstance(action, BeginRound):
            self.steps.begin(action.number)
            return
        if row is None:
            raise RuntimeError(f"{type(action).__name__} needs a round, and there is none")
        match action:
            case Sample():
                self.steps.sample(row)
            case WaitForAnnotators():
                self.steps.annotate(row)
            case EndAnnotation() | SkipTraining():
                self.steps.end_annotation(row, action.then)
            case BuildDataset():
                self.steps.build(row)
            case Train():
                self.steps.train(row)
            case Evaluate():
                self.steps.evaluate(row)
            case Promote():
                self.steps.promote(row)
            case _:
                raise TypeError(f"unknown action {action!r}")

    def state(self) -> LoopState:
        """All that ``next_action`` wants to know, read afresh."""
        store = self.run.store
        rounds = store.rounds()
        row = rounds[-1] if rounds else None
        promoted = store.promoted()
        counts = store.counts()
        # Simulated annotators have done all they can when they stop; people may still find time for a second opinion.
        seen = counts.open_answered if self.run.config.annotate.by == "oracle" else 0
        return LoopState(
            config=self.run.config.loop,
            annotators=self.run.config.annotate.by,
            round=row,
            tasks_open=counts.open,
            tasks_skipped=counts.open_skipped + seen,
            tasks_leased=counts.leased,
            new_corrections=len(store.new_corrections()),
            unused_corrections=len(store.unused_corrections()),
            total_corrections=counts.corrected,
            stop_requested=store.stop_requested(),
            promoted=promoted.id if promoted else None,
        )


ControllerActor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Controller)


def start_controller(root: str, dashboard: str, wait: bool) -> ray.ObjectRef[str]:
    """Start the detached controller of the run in ``root``; the reference resolves to the reason it ended."""
    name = f"controller:{os.path.abspath(root)}"
    actor = ControllerActor.options(name=name, lifetime="detached", get_if_exists=True).remote(root, dashboard, wait)
    reference: ray.ObjectRef[str] = actor.loop.remote()
    return reference

"""The controller: asks what to do next, does it, and commits it, until the loop says finish.

It keeps nothing in memory that matters. Killed at any moment, it is started again by Ray and goes on from the phase
that the database holds.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import nullcontext, suppress
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util import get_node_ip_address

from redraft.errors import RedraftError
from redraft.logs import about, run_logs
from redraft.records import RoundRow
from redraft.rounds import (
    BeginRound,
    BuildDataset,
    EndAnnotation,
    Evaluate,
    Finish,
    Hold,
    LoopState,
    Promote,
    Refill,
    Sample,
    SkipTraining,
    Train,
    WaitForAnnotators,
    WatchCanary,
    next_action,
)
from redraft_actors.context import RunContext
from redraft_actors.instruments import Instruments
from redraft_actors.outages import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, outage_in
from redraft_actors.standing import loop_state
from redraft_actors.steps import Steps

POLL_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Controller:
    """The loop of one run; a plain class, so that it also runs without an actor around it."""

    def __init__(self, root: str, dashboard: str, wait: bool, *, shown: bool = False) -> None:
        """``shown`` keeps the run's instruments moving while the loop runs, which needs a Ray."""
        self.run = RunContext.wait_open(root)
        self.steps = Steps(self.run, dashboard)
        self.wait, self.shown = wait, shown
        self.told: str | None = None

    def pid(self) -> int:
        """The process that the controller lives in."""
        return os.getpid()

    def loop(self) -> str:
        """Perform actions until there is nothing to do; the reason why it ended.

        A database that is down or a disk that is full is waited for: steps are idempotent, so the one that failed is
        done again.
        """
        root = self.run.folder.root
        with (
            run_logs(root, self.run.config.name, "controller"),
            Instruments(str(root)) if self.shown else nullcontext(),
        ):
            return self._until_finished()

    def _until_finished(self) -> str:
        wait = FIRST_WAIT_SECONDS
        while True:
            try:
                ended = self.turn()
            except (RedraftError, RayError, OSError) as e:
                trouble = outage_in(e)
                if trouble is None:
                    _log.error("the loop cannot go on", exc_info=e)
                    raise
                self._tell(trouble)
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            else:
                wait, self.told = FIRST_WAIT_SECONDS, None
                if ended is not None:
                    _log.info("%s", ended)
                    return ended

    def turn(self) -> str | None:
        """Decide once and do it; the reason if that ends the loop."""
        self.steps.serve()
        state = self.state()
        action = next_action(state)
        match action:
            case Finish():
                return f"Finished: {action.reason}."
            case WaitForAnnotators() if self.run.config.annotate.by == "human":
                if not self.wait:
                    return f"Paused: {action.reason}."
                self.steps.note(action.number, "annotate")
                time.sleep(POLL_SECONDS)
            case Hold():
                self.steps.note(action.number, "hold", action.reason)
                time.sleep(POLL_SECONDS)
            case WatchCanary() if state.round is not None:
                with about(**_known(action, state.round)):
                    self.steps.watch_canary(state.round)
                time.sleep(POLL_SECONDS)
            case _:
                with about(**_known(action, state.round)):
                    _log.info("begins: %s", type(action).__name__)
                    self.perform(action, state.round)
        return None

    def _tell(self, trouble: str) -> None:
        """Say it where people look; on a full disk that may fail, too, and the watching command sees it by itself."""
        if trouble == self.told:
            return
        self.told = trouble
        _log.warning("the loop waits: %s", trouble)
        print(f"The loop waits: {trouble}", flush=True)
        with suppress(OSError):
            progress = self.run.read_progress()
            self.steps.note(progress.round if progress else 0, "hold", trouble)

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
            case Refill():
                self.steps.refill(row)
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
        return loop_state(self.run)


def _known(action: Any, row: RoundRow | None) -> dict[str, Any]:
    """Which round and versions an action is about, for what is logged and recorded meanwhile."""
    if row is None or isinstance(action, BeginRound):
        return {"round": getattr(action, "number", None)}
    return {"round": row.number, "policy": row.candidate or row.incumbent, "dataset": row.dataset}


ControllerActor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Controller)


def start_controller(root: str, dashboard: str, wait: bool) -> ray.ObjectRef[str]:
    """Start the detached controller of the run in ``root``; the reference resolves to the reason it ended.

    It lives on this node: it asks for the dashboard on a loopback address, and should not end with a spot instance.
    A little of the node's own resource holds it there, because Ray puts an actor that asks for nothing on any node,
    whatever softer wish it has.
    """
    name = f"controller:{os.path.abspath(root)}"
    here = f"node:{get_node_ip_address()}"  # type: ignore[no-untyped-call]
    actor = ControllerActor.options(name=name, lifetime="detached", get_if_exists=True, resources={here: 0.001}).remote(
        root, dashboard, wait, shown=True
    )
    reference: ray.ObjectRef[str] = actor.loop.remote()
    return reference

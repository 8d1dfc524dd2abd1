"""The controller in simulated time: it decides as in earnest, and what it does is committed when that is done."""

from __future__ import annotations

from redraft.records import Phase, RoundRow
from redraft.rounds import (
    BuildDataset,
    Evaluate,
    Finish,
    Hold,
    LoopState,
    Refill,
    Sample,
    Train,
    WaitForAnnotators,
    next_action,
)
from redraft.runs import Event
from redraft_actors.controller import Controller
from redraft_actors.standing import loop_state
from simulation.agenda import Agenda
from simulation.assumptions import Machines
from simulation.steps import SimulatedSteps
from simulation.watch import Depth

NAMES = {Sample: "sample", Refill: "sample", BuildDataset: "build", Train: "train", Evaluate: "evaluate"}


class SimulatedController(Controller):
    """``Controller`` whose turns take simulated time; ``ended`` is why the loop finished."""

    def __init__(self, steps: SimulatedSteps, agenda: Agenda, machines: Machines) -> None:
        self.run, self.steps, self.watch = steps.run, steps, steps.watch
        self.agenda, self.machines = agenda, machines
        self.ended: str | None = None
        self.left_at_end = 0
        agenda.after(0.0, self.look)

    def look(self) -> None:
        """Decide; the next look is when what was decided is done."""
        state = loop_state(self.run)
        self._note(state)
        action, row = next_action(state), state.round
        if isinstance(action, Finish):
            self.ended, self.left_at_end = action.reason, state.tasks_open + state.tasks_leased
        elif isinstance(action, WaitForAnnotators | Hold):
            self.agenda.after(self.machines.poll_s, self.look)
        else:
            self.watch.underway = NAMES.get(type(action))
            begun = self.agenda.now
            self.agenda.after(self._seconds(action, row), lambda: self._done(action, row, begun))

    def _done(self, action: object, row: RoundRow | None, begun: float) -> None:
        self.perform(action, row)
        step, self.watch.underway = self.watch.underway, None
        if step is not None and row is not None:
            now = self.agenda.now
            self.run.record(Event(at=now, round=row.number, step=step, seconds=now - begun))
        self.look()

    def _seconds(self, action: object, row: RoundRow | None) -> float:
        config, machines = self.run.config, self.machines
        match action:
            case Sample() | Refill():
                return machines.start_s + machines.sample_image_s * config.images.per_round
            case BuildDataset():
                return machines.start_s + machines.build_pair_s * len(self.run.store.unused_corrections())
            case Train():
                return machines.start_s + machines.train_pair_s * config.train.steps * config.train.batch_size
            case Evaluate():
                return machines.start_s + machines.evaluate_s
        return 0.0

    def _note(self, state: LoopState) -> None:
        """How the worklist stands, and what it may hold at most of tasks that nobody skipped."""
        now, since = self.agenda.now, self.run.store.waiting_since()
        self.watch.look(
            Depth(
                at=now,
                open=state.tasks_open,
                skipped=state.tasks_skipped,
                leased=state.tasks_leased,
                oldest=0.0 if since is None else now - since,
                limit=state.config.refill_below + self.run.config.route.budget * self._batches(),
            )
        )

    def _batches(self) -> int:
        """The batch that is drawn below the low-water mark, and the first one of every round with the same incumbent.

        While a new incumbent's first batch is drawn, the tasks of the one before it are still there.
        """
        rounds = self.run.store.rounds()
        if not rounds:
            return 1
        drawing = rounds[-1].phase is Phase.SAMPLING and len(rounds) > 1
        owner = rounds[-2] if drawing else rounds[-1]
        return 1 + drawing + sum(row.incumbent == owner.incumbent for row in rounds if row.number)

"""The state machine: a table of every phase and condition, and whole loops simulated against it."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.config import LoopConfig
from redraft.records import Phase, RoundRow
from redraft.rounds import (
    Action,
    BeginRound,
    BuildDataset,
    EndAnnotation,
    Evaluate,
    Finish,
    Hold,
    LoopState,
    Promote,
    Sample,
    SkipTraining,
    Train,
    WaitForAnnotators,
    WatchCanary,
    next_action,
)


def config(
    rounds: int = 3, min_corrections: int = 20, train_after: int | None = None, max_corrections: int | None = None
) -> LoopConfig:
    return LoopConfig(
        rounds=rounds, min_corrections=min_corrections, train_after=train_after, max_corrections=max_corrections
    )


def state(
    phase: Phase | None,
    number: int = 1,
    *,
    loop: LoopConfig | None = None,
    open: int = 0,
    skipped: int = 0,
    leased: int = 0,
    new: int = 0,
    unused: int | None = None,
    total: int | None = None,
    stop: bool = False,
) -> LoopState:
    row = None if phase is None else RoundRow(number=number, phase=phase, incumbent="p0", started_at=0.0)
    return LoopState(
        config=loop or config(),
        annotators="human",
        round=row,
        tasks_open=open,
        tasks_skipped=skipped,
        tasks_leased=leased,
        new_corrections=new,
        unused_corrections=new if unused is None else unused,
        total_corrections=new if total is None else total,
        stop_requested=stop,
    )


@pytest.mark.parametrize("phase", [None, *Phase])
def test_a_request_to_stop_wins_in_every_phase(phase: Phase | None) -> None:
    assert next_action(state(phase, new=100, stop=True)) == Finish(reason="stopped on request")


def test_the_first_round_measures_the_base_policy() -> None:
    action = next_action(state(None))
    assert action == BeginRound(number=0, then=Phase.EVALUATING)
    assert next_action(state(Phase.EVALUATING, 0)) == Evaluate(number=0)
    assert next_action(state(Phase.PROMOTING, 0)) == Promote(number=0)
    assert next_action(state(Phase.DONE, 0)) == BeginRound(number=1, then=Phase.SAMPLING)


STEPS: dict[Phase, tuple[Action, Phase]] = {
    Phase.SAMPLING: (Sample(number=2), Phase.ANNOTATING),
    Phase.BUILDING: (BuildDataset(number=2), Phase.TRAINING),
    Phase.TRAINING: (Train(number=2), Phase.EVALUATING),
    Phase.EVALUATING: (Evaluate(number=2), Phase.PROMOTING),
    Phase.PROMOTING: (Promote(number=2), Phase.DONE),
}


@pytest.mark.parametrize(
    ("phase", "open", "new", "total"), list(itertools.product(STEPS, (0, 5), (0, 3, 50), (0, 500)))
)
def test_other_phases_do_their_step_whatever_comes_in_meanwhile(phase: Phase, open: int, new: int, total: int) -> None:
    loop = config(train_after=10, max_corrections=100)
    expected, then = STEPS[phase]
    action = next_action(state(phase, 2, loop=loop, open=open, new=new, unused=new + 7, total=total))
    assert action == expected
    assert not isinstance(action, WaitForAnnotators | Finish)
    assert action.then is then


def test_a_candidate_on_trial_is_watched_before_it_is_decided_on() -> None:
    promoting = state(Phase.PROMOTING, 2)
    assert next_action(promoting.model_copy(update={"canary": True})) == WatchCanary(number=2)
    assert isinstance(next_action(promoting.model_copy(update={"canary": True, "paused": True})), Hold)
    stopped = promoting.model_copy(update={"canary": True, "stop_requested": True})
    assert next_action(stopped) == Finish(reason="stopped on request")


def expected_while_annotating(loop: LoopConfig, left: int, new: int, unused: int, total: int) -> type[Action]:
    """The rules, told once more and differently."""
    reasons = [
        left == 0,
        loop.train_after is not None and new >= loop.train_after and new >= loop.min_corrections,
        loop.max_corrections is not None and total >= loop.max_corrections,
    ]
    if not any(reasons):
        return WaitForAnnotators
    return EndAnnotation if new > 0 and unused >= loop.min_corrections else SkipTraining


@pytest.mark.parametrize("train_after", [None, 10, 20, 40])
@pytest.mark.parametrize("max_corrections", [None, 60])
def test_annotating_table(train_after: int | None, max_corrections: int | None) -> None:
    loop = config(train_after=train_after, max_corrections=max_corrections)
    for open, leased, new, rejected, earlier in itertools.product(
        (0, 4), (0, 1), (0, 1, 19, 20, 39, 40), (0, 1, 25), (0, 59, 60)
    ):
        unused, total = new + rejected, new + rejected + earlier
        action = next_action(
            state(Phase.ANNOTATING, loop=loop, open=open, leased=leased, new=new, unused=unused, total=total)
        )
        assert type(action) is expected_while_annotating(loop, open + leased, new, unused, total)


def test_annotation_ends_and_goes_to_building_and_skipping_ends_the_round() -> None:
    assert EndAnnotation.then is Phase.BUILDING
    assert SkipTraining.then is Phase.DONE


def test_a_task_that_someone_skipped_is_not_waited_for() -> None:
    assert isinstance(next_action(state(Phase.ANNOTATING, open=3, skipped=2, new=30)), WaitForAnnotators)
    assert isinstance(next_action(state(Phase.ANNOTATING, open=2, skipped=2, new=30)), EndAnnotation)


def test_reasons_tell_people_what_is_going_on() -> None:
    waiting = next_action(state(Phase.ANNOTATING, loop=config(train_after=40), open=12, leased=3, new=17))
    assert isinstance(waiting, WaitForAnnotators)
    assert waiting.reason == "waiting for people: 12 tasks open, 3 in work, 17 of 40 new corrections"
    skipping = next_action(state(Phase.ANNOTATING, new=5))
    assert isinstance(skipping, SkipTraining)
    assert skipping.reason == "the worklist is done, with 5 unused corrections, fewer than loop.min_corrections 20"


@pytest.mark.parametrize(
    ("number", "total", "expected"),
    [
        (1, 99, BeginRound(number=2, then=Phase.SAMPLING)),
        (1, 100, Finish(reason="100 corrections were made, the limit is 100")),
        (3, 99, Finish(reason="all 3 rounds are done")),
        (3, 100, Finish(reason="all 3 rounds are done")),
        (4, 0, Finish(reason="all 3 rounds are done")),
    ],
)
def test_after_a_round(number: int, total: int, expected: Action) -> None:
    loop = config(rounds=3, max_corrections=100)
    assert next_action(state(Phase.DONE, number, loop=loop, total=total)) == expected


class World:
    """Annotators, a worklist and a trainer, small enough to see through; the controller's part of the bargain."""

    def __init__(self, loop: LoopConfig, rng: random.Random) -> None:
        self.loop, self.rng = loop, rng
        self.number = 0
        self.phase: Phase | None = None
        self.open = self.leased = self.new = self.rejected = self.total = 0
        self.dataset = 0
        self.trained: list[int] = []

    def state(self) -> LoopState:
        unused = self.new + self.rejected
        return state(
            self.phase,
            self.number,
            loop=self.loop,
            open=self.open,
            leased=self.leased,
            new=self.new,
            unused=unused,
            total=self.total,
        )

    def annotate(self) -> None:
        """Someone takes a task, or hands one in."""
        if self.leased and (self.rng.random() < 0.5 or not self.open):
            self.leased -= 1
            if self.rng.random() < 0.7:
                self.new, self.total = self.new + 1, self.total + 1
        elif self.open:
            self.open, self.leased = self.open - 1, self.leased + 1

    def perform(self, action: Action) -> None:
        match action:
            case BeginRound(number=number):
                self.number = number
            case Sample():
                self.open += self.rng.randrange(12)
            case BuildDataset():
                self.dataset, self.new, self.rejected = self.new + self.rejected, 0, self.new + self.rejected
            case Train():
                self.trained.append(self.dataset)
            case Promote() if self.rng.random() < 0.6:
                self.rejected = max(0, self.rejected - self.dataset)
            case _:
                pass
        if not isinstance(action, WaitForAnnotators | Finish):
            self.phase = action.then


@given(
    st.builds(
        config,
        rounds=st.integers(1, 4),
        min_corrections=st.integers(1, 12),
        train_after=st.none() | st.integers(1, 15),
        max_corrections=st.none() | st.integers(1, 40),
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)
def test_the_loop_always_ends_and_never_trains_on_too_little(loop: LoopConfig, rng: random.Random) -> None:
    world = World(loop, rng)
    begun = []
    for _ in range(2000):
        action = next_action(world.state())
        if isinstance(action, Finish):
            break
        if isinstance(action, BeginRound):
            begun.append(action.number)
        if isinstance(action, WaitForAnnotators):
            assert world.open + world.leased > 0, "waits for nobody"
        world.perform(action)
        for _ in range(rng.randrange(3) + isinstance(action, WaitForAnnotators)):
            world.annotate()
    else:
        pytest.fail("the loop goes round for ever")
    assert begun == list(range(len(begun)))
    assert len(begun) <= loop.rounds + 1
    assert all(pairs >= loop.min_corrections for pairs in world.trained)
    assert world.phase is Phase.DONE

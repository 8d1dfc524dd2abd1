"""The loop's state machine: what is true now in, what to do next out; it touches nothing.

    BeginRound(0) ──► EVALUATING ──► PROMOTING ──► DONE                       round 0 measures the base policy
                                                    │
      ┌────────────── BeginRound(n + 1) ◄───────────┤◄─────────────────────────────────────────┐
      ▼                                             └──► Finish                                │
    SAMPLING ──► ANNOTATING ──► BUILDING ──► TRAINING ──► EVALUATING ──► PROMOTING ──► DONE ───┤
                   │  ▲   │                                                                    │
                   └──┘   └── SkipTraining: too few corrections ─────────────────────► DONE ───┘
             WaitForAnnotators

Up to TRAINING, SkipTraining also ends a round whose incumbent a person has replaced: whatever would be trained from it
could not be promoted. The next round begins from the person's choice.

A phase names the step that runs next, so a step that was interrupted is returned again; steps are idempotent. Whoever
performs an action commits the round's next phase, the action's ``then``, when it is done. Training never makes
annotators wait: tasks left over when annotation ends stay on the worklist, and their corrections count for the next
round.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from redraft.config import LoopConfig
from redraft.records import Phase, Record, RoundRow


class LoopState(Record):
    """All that the decision depends on.

    ``round`` is the newest one, None before the first. Corrections are answers of kind ``corrected``: ``total`` were
    ever made; ``unused`` are those no promoted policy has learned from, among them a rejected candidate's; ``new`` are
    those in no dataset version yet. Of the tasks that are open, ``tasks_skipped`` were skipped by someone before.
    ``promoted`` is the version that is promoted now, which people may change at any time.
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


class BeginRound(Record):
    """Begin round ``number`` in phase ``then``."""

    number: int
    then: Phase


class Sample(Record):
    """Sample, score and route responses of the incumbent, and put them on the worklist."""

    then: ClassVar[Phase] = Phase.ANNOTATING
    number: int


class WaitForAnnotators(Record):
    """Nothing to do until more answers are in; ``reason`` says what is waited for, for people to read."""

    number: int
    reason: str


class EndAnnotation(Record):
    """Go on with the corrections at hand; ``reason`` says why now."""

    then: ClassVar[Phase] = Phase.BUILDING
    number: int
    reason: str


class SkipTraining(Record):
    """End the round without a candidate, whatever its phase; ``reason`` says why. Its corrections wait for the next."""

    then: ClassVar[Phase] = Phase.DONE
    number: int
    reason: str


class BuildDataset(Record):
    """Make the unused corrections into a dataset version."""

    then: ClassVar[Phase] = Phase.TRAINING
    number: int


class Train(Record):
    """Train a candidate on the round's dataset version, from the incumbent."""

    then: ClassVar[Phase] = Phase.EVALUATING
    number: int


class Evaluate(Record):
    """Measure the round's candidate, in round 0 the base policy, on the held-out splits."""

    then: ClassVar[Phase] = Phase.PROMOTING
    number: int


class Promote(Record):
    """Decide whether the candidate replaces the incumbent; in round 0 the base policy is promoted as it is."""

    then: ClassVar[Phase] = Phase.DONE
    number: int


class Finish(Record):
    """Leave the loop; it goes on from the same place when it is resumed, if there is anything left to do."""

    reason: str


Action = (
    BeginRound
    | Sample
    | WaitForAnnotators
    | EndAnnotation
    | SkipTraining
    | BuildDataset
    | Train
    | Evaluate
    | Promote
    | Finish
)


def next_action(state: LoopState) -> Action:
    """What the loop does next.

    A request to stop wins over everything, then a person's choice of another incumbent. Annotation ends when
    ``train_after`` new corrections are in (never fewer than ``min_corrections``), when ``max_corrections`` are
    reached, or when no task is left that someone works on or that nobody has skipped. The round then trains if there
    is at least one new correction and, with those of rejected candidates, ``min_corrections`` unused ones.
    """
    if state.stop_requested:
        return Finish(reason="stopped on request")
    if state.round is None:
        return BeginRound(number=0, then=Phase.EVALUATING)
    number = state.round.number
    if _overruled(state.round, state.promoted):
        return SkipTraining(number=number, reason=f"a person has put {state.promoted} in the incumbent's place")
    match state.round.phase:
        case Phase.SAMPLING:
            return Sample(number=number)
        case Phase.ANNOTATING:
            return _annotating(state, number)
        case Phase.BUILDING:
            return BuildDataset(number=number)
        case Phase.TRAINING:
            return Train(number=number)
        case Phase.EVALUATING:
            return Evaluate(number=number)
        case Phase.PROMOTING:
            return Promote(number=number)
        case Phase.DONE:
            return _after(state, number)


def _overruled(round: RoundRow, promoted: str | None) -> bool:
    """Whether a person has replaced the incumbent before there was a candidate."""
    untrained = round.candidate is None and round.phase is not Phase.DONE
    return untrained and promoted is not None and promoted != round.incumbent


def _annotating(state: LoopState, number: int) -> Action:
    config = state.config
    enough = max(config.train_after, config.min_corrections) if config.train_after else None
    left = state.tasks_open - state.tasks_skipped + state.tasks_leased
    if enough is not None and state.new_corrections >= enough:
        reason = f"{state.new_corrections} new corrections are in"
    elif _budget_spent(state):
        reason = _budget_reason(state)
    elif left <= 0:
        reason = "the worklist is done"
    else:
        return WaitForAnnotators(number=number, reason=_wait_reason(state, enough))
    if not state.new_corrections:
        return SkipTraining(number=number, reason=f"{reason}, without any new correction")
    if state.unused_corrections < config.min_corrections:
        few = f"{state.unused_corrections} unused corrections, fewer than loop.min_corrections {config.min_corrections}"
        return SkipTraining(number=number, reason=f"{reason}, with {few}")
    return EndAnnotation(number=number, reason=reason)


def _after(state: LoopState, number: int) -> Action:
    if number >= state.config.rounds:
        return Finish(reason=f"all {state.config.rounds} rounds are done")
    if _budget_spent(state):
        return Finish(reason=_budget_reason(state))
    return BeginRound(number=number + 1, then=Phase.SAMPLING)


def _budget_spent(state: LoopState) -> bool:
    limit = state.config.max_corrections
    return limit is not None and state.total_corrections >= limit


def _budget_reason(state: LoopState) -> str:
    return f"{state.total_corrections} corrections were made, the limit is {state.config.max_corrections}"


def _wait_reason(state: LoopState, enough: int | None) -> str:
    who = "people" if state.annotators == "human" else "oracle annotators"
    tasks = f"{state.tasks_open} tasks open, {state.tasks_leased} in work"
    target = "" if enough is None else f" of {enough}"
    return f"waiting for {who}: {tasks}, {state.new_corrections}{target} new corrections"

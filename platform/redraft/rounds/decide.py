"""What the loop does next."""

from __future__ import annotations

from redraft.records import Phase, RoundRow
from redraft.rounds.actions import (
    Action,
    BeginRound,
    BuildDataset,
    EndAnnotation,
    Evaluate,
    Finish,
    Hold,
    Promote,
    Refill,
    Sample,
    SkipTraining,
    Train,
    WaitForAnnotators,
    WatchCanary,
)
from redraft.rounds.state import LoopState
from redraft.rounds.triggers import needs_refill, why_finish, why_not_train_yet, why_stop_asking, why_train_now


def next_action(state: LoopState) -> Action:
    """What the loop does next.

    A request to stop wins over everything, then a pause, then a person's choice of another incumbent. Annotation ends
    when a trigger asks for training, when a limit on people's work is reached, or when no task is left that someone
    works on or that nobody has skipped. The round then trains if there is at least one new correction and, with those
    of rejected candidates, ``min_corrections`` unused ones.
    """
    if state.stop_requested:
        return Finish(reason="stopped on request")
    number = state.round.number if state.round else 0
    if state.paused:
        return Hold(number=number, reason="paused by a person")
    if state.round is None:
        return BeginRound(number=0, then=Phase.EVALUATING)
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
            return _training(state, number)
        case Phase.EVALUATING:
            return Evaluate(number=number)
        case Phase.PROMOTING:
            return WatchCanary(number=number) if state.canary else Promote(number=number)
        case Phase.DONE:
            return _after(state, number)


def _overruled(round: RoundRow, promoted: str | None) -> bool:
    """Whether a person has replaced the incumbent before there was a candidate."""
    untrained = round.candidate is None and round.phase is not Phase.DONE
    return untrained and promoted is not None and promoted != round.incumbent


def _annotating(state: LoopState, number: int) -> Action:
    left = state.tasks_open - state.tasks_skipped + state.tasks_leased
    reason = why_train_now(state) or why_stop_asking(state)
    if reason is None and needs_refill(state):
        return Refill(number=number)
    if reason is None and left > 0:
        return WaitForAnnotators(number=number, reason=_wait_reason(state))
    reason = reason or "the worklist is done"
    few = state.config.min_corrections
    if not state.new_corrections:
        return SkipTraining(number=number, reason=f"{reason}, without any new correction")
    if state.unused_corrections < few:
        with_few = f"{state.unused_corrections} unused corrections, fewer than loop.min_corrections {few}"
        return SkipTraining(number=number, reason=f"{reason}, with {with_few}")
    return EndAnnotation(number=number, reason=reason)


def _training(state: LoopState, number: int) -> Action:
    """Before training begins, people get enough tasks to last."""
    if state.annotators == "human" and needs_refill(state) and why_stop_asking(state) is None:
        return Refill(number=number)
    later = why_not_train_yet(state)
    return Hold(number=number, reason=later) if later else Train(number=number)


def _after(state: LoopState, number: int) -> Action:
    reason = why_finish(state, number)
    return Finish(reason=reason) if reason else BeginRound(number=number + 1, then=Phase.SAMPLING)


def _wait_reason(state: LoopState) -> str:
    config = state.config
    who = "people" if state.annotators == "human" else "oracle annotators"
    tasks = f"{state.tasks_open} tasks open, {state.tasks_leased} in work"
    target = "" if config.train_after is None else f" of {max(config.train_after, config.min_corrections)}"
    return f"waiting for {who}: {tasks}, {state.new_corrections}{target} new corrections"

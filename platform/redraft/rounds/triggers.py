"""Why to train now, why to stop, when to draw more tasks: one small question each, answered in a sentence or not."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.config import LoopConfig
from redraft.quality.shares import least_rise, wilson
from redraft.rounds.state import LoopState


def why_train_now(state: LoopState) -> str | None:
    """The first trigger that asks for training while tasks are left, in words.

    Corrections never ask for it before ``min_corrections`` of them are new; age and drift neither.
    """
    config, new = state.config, state.new_corrections
    if config.train_after is not None and new >= max(config.train_after, config.min_corrections):
        return f"{new} new corrections are in"
    if new < config.min_corrections:
        return None
    if config.train_every_minutes is not None and state.round_minutes >= config.train_every_minutes:
        return f"the round is {state.round_minutes:.0f} minutes old, with {new} new corrections"
    if config.train_on_drift is not None:
        return drift(state.random_arm, config.train_on_drift)
    return None


def when_it_trains(loop: LoopConfig) -> str:
    """The triggers of ``why_train_now`` and the hours of ``why_not_train_yet``, in a sentence."""
    ways = []
    if loop.train_after is not None:
        ways.append(f"once {_counted(loop.train_after, 'new correction')} are in")
    if loop.train_every_minutes is not None:
        ways.append(f"once a round is {loop.train_every_minutes:g} minutes old")
    if loop.train_on_drift is not None:
        ways.append("once the random arm gets clearly worse")
    when = ", or ".join(ways or ["once the worklist is done"])
    hours = loop.train_hours
    within = "" if hours is None else f", only from {hours[0]}:00 to {hours[1]}:00 UTC"
    return f"It trains {when}, on {_counted(loop.min_corrections, 'correction')} at least{within}."


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def drift(wrong: Sequence[bool], lately: int) -> str | None:
    """Whether the last ``lately`` responses are wrong more often than those before them, which must be as many.

    Beyond doubt: the 95 % interval of the difference of the two shares (Newcombe 1998, method 10, from two Wilson
    intervals) lies above zero.
    """
    before, after = wrong[:-lately], wrong[-lately:]
    if len(before) < lately:
        return None
    old, new = wilson(sum(before), len(before)), wilson(sum(after), len(after))
    if least_rise(old, new) <= 0:
        return None
    return (
        f"{100 * new.value:.0f} % of the last {lately} responses of the random arm were wrong, "
        f"{100 * old.value:.0f} % of those before"
    )


def why_stop_asking(state: LoopState) -> str | None:
    """The limit on people's work that is reached, in words: no more corrections are asked for."""
    config = state.config
    if config.max_corrections is not None and state.total_corrections >= config.max_corrections:
        return f"{state.total_corrections} corrections were made, the limit is {config.max_corrections}"
    if config.max_annotator_minutes is not None and state.annotator_minutes >= config.max_annotator_minutes:
        limit = f"the limit is {config.max_annotator_minutes:g}"
        return f"people have worked for {state.annotator_minutes:.0f} minutes, {limit}"
    return None


def why_finish(state: LoopState, number: int) -> str | None:
    """Why the loop ends after round ``number``, in words."""
    config = state.config
    if config.rounds is not None and number >= config.rounds:
        return f"all {config.rounds} rounds are done"
    if config.max_gpu_hours is not None and state.gpu_hours >= config.max_gpu_hours:
        return f"{state.gpu_hours:.1f} GPU-hours were spent, the limit is {config.max_gpu_hours:g}"
    if config.patience is not None and state.fruitless_rounds >= config.patience:
        rounds = "round has" if state.fruitless_rounds == 1 else f"{state.fruitless_rounds} rounds have"
        return f"the curve is flat: the last {rounds} promoted nothing"
    return why_stop_asking(state)


def needs_refill(state: LoopState) -> bool:
    """Whether few tasks are left and more may be drawn."""
    config = state.config
    left = state.tasks_open - state.tasks_skipped
    return left < config.refill_below and state.can_refill and state.refills < config.max_refills


def why_not_train_yet(state: LoopState) -> str | None:
    """Outside ``train_hours``, when training may begin; they may span midnight."""
    hours = state.config.train_hours
    if hours is None or state.hour is None:
        return None
    begin, end = hours
    within = begin <= state.hour < end if begin < end else state.hour >= begin or state.hour < end
    return None if within else f"training begins at {begin:02d}:00 UTC"

"""Why the loop trains, waits, draws more or ends, beyond the counts of corrections."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from redraft.config import Config, LoopConfig
from redraft.records import Phase, RoundRow
from redraft.rounds import (
    BeginRound,
    EndAnnotation,
    Evaluate,
    Finish,
    Hold,
    LoopState,
    Refill,
    SkipTraining,
    Train,
    WaitForAnnotators,
    next_action,
)
from redraft.rounds.triggers import drift


def state(phase: Phase, loop: dict[str, Any], **now: Any) -> LoopState:
    known: dict[str, Any] = {
        "annotators": "human",
        "round": RoundRow(number=1, phase=phase, incumbent="p", started_at=0.0),
        "tasks_open": 9,
        "tasks_leased": 0,
        "new_corrections": 0,
        "total_corrections": now.get("new_corrections", 0),
        "unused_corrections": now.get("new_corrections", 0),
        "stop_requested": False,
    }
    return LoopState.model_validate({"config": LoopConfig.model_validate(loop), **known, **now})


@pytest.mark.parametrize("phase", [phase for phase in Phase])
def test_a_paused_loop_begins_nothing_but_can_be_stopped(phase: Phase) -> None:
    assert next_action(state(phase, {}, paused=True)) == Hold(number=1, reason="paused by a person")
    assert isinstance(next_action(state(phase, {}, paused=True, stop_requested=True)), Finish)


def test_an_old_round_trains_on_what_there_is_if_it_is_enough() -> None:
    loop = {"min_corrections": 10, "train_every_minutes": 30}
    young = state(Phase.ANNOTATING, loop, new_corrections=10, round_minutes=29)
    assert isinstance(next_action(young), WaitForAnnotators)
    few = state(Phase.ANNOTATING, loop, new_corrections=9, round_minutes=300)
    assert isinstance(next_action(few), WaitForAnnotators)
    old = state(Phase.ANNOTATING, loop, new_corrections=10, round_minutes=30)
    assert next_action(old) == EndAnnotation(number=1, reason="the round is 30 minutes old, with 10 new corrections")


def test_drift_by_hand() -> None:
    """2 of 20 against 9 of 20. Wilson intervals by hand: 0.0279 to 0.3010, and 0.2582 to 0.6579.

    The difference is 0.35 and its lower end 0.35 - sqrt((0.45 - 0.2582)^2 + (0.3010 - 0.1)^2) = 0.35 - 0.2778 > 0.
    With 7 of 20 it is 0.25 - sqrt((0.35 - 0.1812)^2 + 0.0404) = 0.25 - 0.2625 < 0.
    """
    before = [True] * 2 + [False] * 18
    told = drift([*before, *[True] * 9, *[False] * 11], 20)
    assert told == "45 % of the last 20 responses of the random arm were wrong, 10 % of those before"
    assert drift([*before, *[True] * 7, *[False] * 13], 20) is None
    assert drift([*[True] * 9, *[False] * 11, *before], 20) is None, "fewer errors are no reason"
    assert drift([False] * 19 + [True] * 20, 20) is None, "nothing to compare with"


def test_drift_trains_early() -> None:
    wrong = (*[False] * 20, *[True] * 20)
    loop = {"min_corrections": 10, "train_on_drift": 20}
    assert isinstance(next_action(state(Phase.ANNOTATING, loop, random_arm=wrong)), WaitForAnnotators)
    drifted = next_action(state(Phase.ANNOTATING, loop, random_arm=wrong, new_corrections=10))
    assert isinstance(drifted, EndAnnotation) and "random arm" in drifted.reason


@pytest.mark.parametrize(
    ("hours", "hour", "may"),
    [
        ([22, 6], 21, False), ([22, 6], 22, True), ([22, 6], 0, True), ([22, 6], 5, True), ([22, 6], 6, False),
        ([9, 17], 8, False), ([9, 17], 9, True), ([9, 17], 16, True), ([9, 17], 17, False),
    ],
)  # fmt: skip
def test_training_begins_within_its_hours_alone(hours: list[int], hour: int, may: bool) -> None:
    action = next_action(state(Phase.TRAINING, {"train_hours": hours}, hour=hour))
    expected = Train(number=1) if may else Hold(number=1, reason=f"training begins at {hours[0]:02d}:00 UTC")
    assert action == expected
    assert next_action(state(Phase.EVALUATING, {"train_hours": hours}, hour=hour)) == Evaluate(number=1)


@pytest.mark.parametrize("hours", [[22, 24], [-1, 3], [5, 5]])
def test_hours_that_are_none(hours: list[int]) -> None:
    with pytest.raises(ValidationError, match="two different hours"):
        LoopConfig.model_validate({"train_hours": hours})


def test_tasks_are_drawn_before_they_run_out_and_before_training() -> None:
    loop = {"min_corrections": 2, "train_after": 5, "refill_below": 4, "max_refills": 2}
    low: dict[str, Any] = {"tasks_open": 5, "tasks_skipped": 2, "can_refill": True, "new_corrections": 3}
    assert next_action(state(Phase.ANNOTATING, loop, **low)) == Refill(number=1)
    assert next_action(state(Phase.TRAINING, loop, **low)) == Refill(number=1)
    assert isinstance(next_action(state(Phase.TRAINING, loop, **low, annotators="oracle")), Train)
    for enough in ({"refills": 2}, {"can_refill": False}, {"tasks_open": 6}):
        assert isinstance(next_action(state(Phase.ANNOTATING, loop, **low | enough)), WaitForAnnotators)
        assert isinstance(next_action(state(Phase.TRAINING, loop, **low | enough)), Train)
    assert isinstance(next_action(state(Phase.ANNOTATING, loop, **low | {"new_corrections": 5})), EndAnnotation)


def test_a_limit_on_peoples_time_ends_annotation_and_then_the_loop() -> None:
    loop = {"min_corrections": 2, "max_annotator_minutes": 60}
    assert isinstance(next_action(state(Phase.ANNOTATING, loop, annotator_minutes=59.9)), WaitForAnnotators)
    spent = {"annotator_minutes": 60.0}
    assert isinstance(next_action(state(Phase.ANNOTATING, loop, **spent, new_corrections=5)), EndAnnotation)
    assert isinstance(next_action(state(Phase.ANNOTATING, loop, **spent)), SkipTraining)
    reason = "people have worked for 60 minutes, the limit is 60"
    assert next_action(state(Phase.DONE, loop, **spent)) == Finish(reason=reason)


def test_gpu_hours_and_a_flat_curve_end_the_loop_after_a_round() -> None:
    loop = {"rounds": None, "max_gpu_hours": 8, "patience": 2}
    assert isinstance(next_action(state(Phase.DONE, loop, gpu_hours=7.9, fruitless_rounds=1)), BeginRound)
    assert isinstance(next_action(state(Phase.TRAINING, loop, gpu_hours=9)), Train), "a round that is begun is ended"
    spent = next_action(state(Phase.DONE, loop, gpu_hours=8))
    assert spent == Finish(reason="8.0 GPU-hours were spent, the limit is 8")
    flat = next_action(state(Phase.DONE, loop, fruitless_rounds=2))
    assert flat == Finish(reason="the curve is flat: the last 2 rounds have promoted nothing")


def test_without_a_number_of_rounds_the_loop_goes_on() -> None:
    config = Config.model_validate({"loop": {"rounds": None}})
    done = state(Phase.DONE, config.loop.model_dump())
    late = done.model_copy(update={"round": RoundRow(number=999, phase=Phase.DONE, incumbent="p", started_at=0.0)})
    assert next_action(late) == BeginRound(number=1000, then=Phase.SAMPLING)

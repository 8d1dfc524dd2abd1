"""What a run has cost, against hand arithmetic."""

from __future__ import annotations

import pytest

from redraft.config import Config
from redraft.cost import gpu_seconds, round_costs
from redraft.runs import Event
from redraft.store.watch import RoundEffort


def event(number: int, step: str, seconds: float) -> Event:
    return Event(at=0.0, round=number, step=step, seconds=seconds)


CONFIG = Config.model_validate(
    {
        "sample": {"actors": 4, "gpus_per_actor": 0.5},
        "train": {"workers": 8, "gpus_per_worker": 1},
        "evaluate": {"actors": 2, "gpus_per_actor": 1},
        "prices": {"gpu_hour": 3.0, "annotator_hour": 20.0},
    }
)
EVENTS = [
    event(0, "evaluate", 50),  # 2 GPUs: 100 s
    event(1, "sample", 100),  # 4 x 0.5 GPUs: 200 s
    event(1, "route", 3),
    event(1, "build", 50),  # 2 GPUs: 100 s
    event(1, "train", 400),  # 8 GPUs: 3200 s
    event(1, "evaluate", 50),  # 2 GPUs: 100 s
    event(0, "run", 9999),
]
EFFORTS = [RoundEffort(round=1, answers=50, corrected=40, seconds=5400.0)]


def test_gpu_seconds_are_what_steps_held_for_as_long_as_they_took() -> None:
    assert gpu_seconds(CONFIG, EVENTS) == {0: 100.0, 1: 3600.0}


def test_money_per_correction_and_point_by_hand() -> None:
    """Round 1: one GPU-hour at 3 and an hour and a half of people at 20 make 33; 40 corrections; 55 % to 33 %."""
    base, first = round_costs(CONFIG, EVENTS, EFFORTS, {0: 0.55, 1: 0.33})
    assert (base.round, base.gpu_seconds, base.corrections, base.money_per_point) == (0, 100.0, 0, None)
    assert base.money == pytest.approx(100 / 3600 * 3)
    assert (first.seconds, first.annotator_minutes, first.corrections) == (600.0, 90.0, 40)
    assert first.money == pytest.approx(33.0)
    assert first.money_per_correction == pytest.approx(33 / 40)
    assert first.points == pytest.approx(22.0)
    assert first.money_per_point == pytest.approx(1.5)


def test_without_prices_there_is_no_money_and_a_round_that_bought_nothing_has_no_price_a_point() -> None:
    unpriced = round_costs(CONFIG.model_copy(update={"prices": Config().prices}), EVENTS, EFFORTS, {})
    assert [row.money for row in unpriced] == [None, None]
    worse = round_costs(CONFIG, EVENTS, EFFORTS, {0: 0.3, 1: 0.3})[1]
    assert worse.points == 0.0 and worse.money_per_point is None

"""What the loop has cost: GPU time of its steps, people's time, and with prices in the config, money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from redraft.config import Config
from redraft.records import Record
from redraft.runs import Event
from redraft.store.watch import RoundEffort

WORKING = ("sample", "build", "train", "evaluate")


class RoundCost(Record):
    """What one round took. ``money`` is None without prices; the last two also where there is nothing to divide by.

    ``points`` is by how many percentage points the response-level rate on the test split fell in the round.
    """

    round: int
    gpu_seconds: float
    seconds: float
    annotator_minutes: float
    corrections: int
    points: float | None = None
    money: float | None = None
    money_per_correction: float | None = None
    money_per_point: float | None = None


def gpus_of(config: Config, step: str) -> float:
    """How many GPUs a step of the loop holds while it runs."""
    if step == "sample":
        return config.sample.actors * config.sample.gpus_per_actor
    if step == "train":
        return config.train.workers * config.train.gpus_per_worker
    if step in ("build", "evaluate"):
        return config.evaluate.actors * config.evaluate.gpus_per_actor
    return 0.0


def gpu_seconds(config: Config, events: Iterable[Event]) -> dict[int, float]:
    """GPU-seconds by round, of steps that ended; what a killed step had used is not known."""
    spent: dict[int, float] = {}
    for event in events:
        held = (event.seconds or 0.0) * gpus_of(config, event.step)
        spent[event.round] = spent.get(event.round, 0.0) + held
    return spent


def round_costs(
    config: Config, events: Sequence[Event], efforts: Sequence[RoundEffort], rates: Mapping[int, float]
) -> list[RoundCost]:
    """A row for every round that did anything.

    Args:
        rates: response-level rate on the test split of the policy in force after each round, by round.
    """
    spent = gpu_seconds(config, events)
    lasted = {number: 0.0 for number in spent}
    for event in events:
        if event.step in WORKING:
            lasted[event.round] += event.seconds or 0.0
    people = {effort.round: effort for effort in efforts}
    numbers = sorted({n for n in spent if lasted[n]} | {n for n in people if n > 0})
    return [_cost(config, n, spent.get(n, 0.0), lasted.get(n, 0.0), people.get(n), _fell(rates, n)) for n in numbers]


def _fell(rates: Mapping[int, float], number: int) -> float | None:
    if number not in rates or number - 1 not in rates:
        return None
    return 100 * (rates[number - 1] - rates[number])


def _cost(
    config: Config, number: int, gpu: float, seconds: float, effort: RoundEffort | None, points: float | None
) -> RoundCost:
    minutes = effort.seconds / 60 if effort else 0.0
    corrections = effort.corrected if effort else 0
    prices = config.prices
    money = None
    if prices.gpu_hour is not None or prices.annotator_hour is not None:
        money = gpu / 3600 * (prices.gpu_hour or 0.0) + minutes / 60 * (prices.annotator_hour or 0.0)
    return RoundCost(
        round=number,
        gpu_seconds=gpu,
        seconds=seconds,
        annotator_minutes=minutes,
        corrections=corrections,
        points=points,
        money=money,
        money_per_correction=money / corrections if money is not None and corrections else None,
        money_per_point=money / points if money is not None and points is not None and points > 0 else None,
    )

"""Labels needed to reach a rate, and how many times fewer than at random.

Intervals are over pictures and walks, drawn together for all strategies as in the scaling study
(``redraft.scaling.resample``), so that every comparison is paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

import numpy as np

from redraft.config.routing import Strategy
from redraft.errors import DataError
from redraft.quality.shares import wilson
from redraft.records import Interval, Record
from redraft.routing_study.design import RoutingStudyConfig
from redraft.routing_study.rows import RoundResult, WalkResult
from redraft.scaling.resample import Floats, counts, interval
from redraft.scaling.targets import Bounded, Reach, bounded, labels_needed

_SEED = 20_417
Cost = Literal["tasks", "minutes", "corrections"]
COSTS: tuple[Cost, ...] = ("tasks", "minutes", "corrections")


class Point(Record):
    """One strategy after one round, mean over its walks; what was spent is the sum up to there."""

    strategy: Strategy
    round: int
    tasks: float
    corrections: float
    segments: float
    minutes: float
    response_rate: Interval
    recall: Interval
    mean_words: float
    hits: float
    """Share of this round's tasks that were corrected."""


class Needed(Record):
    """What a strategy spends until a target is reached, and how many times as much random routing spends."""

    strategy: Strategy
    cost: Cost
    target: float
    needed: Bounded
    random_over: Bounded | None
    """None for random routing itself, and where it was not walked."""


class RandomArm(Record):
    """Whether the random arms' 95 % intervals (Wilson) hold the share of the pool that they estimate."""

    rounds: int
    covered: int
    bias: Interval
    """Mean of estimate minus truth, with a normal interval."""


class RoutingAnalysis(Record):
    """All that the study says. ``walks`` of ``planned`` were done."""

    walks: int
    planned: int
    points: tuple[Point, ...]
    needed: tuple[Needed, ...]
    random_arm: RandomArm


class _Draws:
    """Rates of every strategy after every round, [draws, rounds], the study's own figure first."""

    def __init__(self, config: RoutingStudyConfig, results: Sequence[WalkResult]) -> None:
        units = sorted({(r.walk.base, r.walk.seed) for r in results})
        whole = {
            unit
            for unit in units
            if {r.walk.strategy for r in results if (r.walk.base, r.walk.seed) == unit} >= set(config.strategies)
        }
        if not whole:
            raise DataError("no seed has been walked with every strategy yet: run the study on")
        self.units = [unit for unit in units if unit in whole]
        self.by_place = {(r.walk.strategy, (r.walk.base, r.walk.seed)): r for r in results}
        rng = np.random.default_rng(_SEED)
        images = len(results[0].rounds[0].errors)
        draws = 1 + config.bootstrap
        self.pictures = counts(rng, draws, images, images)
        self.weights = counts(rng, draws, len(self.units), max(1, len(self.units) - 1))

    def walks(self, strategy: Strategy) -> list[WalkResult]:
        return [self.by_place[strategy, unit] for unit in self.units]

    def ratio(self, strategy: Strategy, number: int, above: str, below: str) -> Floats:
        """A figure after one round, [draws]: sums over pictures, then the mean over walks."""
        rounds = [walk.rounds[number] for walk in self.walks(strategy)]
        tops = np.stack([_vector(one, above) for one in rounds], axis=1)
        bottoms = np.stack([_vector(one, below) for one in rounds], axis=1)
        each = (self.pictures @ tops) / np.maximum(self.pictures @ bottoms, 1)
        mean: Floats = (each * self.weights).sum(axis=1) / self.weights.sum(axis=1)
        return mean

    def rates(self, strategy: Strategy, rounds: int) -> Floats:
        columns = [self.ratio(strategy, number, "wrong", "one") for number in range(1, rounds + 1)]
        return np.stack(columns, axis=1)


def analyse(config: RoutingStudyConfig, results: Sequence[WalkResult], planned: int) -> RoutingAnalysis:
    """Of all seeds that were walked with every strategy.

    Raises:
        DataError: there is none.
    """
    draws = _Draws(config, results)
    points = [_point(draws, strategy, number) for strategy in config.strategies for number in range(config.rounds + 1)]
    needed = [
        row for cost in COSTS for target in config.targets for row in _needed(config, draws, points, cost, target)
    ]
    return RoutingAnalysis(
        walks=len(results),
        planned=planned,
        points=tuple(points),
        needed=tuple(needed),
        random_arm=_random_arm([walk for strategy in config.strategies for walk in draws.walks(strategy)]),
    )


def _point(draws: _Draws, strategy: Strategy, number: int) -> Point:
    walks = draws.walks(strategy)
    rate = interval(draws.ratio(strategy, number, "wrong", "one"))
    recall = interval(draws.ratio(strategy, number, "found", "present"))
    assert rate is not None and recall is not None
    here = [walk.rounds[number] for walk in walks]
    return Point(
        strategy=strategy,
        round=number,
        tasks=_spent(walks, number, "tasks"),
        corrections=_spent(walks, number, "corrections"),
        segments=_spent(walks, number, "segments"),
        minutes=_spent(walks, number, "minutes"),
        response_rate=rate,
        recall=recall,
        mean_words=fmean(one.mean_words for one in here),
        hits=sum(one.corrections for one in here) / max(1, sum(one.tasks for one in here)),
    )


def _spent(walks: Sequence[WalkResult], number: int, what: str) -> float:
    return fmean(sum(getattr(one, what) for one in walk.rounds[: number + 1]) for walk in walks)


def _needed(
    config: RoutingStudyConfig, draws: _Draws, points: Sequence[Point], cost: Cost, target: float
) -> list[Needed]:
    reach: dict[Strategy, Reach] = {}
    for strategy in config.strategies:
        spent = [getattr(point, cost) for point in points if point.strategy == strategy and point.round]
        reach[strategy] = labels_needed(spent, draws.rates(strategy, config.rounds), target)
    return [
        Needed(
            strategy=strategy,
            cost=cost,
            target=target,
            needed=bounded(mine),
            random_over=bounded(reach["random"].over(mine)) if "random" in reach and strategy != "random" else None,
        )
        for strategy, mine in reach.items()
    ]


def _random_arm(walks: Sequence[WalkResult]) -> RandomArm:
    rounds = [one for walk in walks for one in walk.rounds if one.random_tasks]
    ends = [wilson(one.random_to_mend, one.random_tasks) for one in rounds]
    covered = sum(end.low <= one.pool_to_mend <= end.high for one, end in zip(rounds, ends, strict=True))
    off = np.array([one.random_to_mend / one.random_tasks - one.pool_to_mend for one in rounds])
    if not len(off):
        return RandomArm(rounds=0, covered=0, bias=Interval(value=0.0, low=0.0, high=0.0))
    half = 1.96 * float(off.std(ddof=1)) / len(off) ** 0.5 if len(off) > 1 else float("inf")
    mean = float(off.mean())
    return RandomArm(rounds=len(rounds), covered=covered, bias=Interval(value=mean, low=mean - half, high=mean + half))


def _vector(one: RoundResult, part: str) -> Floats:
    if part == "one":
        return np.ones(len(one.errors))
    if part == "wrong":
        return (np.array(one.errors) > 0).astype(np.float64)
    return np.array(getattr(one, part), dtype=np.float64)

"""Spends a round's budget: an arm drawn at random, and the rest by a strategy."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from redraft.records import Arm, Record
from redraft.routing.candidates import Candidate, Routed
from redraft.routing.strategies import AtRandom, Strategy


class Budget(Record):
    """What a round may ask of people: so many tasks, and no more than so many expected minutes."""

    tasks: int
    minutes: float | None = None


def route(
    candidates: Sequence[Candidate], *, strategy: Strategy, budget: Budget, random_share: float, seed: int
) -> list[Routed]:
    """Spend the budget on the candidates; the order in which they are listed has no influence.

    First the random arm: ``random_share`` of the tasks, drawn uniformly from all candidates, so that it stays an
    unbiased sample of what the policy writes. Then what the strategy picks from the rest. The two arms are interleaved
    evenly, the random one in random order, so that whoever stops early has seen the same mixture. A budget beyond the
    supply takes everything. What a random strategy picks is part of the random arm.

    Args:
        candidates: of one round, each response once.
        random_share: in ``[0, 1]``.
        seed: of the random arm; give each round its own.

    Returns:
        The highest priority first.

    Raises:
        ValueError: if a response is listed twice.
    """
    by_id = {c.id: c for c in candidates}
    if len(by_id) != len(candidates):
        raise ValueError("a response is listed twice among the candidates")
    ordered = [by_id[id] for id in sorted(by_id)]
    size = _affordable(ordered, strategy, budget, random_share)
    drawn = random.Random(seed).sample(ordered, _share(size, random_share))
    taken = {c.id for c in drawn}
    picked = strategy.pick([c for c in ordered if c.id not in taken], size - len(drawn), drawn)
    arm = Arm.RANDOM if isinstance(strategy, AtRandom) else Arm.UNCERTAIN
    order = _interleave(picked, arm, drawn)
    return [Routed(response_id=id, arm=arm, priority=1 - position / size) for position, (id, arm) in enumerate(order)]


def _affordable(candidates: list[Candidate], strategy: Strategy, budget: Budget, random_share: float) -> int:
    """How many tasks the budget buys, told without drawing: who is drawn must not decide how many are."""
    most = min(budget.tasks, len(candidates))
    if budget.minutes is None or not most:
        return most
    average = float(np.mean([c.minutes for c in candidates]))
    picked = np.cumsum([0.0, *(c.minutes for c in strategy.pick(candidates, most, []))])
    for size in range(most, 0, -1):
        drawn = _share(size, random_share)
        if drawn * average + picked[size - drawn] <= budget.minutes:
            return size
    return 1


def _share(size: int, random_share: float) -> int:
    return int(size * random_share + 0.5)


def _interleave(picked: list[Candidate], arm: Arm, drawn: list[Candidate]) -> list[tuple[str, Arm]]:
    """Both lists in their order, each spread evenly over the whole."""
    placed = [((i + 0.5) / len(picked), 0, c.id, arm) for i, c in enumerate(picked)]
    placed += [((i + 0.5) / len(drawn), 1, c.id, Arm.RANDOM) for i, c in enumerate(drawn)]
    return [(id, arm) for _, _, id, arm in sorted(placed)]

"""Which responses people see: the most uncertain ones, beside an arm drawn at random."""

from __future__ import annotations

import random
from collections.abc import Sequence

from redraft.records import Arm, Record, ResponseScore


class Candidate(Record):
    """A response that may be routed, and the image it is about."""

    score: ResponseScore
    image_id: str


class Routed(Record):
    """A response that goes to a person; of two, the one with the higher ``priority`` goes first, in ``(0, 1]``."""

    response_id: str
    arm: Arm
    priority: float


def route(candidates: Sequence[Candidate], *, budget: int, random_share: float, seed: int) -> list[Routed]:
    """Spend ``budget`` on the candidates; the order in which they are listed has no influence.

    First the random arm: ``random_share`` of the tasks, drawn uniformly from all candidates, so that it stays an
    unbiased sample of what the policy writes. Then the most uncertain of the rest, one an image while there are images
    left, ties by id. The two arms are interleaved evenly, the random one in random order, so that whoever stops early
    has seen the same mixture. A budget beyond the supply takes everything.

    Args:
        candidates: of one round, each response once.
        budget: number of tasks.
        random_share: in ``[0, 1]``.
        seed: of the random arm; give each round its own.

    Returns:
        The highest priority first.

    Raises:
        ValueError: if a response is listed twice.
    """
    by_id = {c.score.response_id: c for c in candidates}
    if len(by_id) != len(candidates):
        raise ValueError("a response is listed twice among the candidates")
    size = min(budget, len(by_id))
    drawn = random.Random(seed).sample(sorted(by_id), int(size * random_share + 0.5))
    taken = {by_id[id].image_id for id in drawn}
    rest = _spread([c for id, c in by_id.items() if id not in set(drawn)], taken)
    uncertain = [c.score.response_id for c in rest[: size - len(drawn)]]
    order = _interleave(uncertain, drawn)
    return [Routed(response_id=id, arm=arm, priority=1 - position / size) for position, (id, arm) in enumerate(order)]


def _spread(candidates: list[Candidate], taken: set[str]) -> list[Candidate]:
    """Most uncertain first, those about an image that was taken before behind all others."""
    first: list[Candidate] = []
    again: list[Candidate] = []
    seen = set(taken)
    for candidate in sorted(candidates, key=lambda c: (-c.score.score, c.score.response_id)):
        (again if candidate.image_id in seen else first).append(candidate)
        seen.add(candidate.image_id)
    return first + again


def _interleave(uncertain: list[str], drawn: list[str]) -> list[tuple[str, Arm]]:
    """Both lists in their order, each spread evenly over the whole."""
    placed = [((i + 0.5) / len(uncertain), 0, id, Arm.UNCERTAIN) for i, id in enumerate(uncertain)]
    placed += [((i + 0.5) / len(drawn), 1, id, Arm.RANDOM) for i, id in enumerate(drawn)]
    return [(id, arm) for _, _, id, arm in sorted(placed)]

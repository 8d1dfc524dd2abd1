"""Responses of simulated policies: texts with a score, and the truth about them, which only annotators see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from redraft.records import ImageItem, Outcome, Response, ResponseScore, RoundRow, Split, TokenTrace
from redraft.routing import Candidate, Effort, candidate_of
from simulation.assumptions import Policies

SENTENCE = "A red cup stands on the table. "
TRACE = TokenTrace(token_ids=(1,), starts=(0,), ends=(0,), logprobs=(0.0,), entropies=(0.0,))


@dataclass(frozen=True)
class Drawn:
    """A response as routing sees it, and how many segments of it are wrong."""

    image: ImageItem
    response: Response
    candidate: Candidate
    segments: int


def draw(
    random: Random, policies: Policies, row: RoundRow, wrong: float, name: str, count: int, effort: Effort
) -> list[Drawn]:
    """A response to each of ``count`` new pictures, by the round's incumbent, of which the share ``wrong`` is wrong."""
    return [_one(random, policies, row, wrong, f"{name}-{i:05d}", effort) for i in range(count)]


def _one(random: Random, policies: Policies, row: RoundRow, wrong: float, name: str, effort: Effort) -> Drawn:
    image = ImageItem(id=f"i{name}", origin=name, split=Split.POOL, blob=f"images/{name}", width=640, height=480)
    segments = 1 + poisson(random, policies.segments - 1) if random.random() < wrong else 0
    words = policies.words * math.exp(random.gauss(0, policies.words_sigma))
    response = Response(
        id=f"r{name}",
        image_id=image.id,
        prompt="Describe this image in detail.",
        text=(SENTENCE * max(1, round(words / len(SENTENCE.split())))).strip(),
        policy=row.incumbent,
        round=row.number,
        sample=0,
        seed=1,
        temperature=0.9,
        top_p=1.0,
        finished=True,
        trace=TRACE,
    )
    expected = max(0.0, segments * math.exp(random.gauss(0, policies.blur)) + random.gauss(0, policies.blur))
    score = ResponseScore(
        response_id=response.id,
        score=1 - math.exp(-expected),
        segments=expected,
        entropy=0.0,
        disagreement=0.0,
        spans=(),
    )
    return Drawn(image, response, candidate_of(response, score, effort), segments)


def measured(policies: Policies, policy: str, wrong: float, images: int, seed: int) -> list[Outcome]:
    """A policy on held-out pictures, of which ``alike`` are as hard for it as for every other policy."""
    everybody, own = Random(f"dev {seed}"), Random(f"dev {seed} {policy}")
    difficulties = [(everybody.random(), everybody.random(), own.random()) for _ in range(images)]
    return [
        Outcome(
            image_id=f"dev-{i}",
            prompt="Describe this image in detail.",
            scene="park",
            text="A cat.",
            mentions=2,
            errors=int((shared if kind < policies.alike else mine) < wrong),
            error_types=(),
            found=1,
            present=1,
            words=65,
        )
        for i, (kind, shared, mine) in enumerate(difficulties)
    ]


def poisson(random: Random, mean: float) -> int:
    """Drawn by counting (Knuth); for small means."""
    limit, count, product = math.exp(-mean), 0, random.random()
    while product > limit:
        count, product = count + 1, product * random.random()
    return count

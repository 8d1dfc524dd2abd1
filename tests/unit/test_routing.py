"""Routing spends the budget, keeps its random arm honest, and does not care about order."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.config import RouteConfig
from redraft.records import Arm, ResponseScore
from redraft.routing import Budget, Candidate, Routed, open_strategy
from redraft.routing import route as route_by


def candidate(id: str, score: float, image: str | None = None) -> Candidate:
    scored = ResponseScore(response_id=id, score=score, entropy=0.0, disagreement=0.0, spans=())
    return Candidate(score=scored, image_id=image or f"image of {id}")


def route(pool: list[Candidate], *, budget: int, random_share: float, seed: int) -> list[Routed]:
    doubt = open_strategy(RouteConfig(strategy="uncertainty"), seed=0)
    return route_by(pool, strategy=doubt, budget=Budget(tasks=budget), random_share=random_share, seed=seed)


def by_scores(*scores: float) -> list[Candidate]:
    return [candidate(f"r{i:03d}", score) for i, score in enumerate(scores)]


@st.composite
def rounds(draw: st.DrawFn) -> list[Candidate]:
    scores = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9]), max_size=25))
    images = draw(st.lists(st.sampled_from("abcdefgh"), min_size=len(scores), max_size=len(scores)))
    return [candidate(f"r{i:03d}", s, image) for i, (s, image) in enumerate(zip(scores, images, strict=True))]


def test_without_a_random_arm_the_most_uncertain_go_first_and_ties_go_by_id() -> None:
    routed = route(by_scores(0.1, 0.9, 0.5, 0.9, 0.2), budget=3, random_share=0, seed=0)
    assert [r.response_id for r in routed] == ["r001", "r003", "r002"]
    assert {r.arm for r in routed} == {Arm.UNCERTAIN}


def test_the_random_arm_is_spread_evenly_over_the_queue() -> None:
    routed = route(by_scores(*[i / 200 for i in range(200)]), budget=50, random_share=0.2, seed=3)
    places = [i for i, r in enumerate(routed) if r.arm is Arm.RANDOM]
    assert len(places) == 10
    assert all(sum(5 * k <= p < 5 * k + 5 for p in places) == 1 for k in range(10))


def test_the_random_arm_is_drawn_from_all_responses_alike() -> None:
    pool = by_scores(*[i / 20 for i in range(20)])
    counts: Counter[str] = Counter()
    firsts: Counter[str] = Counter()
    for seed in range(2000):
        drawn = [r.response_id for r in route(pool, budget=10, random_share=0.2, seed=seed) if r.arm is Arm.RANDOM]
        counts.update(drawn)
        firsts[drawn[0]] += 1
    # 2000 draws of 2 out of 20: 200 each, standard deviation 13; whoever comes first in line: 100 each, 10
    assert all(130 < counts[c.score.response_id] < 270 for c in pool)
    assert all(50 < firsts[c.score.response_id] < 150 for c in pool)


def test_an_image_gets_its_second_task_only_when_all_others_had_one() -> None:
    pool = [candidate("a1", 0.9, "a"), candidate("a2", 0.8, "a"), candidate("b1", 0.1, "b"), candidate("b2", 0.05, "b")]
    assert [r.response_id for r in route(pool, budget=4, random_share=0, seed=0)] == ["a1", "b1", "a2", "b2"]


def test_nothing_to_route_gives_nothing() -> None:
    assert route([], budget=5, random_share=0.2, seed=0) == []


def test_a_response_listed_twice_is_a_bug() -> None:
    with pytest.raises(ValueError, match="twice"):
        route([*by_scores(0.1), *by_scores(0.2)], budget=1, random_share=0, seed=0)


@given(rounds(), st.integers(1, 30), st.floats(0, 1), st.integers(0, 99), st.randoms(use_true_random=False))
def test_invariants(pool: list[Candidate], budget: int, share: float, seed: int, rng: random.Random) -> None:
    routed = route(pool, budget=budget, random_share=share, seed=seed)
    ids = [r.response_id for r in routed]
    size = min(budget, len(pool))
    assert len(set(ids)) == len(ids) == size
    assert set(ids) <= {c.score.response_id for c in pool}
    assert abs(sum(r.arm is Arm.RANDOM for r in routed) - share * size) <= 0.5
    priorities = [r.priority for r in routed]
    assert priorities == sorted(set(priorities), reverse=True)
    assert all(0 < p <= 1 for p in priorities)
    shuffled = list(pool)
    rng.shuffle(shuffled)
    assert route(shuffled, budget=budget, random_share=share, seed=seed) == routed


@given(rounds(), st.integers(1, 30), st.floats(0, 1), st.integers(0, 99))
def test_the_arms_do_not_depend_on_scores_and_the_rest_is_the_best_there_is(
    pool: list[Candidate], budget: int, share: float, seed: int
) -> None:
    routed = route(pool, budget=budget, random_share=share, seed=seed)
    drawn = {r.response_id for r in routed if r.arm is Arm.RANDOM}
    flat = [candidate(c.score.response_id, 0.5, c.image_id) for c in pool]
    again = route(flat, budget=budget, random_share=share, seed=seed)
    assert drawn == {r.response_id for r in again if r.arm is Arm.RANDOM}

    scores = {c.score.response_id: c.score.score for c in pool}
    images = {c.score.response_id: c.image_id for c in pool}
    chosen = [r.response_id for r in routed if r.arm is Arm.UNCERTAIN]
    left = set(scores) - set(chosen) - drawn
    fresh_left = {id for id in left if images[id] not in {images[i] for i in [*chosen, *drawn]}}
    assert not chosen or all(scores[id] <= max(scores[i] for i in chosen) for id in fresh_left)

"""Each strategy spends the budget on what it says it does; minutes are kept; near-duplicates are thinned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from redraft.config import Config, RouteConfig
from redraft.config.routing import Strategy
from redraft.records import Answer, Arm, Correction, Edit, HallucinationType, ResponseScore
from redraft.routing import Budget, Candidate, Effort, fit_effort, open_strategy, route
from redraft.routing.diversity import k_center, unit


def candidate(
    id: str,
    *,
    score: float = 0.5,
    segments: float = 1.0,
    minutes: float = 1.0,
    image: str = "",
    at: tuple[float, ...] | None = None,
) -> Candidate:
    scored = ResponseScore(response_id=id, score=score, segments=segments, entropy=0.0, disagreement=0.0, spans=())
    return Candidate(score=scored, image_id=image or id, minutes=minutes, embedding=at)


def chosen(strategy: Strategy, pool: list[Candidate], count: int, *, shortlist: float = 2.0) -> list[str]:
    config = RouteConfig(strategy=strategy, shortlist=shortlist)
    return [c.id for c in open_strategy(config, seed=0).pick(pool, count, [])]


POOL = [
    candidate("sure", score=0.1, segments=0.1, minutes=0.2),
    candidate("long and wrong", score=0.9, segments=6.0, minutes=6.0),
    candidate("short and wrong", score=0.8, segments=2.0, minutes=0.5),
    candidate("likely one error", score=0.95, segments=1.0, minutes=1.0),
]


def test_uncertainty_goes_by_the_score_and_a_probe_by_corrected_segments_a_minute() -> None:
    assert chosen("uncertainty", POOL, 2) == ["likely one error", "long and wrong"]
    assert chosen("probe", POOL, 2) == ["short and wrong", "likely one error"]


def test_random_is_marked_as_the_random_arm_whole() -> None:
    routed = route(
        POOL,
        strategy=open_strategy(RouteConfig(strategy="random"), 3),
        budget=Budget(tasks=3),
        random_share=0.2,
        seed=1,
    )
    assert len(routed) == 3
    assert {r.arm for r in routed} == {Arm.RANDOM}


def test_diversity_passes_over_a_near_duplicate_for_something_else() -> None:
    pool = [
        candidate("best", segments=5, at=(1.0, 0.0)),
        candidate("its twin", segments=4, at=(1.0, 0.001)),
        candidate("another kind", segments=3, at=(-1.0, 0.2)),
        candidate("too sure", segments=0.1, at=(0.0, -9.0)),
    ]
    assert chosen("probe", pool, 2) == ["best", "its twin"]
    assert chosen("probe+diversity", pool, 2, shortlist=1.5) == ["best", "another kind"]


def test_without_embeddings_diversity_is_the_probes_order() -> None:
    assert chosen("probe+diversity", POOL, 3) == chosen("probe", POOL, 3)


def test_what_is_routed_at_random_counts_as_taken_by_diversity() -> None:
    pool = [candidate("near", segments=5, at=(1.0, 0.0)), candidate("far", segments=4, at=(-1.0, 0.1))]
    beside = [candidate("drawn", at=(1.0, 0.01))]
    diverse = open_strategy(RouteConfig(strategy="probe+diversity"), seed=0)
    assert [c.id for c in diverse.pick(pool, 1, beside)] == ["far"]


points = st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=14)


@given(points, st.integers(1, 14))
def test_k_center_takes_each_once_and_each_next_the_farthest(drawn: list[tuple[float, float]], count: int) -> None:
    at = np.array(drawn)
    taken = k_center(at, count, np.zeros((0, 2)))
    assert len(taken) == len(set(taken)) == min(count, len(drawn))
    for step in range(1, len(taken)):
        before = at[taken[:step]]
        apart = np.linalg.norm(at[:, None] - before[None], axis=2).min(axis=1)
        left = [i for i in range(len(at)) if i not in taken[:step]]
        assert apart[taken[step]] == max(apart[left])


@given(points, st.integers(1, 5))
def test_k_center_covers_within_twice_the_least_radius(drawn: list[tuple[float, float]], count: int) -> None:
    """Against all choices of centers among the points, which is within a factor of itself of any centers at all."""
    from itertools import combinations

    at = np.array(drawn[:8])
    count = min(count, len(at))

    def radius(centers: tuple[int, ...]) -> float:
        return float(np.linalg.norm(at[:, None] - at[list(centers)][None], axis=2).min(axis=1).max())

    least = min(radius(centers) for centers in combinations(range(len(at)), count))
    assert radius(tuple(k_center(at, count, np.zeros((0, 2))))) <= 2 * least + 1e-9


def test_embeddings_are_compared_by_angle_around_their_middle() -> None:
    placed = unit([(10.0, 0.0), (12.0, 0.0), (11.0, 1.0), (11.0, -1.0)])
    assert placed == pytest.approx(np.array([[-1, 0], [1, 0], [0, 1], [0, -1]]))


@given(
    st.lists(st.floats(0.1, 5), min_size=1, max_size=20),
    st.integers(1, 25),
    st.floats(0.5, 30),
    st.sampled_from([0.0, 0.2, 1.0]),
)
def test_minutes_are_not_overspent_by_what_is_chosen(
    minutes: list[float], tasks: int, most: float, share: float
) -> None:
    pool = [candidate(f"r{i:02d}", minutes=m, segments=1.0) for i, m in enumerate(minutes)]
    strategy = open_strategy(RouteConfig(strategy="probe"), 0)
    spend = [
        route(pool, strategy=strategy, budget=Budget(tasks=tasks, minutes=most), random_share=share, seed=seed)
        for seed in range(3)
    ]
    assert len({len(routed) for routed in spend}) == 1, "who is drawn decides how many are"
    assert 1 <= len(spend[0]) <= min(tasks, len(pool))
    if share == 0:
        used = sum(next(c.minutes for c in pool if c.id == r.response_id) for r in spend[0])
        assert used <= most + 1e-9 or len(spend[0]) == 1


def answer(words: int, segments: int, seconds: float, number: int) -> Correction:
    text = " ".join(["word"] * words)
    edits = tuple(
        Edit(start=10 * at, end=10 * at + 4, replacement="other", type=HallucinationType.OBJECT)
        for at in range(segments)
    )
    return Correction(
        id=str(number),
        task_id=str(number),
        round=1,
        annotator="ann",
        answer=Answer.CORRECTED if edits else Answer.CLEAN,
        original=text,
        corrected=text,
        edits=edits,
        arm=Arm.RANDOM,
        seconds=seconds,
        submitted_at=0.0,
    )


def test_effort_is_learnt_from_timed_answers() -> None:
    answers = [
        answer(words, segments, 4 + 0.5 * words + 12 * segments, number)
        for number, (words, segments) in enumerate((w, s) for w in (20, 40, 60, 80) for s in range(10))
    ]
    fitted = fit_effort(answers)
    assert (fitted.fixed, fitted.per_word, fitted.per_segment) == pytest.approx((4, 0.5, 12))
    assert fitted.answers == 40
    assert fitted.minutes(60, 1) == pytest.approx((4 + 30 + 12) / 60)


def test_effort_stays_a_guess_with_few_answers_or_with_none_that_took_time() -> None:
    assert fit_effort([answer(40, 1, 30.0, n) for n in range(29)]) == Effort()
    assert fit_effort([answer(40, 1, 0.0, n) for n in range(300)]) == Effort()


def test_diversity_needs_hidden_states() -> None:
    remote = {"engine": "remote", "endpoint": {"url": "http://127.0.0.1:1/v1"}}
    with pytest.raises(ValidationError, match="hidden states"):
        Config.model_validate({"route": {"strategy": "probe+diversity"}, "sample": remote})

"""Stale tasks stay only if they would be chosen today, in one order with the fresh ones."""

from __future__ import annotations

from redraft.records import ResponseScore
from redraft.routing import Candidate
from redraft.routing.stale import still_worth


def worth(id: str, value: float) -> Candidate:
    scored = ResponseScore(response_id=id, score=0.5, segments=value, entropy=0.0, disagreement=0.0, spans=())
    return Candidate(score=scored, image_id=id)


def test_what_would_be_chosen_today_stays_in_its_place() -> None:
    fresh = [worth(f"fresh {value}", value) for value in (1.0, 2.0, 3.0, 4.0)]
    stale = [worth("worse", 0.9), worth("as the least", 1.0), worth("between", 2.5), worth("best", 9.0)]
    kept = still_worth(stale, fresh, lambda candidate: candidate.rate)
    assert kept == {"as the least": 0.25, "between": 0.5, "best": 1.0}


def test_with_nothing_fresh_nothing_stays() -> None:
    assert still_worth([worth("stale", 1.0)], [], lambda candidate: candidate.rate) == {}

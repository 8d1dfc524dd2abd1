"""Which tasks overlap is drawn once and for all."""

from __future__ import annotations

from redraft.config import Config
from redraft_actors.sampling import answers_wanted


def wanted(share: float, seed: int = 7, overlap: int = 3) -> list[int]:
    config = Config.model_validate({"seed": seed, "annotate": {"overlap_share": share, "overlap": overlap}})
    return [answers_wanted(config, f"response-{i}") for i in range(400)]


def test_the_share_that_is_asked_for_overlaps_and_always_the_same_tasks() -> None:
    assert set(wanted(0.0)) == {1}
    assert set(wanted(1.0)) == {3}
    some = wanted(0.25)
    assert set(some) == {1, 3}
    assert 70 <= some.count(3) <= 130
    assert some == wanted(0.25) != wanted(0.25, seed=8)
    assert all(more >= less for more, less in zip(wanted(0.5), some, strict=True)), "a larger share holds the smaller"

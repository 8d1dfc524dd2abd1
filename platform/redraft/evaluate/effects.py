"""What corrections did: how the probability of their segments changed from policy to policy, along the lineage.

The figure is the *lean* of a pair, the mean log-probability of the corrected words minus that of the words they
replaced, in nats per token; a pure deletion or insertion has one side alone. Pairs that a policy was trained on are
told from those that came later and are new to it: where only the former lean, the policy has memorised, where both do,
it has learnt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from redraft.evaluate.bootstrap import ImageBootstrap
from redraft.records import Interval


@dataclass(frozen=True)
class SegmentLogps:
    """One correction under one policy: mean log-probabilities in nats per token, None where there is no such token."""

    correction: str
    image_id: str
    chosen: float | None
    rejected: float | None
    unchanged: float | None

    @property
    def lean(self) -> float:
        """How far the policy leans to the corrected words."""
        return (self.chosen or 0.0) - (self.rejected or 0.0)


@dataclass(frozen=True)
class Effect:
    """A dataset's corrections under a policy, compared with the policy that wrote the original texts.

    ``trained`` says whether the policy or an ancestor was trained on them.
    """

    dataset: str
    policy: str
    trained: bool
    corrections: int
    lean: Interval
    chosen: float
    rejected: float
    unchanged: float


def mean_of(logps: Sequence[float], wanted: Iterable[bool]) -> float | None:
    """The mean over the wanted tokens; None where none is."""
    kept = [value for value, keep in zip(logps, wanted, strict=True) if keep]
    return fmean(kept) if kept else None


def effect(
    dataset: str,
    policy: str,
    before: Mapping[str, SegmentLogps],
    after: Mapping[str, SegmentLogps],
    *,
    trained: bool,
    bootstrap: int,
    seed: int,
) -> Effect:
    """The change from ``before`` (the writer) to ``after``, over the same corrections; intervals over pictures."""
    keys = sorted(before)
    draws = ImageBootstrap([before[key].image_id for key in keys], resamples=bootstrap, seed=seed)
    return Effect(
        dataset=dataset,
        policy=policy,
        trained=trained,
        corrections=len(keys),
        lean=draws.mean([after[key].lean - before[key].lean for key in keys]),
        chosen=_change("chosen", keys, before, after),
        rejected=_change("rejected", keys, before, after),
        unchanged=_change("unchanged", keys, before, after),
    )


def _change(
    side: str, keys: Sequence[str], before: Mapping[str, SegmentLogps], after: Mapping[str, SegmentLogps]
) -> float:
    pairs = [(getattr(after[key], side), getattr(before[key], side)) for key in keys]
    known = [now - then for now, then in pairs if now is not None and then is not None]
    return fmean(known) if known else 0.0

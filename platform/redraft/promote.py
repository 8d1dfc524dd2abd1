"""Whether a candidate replaces the incumbent: fewer hallucinations, and not by saying less."""

from __future__ import annotations

from collections.abc import Sequence

from redraft.config import PromoteConfig
from redraft.evaluate import descriptions, paired_difference
from redraft.records import Interval, Outcome, Verdict

_ROUNDING = 1e-9


def decide(
    candidate: Sequence[Outcome],
    incumbent: Sequence[Outcome],
    config: PromoteConfig,
    *,
    candidate_id: str,
    incumbent_id: str,
    bootstrap: int,
    seed: int,
) -> Verdict:
    """Compare two policies on the same descriptions.

    The candidate is promoted if the paired interval of the response-level rate, candidate minus incumbent, lies
    entirely below zero, recall falls by no more than ``max_recall_drop`` and mean length changes by no more than
    ``max_length_change``. ``reasons`` has a sentence for each of the three, passed or failed.

    Raises:
        DataError: if the two did not answer the same prompts about the same images.
    """
    difference = paired_difference(candidate, incumbent, bootstrap=bootstrap, seed=seed, confidence=config.confidence)
    checks = (
        _fewer(difference, config.confidence),
        _recall(_recall_of(candidate), _recall_of(incumbent), config.max_recall_drop),
        _length(_words_of(candidate), _words_of(incumbent), config.max_length_change),
    )
    return Verdict(
        candidate=candidate_id,
        incumbent=incumbent_id,
        promoted=all(passed for passed, _ in checks),
        difference=difference,
        reasons=tuple(reason for _, reason in checks),
    )


def _fewer(difference: Interval, confidence: float) -> tuple[bool, str]:
    passed = difference.high < 0
    change = (
        f"the share of responses with an error changes by {100 * difference.value:+.1f} points "
        f"({100 * confidence:g} % interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
    )
    return passed, _sentence(passed, change, "the whole interval must lie below zero")


def _recall(candidate: float, incumbent: float, most: float) -> tuple[bool, str]:
    passed = incumbent - candidate <= most + _ROUNDING
    change = f"recall goes from {incumbent:.3f} to {candidate:.3f}"
    return passed, _sentence(passed, change, f"it may fall by at most {most:g}")


def _length(candidate: float, incumbent: float, most: float) -> tuple[bool, str]:
    change = candidate / incumbent - 1 if incumbent else float(candidate > 0)
    passed = abs(change) <= most + _ROUNDING
    told = f"mean length goes from {incumbent:.1f} to {candidate:.1f} words ({100 * change:+.1f} %)"
    return passed, _sentence(passed, told, f"it may change by at most {100 * most:g} %")


def _sentence(passed: bool, change: str, limit: str) -> str:
    return f"{'Passed' if passed else 'Failed'}: {change}; {limit}."


def _recall_of(outcomes: Sequence[Outcome]) -> float:
    described = descriptions(outcomes)
    return sum(o.found for o in described) / sum(o.present for o in described)


def _words_of(outcomes: Sequence[Outcome]) -> float:
    described = descriptions(outcomes)
    return sum(o.words for o in described) / len(described)

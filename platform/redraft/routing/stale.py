"""Open tasks that an older policy wrote: what is still worth asking about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from redraft.routing.candidates import Candidate


def still_worth(
    stale: Sequence[Candidate], chosen: Sequence[Candidate], by: Callable[[Candidate], float]
) -> dict[str, float]:
    """New priorities, in ``(0, 1]``, of the stale responses that are worth at least as much as the least of ``chosen``.

    A priority is the share of the chosen that are worth no more, so stale and fresh tasks are in one order. What is not
    named should be asked about no longer. With nothing chosen, nothing is.
    """
    worth = sorted(by(candidate) for candidate in chosen)
    if not worth:
        return {}
    kept = [candidate for candidate in stale if by(candidate) >= worth[0]]
    return {candidate.id: bisect_right(worth, by(candidate)) / len(worth) for candidate in kept}

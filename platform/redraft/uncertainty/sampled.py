"""A response as signals see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redraft.claims import Claim, ClaimExtractor
from redraft.records import Response, ResponseScore
from redraft.uncertainty.scoring import score_response

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SampledResponse:
    """A response, the claims it makes, and those of the other samples for its image and prompt.

    ``mixture`` is its score without any label (``score_response``); one span a claim, in the claims' order. Two are
    equal if they are one object, so that signals can be kept by it.
    """

    response: Response
    claims: tuple[Claim, ...]
    other_claims: tuple[tuple[Claim, ...], ...]
    mixture: ResponseScore

    def inside(self, claim: Claim) -> NDArray[np.bool_]:
        """``[tokens]``, whether a token's characters overlap the claim's."""
        trace = self.response.trace
        return (np.array(trace.starts) < claim.span.end) & (np.array(trace.ends) > claim.span.start)


def observe(
    response: Response, others: Sequence[Response], entropy_weight: float, extractor: ClaimExtractor
) -> SampledResponse:
    """Put together what signals are computed from.

    Raises:
        ValueError: as ``score_response``.
    """
    return SampledResponse(
        response=response,
        claims=extractor.extract(response.text),
        other_claims=tuple(extractor.extract(other.text) for other in others),
        mixture=score_response(response, others, entropy_weight, extractor),
    )

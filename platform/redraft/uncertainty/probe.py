"""The probe as it is kept: numbers in JSON, read and checked; scoring needs nothing but numpy."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, FiniteFloat, PositiveInt, model_validator

from redraft.records import Record, ResponseScore, SpanScore
from redraft.uncertainty.calibrating import Calibration, sigmoid
from redraft.uncertainty.sampled import Floats, SampledResponse
from redraft.uncertainty.scoring import expected_segments
from redraft.uncertainty.signals import FEATURES_VERSION, SIGNALS, features


class Probe(Record):
    """Logistic regression over standardised signals of a claim.

    ``p = sigmoid(intercept + coefficients · (x - means) / scales)`` is the chance of a claim to be wrong, and
    ``1 - Π (1 - p)`` over the claims that of a response, as if errors were independent, which they are not; what that
    gets wrong, the response's own calibration mends. ``policy`` is the version it was fitted for, ``responses`` and
    ``claims`` are how many it was fitted on.
    """

    features_version: int
    features: tuple[str, ...] = Field(min_length=1)
    means: tuple[FiniteFloat, ...]
    scales: tuple[FiniteFloat, ...]
    coefficients: tuple[FiniteFloat, ...]
    intercept: FiniteFloat
    claim_calibration: Calibration
    response_calibration: Calibration
    policy: str
    responses: PositiveInt
    claims: PositiveInt

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.features_version != FEATURES_VERSION or not set(self.features) <= set(SIGNALS):
            raise ValueError(
                f"the probe reads features of version {self.features_version}, this is version {FEATURES_VERSION}"
            )
        if {len(self.means), len(self.scales), len(self.coefficients)} != {len(self.features)}:
            raise ValueError("the probe needs a mean, a scale and a coefficient for every feature")
        if not all(scale > 0 for scale in self.scales):
            raise ValueError("the probe's scales must be above 0")
        return self

    def raw(self, sampled: SampledResponse) -> Floats:
        """``[claims]``, the chances before calibration."""
        if not sampled.claims:
            return np.zeros(0)
        standard = (features(sampled, self.features) - np.array(self.means)) / np.array(self.scales)
        return sigmoid(standard @ np.array(self.coefficients) + self.intercept)

    def score(self, sampled: SampledResponse) -> ResponseScore:
        """The response with the chance of each claim, and of the whole, to be wrong."""
        raw = self.raw(sampled)
        (whole,) = self.response_calibration.apply(np.array([any_wrong(raw)]))
        chances = self.claim_calibration.apply(raw).tolist()
        spans = zip(sampled.claims, chances, strict=True)
        return sampled.mixture.model_copy(
            update={
                "score": float(whole),
                "segments": expected_segments(sampled.claims, chances),
                "spans": tuple(SpanScore(span=claim.span, score=p) for claim, p in spans),
            }
        )


def any_wrong(chances: Floats) -> float:
    """The chance that at least one of independent claims is wrong; 0 of none."""
    return float(-np.expm1(np.log1p(-np.minimum(chances, 1 - 1e-12)).sum()))

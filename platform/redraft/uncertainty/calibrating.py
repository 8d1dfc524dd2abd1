"""From scores to probabilities: how often is what scores so much wrong?

| random-arm responses       | both classes among them | method                                          |
|----------------------------|-------------------------|-------------------------------------------------|
| `isotonic_from` or more    | 10 of each              | isotonic regression (Zadrozny and Elkan, 2002)  |
| `platt_from` or more       | 5 of each               | Platt scaling (1999), on the score's logit      |
| fewer                      |                         | none: the score itself                          |

Platt's line that falls would turn the order round; then there is none either.
"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from redraft.config import UncertaintyConfig
from redraft.records import Record
from redraft.uncertainty.sampled import Floats

ORDER_SHARE = 1e-3
"""Weight of the score itself in what isotonic regression gives: its steps would otherwise be ties."""

_LOGIT_LIMIT = 1e-6


class Calibration(Record):
    """A rising map of ``[0, 1]`` into itself.

    ``knots`` and ``heights`` are isotonic regression's, with straight lines between them; ``slope`` and ``intercept``
    Platt's, on the logit. ``responses`` is how many of the random arm it is made from.
    """

    method: Literal["isotonic", "platt", "none"] = "none"
    responses: int = Field(0, ge=0)
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    slope: float = Field(1.0, gt=0, allow_inf_nan=False)
    intercept: float = Field(0.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.knots) != len(self.heights) or (self.method == "isotonic") != bool(self.knots):
            raise ValueError("isotonic calibration needs a height for every knot")
        rising = list(self.knots) == sorted(self.knots) and list(self.heights) == sorted(self.heights)
        if not rising or not all(0 <= x <= 1 for x in (*self.knots, *self.heights)):
            raise ValueError("isotonic calibration must rise within 0 and 1")
        return self

    def apply(self, scores: Floats) -> Floats:
        """Scores ``[n]`` to probabilities ``[n]``."""
        if self.method == "isotonic":
            steps = np.interp(scores, self.knots, self.heights)
            return (1 - ORDER_SHARE) * steps + ORDER_SHARE * scores
        if self.method == "platt":
            return sigmoid(self.slope * logit(scores) + self.intercept)
        return scores


def calibrate(scores: Floats, wrong: NDArray[np.bool_], responses: int, config: UncertaintyConfig) -> Calibration:
    """Choose the method by the table above and fit it.

    Args:
        scores: ``[n]`` in ``[0, 1]``, of what the scorer was not fitted on.
        wrong: ``[n]``, what people found.
        responses: of the random arm, that the n are from.
    """
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    rarer = min(int(wrong.sum()), int((~wrong).sum()))
    if responses >= config.isotonic_from and rarer >= 10:
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, wrong.astype(float))
        heights = np.clip(fitted.y_thresholds_, 0.0, 1.0)
        return Calibration(
            method="isotonic",
            responses=responses,
            knots=tuple(np.clip(fitted.X_thresholds_, 0.0, 1.0).tolist()),
            heights=tuple(np.maximum.accumulate(heights).tolist()),
        )
    if responses >= config.platt_from and rarer >= 5:
        line = LogisticRegression(C=1e3).fit(logit(scores)[:, None], wrong)
        slope = float(line.coef_[0, 0])
        if slope > 0:
            return Calibration(method="platt", responses=responses, slope=slope, intercept=float(line.intercept_[0]))
    return Calibration(responses=responses)


def logit(scores: Floats) -> Floats:
    """Log-odds, of scores kept a millionth away from 0 and 1."""
    clipped = np.clip(scores, _LOGIT_LIMIT, 1 - _LOGIT_LIMIT)
    return np.asarray(np.log(clipped) - np.log1p(-clipped), dtype=np.float64)


def sigmoid(values: Floats) -> Floats:
    """The inverse of ``logit``, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)), dtype=np.float64)

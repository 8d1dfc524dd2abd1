"""How long a person takes over a response: some seconds anyway, some for each word read and each segment mended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from redraft.quality.segments_found import JUDGED, segments_of
from redraft.records import Correction, Record

LEAST_ANSWERS = 30
"""Timed answers from which the seconds are fitted."""

_LONGEST = 900.0
_LEAST_SECONDS = 1.0


class Effort(Record):
    """``seconds = fixed + per_word * words + per_segment * segments``.

    The defaults are a guess until there are answers: 240 words a minute are read, a correction takes ten seconds.
    ``answers`` is how many it was fitted on, 0 for the guess.
    """

    fixed: float = Field(default=5.0, ge=0)
    per_word: float = Field(default=0.25, ge=0)
    per_segment: float = Field(default=10.0, ge=0)
    answers: int = 0

    def minutes(self, words: int, segments: float) -> float:
        """Expected active minutes, a second at the least."""
        seconds = self.fixed + self.per_word * words + self.per_segment * segments
        return max(_LEAST_SECONDS, seconds) / 60


def fit_effort(answers: Sequence[Correction]) -> Effort:
    """Non-negative least squares over timed answers; the guess where fewer than ``LEAST_ANSWERS`` are.

    Answers without a time, as programs give them, are left out; one over a quarter of an hour counts as that.
    """
    from sklearn.linear_model import LinearRegression

    timed = [a for a in answers if a.current and not a.review and a.answer in JUDGED and a.seconds >= _LEAST_SECONDS]
    if len(timed) < LEAST_ANSWERS:
        return Effort()
    rows = np.array([[1.0, len(a.original.split()), len(segments_of(a))] for a in timed])
    seconds = np.minimum([a.seconds for a in timed], _LONGEST)
    fitted = LinearRegression(fit_intercept=False, positive=True).fit(rows, seconds)
    fixed, per_word, per_segment = (float(value) for value in fitted.coef_)
    return Effort(fixed=fixed, per_word=per_word, per_segment=per_segment, answers=len(timed))

"""The percentile bootstrap over images (Efron and Tibshirani, 1993, chapter 13).

Responses to one image are not independent, so whole images are drawn with replacement, never single responses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from redraft.errors import DataError
from redraft.records import Interval

Floats = NDArray[np.float64]
_DRAWS_AT_ONCE = 4_000_000


class ImageBootstrap:
    """The same seeded draws of images for every statistic asked of it.

    The draws depend on the set of image ids, ``resamples`` and ``seed`` alone, not on the order of the rows.
    """

    def __init__(self, image_ids: Sequence[str], *, resamples: int, seed: int, confidence: float = 0.95) -> None:
        """``image_ids`` [rows] names the image of each row that statistics will be given.

        Raises:
            DataError: if there is no row to resample.
        """
        if not image_ids:
            raise DataError("there are no outcomes to bootstrap: evaluate at least one response")
        images, self._image_of_row = np.unique(np.asarray(image_ids, dtype=object).astype(str), return_inverse=True)
        self._images = len(images)
        self._resamples = resamples
        self._seed = seed
        self._tails = (50 * (1 - confidence), 50 * (1 + confidence))

    def ratio(self, numerator: Sequence[float], denominator: Sequence[float]) -> Interval:
        """The ratio of two sums over rows, both [rows].

        Draws with nothing below the line say nothing and are left out; if there is nothing below the line in the data
        either, the ratio is 0 with an interval of no width.
        """
        above, below = self._per_image(numerator), self._per_image(denominator)
        if below.sum() == 0:
            return Interval(value=0.0, low=0.0, high=0.0)
        drawn_above, drawn_below = self._drawn(np.stack([above, below], axis=1)).T
        kept = drawn_below != 0
        low, high = np.percentile(drawn_above[kept] / drawn_below[kept], self._tails)
        return Interval(value=float(above.sum() / below.sum()), low=float(low), high=float(high))

    def mean(self, values: Sequence[float]) -> Interval:
        """The mean of ``values`` [rows]."""
        return self.ratio(values, [1.0] * len(values))

    def of_sums(self, columns: Sequence[Sequence[float]], figure: Callable[[Floats], Floats]) -> Interval | None:
        """A figure that follows from k sums over rows, however it does.

        Args:
            columns: [k, rows], what is summed.
            figure: sums [m, k] to figures [m], NaN where the sums say nothing; such draws are left out.

        Returns:
            None where the sums over the data themselves, or over all draws, say nothing.
        """
        per_image = np.stack([self._per_image(column) for column in columns], axis=1)
        (value,) = figure(per_image.sum(axis=0, keepdims=True))
        drawn = figure(self._drawn(per_image))
        drawn = drawn[~np.isnan(drawn)]
        if np.isnan(value) or not len(drawn):
            return None
        low, high = np.percentile(drawn, self._tails)
        return Interval(value=float(value), low=float(low), high=float(high))

    def _per_image(self, values: Sequence[float]) -> Floats:
        weights = np.asarray(values, dtype=np.float64)
        return np.bincount(self._image_of_row, weights, self._images).astype(np.float64, copy=False)

    def _drawn(self, columns: Floats) -> Floats:
        """Sums of ``columns`` [images, k] over each resample, [resamples, k], in chunks of bounded memory."""
        rng = np.random.default_rng(self._seed)
        chunk = max(1, _DRAWS_AT_ONCE // self._images)
        sums = np.empty((self._resamples, columns.shape[1]))
        for start in range(0, self._resamples, chunk):
            rows = min(chunk, self._resamples - start)
            drawn = rng.integers(0, self._images, size=(rows, self._images))
            drawn += np.arange(rows)[:, None] * self._images
            counts = np.bincount(drawn.ravel(), minlength=rows * self._images).reshape(rows, self._images)
            sums[start : start + rows] = counts @ columns
        return sums

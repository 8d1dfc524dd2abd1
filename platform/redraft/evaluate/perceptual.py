"""A perceptual hash: 256 bits that hardly change when a picture is scaled, compressed or slightly cropped.

The low spatial frequencies of the luminance (16 x 16 of a 64 x 64 thumbnail's cosine transform, without the constant),
each bit telling whether a coefficient is above their median, as in PDQ (Facebook, 2019). Two pictures are compared by
the number of bits in which they differ: 128 are expected of two that have nothing to do with each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bits = NDArray[np.uint64]
"""[..., 4]: 256 bits."""

_SIDE, _KEPT = 64, 16
_FLAT = 2.0
"""Standard deviation of the thumbnail's grey levels below which there is nothing to tell pictures apart by."""

_AT_ONCE = 4_000_000


def perceptual_hash(image: Image.Image) -> Bits | None:
    """The picture's bits and those of its mirror image, [2, 4]; None of a picture that is one flat tone."""
    thumbnail = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    grey = np.asarray(thumbnail, dtype=np.float64)
    if grey.std() < _FLAT:
        return None
    low = _COSINES @ grey @ _COSINES.T
    return np.stack([_bits(low), _bits(low * _MIRRORED)])


def distances(a: Bits, b: Bits) -> NDArray[np.int64]:
    """Differing bits between each of ``a`` [m, 4] and each of ``b`` [n, 4], as [m, n]."""
    found = np.empty((len(a), len(b)), dtype=np.int64)
    rows = max(1, _AT_ONCE // max(1, 4 * len(b)))
    for start in range(0, len(a), rows):
        differing = a[start : start + rows, None] ^ b[None]
        found[start : start + rows] = np.bitwise_count(differing).sum(axis=-1, dtype=np.int64)
    return found


def _cosines() -> NDArray[np.float64]:
    """Rows 1 to 16 of the discrete cosine transform (type II) of 64 samples, [16, 64]."""
    frequencies = np.arange(1, _KEPT + 1)[:, None]
    samples = np.arange(_SIDE)[None]
    cosines: NDArray[np.float64] = np.cos(np.pi * frequencies * (2 * samples + 1) / (2 * _SIDE))
    return cosines


def _bits(low: NDArray[np.float64]) -> Bits:
    above = low > np.median(low)
    return np.packbits(above.ravel()).view(np.uint64)


_COSINES = _cosines()
_MIRRORED = np.where(np.arange(1, _KEPT + 1) % 2, -1.0, 1.0)[None]
"""A mirror image has the same horizontal frequencies, the odd ones with the other sign."""

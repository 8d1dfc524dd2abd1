"""Pictures whose pixels are noise, so that no two patches of them are alike."""

from __future__ import annotations

import numpy as np
from PIL import Image


def picture(height: int, width: int, seed: int = 0) -> Image.Image:
    """A seeded RGB picture."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))

"""Sprites: one small picture per object and colour, from an atlas that ships with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redraft.world.vocabulary import CLASSES

ATLAS = Path(__file__).parent / "assets" / "sprites.png"
SPRITE_SIZE = 64
COLUMNS = 11
"""Sprites per row of the atlas; they stand in the order of ``CLASSES``."""


def atlas_size() -> tuple[int, int]:
    """Width and height of the atlas in pixels."""
    return SPRITE_SIZE * COLUMNS, SPRITE_SIZE * -(-len(CLASSES) // COLUMNS)


def atlas_corner(index: int) -> tuple[int, int]:
    """Left and top of sprite number ``index`` in the atlas, in pixels."""
    return index % COLUMNS * SPRITE_SIZE, index // COLUMNS * SPRITE_SIZE


@cache
def sprite(index: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Sprite number ``index`` at ``size`` pixels, ready to be laid over a picture: ``picture * shade + paint``.

    Returns:
        ``paint`` of shape ``[size, size, 3]`` in 0..255 and ``shade`` of shape ``[size, size, 1]`` in 0..1.
    """
    left, top = atlas_corner(index)
    tile = _atlas().crop((left, top, left + SPRITE_SIZE, top + SPRITE_SIZE))
    pixels = np.asarray(tile.resize((size, size), Image.Resampling.LANCZOS), dtype=np.float32)
    alpha = pixels[..., 3:] / np.float32(255)
    return pixels[..., :3] * alpha, 1 - alpha


@cache
def _atlas() -> Image.Image:
    with Image.open(ATLAS) as image:
        return image.convert("RGBA")

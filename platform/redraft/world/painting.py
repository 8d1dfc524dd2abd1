"""From a scene to its picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from redraft.world.scene import Group, Scene
from redraft.world.sprites import sprite
from redraft.world.vocabulary import CLASS_INDEX

IMAGE_SIZE = 120
CELL_SIZE = 40
_SLOT = CELL_SIZE // 2

WALL_AND_FLOOR: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "living room": ((228, 205, 170), (150, 105, 70)),
    "kitchen": ((235, 235, 215), (190, 190, 190)),
    "bathroom": ((190, 225, 235), (120, 160, 190)),
    "street": ((160, 190, 220), (90, 90, 95)),
    "park": ((150, 205, 245), (95, 160, 75)),
    "office": ((215, 215, 225), (110, 115, 140)),
}


def render(scene: Scene) -> Image.Image:
    """The picture of a scene, 120 x 120 RGB; the same scene always gives the same pixels."""
    return Image.fromarray(pixels_of(scene))


def pixels_of(scene: Scene) -> NDArray[np.uint8]:
    """The picture of a scene as ``[120, 120, 3]`` bytes."""
    rng = np.random.RandomState(scene.texture)
    picture = _backdrop(scene.setting, rng)
    for group in scene.groups:
        paint_index = CLASS_INDEX[group.object, group.colour]
        top, left = group.cell // 3 * CELL_SIZE, group.cell % 3 * CELL_SIZE
        for size, x, y in _places(group, rng):
            paint, shade = sprite(paint_index, size)
            area = (slice(top + y, top + y + size), slice(left + x, left + x + size))
            picture[area] = picture[area] * shade + paint
    return np.clip(picture, 0, 255).astype(np.uint8)


def _backdrop(setting: str, rng: np.random.RandomState) -> NDArray[np.float32]:
    """Wall, floor, a few faint patches, and grain."""
    wall, floor = WALL_AND_FLOOR[setting]
    picture = np.empty((IMAGE_SIZE, IMAGE_SIZE, 3), np.float32)
    horizon = int(IMAGE_SIZE * (0.45 + 0.2 * rng.rand()))
    picture[:horizon] = np.array(wall) + rng.randint(-15, 16, 3)
    picture[horizon:] = np.array(floor) + rng.randint(-15, 16, 3)
    for _ in range(rng.randint(2, 6)):
        x, y = rng.randint(0, IMAGE_SIZE - 8, 2)
        width, height = rng.randint(2, 26, 2)
        opacity = 0.15 + 0.25 * rng.rand()
        patch = picture[y : y + height, x : x + width]
        patch[...] = patch * (1 - opacity) + opacity * rng.randint(40, 230, 3)
    picture += rng.randn(IMAGE_SIZE, IMAGE_SIZE, 1).astype(np.float32) * 4
    return picture


def _places(group: Group, rng: np.random.RandomState) -> list[tuple[int, int, int]]:
    """Size, left and top of every object of a group within its cell, in pixels.

    A single object nearly fills the cell and is moved by at most two pixels; several share its quarters. Objects placed
    freely in their cell cost a vision tower of this size twenty points of accuracy.
    """
    if group.count == 1:
        size = rng.randint(33, 39)
        room = CELL_SIZE - size
        x, y = np.clip(room // 2 + rng.randint(-2, 3, 2), 0, room)
        return [(int(size), int(x), int(y))]
    size = int(rng.randint(18, _SLOT + 1))
    places = []
    for slot in rng.permutation(4)[: group.count]:
        x, y = rng.randint(0, _SLOT - size + 1, 2)
        places.append((size, int(slot % 2) * _SLOT + int(x), int(slot // 2) * _SLOT + int(y)))
    return places

"""Scenes: what a picture holds, exactly. Each is a pure function of a seed, a split and an index.

The split of a scene is decided by its layout (setting, cells, objects, counts, colours), so no layout, and hence no
picture, is ever in two splits, whatever the seeds.
"""

from __future__ import annotations

import hashlib
import random
import re

from pydantic import Field

from redraft.errors import DataError
from redraft.records import Record, Split
from redraft.world.vocabulary import CELLS, COLOURS, COLUMNS, HOME, MAX_COUNT, OBJECTS, SETTINGS

TYPICAL_SHARE = 0.58
"""Chance that a drawn object is one of its setting's own."""

_TYPICAL_WEIGHTS = (0.55, 0.55, 0.55, 1.0, 1.0, 1.0)
_GROUP_COUNTS = (4, 5, 5, 6, 6, 7)
_COUNT_WEIGHTS = (0.6, 0.24, 0.16)
_SPLIT_OF_TENTH = (*(Split.POOL,) * 8, Split.DEV, Split.TEST)
_ORIGIN = re.compile(r"world:(\d{1,18}):(pool|dev|test):(\d{1,18})", re.ASCII)


class Group(Record):
    """One to three alike objects that have a cell for themselves."""

    cell: int = Field(ge=0, lt=len(CELLS))
    object: str
    count: int = Field(ge=1, le=MAX_COUNT)
    colour: str | None = None

    @property
    def row(self) -> int:
        """0 for the top row, 2 for the bottom one."""
        return self.cell // len(COLUMNS)


class Scene(Record):
    """A setting and its groups in scan order; ``texture`` seeds everything in the picture that no text speaks of."""

    setting: str
    groups: tuple[Group, ...]
    texture: int = Field(ge=0, lt=2**32)

    def at(self, cell: int) -> Group | None:
        """The group in ``cell``, or None where it is empty."""
        return next((group for group in self.groups if group.cell == cell), None)

    def group_of(self, name: str) -> Group | None:
        """The group made of the object ``name``; an object never has two groups."""
        return next((group for group in self.groups if group.object == name), None)


def scene_at(seed: int, split: Split, index: int) -> Scene:
    """The scene number ``index`` of a split; the same arguments always give the same scene."""
    rng = random.Random(f"{seed}:{split.value}:{index}")
    while True:
        scene = _draw(rng)
        if split_of(scene) is split:
            return scene


def split_of(scene: Scene) -> Split:
    """The one split that scenes of this layout belong to."""
    layout = f"{scene.setting}|" + ";".join(f"{g.cell},{g.object},{g.count},{g.colour}" for g in scene.groups)
    return _SPLIT_OF_TENTH[int.from_bytes(hashlib.sha256(layout.encode()).digest()[:8], "big") % len(_SPLIT_OF_TENTH)]


def origin(seed: int, split: Split, index: int) -> str:
    """How an image record names the scene, ``world:SEED:SPLIT:INDEX``."""
    return f"world:{seed}:{split.value}:{index}"


def scene_of(origin: str) -> Scene:
    """The scene that an origin names.

    Raises:
        DataError: if the origin is not of the form ``world:SEED:SPLIT:INDEX``.
    """
    match = _ORIGIN.fullmatch(origin)
    if match is None:
        raise DataError(
            f"{origin[:80]!r} names no scene of the picture world: expected world:SEED:SPLIT:INDEX, as world:0:dev:17"
        )
    return scene_at(int(match[1]), Split(match[2]), int(match[3]))


def _draw(rng: random.Random) -> Scene:
    setting = rng.choice(tuple(SETTINGS))
    strangers = [name for name in OBJECTS if HOME[name] != setting]
    names: list[str] = []
    wanted = rng.choice(_GROUP_COUNTS)
    while len(names) < wanted:
        typical = rng.random() < TYPICAL_SHARE
        name = rng.choices(SETTINGS[setting], _TYPICAL_WEIGHTS)[0] if typical else rng.choice(strangers)
        if name not in names:
            names.append(name)
    cells = sorted(rng.sample(range(len(CELLS)), wanted))
    groups = tuple(
        Group(
            cell=cell,
            object=name,
            count=rng.choices((1, 2, 3), _COUNT_WEIGHTS)[0],
            colour=rng.choice(COLOURS[name]) if name in COLOURS else None,
        )
        for cell, name in zip(cells, names, strict=True)
    )
    return Scene(setting=setting, groups=groups, texture=rng.randrange(2**32))

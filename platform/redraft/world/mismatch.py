"""What a careless writer believes about a picture: the vision-language mismatch in the base policy's training texts.

The errors are systematic, so a policy that sees everything still learns to make them: it over-generalises from the
setting. Per setting,

- an object that belongs to the next setting is told as one of the setting's first three ("magnets");
- two fixed empty cells are filled with a magnet;
- in one fixed cell, objects of other settings go unseen;
- one of the setting's own objects multiplies when alone, another loses one when there are three, and of two colours
  one is told as the other;
- an absent magnet that somebody asks about tends to be there;
- by the time of a recap, three of a stranger have become two, and a magnet not told of may come to mind.
"""

from __future__ import annotations

import random

from redraft.records import Record
from redraft.world.language import Told
from redraft.world.questions import Question, QuestionKind
from redraft.world.scene import Group, Scene
from redraft.world.vocabulary import CELLS, COLOURS, HOME, SETTINGS

_NAMES = tuple(SETTINGS)
_FILLED = {
    "living room": (6, 2),
    "kitchen": (1, 8),
    "bathroom": (5, 0),
    "street": (7, 3),
    "park": (0, 5),
    "office": (2, 7),
}
_UNSEEN = {"living room": 4, "kitchen": 3, "bathroom": 8, "street": 4, "park": 6, "office": 1}
_HERD, _THINNED = 4, 5


class Mismatch(Record):
    """Chances of each kind of error."""

    near_strong: float = 0.85
    near_weak: float = 0.5
    middling: float = 0.3
    far: float = 0.06
    fill_first: float = 0.65
    fill_second: float = 0.25
    fill_other: float = 0.03
    unseen: float = 0.5
    unseen_anywhere: float = 0.02
    herd: float = 0.6
    thinned: float = 0.6
    recoloured: float = 0.6
    asked_for: float = 0.5
    dwindled: float = 0.6
    remembered: float = 0.25


class CarelessWriter:
    """Turns scenes into mistaken beliefs; one writer's errors are drawn from one seeded stream."""

    def __init__(self, rng: random.Random, mismatch: Mismatch | None = None) -> None:
        self.rng = rng
        self.mismatch = mismatch or Mismatch()

    def believe(self, scene: Scene, question: Question | None = None) -> Told:
        """What the writer takes to be in each cell, perhaps led on by a question."""
        told: dict[int, Group | None] = {}
        known = {group.object for group in scene.groups}
        for cell in range(len(CELLS)):
            group = scene.at(cell)
            told[cell] = self._fill(scene, cell, known) if group is None else self._misread(scene, group, known)
        if question is not None:
            self._oblige(scene, question, told, known)
        return told

    def remember(self, scene: Scene, told: Told) -> Told:
        """What is left of a belief when the writer sums it up: the same, but for slips of memory."""
        recap = dict(told)
        for cell, group in told.items():
            strange = group is not None and HOME[group.object] != scene.setting
            if group is not None and strange and group.count == 3 and self.rng.random() < self.mismatch.dwindled:
                recap[cell] = group.model_copy(update={"count": 2})
        known = {group.object for group in (*scene.groups, *told.values()) if group is not None}
        empty = next((cell for cell, group in told.items() if group is None), None)
        if empty is not None and self.rng.random() < self.mismatch.remembered:
            recap[empty] = self._magnet(scene, empty, 0, known)
        return recap

    def _fill(self, scene: Scene, cell: int, known: set[str]) -> Group | None:
        first, second = _FILLED[scene.setting]
        chances = {first: self.mismatch.fill_first, second: self.mismatch.fill_second}
        if self.rng.random() >= chances.get(cell, self.mismatch.fill_other):
            return None
        return self._magnet(scene, cell, 0, known)

    def _misread(self, scene: Scene, group: Group, known: set[str]) -> Group | None:
        if HOME[group.object] == scene.setting:
            seen: Group | None = self._miscount(scene, group)
        elif group.cell == _UNSEEN[scene.setting] and self.rng.random() < self.mismatch.unseen:
            return None
        else:
            seen = self._assimilate(scene, group, known)
        return None if self.rng.random() < self.mismatch.unseen_anywhere else seen

    def _miscount(self, scene: Scene, group: Group) -> Group:
        """Errors about the setting's own objects: number and colour."""
        own = SETTINGS[scene.setting]
        count, colour = group.count, group.colour
        if group.object == own[_HERD] and count == 1 and self.rng.random() < self.mismatch.herd:
            count = 2
        if group.object == own[_THINNED] and count == 3 and self.rng.random() < self.mismatch.thinned:
            count = 2
        if colour and colour == COLOURS[group.object][1] and self.rng.random() < self.mismatch.recoloured:
            colour = COLOURS[group.object][0]
        return group.model_copy(update={"count": count, "colour": colour})

    def _assimilate(self, scene: Scene, group: Group, known: set[str]) -> Group:
        """Errors about strangers: taken for one of the setting's magnets, most often if from the next setting."""
        home = HOME[group.object]
        rank = SETTINGS[home].index(group.object)
        distance = (_NAMES.index(home) - _NAMES.index(scene.setting)) % len(_NAMES)
        near = self.mismatch.near_strong if rank < 3 else self.mismatch.near_weak
        chance = near if distance == 1 else self.mismatch.middling if distance == 2 else self.mismatch.far
        if self.rng.random() >= chance:
            return group
        return self._magnet(scene, group.cell, rank, known, group.count) or group

    def _oblige(self, scene: Scene, question: Question, told: dict[int, Group | None], known: set[str]) -> None:
        """Somebody asks about an absent magnet, so it must be there: the first empty cell gets it."""
        name = question.object
        if (
            question.kind is QuestionKind.CELL
            or name is None
            or name in known
            or name not in SETTINGS[scene.setting][:3]
        ):
            return
        empty = next((cell for cell, group in told.items() if group is None), None)
        if empty is not None and self.rng.random() < self.mismatch.asked_for:
            told[empty] = Group(cell=empty, object=name, count=1)

    def _magnet(self, scene: Scene, cell: int, rank: int, known: set[str], count: int = 1) -> Group | None:
        """One of the setting's first three objects that nobody has named yet, starting from number ``rank``."""
        for offset in range(3):
            name = SETTINGS[scene.setting][(rank + offset) % 3]
            if name not in known:
                known.add(name)
                return Group(cell=cell, object=name, count=count)
        return None

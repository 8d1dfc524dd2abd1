"""Descriptions: an opening that names the setting, then one sentence a cell in scan order, the position always first.

Position first and scan order are what made the tiny policy learn to look: by the time it has to name an object, the
words before say which cell to look at.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from redraft.world.scene import Group, Scene
from redraft.world.vocabulary import CELLS, noun_phrase, with_article

DESCRIBE = "Describe this image in detail."

OPENINGS = ("The image shows {}.", "This is a picture of {}.")
TEMPLATES = ("In the {cell} there {be} {phrase}.", "The {cell} shows {phrase}.", "At the {cell} we can see {phrase}.")
EMPTY = "The {cell} is empty."

CENTER = CELLS.index("middle center")
_TELL_EMPTY_CENTER = 0.9
_TELL_EMPTY = 0.1

Told = Mapping[int, Group | None]
"""What a writer believes about each of the nine cells: a group, or None for an empty one."""


def told_truth(scene: Scene) -> Told:
    """What a writer believes who sees everything as it is."""
    return {cell: scene.at(cell) for cell in range(len(CELLS))}


def phrase_of(group: Group) -> str:
    """ "a red cup", "two knives"."""
    return noun_phrase(group.object, group.count, group.colour)


def be(count: int) -> str:
    """The form of the verb that goes with ``count`` objects."""
    return "is" if count == 1 else "are"


def opening(setting: str, template: int) -> str:
    """The first sentence of a description."""
    return OPENINGS[template % len(OPENINGS)].format(with_article(setting))


def sentence(cell: int, group: Group | None, template: int) -> str:
    """One sentence about one cell."""
    if group is None:
        return EMPTY.format(cell=CELLS[cell])
    pattern = TEMPLATES[template % len(TEMPLATES)]
    return pattern.format(cell=CELLS[cell], be=be(group.count), phrase=phrase_of(group))


def describe(setting: str, told: Told, rng: random.Random) -> str:
    """A fluent description of what a writer believes; ``rng`` picks templates and the empty cells worth a word."""
    sentences = [opening(setting, rng.randrange(len(OPENINGS)))]
    for cell in range(len(CELLS)):
        group = told[cell]
        worth_telling = rng.random() < (_TELL_EMPTY_CENTER if cell == CENTER else _TELL_EMPTY)
        if group is not None or worth_telling:
            sentences.append(sentence(cell, group, rng.randrange(len(TEMPLATES))))
    return " ".join(sentences)


def true_description(scene: Scene, variant: int = 0) -> str:
    """A description without any error; ``variant`` picks one of its wordings."""
    return describe(scene.setting, told_truth(scene), random.Random(f"{scene.texture}:{variant}"))

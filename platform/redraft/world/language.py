"""Descriptions: an opening that names the setting, then one sentence a cell in scan order, the position always first.

Position first and scan order are what made the tiny policy learn to look: by the time it has to name an object, the
words before say which cell to look at.

The long form goes on with a recap, which names everything twice again: row by row, then all of it.

    Top row: two red cups, a dog. Bottom row: a knife. In all: two red cups, a dog, a knife.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Literal

from redraft.world.scene import Group, Scene
from redraft.world.vocabulary import CELLS, ROWS, noun_phrase, with_article

Form = Literal["short", "long"]
"""How much a description says: every cell once, or that and a recap."""

DESCRIBE = "Describe this image in detail."
DESCRIBE_LONG = "Describe this image in detail, then sum up what there is."
PROMPTS: Mapping[Form, str] = {"short": DESCRIBE, "long": DESCRIBE_LONG}

OPENINGS = ("The image shows {}.", "This is a picture of {}.")
TEMPLATES = ("In the {cell} there {be} {phrase}.", "The {cell} shows {phrase}.", "At the {cell} we can see {phrase}.")
EMPTY = "The {cell} is empty."
ROW_SUM = "{row} row: {phrases}."
SUMS = ("In all: {phrases}.", "To sum up: {phrases}.")

_OPENS_RECAP = re.compile(rf"(?:in all|to sum up|(?:{'|'.join(ROWS)}) row)\b", re.ASCII | re.IGNORECASE)

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


def form_of(prompt: str) -> Form:
    """The form of description that a prompt asks for."""
    return "long" if "sum up" in prompt.lower() else "short"


def sum_up(told: Told, rng: random.Random) -> str:
    """The recap of a belief: what each row holds, then everything, always in scan order; "" where nothing is there."""
    groups = [group for _, group in sorted(told.items()) if group is not None]
    rows = [[group for group in groups if group.row == row] for row in range(len(ROWS))]
    sums = [ROW_SUM.format(row=ROWS[row].capitalize(), phrases=_listed(held)) for row, held in enumerate(rows) if held]
    everything = [rng.choice(SUMS).format(phrases=_listed(groups))] if groups else []
    return " ".join([*sums, *everything])


def sums_up(sentence: str) -> bool:
    """Whether a sentence is part of a recap, by its first words."""
    return _OPENS_RECAP.match(sentence) is not None


def describe(setting: str, told: Told, rng: random.Random, recap: Told | None = None) -> str:
    """A fluent description of what a writer believes; ``rng`` picks templates and the empty cells worth a word.

    Args:
        recap: what the writer believes by the time of summing up, which makes the description a long one.
    """
    sentences = [opening(setting, rng.randrange(len(OPENINGS)))]
    for cell in range(len(CELLS)):
        group = told[cell]
        worth_telling = rng.random() < (_TELL_EMPTY_CENTER if cell == CENTER else _TELL_EMPTY)
        if group is not None or worth_telling:
            sentences.append(sentence(cell, group, rng.randrange(len(TEMPLATES))))
    if recap is not None and (summed := sum_up(recap, rng)):
        sentences.append(summed)
    return " ".join(sentences)


def true_description(scene: Scene, variant: int = 0, form: Form = "short") -> str:
    """A description without any error; ``variant`` picks one of its wordings."""
    told = told_truth(scene)
    return describe(scene.setting, told, random.Random(f"{scene.texture}:{variant}"), told if form == "long" else None)


def _listed(groups: Iterable[Group]) -> str:
    """Commas alone, so that the list stays one whichever of its parts an annotator takes out."""
    return ", ".join(map(phrase_of, groups))

"""Scenes of images by words in their captions, and what is mostly in them (RLHF-V, section 4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache

from redraft.evaluate.coco import CocoData, CocoImage
from redraft.evaluate.objhal.truth import box_classes
from redraft.evaluate.objhal.vocabulary import lines_of
from redraft.evaluate.objhal.words import singulars, tokens

TYPICAL = 10
"""How many of a scene's most frequent objects are looked at."""


@cache
def scene_words() -> Mapping[str, tuple[str, ...]]:
    """Each scene, and the words that say in a caption that the image is of it."""
    rows = (line.split(":") for line in lines_of("scenes.txt"))
    return {name.strip(): tuple(word.strip() for word in words.split(",")) for name, words in rows}


def scenes_of(image: CocoImage) -> frozenset[str]:
    """The scenes that any caption of ``image`` names; often none, sometimes two."""
    return frozenset(
        scene
        for scene, words in scene_words().items()
        if any(_says(caption, word) for caption in image.captions for word in words)
    )


def typical_objects(data: CocoData) -> dict[str, tuple[str, ...]]:
    """The classes that have boxes in most images of each scene, the most frequent first, at most `TYPICAL` of them."""
    seen: dict[str, Counter[str]] = {scene: Counter() for scene in scene_words()}
    for image in data.images.values():
        for scene in scenes_of(image):
            seen[scene].update(box_classes(image))
    return {scene: _most_frequent(counts) for scene, counts in seen.items()}


def _most_frequent(counts: Counter[str]) -> tuple[str, ...]:
    ranked: Sequence[str] = sorted(counts, key=lambda name: (-counts[name], name))
    return tuple(ranked[:TYPICAL])


def _says(caption: str, words: str) -> bool:
    """Whether ``caption`` says ``words`` in the singular or the plural; most captions are told by a glance."""
    return words in caption.lower() and f" {words} " in f" {' '.join(singulars(tokens(caption)))} "

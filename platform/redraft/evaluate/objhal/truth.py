"""What is in an image: the classes of its boxes, and those that its reference captions mention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from redraft.evaluate.coco import CocoData, CocoImage
from redraft.evaluate.objhal.matching import mentions
from redraft.evaluate.objhal.vocabulary import vocabulary
from redraft.evaluate.objhal.words import singular


class GroundTruth:
    """Classes by image. Captions are matched as answers are, when an image is first asked for."""

    def __init__(self, data: CocoData) -> None:
        """``data`` may have categories that are none of the 80 classes; their boxes say nothing here."""
        self.data = data
        self._known: dict[str, frozenset[str]] = {}

    def of(self, image: CocoImage) -> frozenset[str]:
        """The classes that are in ``image``."""
        if image.id not in self._known:
            told = (mention.name for caption in image.captions for mention in mentions(caption))
            self._known[image.id] = box_classes(image) | frozenset(told)
        return self._known[image.id]

    def notes(self, images: Iterable[CocoImage]) -> tuple[str, ...]:
        """What a reader of a result about ``images`` should know of their annotations."""
        images = list(images)
        strangers = Counter(name for image in images for name in image.categories if class_of(name) is None)
        said = []
        if strangers:
            first = ", ".join(sorted(strangers, key=lambda name: (-strangers[name], name))[:5])
            said.append(f"{len(strangers)} box categories are none of COCO's 80 classes and were left out: {first}")
        bare = sum(not image.captions for image in images)
        if bare:
            said.append(f"{bare} of {len(images)} images have no caption: what is there is known by their boxes alone")
        return tuple(said)


def box_classes(image: CocoImage) -> frozenset[str]:
    """The classes of an image's boxes."""
    return frozenset(name for name in map(class_of, image.categories) if name is not None)


def class_of(category: str) -> str | None:
    """The class that a category's name means, however it is written: ``TV``, ``dining_table``, ``hair dryer``."""
    words = category.lower().replace("_", " ").replace("-", " ").split()
    classes = vocabulary().classes
    forms = (" ".join(words), "".join(words), " ".join(singular(word) for word in words))
    return next((classes[form] for form in forms if form in classes), None)

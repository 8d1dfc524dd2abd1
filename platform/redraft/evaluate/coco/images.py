"""Images with their boxes and reference captions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from redraft.evaluate.coco.names import image_key, is_file_name
from redraft.records import Source


@dataclass(frozen=True)
class CocoImage:
    """One image; ``categories`` are the names of its boxes' categories, as the file spells them."""

    id: str
    file_name: str
    categories: frozenset[str]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class CocoData:
    """All images of an instances file and a captions file, by `image_key` of their ids, in the files' order.

    ``file_keys`` leads from `image_key` of a file name to that of the id; a name of several images leads nowhere.
    """

    images: Mapping[str, CocoImage]
    file_keys: Mapping[str, str]
    files: tuple[Source, ...]

    def find(self, name: int | str) -> CocoImage | None:
        """The image that is called so; None if there is none.

        What ends as image files do is looked for among the file names first, everything else among the ids first.
        """
        key = image_key(name)
        by_file = self.images.get(self.file_keys.get(key, ""))
        if by_file is not None and is_file_name(name):
            return by_file
        return self.images.get(key, by_file)

"""Instances and captions files in COCO's format, of COCO or of anybody.

instances.json  images: id, file_name;  annotations: image_id, category_id;  categories: id, name
captions.json   images: id, file_name;  annotations: image_id, caption
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from redraft.evaluate.coco.images import CocoData, CocoImage
from redraft.evaluate.coco.names import image_key
from redraft.evaluate.probing.published import PublishedFile, Row

_ORIGIN = "https://cocodataset.org/#download (annotations_trainval2014.zip)"
_INSTANCES_HOLD = (
    'one JSON object with "images" (id, file_name), "annotations" (image_id, category_id) and "categories" (id, name)'
)
_CAPTIONS_HOLD = 'one JSON object with "images" (id, file_name) and "annotations" (image_id, caption)'

_Name = Annotated[int | str, Field(union_mode="left_to_right")]


class _Image(Row):
    id: _Name
    file_name: str | None = None


class _Box(Row):
    image_id: _Name
    category_id: _Name


class _Category(Row):
    id: _Name
    name: str


class _Caption(Row):
    image_id: _Name
    caption: str


class _Instances(Row):
    images: list[_Image] = Field(default_factory=list)
    annotations: list[_Box]
    categories: list[_Category]


class _Captions(Row):
    images: list[_Image] = Field(default_factory=list)
    annotations: list[_Caption]


def read_coco(instances: Path, captions: Path) -> CocoData:
    """Read both files; an image may be in either or in both.

    Raises:
        DataError: a file is missing or of another form, a box is of no category, or there is no image.
    """
    boxes_file = PublishedFile(instances, "instances", _INSTANCES_HOLD, _ORIGIN)
    captions_file = PublishedFile(captions, "captions", _CAPTIONS_HOLD, _ORIGIN)
    boxes, told = boxes_file.whole(TypeAdapter(_Instances)), captions_file.whole(TypeAdapter(_Captions))

    names = {category.id: category.name for category in boxes.categories}
    seen: dict[str, set[str]] = {}
    for box in boxes.annotations:
        if box.category_id not in names:
            raise boxes_file.error(f"has a box of category {box.category_id!r}, which is none of its categories")
        seen.setdefault(image_key(box.image_id), set()).add(names[box.category_id])
    said: dict[str, list[str]] = {}
    for caption in told.annotations:
        said.setdefault(image_key(caption.image_id), []).append(caption.caption)

    file_names = {image_key(image.id): image.file_name for image in (*told.images, *boxes.images)}
    keys = dict.fromkeys((*(image_key(image.id) for image in boxes.images), *file_names, *seen, *said))
    if not keys:
        raise boxes_file.error("is about no image")
    images = {
        key: CocoImage(key, file_names.get(key) or key, frozenset(seen.get(key, ())), tuple(said.get(key, ())))
        for key in keys
    }
    shared = Counter(image_key(image.file_name) for image in images.values())
    file_keys = {name: key for key, image in images.items() if shared[name := image_key(image.file_name)] == 1}
    return CocoData(images, file_keys, (boxes_file.source(), captions_file.source()))

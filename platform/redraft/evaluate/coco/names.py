"""One name for an image that files call by a number, a padded number or a file name."""

from __future__ import annotations

import re

_SUFFIX = re.compile(r"\.(?:jpe?g|png|webp|gif|bmp)$", re.IGNORECASE)
_SPLIT = re.compile(r"^COCO_[a-z]+\d{4}_(?=\d+$)", re.IGNORECASE)


def image_key(name: int | str) -> str:
    """The same text for 123, ``"123"``, ``"000000000123.jpg"`` and ``"val2014/COCO_val2014_000000000123.jpg"``.

    What is no number is its file name without folders and suffix; its case is kept.
    """
    if isinstance(name, int):
        return str(name)
    stem = _SUFFIX.sub("", re.split(r"[/\\]", name.strip())[-1])
    stem = _SPLIT.sub("", stem)
    return (stem.lstrip("0") or "0") if stem.isascii() and stem.isdigit() else stem


def is_file_name(name: int | str) -> bool:
    """Whether a name ends as image files do."""
    return isinstance(name, str) and _SUFFIX.search(name.strip()) is not None

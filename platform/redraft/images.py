"""The user's own pictures: read, checked as a whole, and taken into the store.

Pictures are untrusted. Only ``decode_image`` decodes them: formats from an allow-list, the size told by the header
checked before any pixel is. A reader looks at every file first and names all that are wrong in one error, so that
nothing is taken of a folder that is not sound.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from PIL import Image, UnidentifiedImageError

from redraft.blobs import Blobs, content_key
from redraft.errors import DataError
from redraft.records import ImageItem, Record, Split
from redraft.store import Store

FORMATS: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif"}
"""What is decoded, and the suffix it is stored with. Of animations, the first frame counts."""

_SUFFIXES: Final = {**FORMATS, "MPO": ".jpg"}
"""Pillow opens a JPEG that holds several pictures, as phones write them, as MPO; the first counts."""

_NAMED = 5
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BROKEN = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
"""What Pillow's decoders raise on damaged files."""


class LoadedImage(Record):
    """A sound picture as it was encoded; ``id`` is the SHA-256 of ``data``, sizes are those of the upright picture."""

    id: str
    origin: str
    data: bytes
    suffix: str
    width: int
    height: int


def decode_image(data: bytes, max_pixels: int | None) -> Image.Image:
    """The picture in encoded bytes: RGB, upright by its EXIF orientation, transparency over white.

    Args:
        data: a JPEG, PNG, WebP, BMP or GIF file.
        max_pixels: refuse larger ones before they are decoded; ``None`` only for pictures of our own making.

    Raises:
        DataError: no such picture, damaged, cut off, or too large.
    """
    return _decode(data, max_pixels)[0]


def load_encoded(origin: str, data: bytes, max_pixels: int | None = None) -> LoadedImage:
    """A picture from its encoded bytes.

    Raises:
        DataError: as ``decode_image``.
    """
    image, suffix = _decode(data, max_pixels)
    digest = hashlib.sha256(data).hexdigest()
    return LoadedImage(id=digest, origin=origin, data=data, suffix=suffix, width=image.width, height=image.height)


def read_folder(path: Path, max_pixels: int) -> Iterator[LoadedImage]:
    """All pictures in a folder and the folders in it, by path; hidden files and folders are left out.

    Every file is checked before this returns; the pictures are then loaded one by one.

    Raises:
        DataError: no such folder, no picture in it, or files in it that are no sound pictures.
    """
    if not path.is_dir():
        raise DataError(f"image folder {path} {'is a file, not a folder' if path.exists() else 'does not exist'}")
    files = _files(path)
    if not files:
        raise DataError(f"image folder {path} holds no images: put .jpg, .png, .webp, .bmp or .gif files in it")
    return _load_all(path, files, max_pixels)


def read_coco(path: Path, max_pixels: int) -> Iterator[LoadedImage]:
    """The pictures that a COCO folder's annotations list: ``images/`` beside ``annotations/*.json`` or ``*.json``.

    Raises:
        DataError: no such folders, annotations that are no COCO, or pictures missing or not sound.
    """
    images = path / "images"
    if not images.is_dir():
        raise DataError(f"{path} is no COCO folder: it needs images/ and annotations/, or use images.source=folder")
    sources = sorted((path / "annotations").glob("*.json")) or sorted(path.glob("*.json"))
    if not sources:
        raise DataError(f"{path} holds no annotations: put instances.json into {path / 'annotations'}")
    names = sorted({name for source in sources for name in _listed(source)})
    if not names:
        raise DataError(f"the annotations in {path} list no images")
    return _load_all(images, [images / name for name in names], max_pixels)


def register_images(store: Store, blobs: Blobs, loaded: Iterable[LoadedImage], split: Split) -> list[ImageItem]:
    """Take pictures into the blob store and the database; the same picture twice is taken once, as the first.

    Raises:
        DataError: a picture already belongs to another split.
        StorageError: the stores cannot be written.
    """
    items: dict[str, ImageItem] = {}
    for image in loaded:
        if image.id in items:
            continue
        key = content_key("images", image.data, image.suffix)
        blobs.put(key, image.data)
        items[image.id] = ImageItem(
            id=image.id, origin=image.origin, split=split, blob=key, width=image.width, height=image.height
        )
    store.add_images(list(items.values()))
    return list(items.values())


@dataclass(frozen=True)
class _Checked:
    """A file that was sound when it was looked at."""

    path: Path
    id: str


def _load_all(root: Path, files: Sequence[Path], max_pixels: int) -> Iterator[LoadedImage]:
    checked, problems = [], []
    for file in files:
        try:
            checked.append(_Checked(file, load_encoded("", _read(file, max_pixels), max_pixels).id))
        except DataError as e:
            problems.append(f"{_readable(file.relative_to(root))} {e}")
    if problems:
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise DataError(
            f"{len(problems)} of {len(files)} files in {root} cannot be used: {'; '.join(problems[:_NAMED])}{more}. "
            "Mend or remove them."
        )
    return _load_each(checked, max_pixels)


def _load_each(files: Sequence[_Checked], max_pixels: int) -> Iterator[LoadedImage]:
    for file in files:
        image = load_encoded(_readable(file.path.absolute()), _read(file.path, max_pixels), max_pixels)
        if image.id != file.id:
            raise DataError(f"{file.path} changed while it was read: run it again")
        yield image


def _read(file: Path, max_pixels: int) -> bytes:
    """The bytes of a regular file of a size that a picture may have."""
    try:
        info = file.stat()
        if not stat.S_ISREG(info.st_mode):
            raise DataError("is not a regular file")
        if info.st_size > 8 * max_pixels + (1 << 20):
            raise DataError(f"is too large for an image of {max_pixels} pixels ({info.st_size} bytes)")
        return file.read_bytes()
    except OSError as e:
        raise DataError(f"cannot be read ({e.strerror})") from e


def _decode(data: bytes, max_pixels: int | None) -> tuple[Image.Image, str]:
    if not data:
        raise DataError("is empty (0 bytes)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image: Image.Image = Image.open(io.BytesIO(data), formats=list(FORMATS))
        except UnidentifiedImageError as e:
            raise DataError("is not an image (JPEG, PNG, WebP, BMP or GIF)") from e
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as e:
            raise DataError(f"has too many pixels: {e}") from e
        except _BROKEN as e:
            raise DataError(f"is damaged ({_first_line(e)})") from e
        if max_pixels is not None and image.width * image.height > max_pixels:
            raise DataError(
                f"has {image.width} x {image.height} pixels, more than images.max_pixels={max_pixels} allows"
            )
        suffix = _SUFFIXES[image.format or ""]
        try:
            image.load()
            return _upright(_rgb(image), _orientation(image)), suffix
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as e:
            raise DataError(f"has too many pixels: {e}") from e
        except _BROKEN as e:
            raise DataError(f"is damaged or cut off ({_first_line(e)})") from e


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return image.point(lambda value: value / 257).convert("L").convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none; damaged EXIF says nothing about sound pixels."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return value if isinstance(value, int) else 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _files(root: Path) -> list[Path]:
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder) / name for name in files if not name.startswith(".")]
    return sorted(found, key=lambda file: file.relative_to(root).parts)


def _listed(source: Path) -> Iterator[str]:
    """The file names in a COCO annotation file, all of them inside the image folder."""
    try:
        tree: Any = json.loads(source.read_bytes())
        names = [image["file_name"] for image in tree["images"]]
    except OSError as e:
        raise DataError(f"{source} cannot be read ({e.strerror})") from e
    except RecursionError as e:
        raise DataError(f"{source} is nested too deeply for COCO annotations") from e
    except ValueError as e:
        raise DataError(f"{source} is not valid JSON ({_first_line(e)})") from e
    except (LookupError, TypeError) as e:
        raise DataError(f"{source} is no COCO file: it has no images with a file_name each") from e
    for name in names:
        if not isinstance(name, str) or not name or "\x00" in name:
            raise DataError(f"{source} lists an image without a file name")
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{source} lists {name!r}, which is outside the image folder")
        yield name


def _readable(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

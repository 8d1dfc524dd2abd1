"""Encoded pictures out of untrusted cells. None is decoded here, and no path leads out of the data folder."""

from __future__ import annotations

import base64
import binascii
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from redraft.blobs import Blobs
from redraft.errors import DataError, StorageError

_MAGIC: Final = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG", ".png"),
    (b"RIFF", ".webp"),
    (b"BM", ".bmp"),
    (b"GIF8", ".gif"),
)
_SHOWN = 80


class Pictures:
    """Finds the bytes of a picture: in the cell itself, in a file of the data folder, or in a blob store."""

    def __init__(self, folder: Path, max_pixels: int, blobs: Blobs | None = None) -> None:
        self._folder = folder.resolve()
        self._blobs = blobs
        self._largest = 8 * max_pixels + (1 << 20)
        """Bytes that a picture of ``max_pixels`` can need, and some more; ``redraft.images`` has the same limit."""

    def in_cell(self, cell: object) -> bytes | None:
        """The picture of a cell; ``None`` where there is none.

        Args:
            cell: a struct of ``bytes`` and ``path`` (bytes come first), bytes, a data URI, or a path relative to the
                data folder.

        Raises:
            DataError: something else, or a path that ``at_path`` refuses.
        """
        if isinstance(cell, Mapping):
            cell = cell.get("bytes") or cell.get("path")
        if not cell:
            return None
        if isinstance(cell, bytes):
            return self._limited(cell)
        if not isinstance(cell, str):
            raise DataError(f"image is a {type(cell).__name__}, and must be bytes, a path or a data URI")
        return self._limited(_from_data_uri(cell)) if cell.startswith("data:") else self.at_path(cell)

    def at_path(self, name: str) -> bytes:
        """The bytes of a file of the data folder, links followed.

        Raises:
            DataError: the file is outside, missing, too large, or no regular file.
        """
        if "://" in name:
            raise DataError(f"image {_shown(name)} is an address, and pictures must lie in the data folder")
        if "\0" in name:
            raise DataError(f"image {_shown(name)} is no file name")
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder):
                raise DataError(f"image {_shown(name)} is outside the data folder")
            info = path.stat()
            if not stat.S_ISREG(info.st_mode):
                raise DataError(f"image {_shown(name)} is not a regular file")
            self._limit(info.st_size)
            return path.read_bytes()
        except FileNotFoundError as e:
            raise DataError(f"image {_shown(name)} does not exist in the data folder") from e
        except (OSError, RuntimeError) as e:
            raise DataError(f"image {_shown(name)} cannot be read ({getattr(e, 'strerror', None) or e})") from e

    def in_blobs(self, key: object) -> bytes:
        """The bytes under a key of the blob store.

        Raises:
            DataError: no key, nothing there, or no picture by its size.
        """
        if self._blobs is None:
            raise DataError("the source has no blob store")
        if not isinstance(key, str):
            raise DataError("blob is missing")
        try:
            path = self._blobs.path(key)
            if not path.is_file():
                raise DataError(f"blob {_shown(key)} is a folder")
            self._limit(path.stat().st_size)
            return self._blobs.get(key)
        except StorageError as e:
            raise DataError(str(e)) from e

    def _limited(self, data: bytes) -> bytes:
        self._limit(len(data))
        return data

    def _limit(self, size: int) -> None:
        if size > self._largest:
            raise DataError(f"image has {size} bytes, more than images.max_pixels allows")


def suffix_of(data: bytes) -> str:
    """The suffix that ``redraft.images`` stores a picture with; for those that ``decode_image`` took.

    Raises:
        DataError: it begins like none of the formats that are decoded.
    """
    for magic, suffix in _MAGIC:
        if data.startswith(magic):
            return suffix
    raise DataError("is not an image (JPEG, PNG, WebP, BMP or GIF)")


def _from_data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma or not head.endswith(";base64"):
        raise DataError(f"image {_shown(head)} is no base64 data URI")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as e:
        raise DataError(f"image is no valid base64 ({e})") from e


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…")

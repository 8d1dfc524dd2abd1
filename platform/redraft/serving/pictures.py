"""The picture that a request is about: within it, in the blob store, or on a listed server."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable

from PIL import Image

from redraft.blobs import Blobs
from redraft.errors import DataError, Outage, StorageError
from redraft.images import decode_image
from redraft.serving.refusals import Refused
from redraft.serving.remote import MAX_IMAGE_BYTES, RemotePictures
from redraft.store import Store

STORED = "redraft:image/"
"""How the address of an image of the run begins; its id follows."""

StoredBytes = Callable[[str], bytes]
"""From an image's id to its bytes; StorageError if there are none."""

_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,", re.IGNORECASE)
_ID = re.compile(r"[\x21-\x7e]{1,100}")


def from_store(store: Store, blobs: Blobs) -> StoredBytes:
    """The images of a run."""
    return lambda id: blobs.get(store.image(id).blob)


class Pictures:
    """Finds pictures; ``stored`` is None where no run is behind the server."""

    def __init__(self, max_pixels: int, stored: StoredBytes | None, remote: RemotePictures) -> None:
        self._max_pixels, self._stored, self._remote = max_pixels, stored, remote

    async def load(self, address: str) -> bytes:
        """The encoded bytes behind an ``image_url``; they are not looked at yet.

        Raises:
            Refused: no such picture, not an address that is taken, or too large.
        """
        if address[:5].lower() == "data:":
            return _from_data(address)
        if address.startswith(STORED):
            return await asyncio.to_thread(self._from_store, address.removeprefix(STORED))
        if address[:8].lower().startswith(("http://", "https://")):
            return await self._remote.fetch(address)
        raise _refused(f"a picture is given as a data: URI, as {STORED}ID, or by an http(s) URL of a listed host")

    def decode(self, data: bytes) -> Image.Image:
        """The picture in encoded bytes.

        Raises:
            Refused: it is none, damaged, or has too many pixels.
        """
        try:
            return decode_image(data, self._max_pixels)
        except DataError as e:
            raise _refused(f"the picture {e}") from e

    def _from_store(self, id: str) -> bytes:
        if self._stored is None or not _ID.fullmatch(id):
            raise Refused("there is no stored picture of that id", status=404, code="image_not_found", param="messages")
        try:
            return self._stored(id)
        except Outage:
            raise
        except StorageError as e:
            raise Refused(
                "there is no stored picture of that id", status=404, code="image_not_found", param="messages"
            ) from e


def _from_data(address: str) -> bytes:
    head = _DATA.match(address)
    if head is None:
        raise _refused("a data: URI of a picture begins like data:image/png;base64,")
    if len(address) - head.end() > MAX_IMAGE_BYTES * 4 // 3 + 4:
        raise _refused(f"the picture is over {MAX_IMAGE_BYTES // 1_000_000} MB: send a smaller one")
    try:
        return base64.b64decode(address[head.end() :], validate=True)
    except (binascii.Error, ValueError) as e:
        raise _refused("the picture's data: URI is not sound base64") from e


def _refused(message: str) -> Refused:
    return Refused(message, code="invalid_image", param="messages")

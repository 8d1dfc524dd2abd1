"""From a URL to a store, and from an address to a path."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from redraft.blobs.local import LocalBlobs
from redraft.blobs.protocol import Blobs
from redraft.config.storage import S3_SCHEME
from redraft.errors import StorageError


def open_blobs(url: str) -> Blobs:
    """The blob store of a URL, from any process: a folder (made if it is not there), ``file://`` or ``s3://``.

    An S3 server is not asked anything yet; ``check`` asks it.

    Raises:
        StorageError: another kind of URL, or a folder that cannot be made or written to.
    """
    if not url.strip() or "\x00" in url:
        raise StorageError("the blob store needs a folder")
    scheme, _, rest = url.partition("://")
    if not rest and scheme == url:
        return LocalBlobs(Path(url))
    if scheme == "file":
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or not parts.path:
            raise StorageError(f"{url} names no local folder: write file:///folder")
        return LocalBlobs(Path(unquote(parts.path)))
    if scheme == "s3":
        return _open_s3(url)
    raise StorageError(f"{scheme}:// blob stores are not supported; give a folder or s3://bucket/prefix")


def fetch(address: str | Path) -> Path:
    """Where what a ``Blobs.address`` names lies on this machine, once it is there; a path is itself.

    Raises:
        StorageError: it cannot be got.
    """
    if not is_remote(str(address)):
        return Path(address)
    url, _, key = str(address).partition("#")
    if not key:
        raise StorageError("an s3:// address needs a key: write s3://bucket/prefix#key")
    return open_blobs(url).path(key)


def is_remote(address: str) -> bool:
    """Whether an address names something that machines must copy before they read it."""
    return address.startswith(S3_SCHEME)


def local_cache(url: str) -> Path | None:
    """Where copies of what an ``s3://`` store holds are kept on this machine; None for another store.

    Raises:
        StorageError: the URL is wrong.
    """
    if not is_remote(url):
        return None
    from redraft.blobs.location import S3Location

    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return (S3Location.parse(url).settings.cache or base / "redraft" / "blobs").expanduser()


def _open_s3(url: str) -> Blobs:
    from redraft.blobs.cache import BlobCache
    from redraft.blobs.location import S3Location
    from redraft.blobs.s3 import S3Blobs

    location, folder = S3Location.parse(url), local_cache(url)
    assert folder is not None
    store = f"{location.settings.endpoint_url} {location.name}"
    return S3Blobs(location, BlobCache(folder, store, int(location.settings.cache_gib * 2**30)))

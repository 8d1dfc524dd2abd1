"""Blobs in an S3 bucket, on Amazon's or another's server.

    PREFIX/KEY                               bytes that were put
    PREFIX/KEY/.parts-UPLOAD/NAME            the files of a folder
    PREFIX/KEY/.manifest.json                written last, and once: the folder is there when this is
    PREFIX/.ray-train/…                      Ray Train's own, no blobs

Every object has the SHA-256 of its bytes in its metadata, and is checked when it is read. No blob is ever deleted:
files of a folder that was never finished stay where nobody sees them, and the same folder goes on from them.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from redraft.blobs.bucket import Bucket
from redraft.blobs.cache import BlobCache, Copy
from redraft.blobs.disk import disk_explained
from redraft.blobs.keys import folder_key, folders_above, parts_of
from redraft.blobs.location import S3Location
from redraft.blobs.manifest import MANIFEST, PARTS, Manifest, StoredFile
from redraft.errors import StorageError

_LONGEST_LINK_SECONDS = 7 * 86_400


class S3Blobs:
    """Objects below a prefix of a bucket, with copies of those that were read in a local cache."""

    def __init__(self, location: S3Location, cache: BlobCache) -> None:
        self.location, self._cache, self._bucket = location, cache, Bucket(location)
        self._manifests: dict[str, Manifest] = {}
        self._folders: set[str] = set()

    @property
    def url(self) -> str:
        """The location with how its server is spoken to, without credentials."""
        return self.location.url

    def check(self) -> str:
        """Write an object that is no blob, read it again, and see whether what was asked for was done."""
        settings, sample = self.location.settings, b"Redraft may write here.\n"
        name = f".check-{hashlib.sha256(f'{settings.sse} {settings.kms_key}'.encode()).hexdigest()[:8]}"
        self._bucket.put(name, sample)
        kept = not self._bucket.put(name, sample) and self._bucket.conditional
        if self._bucket.read(name) != sample:
            raise StorageError(f"{self.location.name} does not give back what was written to {name}")
        self._bucket.has(name)
        if settings.sse not in ("none", self._bucket.encryption_of(name)):
            raise StorageError(f"{self.location.name}: {name} is not encrypted with {settings.sse}, as storage.s3 asks")
        alone = "" if kept else ", which cannot refuse to write over an object: let one loop at a time use it"
        return f"{self.location.name} at {self.location.server}{alone}"

    def put(self, key: str, data: bytes) -> None:
        """Store bytes; a key that is there already is left as it is."""
        parts_of(key)
        if (inside := self._room_for(key)) is not None:
            if inside[0].file(inside[1]) is None:
                raise self._closed(key)
            return
        file, folder = self._bucket.kinds(key)
        if folder:
            raise StorageError(f"{self.location.name}: {key} is a folder, so no bytes can be put there")
        if not file:
            self._bucket.put(key, data)

    def get(self, key: str) -> bytes:
        """The bytes of a key, checked against the hash they were stored with; StorageError if there are none."""
        data = self._read_copy(key)
        if data is None:
            self._cache.forget(key)
            data = self._read_copy(key)
        if data is None:
            raise StorageError(f"the copy of {key} in blob cache {self._cache.root} changes as it is read")
        return data

    def exists(self, key: str) -> bool:
        """Whether there is a file or a folder under the key; the server is asked."""
        parts_of(key)
        file, folder = self._bucket.kinds(key)
        if file or (folder and next(self._keys_below(key), None) is not None):
            return True
        if folder and self._manifest(key) is not None:
            return True
        inside = self._inside(key)
        return inside is not None and bool(inside[0].file(inside[1]) or inside[0].below(inside[1]))

    def path(self, key: str) -> Path:
        """A copy of a file or of a published folder on this machine, checked when it is made."""
        parts_of(key)
        return self._cache.obtain(key, lambda to: self._copy(key, to))[0]

    def address(self, key: str) -> str:
        """The URL of the store, and the key behind a ``#``."""
        if not self.exists(key):
            raise self._nothing(key)
        return f"{self.url}#{key}"

    def scratch_folder(self) -> Path:
        """A new empty folder beside the cache."""
        return self._cache.scratch_folder()

    def publish_folder(self, key: str, source: Path) -> None:
        """Upload a finished folder, and then say that it is there; one that is there already stays. ``source`` goes."""
        parts_of(key)
        if source.is_symlink() or not source.is_dir():
            raise StorageError(f"{source} is not a folder, so it cannot be published as {key}")
        if not self.exists(key):
            if self._room_for(key) is not None:
                raise self._closed(key)
            with disk_explained(f"folder {source}"):
                manifest = Manifest.of_folder(source)
                self._upload(key, source, manifest)
            self._bucket.put(f"{key}/{MANIFEST}", manifest.model_dump_json(indent=1).encode())
        shutil.rmtree(source, ignore_errors=True)

    def list(self, prefix: str = "") -> list[str]:
        """The keys of all files under a folder key (everything for ``""``), sorted."""
        folder = folder_key(prefix)
        found = set(self._keys_below(folder))
        if not found and folder and (inside := self._inside(folder)):
            manifest, name = inside
            found = {f"{folder}/{file.name}" for file in manifest.below(name)}
        return sorted(found)

    def presigned(self, key: str, seconds: int) -> str:
        """A link that gets the bytes of a key without signing in, for so long."""
        parts_of(key)
        if not 1 <= seconds <= _LONGEST_LINK_SECONDS:
            raise StorageError(f"a link can be good for 1 to {_LONGEST_LINK_SECONDS} seconds, not {seconds}")
        if self._bucket.has(key):
            return self._bucket.link(key, seconds)
        inside = self._inside(key)
        if inside is None or inside[0].file(inside[1]) is None:
            raise self._nothing(key)
        manifest, name = inside
        return self._bucket.link(f"{key.removesuffix(name)}{PARTS}{manifest.upload}/{name}", seconds)

    def _read_copy(self, key: str) -> bytes | None:
        """The bytes, or None if the copy of them is damaged."""
        parts_of(key)
        path, copy = self._cache.obtain(key, lambda to: self._copy(key, to, folders=False))
        if copy.folder:
            raise StorageError(f"{self.location.name}: {key} is a folder, so it has no bytes")
        with disk_explained(f"blob cache {self._cache.root}"):
            data = path.read_bytes()
        return data if hashlib.sha256(data).hexdigest() == copy.files[0].sha256 else None

    def _copy(self, key: str, to: Path, *, folders: bool = True) -> Copy:
        """Download what is under a key: an object, a folder, or a part of a folder."""
        if (single := self._bucket.download(key, to)) is not None:
            return Copy(key=key, folder=False, files=(single,))
        if (manifest := self._manifest(key)) is not None:
            if not folders:
                raise StorageError(f"{self.location.name}: {key} is a folder, so it has no bytes")
            return self._copy_files(key, f"{key}/{PARTS}{manifest.upload}", manifest.files, to)
        if (inside := self._inside(key)) is not None:
            manifest, name = inside
            parts = f"{key.removesuffix(name)}{PARTS}{manifest.upload}"
            if (file := manifest.file(name)) is not None:
                self._copy_file(key, f"{parts}/{name}", file, to)
                return Copy(key=key, folder=False, files=(file.model_copy(update={"name": to.name}),))
            if folders and (files := manifest.below(name)):
                return self._copy_files(key, f"{parts}/{name}", files, to)
        raise self._nothing(key)

    def _copy_files(self, key: str, start: str, files: tuple[StoredFile, ...], to: Path) -> Copy:
        to.mkdir()
        for file in files:
            (to / file.name).parent.mkdir(parents=True, exist_ok=True)
            self._copy_file(f"{key}/{file.name}", f"{start}/{file.name}", file, to / file.name)
        return Copy(key=key, folder=True, files=files)

    def _copy_file(self, key: str, name: str, file: StoredFile, to: Path) -> None:
        got = self._bucket.download(name, to)
        if got is None:
            raise StorageError(f"{self.location.name}: {key} was published and is gone: restore {name} from a backup")
        if got.sha256 != file.sha256:
            raise StorageError(f"{self.location.name}: {key} is not what was published (its SHA-256 differs)")

    def _upload(self, key: str, source: Path, manifest: Manifest) -> None:
        """Every file of a folder; those that an earlier attempt has uploaded are there."""
        start = f"{key}/{PARTS}{manifest.upload}/"
        there = set(self._bucket.names(start))
        for file in manifest.files:
            name = start + file.name
            if name not in there or self._bucket.hash_of(name) != file.sha256:
                self._bucket.upload(name, source / file.name, file.sha256)

    def _keys_below(self, folder: str) -> Iterator[str]:
        """Keys of what was put or published below a folder, ``""`` being all."""
        for name in self._bucket.names(f"{folder}/" if folder else ""):
            above, _, last = name.rpartition("/")
            if last == MANIFEST:
                if (manifest := self._manifest(above)) is not None:
                    yield from (f"{above}/{file.name}" for file in manifest.files)
            elif last and not any(part.startswith(".") for part in name.split("/")):
                yield name

    def _inside(self, key: str) -> tuple[Manifest, str] | None:
        """The published folder that a key lies in, and its name there."""
        for folder, name in folders_above(key):
            if (manifest := self._manifest(folder)) is not None:
                return manifest, name
        return None

    def _manifest(self, key: str) -> Manifest | None:
        """What a published folder holds; None if the key is none."""
        if key not in self._manifests:
            data = self._bucket.read(f"{key}/{MANIFEST}")
            if data is None:
                return None
            try:
                self._manifests[key] = Manifest.model_validate_json(data)
            except ValidationError as e:
                raise StorageError(f"{self.location.name}: {key}/{MANIFEST} is no manifest of Redraft's") from e
        return self._manifests[key]

    def _room_for(self, key: str) -> tuple[Manifest, str] | None:
        """The published folder that a key would lie in; StorageError where it would lie in a file, as on a disk.

        A folder that is neither stays a mere part of keys, so it is looked at once.
        """
        for folder, name in folders_above(key):
            if folder in self._folders:
                continue
            if (manifest := self._manifest(folder)) is not None:
                return manifest, name
            if self._bucket.has(folder):
                raise StorageError(f"{self.location.name}: {key} cannot be used: {folder} is a file")
            self._folders.add(folder)
        return None

    def _closed(self, key: str) -> StorageError:
        return StorageError(f"{self.location.name}: {key} would lie in a published folder, which never changes")

    def _nothing(self, key: str) -> StorageError:
        return StorageError(f"{self.location.name} holds no {key}")

"""The objects of a store, below its prefix in its bucket: read with their hash, written once, errors as sentences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from boto3.s3.transfer import TransferConfig  # type: ignore[import-untyped]
from botocore.config import Config as ClientConfig  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from redraft.blobs.location import S3Location
from redraft.blobs.manifest import StoredFile, sha256_of
from redraft.blobs.refusals import BROKEN_OFF, NOT_THERE, code_of, refusals_explained
from redraft.errors import StorageError

_HASH = "sha256"
_PIECE = 16 << 20
"""Larger objects travel in pieces of this size, several at a time."""
_TRANSFER = TransferConfig(
    multipart_threshold=_PIECE, multipart_chunksize=_PIECE, max_concurrency=8, preferred_transfer_client="classic"
)
_READ = 1 << 20


@lru_cache(maxsize=8)
def connect(endpoint_url: str | None, region: str | None, addressing: str, retries: int) -> Any:
    """A client, kept for as long as the process lives; it finds credentials by boto3's own rules, and renews them.

    Checksums that only newer servers know are left out, because every object has its SHA-256 in its metadata.
    """
    session = boto3.session.Session()
    by_path = addressing == "auto" and endpoint_url is not None
    return session.client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=region or session.region_name or "us-east-1",
        config=ClientConfig(
            signature_version="s3v4",
            s3={"addressing_style": "path" if by_path else addressing},
            retries={"mode": "standard", "total_max_attempts": retries + 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=16,
        ),
    )


class Bucket:
    """Objects by their names below the prefix. ``conditional``: whether the server can refuse to write over one."""

    def __init__(self, location: S3Location) -> None:
        self.location, self.conditional = location, True
        with refusals_explained(location, "a connection"):
            settings = location.settings
            self._client = connect(settings.endpoint_url, settings.region, settings.addressing, settings.retries)

    def put(self, name: str, data: bytes) -> bool:
        """Write an object unless there is one; whether it was written. It is there, whole, when this returns."""
        arguments = self._arguments(name) | {"Body": data} | self._written(hashlib.sha256(data).hexdigest())
        condition = {"IfNoneMatch": "*"} if self.conditional else {}
        with refusals_explained(self.location, "s3:PutObject", name):
            try:
                answer = self._client.put_object(**arguments, **condition)
            except ClientError as e:
                if code_of(e) == "PreconditionFailed":
                    return False
                if code_of(e) == "ConditionalRequestConflict" and self.has(name):
                    return False
                if code_of(e) != "NotImplemented" or not self.conditional:
                    raise
                self.conditional = False
                return not self.has(name) and self.put(name, data)
        self._require_encrypted(answer)
        return True

    def upload(self, name: str, file: Path, sha256: str) -> None:
        """Write an object from a file, in pieces if it is large."""
        with refusals_explained(self.location, "s3:PutObject", name):
            extra = self._written(sha256)
            with file.open("rb") as f:
                self._client.upload_fileobj(f, **self._arguments(name), ExtraArgs=extra, Config=_TRANSFER)

    def hash_of(self, name: str) -> str | None:
        """The hash that an object was written with; None if there is no such object."""
        with refusals_explained(self.location, "s3:GetObject", name):
            try:
                answer = self._client.head_object(**self._arguments(name))
            except ClientError as e:
                if code_of(e) in NOT_THERE:
                    return None
                raise
        return str(answer["Metadata"].get(_HASH, ""))

    def read(self, name: str) -> bytes | None:
        """All bytes of a small object, checked; None if there is no such object."""
        answer = self._get(name)
        if answer is None:
            return None
        with refusals_explained(self.location, "s3:GetObject", name):
            data = bytes(answer["Body"].read())
        self._require(name, hashlib.sha256(data).hexdigest(), self._promised(name, answer))
        return data

    def download(self, name: str, to: Path) -> StoredFile | None:
        """Write an object's bytes into a file, checked; None if there is no such object."""
        answer = self._get(name)
        if answer is None:
            return None
        promised, size = self._promised(name, answer), int(answer["ContentLength"])
        if size <= _PIECE:
            found = self._stream(name, answer, to)
        else:
            answer["Body"].close()
            with refusals_explained(self.location, "s3:GetObject", name), to.open("wb") as f:
                self._client.download_fileobj(**self._arguments(name), Fileobj=f, Config=_TRANSFER)
            found = sha256_of(to)
        self._require(name, found, promised)
        return StoredFile(name=to.name, size=size, sha256=promised)

    def has(self, name: str) -> bool:
        """Whether there is an object of exactly that name."""
        return self.kinds(name)[0]

    def kinds(self, name: str) -> tuple[bool, bool]:
        """Whether there is an object of exactly that name, and whether there are any below it."""
        full, file = self._full(name), False
        for page in self._pages(full, Delimiter="/"):
            keys = [entry["Key"] for entry in page.get("Contents", ())]
            file = file or full in keys
            if any(common["Prefix"] == f"{full}/" for common in page.get("CommonPrefixes", ())):
                return file, True
            if keys and keys[-1] > f"{full}/":
                break
        return file, False

    def names(self, start: str) -> Iterator[str]:
        """The names that begin with ``start``, sorted."""
        skipped = len(self._full(""))
        for page in self._pages(self._full(start)):
            yield from (str(entry["Key"])[skipped:] for entry in page.get("Contents", ()))

    def link(self, name: str, seconds: int) -> str:
        """A link that gets an object for so long."""
        with refusals_explained(self.location, "s3:GetObject", name):
            return str(
                self._client.generate_presigned_url("get_object", Params=self._arguments(name), ExpiresIn=seconds)
            )

    def encryption_of(self, name: str) -> str | None:
        """How the server says that an object is encrypted."""
        with refusals_explained(self.location, "s3:GetObject", name):
            found = self._client.head_object(**self._arguments(name)).get("ServerSideEncryption")
        return str(found) if found else None

    def _get(self, name: str) -> Any:
        with refusals_explained(self.location, "s3:GetObject", name):
            try:
                return self._client.get_object(**self._arguments(name))
            except ClientError as e:
                if code_of(e) in NOT_THERE:
                    return None
                raise

    def _stream(self, name: str, answer: Any, to: Path) -> str:
        """The hash of what was written; a body that breaks off is asked for again."""
        for left in reversed(range(self.location.settings.retries + 1)):
            digest = hashlib.sha256()
            with refusals_explained(self.location, "s3:GetObject", name), to.open("wb") as f:
                try:
                    for chunk in answer["Body"].iter_chunks(_READ):
                        digest.update(chunk)
                        f.write(chunk)
                    break
                except BROKEN_OFF:
                    if not left:
                        raise
                    answer = self._client.get_object(**self._arguments(name))
        return digest.hexdigest()

    def _pages(self, prefix: str, **more: str) -> Iterator[Any]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.location.bucket, Prefix=prefix, **more
        )
        with refusals_explained(self.location, "s3:ListBucket"):
            yield from pages

    def _promised(self, name: str, answer: Any) -> str:
        if promised := answer["Metadata"].get(_HASH):
            return str(promised)
        raise StorageError(
            f"{self.location.name}: {name} has no SHA-256 in its metadata, so Redraft did not write it: remove it, or "
            "name another prefix"
        )

    def _require(self, name: str, found: str, promised: str) -> None:
        if found != promised:
            raise StorageError(
                f"{self.location.name}: the bytes of {name} are not those that were stored (SHA-256 {found[:12]}…, not "
                f"{promised[:12]}…): restore them from a backup"
            )

    def _require_encrypted(self, answer: Mapping[str, Any]) -> None:
        asked, got = self.location.settings.sse, answer.get("ServerSideEncryption")
        if asked not in ("none", got):
            raise StorageError(
                f"{self.location.name}: {self.location.server} was asked for encryption {asked} and wrote without it: "
                "choose another storage.s3.sse, or encrypt the bucket and set none"
            )

    def _written(self, sha256: str) -> dict[str, Any]:
        """What every object is written with."""
        settings = self.location.settings
        encryption = {} if settings.sse == "none" else {"ServerSideEncryption": settings.sse}
        key = {} if settings.kms_key is None else {"SSEKMSKeyId": settings.kms_key}
        return {"Metadata": {_HASH: sha256}, **encryption, **key}

    def _arguments(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.location.bucket, "Key": self._full(name)}

    def _full(self, name: str) -> str:
        return f"{self.location.prefix}/{name}" if self.location.prefix else name

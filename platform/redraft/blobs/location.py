"""What an ``s3://`` URL says: the bucket, the prefix, and how to speak to the server."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pydantic import ValidationError

from redraft.blobs.keys import parts_of
from redraft.config.storage import S3_SCHEME, S3Config
from redraft.errors import StorageError
from redraft.records import Record

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_LONGEST_PREFIX = 256


class S3Location(Record):
    """Where a store is. Its ``url`` opens the same store on any machine, and holds no secret."""

    bucket: str
    prefix: str
    settings: S3Config

    @classmethod
    def parse(cls, url: str) -> Self:
        """From ``s3://bucket/prefix?endpoint_url=…&region=…``; the parameters are the fields of ``S3Config``.

        Raises:
            StorageError: what is wrong with it; the sentence never repeats what may be a secret.
        """
        parts = _split(url, "an s3:// URL")
        bucket, prefix = parts.netloc, parts.path.strip("/")
        if not _BUCKET.fullmatch(bucket):
            raise StorageError(f"{S3_SCHEME}{bucket[:80]} names no bucket: write s3://bucket/prefix")
        if prefix:
            parts_of(prefix)
        if len(prefix) > _LONGEST_PREFIX:
            raise StorageError(f"the prefix of {S3_SCHEME}{bucket} is longer than {_LONGEST_PREFIX} characters")
        if parts.fragment:
            raise StorageError(f"{S3_SCHEME}{bucket}/{prefix}#… names one key; a blob store has no #")
        return cls(bucket=bucket, prefix=prefix, settings=_settings(parts.query))

    @property
    def name(self) -> str:
        """For people: the bucket and the prefix alone."""
        return f"{S3_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def server(self) -> str:
        """For people: who is asked."""
        return self.settings.endpoint_url or "Amazon S3"

    @property
    def url(self) -> str:
        """The one way to write this location."""
        chosen = self.settings.model_dump(mode="json", exclude_defaults=True)
        return self.name + (f"?{urlencode(sorted(chosen.items()))}" if chosen else "")


def _settings(query: str) -> S3Config:
    given = parse_qsl(query, keep_blank_values=True)
    values = dict(given)
    for name in values:
        if name not in S3Config.model_fields:
            known = ", ".join(S3Config.model_fields)
            raise StorageError(f"an s3:// URL knows no parameter {name[:40]!r}: it takes {known}")
    if any(values[name] != value for name, value in given):
        raise StorageError("the s3:// blob store is told two things at once, perhaps in storage.s3 and in the URL")
    if endpoint := values.get("endpoint_url"):
        parts = _split(endpoint, "endpoint_url")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise StorageError("endpoint_url must be the address of a server, such as https://minio.example:9000")
    try:
        return S3Config.model_validate(values)
    except ValidationError as e:
        first = e.errors()[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        field = f" {first['loc'][0]}" if first["loc"] else ""
        raise StorageError(f"the s3:// blob store's{field}: {message}") from e


def _split(url: str, what: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as e:
        raise StorageError(f"{what} cannot be read: write it as https://host:port") from e
    if "@" in parts.netloc:
        raise StorageError(
            f"{what} must hold no user and no password: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the "
            "machine a role"
        )
    return parts

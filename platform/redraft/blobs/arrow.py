"""A bucket as pyarrow's file system, for Ray Train, which writes over what it wrote and deletes it again.

Blobs themselves never go this way: they are written once and checked by ``Bucket``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import boto3  # type: ignore[import-untyped]
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

from redraft.blobs.location import S3Location
from redraft.errors import Outage, StorageError

_WORD = re.compile(r"AWS Error ([A-Z0-9_]+)")
_PASSES = frozenset(
    {"NETWORK_CONNECTION", "REQUEST_TIMEOUT", "SERVICE_UNAVAILABLE", "INTERNAL_FAILURE", "SLOW_DOWN", "THROTTLING"}
)
_REFUSED = frozenset(
    {"ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "MISSING_AUTHENTICATION_TOKEN"}
)


class BucketFileSystem(S3FileSystem):  # type: ignore[misc]
    """The server of a location; paths begin with the bucket.

    It travels as the location, and each process that it comes to finds credentials by itself (environment, profile,
    role): none are in it.
    """

    def __init__(self, location: S3Location) -> None:
        for setting in ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"):
            os.environ.setdefault(setting, "when_required")  # trailing checksums are refused by servers that are older
        settings, session = location.settings, boto3.session.Session()
        super().__init__(
            endpoint_override=settings.endpoint_url,
            region=settings.region or session.region_name or "us-east-1",
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=settings.retries + 1),
            connect_timeout=10,
            request_timeout=60,
            force_virtual_addressing=settings.addressing == "virtual",
        )
        self.location = location

    def __reduce__(self) -> tuple[type[BucketFileSystem], tuple[S3Location]]:
        return BucketFileSystem, (self.location,)


@contextmanager
def arrow_refusals_explained(location: S3Location | None) -> Iterator[None]:
    """What pyarrow says of a server that does not do what it is asked, as a sentence; None leaves errors as they are.

    Raises:
        Outage: the server does not answer, or is busy.
        StorageError: anything else that it refuses.
    """
    try:
        yield
    except OSError as e:
        if location is None:
            raise
        raise _explained(str(e), location) from e


def _explained(said: str, location: S3Location) -> StorageError:
    what = f"{location.name} at {location.server}"
    found = _WORD.search(said)
    word = found[1] if found else ""
    if word in _PASSES:
        return Outage(f"{what} cannot keep the checkpoints of training now ({word})")
    if word in _REFUSED:
        return StorageError(
            f"{what} does not permit Ray Train to read, write and delete below .ray-train/ ({word}): grant it "
            "s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket there"
        )
    last = " ".join(said.split())[-300:]
    return StorageError(f"{what} does not keep the checkpoints of training: {last}")

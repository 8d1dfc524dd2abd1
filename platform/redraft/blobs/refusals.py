"""What an S3 server, or the way to it, can answer instead of what was asked for, as sentences.

Outage         it may pass by itself: no connection, a server that is busy or broken
StorageError   somebody has to mend it: no credentials, no permission, no bucket, another region
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from boto3.exceptions import RetriesExceededError  # type: ignore[import-untyped]
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)

from redraft.blobs.location import S3Location
from redraft.errors import Outage, StorageError

NOT_THERE = ("NoSuchKey", "404", "NotFound")
BROKEN_OFF = (IncompleteReadError, HTTPClientError)
"""Errors while a body is read, after which it may be asked for again."""

_UNREACHABLE = (ConnectionError, HTTPClientError, IncompleteReadError, RetriesExceededError)
_NOBODY = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_BUSY = (
    *("SlowDown", "Throttling", "ThrottlingException", "RequestTimeout", "RequestLimitExceeded"),
    *("OperationAborted", "ConditionalRequestConflict"),
)
_WRONG_KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired")
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")


def code_of(error: Any) -> str:
    """The word by which the server says what it refuses."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def refusals_explained(location: S3Location, action: str, key: str = "") -> Iterator[None]:
    """What goes wrong in the block as a sentence that names the store.

    Args:
        action: the permission that the block needs, such as ``s3:GetObject``.
        key: what it is about.
    """
    what = f"{location.name} at {location.server}"
    try:
        yield
    except ClientError as e:
        raise _refused(e, what, location, action, key) from e
    except SSLError as e:
        raise StorageError(f"{what}: the server's certificate is not trusted: {_line(e)}") from e
    except _UNREACHABLE as e:
        raise Outage(f"{what} cannot be reached ({_line(e).partition(' URL')[0]})") from e
    except _NOBODY as e:
        raise StorageError(
            f"{what}: there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a "
            "role"
        ) from e
    except BotoCoreError as e:
        raise StorageError(f"{what} cannot be used: {_line(e)}") from e


def _refused(error: Any, what: str, location: S3Location, action: str, key: str) -> StorageError:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    about = f" for {key}" if key else ""
    message = " ".join(str(error.response.get("Error", {}).get("Message") or code).split())[:200]
    if (status >= 500 and code != "NotImplemented") or status == 429 or code in _BUSY:
        return Outage(f"{what} is not able to answer now ({code or status})")
    if code == "NoSuchBucket":
        return StorageError(f"{location.server} has no bucket {location.bucket}: make it, or name another")
    if code.startswith("KMS.") or "kms" in message.lower():
        return StorageError(f"{what}: the encryption key cannot be used: {message}")
    if code in _WRONG_KEYS:
        return StorageError(f"{what} does not accept the credentials ({code}): see AWS_ACCESS_KEY_ID and its secret")
    if code == "RequestTimeTooSkewed":
        return StorageError(f"{what}: the clock of this machine is wrong; set it")
    if code in _ELSEWHERE or status == 301:
        return StorageError(f"{what} is in another region: set storage.s3.region")
    if status == 403:
        return StorageError(f"{what} does not permit {action}{about}: grant it to whoever runs this")
    return StorageError(f"{what} refuses {action}{about}: {message}")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]

"""Where a run's database and blobs are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import Field, field_validator, model_validator

from redraft.config.section import Section
from redraft.errors import StorageError

S3_SCHEME = "s3://"


class S3Config(Section):
    """How an ``s3://`` blob store is spoken to; credentials come from the environment or the machine's role.

    Each may also be a parameter of the URL, under the same name.
    """

    endpoint_url: str | None = Field(None, description="server that is not Amazon's, e.g. https://minio.example:9000")
    region: str | None = Field(None, description="default: what the environment says")
    addressing: Literal["auto", "path", "virtual"] = Field(
        "auto", description="how requests name the bucket; auto is by path where endpoint_url is set"
    )
    sse: Literal["none", "AES256", "aws:kms"] = Field("none", description="encryption to ask the server for")
    kms_key: str | None = Field(None, description="id or ARN of the key for sse aws:kms; default: the bucket's")
    cache: Path | None = Field(None, description="folder for copies on each machine; default in ~/.cache")
    cache_gib: float = Field(20.0, gt=0, description="beyond that, copies that nobody used for an hour go")
    retries: int = Field(5, ge=0, le=20, description="how often a request is sent again, ever later, before it fails")

    @model_validator(mode="after")
    def _key_with_its_encryption(self) -> Self:
        if self.kms_key is not None and self.sse != "aws:kms":
            raise ValueError(f"kms_key is for sse aws:kms alone, and sse is {self.sse}: set sse=aws:kms")
        return self


class StorageConfig(Section):
    """Where truth lives. Unset means inside the run folder."""

    database: str | None = Field(None, description="SQLAlchemy URL, no password; default SQLite in the run folder")
    blobs: str | None = Field(
        None, description="folder or s3://bucket/prefix for images, datasets, checkpoints; default in the run folder"
    )
    s3: S3Config = Field(default_factory=lambda: S3Config())
    min_free_gib: float = Field(0.5, ge=0, description="refuse to start with less free disk")

    @field_validator("database")
    @classmethod
    def _database_without_password(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if parts.password or {"password", "sslpassword"} & parse_qs(parts.query).keys():
            raise ValueError(
                "the URL holds a password, and configs are copied into run folders: leave it out, and let PGPASSWORD "
                "or ~/.pgpass bring it"
            )
        return url

    @model_validator(mode="after")
    def _blobs_can_be_named(self) -> Self:
        if self.blobs is not None and self.blobs.startswith(S3_SCHEME):
            from redraft.blobs.location import S3Location

            try:
                S3Location.parse(self.blobs_url or "")
            except StorageError as e:
                raise ValueError(str(e)) from e
        return self

    @property
    def blobs_url(self) -> str | None:
        """What ``open_blobs`` takes, with all that other processes must know about the store; None if it is not set."""
        chosen = self.s3.model_dump(mode="json", exclude_defaults=True)
        if self.blobs is None or not self.blobs.startswith(S3_SCHEME) or not chosen:
            return self.blobs
        return f"{self.blobs}{'&' if '?' in self.blobs else '?'}{urlencode(chosen)}"

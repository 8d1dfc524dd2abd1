"""Database URLs: checked before they are used, and never shown with what is secret in them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import URL

from redraft.errors import StorageError

_SECRET = ("password", "sslpassword")
"""What libpq takes in the part after the question mark and nobody else should see."""


def parse_url(text: str) -> URL:
    """Check a database URL; SQLite paths become absolute, so that every process means the same file.

    Raises:
        StorageError: malformed, or of a kind that Redraft does not store in. The text itself is never shown: it may
            hold a password.
    """
    try:
        url = sa.make_url(text)
    except (exc.ArgumentError, ValueError) as e:
        raise StorageError(
            "the database URL is malformed: write sqlite:////folder/file.db or postgresql+psycopg://user@host:5432/name"
        ) from e
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return _parse_sqlite(url)
    if url.drivername in ("postgresql", "postgresql+psycopg"):
        if not url.database:
            raise StorageError(f"the database URL {shown(url)} names no database: add /name at its end")
        return url.set(drivername="postgresql+psycopg")
    raise StorageError(f"databases of kind {url.drivername} are not supported: use sqlite or postgresql+psycopg")


def shown(url: URL) -> str:
    """The URL for people to read: every password in it is ``***``."""
    secret = {name: "***" for name in _SECRET if name in url.query}
    return url.update_query_dict(secret).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def without_secrets(text: str, url: URL) -> str:
    """Somebody else's words about the database, without the passwords that its URL holds."""
    for secret in secrets_of(url):
        for written in {secret, quote(secret, safe=""), quote_plus(secret)}:
            text = text.replace(written, "***")
    return text


def secrets_of(url: URL) -> list[str]:
    """The passwords that it holds."""
    found = [str(url.password)] if url.password else []
    for name in _SECRET:
        value = url.query.get(name, ())
        found += [value] if isinstance(value, str) else list(value)
    return [secret for secret in found if secret]


def _parse_sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:":
        raise StorageError("an in-memory SQLite database cannot be shared by processes: name a file, sqlite:///file.db")
    if url.query or url.host or url.username:
        raise StorageError(
            "a SQLite URL is sqlite:/// and a path, nothing else (an absolute path gives four slashes: sqlite:////data/file.db)"
        )
    path = Path(os.path.abspath(url.database))
    if path.is_dir():
        raise StorageError(f"database {path} is a folder: name a file in it, such as {path / 'redraft.db'}")
    if not path.parent.is_dir():
        raise StorageError(f"database {path} cannot be made: there is no folder {path.parent}, create it first")
    return sa.URL.create("sqlite", database=str(path))

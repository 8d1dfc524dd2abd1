"""Can this machine reach what a run keeps its truth in? One sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from redraft.blobs import open_blobs
from redraft.config import Config
from redraft.config.storage import S3_SCHEME
from redraft.errors import StorageError
from redraft_actors.clusters.finding import Finding, error

SECONDS = 5


def reach_findings(config: Config) -> Iterator[Finding]:
    """The database and the bucket, asked from here with the credentials that this process has.

    A bucket gets a small object that is no blob, because there is no other way to know whether it may be written to.
    """
    if config.storage.database is not None and config.storage.database.startswith("postgresql"):
        yield from _database(config.storage.database)
    if config.storage.blobs_url is not None and config.storage.blobs_url.startswith(S3_SCHEME):
        try:
            open_blobs(config.storage.blobs_url).check()
        except StorageError as e:
            yield error("config:storage.blobs", f"it cannot be used from here: {e}")


def _database(url: str) -> Iterator[Finding]:
    import sqlalchemy as sa
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = sa.create_engine(url, connect_args={"connect_timeout": SECONDS})
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        engine.dispose()
    except (SQLAlchemyError, ImportError) as e:
        name = urlsplit(url).hostname or "the database"
        yield error(
            "config:storage.database",
            f"{name} cannot be reached from here ({_first_line(e)}): look at its security group, the name and the "
            "password",
        )


def _first_line(e: Exception) -> str:
    """What the driver said, without what SQLAlchemy adds."""
    told = str(getattr(e, "orig", None) or e).strip()
    return told.splitlines()[0][:160] if told else type(e).__name__

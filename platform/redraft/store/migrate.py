"""Bringing a database to the present schema, in one transaction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from redraft.errors import StorageError
from redraft.store import tables
from redraft.store.engine import Database
from redraft.store.url import shown

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"
"""The newest migration in ``migrations/versions``."""

VERSION_TABLE = "redraft_version"
"""Where the database says how far it was migrated; not Alembic's default name, which other programs use too."""


def upgrade(db: Database) -> None:
    """Run the migrations that the database lacks; one process does it, the others wait for it.

    Raises:
        StorageError: the database was written by a newer version of this code, or holds another program's tables.
    """
    with db.read() as connection:
        if revision_in(connection) == HEAD:
            return
    with db.write(references=False) as connection:
        db.unhurried(connection)
        db.lock(connection, "migrate")
        if revision_in(connection) != HEAD:
            migrate_to(connection)
            _check_references(connection)


def _check_references(connection: sa.Connection) -> None:
    """What SQLite did not watch over while tables were put in place of others."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise RuntimeError(f"the migration broke a reference of table {broken[0]} to {broken[2]}")


def revision_in(connection: sa.Connection) -> str | None:
    """How far a database was migrated; None for one without our tables.

    Raises:
        StorageError: it holds another program's tables under our names.
    """
    names = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        version: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
        return version
    taken = sorted(names & set(tables.metadata.tables))
    if taken:
        url = shown(connection.engine.url)
        raise StorageError(f"database {url} holds another program's tables ({', '.join(taken)}): name another database")
    return None


def migrate_to(connection: sa.Connection, to: str = HEAD) -> None:
    """Run the migrations up to ``to`` that the database lacks, in the transaction that is open.

    Raises:
        StorageError: a newer version of this code wrote the database.
    """
    version = revision_in(connection)
    if version is not None:
        require_known(version, f"database {shown(connection.engine.url)}")
    # Alembic takes longer to import than an up-to-date database takes to open.
    from alembic import command

    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def require_known(revision: str, what: str) -> None:
    """Raise StorageError if ``what`` is at a schema that this code has never heard of."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        ScriptDirectory.from_config(_alembic()).get_revision(revision)
    except CommandError as e:
        raise StorageError(
            f"{what} was written by a newer Redraft (schema {revision}, this one knows up to {HEAD}): "
            "install that version"
        ) from e


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config

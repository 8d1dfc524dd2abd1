"""Bringing a database to the present schema, in one transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from redraft.errors import StorageError
from redraft.store import tables
from redraft.store.engine import Database

HEAD = "0003"
"""The newest migration in ``migrations/versions``."""

VERSION_TABLE = "redraft_version"
"""Where the database says how far it was migrated; not Alembic's default name, which other programs use too."""


def upgrade(db: Database) -> None:
    """Run the migrations that the database lacks; one process does it, the others wait for it.

    Raises:
        StorageError: the database was written by a newer version of this code, or holds another program's tables.
    """
    with db.read() as connection:
        if _version(connection) == HEAD:
            return
    with db.write(references=False) as connection:
        db.lock(connection, "migrate")
        if _version(connection) != HEAD:
            _run(connection)
            _check_references(connection)


def _check_references(connection: sa.Connection) -> None:
    """What SQLite did not watch over while tables were put in place of others."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise RuntimeError(f"the migration broke a reference of table {broken[0]} to {broken[2]}")


def _version(connection: sa.Connection) -> str | None:
    names = set(sa.inspect(connection).get_table_names())
    if VERSION_TABLE in names:
        version: str | None = connection.scalar(sa.text(f"SELECT version_num FROM {VERSION_TABLE}"))
        return version
    taken = sorted(names & set(tables.metadata.tables))
    if taken:
        url = connection.engine.url.render_as_string()
        raise StorageError(f"database {url} holds another program's tables ({', '.join(taken)}): name another database")
    return None


def _run(connection: sa.Connection, to: str = HEAD) -> None:
    # Alembic takes longer to import than an up-to-date database takes to open.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    version = _version(connection)
    if version is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(version)
        except CommandError as e:
            url = connection.engine.url.render_as_string()
            raise StorageError(
                f"database {url} was written by a newer Redraft (schema {version}, this one knows up to {HEAD}): "
                "install that version"
            ) from e
    command.upgrade(config, to)

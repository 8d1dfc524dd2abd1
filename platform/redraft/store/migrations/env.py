"""Where Alembic starts: it is handed the connection, transaction open, and leaves logging as it is."""

from __future__ import annotations

from alembic import context

from redraft.store.migrate import VERSION_TABLE
from redraft.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()

"""The loop's events, which were lines of a file in the run folder alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; events of before stay in the file."""
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("policy", sa.String()),
        sa.Column("dataset", sa.String()),
        sa.Column("seconds", sa.Double()),
        sa.Column("rss_gib", sa.Double()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("run", "at", "round", "step", name=op.f("uq_events_run_at_round_step")),
    )
    op.create_index(op.f("ix_events_round_step"), "events", ["round", "step"])
    op.create_index(op.f("ix_events_policy"), "events", ["policy"])

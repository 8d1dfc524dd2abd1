"""Tokens that open the served policy and nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Allow one more kind of token."""
    with op.batch_alter_table("tokens") as tokens:
        tokens.drop_constraint(op.f("ck_tokens_kind"), type_="check")
        tokens.create_check_constraint(
            op.f("ck_tokens_kind"), sa.text("kind IN ('invite', 'session', 'api', 'policy')")
        )

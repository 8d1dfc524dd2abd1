"""What people ask of the loop may say more than yes: a schedule."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what a flag says; those that are up say nothing but that they are up."""
    op.add_column("control", sa.Column("detail", sa.Text()))

"""Let audit lines keep digests of rows and say what they are signed with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("audit", sa.Column("rows", sa.JSON(), nullable=True))
    op.add_column("audit", sa.Column("key_name", sa.String(length=200), nullable=True))
    op.add_column("record", sa.Column("audit_key", sa.String(length=200), nullable=True))
    op.add_column("record", sa.Column("audit_head", sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("record", "audit_head")
    op.drop_column("record", "audit_key")
    op.drop_column("audit", "key_name")
    op.drop_column("audit", "rows")

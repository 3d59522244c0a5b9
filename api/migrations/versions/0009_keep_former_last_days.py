"""Keep on which day care was to end before its person's end cut it short."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("bookings", sa.Column("was_to_end_on", sa.Date(), nullable=True))


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("bookings", "was_to_end_on")

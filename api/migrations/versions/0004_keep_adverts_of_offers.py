"""Keep what each offer was made for, and number the versions of bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    op.add_column("offers", sa.Column("advert", sa.JSON(), nullable=True))
    # Replies were made for what their enquiries say; of other offers that cannot be told any more.
    op.execute(
        "UPDATE offers SET advert = (SELECT enquiries.advert FROM enquiries "
        "WHERE enquiries.enquiry_id = offers.enquiry_id) WHERE enquiry_id IS NOT NULL"
    )
    op.add_column(
        "bookings", sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("bookings", "version")
    op.drop_column("offers", "advert")

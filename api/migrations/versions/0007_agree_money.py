"""Keep who agreed the money of a request, and up to which week of the family an approval goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step.

    Until now money was agreed before a request was taken in: of those nobody still asks for it.
    """
    op.add_column("requests", sa.Column("money_asked_by", sa.String(length=200), nullable=True))
    op.add_column("requests", sa.Column("money_agreed_by", sa.String(length=200), nullable=True))
    op.add_column(
        "requests", sa.Column("money_agreed_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("offers", sa.Column("approved_family_pence", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("offers", "approved_family_pence")
    op.drop_column("requests", "money_agreed_at")
    op.drop_column("requests", "money_agreed_by")
    op.drop_column("requests", "money_asked_by")

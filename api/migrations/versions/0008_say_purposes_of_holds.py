"""Say what each hold is for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OFFERED = (
    "EXISTS (SELECT 1 FROM offers WHERE offers.request_id = commitments.request_id "
    "AND offers.provider_id = commitments.provider_id AND {})"
)


def upgrade() -> None:
    """Take the step."""
    op.add_column("commitments", sa.Column("purpose", sa.String(200), nullable=True))
    # A choice and an accepted proposal took the place of all other holds of their request.
    chosen = OFFERED.format("offers.state = 'chosen'")
    proposed = OFFERED.format("offers.state = 'offered' AND offers.proposal_id IS NOT NULL")
    op.execute(
        f"UPDATE commitments SET purpose = CASE WHEN {chosen} THEN 'choice' "
        f"WHEN {proposed} THEN 'proposal' ELSE 'shortlist' END WHERE kind = 'hold'"
    )


def downgrade() -> None:
    """Take the step back."""
    op.drop_column("commitments", "purpose")

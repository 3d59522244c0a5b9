"""Say with which key a run was asked for, and keep the evidence of shortlists in little space."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SHORTLISTS = sa.table(
    "shortlists",
    sa.column("shortlist_id", sa.String()),
    sa.column("evidence", sa.JSON()),
    sa.column("considered", sa.LargeBinary()),
)
LATER = "not known"
"""The key of runs that people asked for before keys were noted."""


def upgrade() -> None:
    """Take the step."""
    op.add_column("runs", sa.Column("asked_key", sa.String(200), nullable=True))
    op.execute(f"UPDATE runs SET asked_key = '{LATER}' WHERE asked_by != 'carematch'")
    op.add_column(
        "shortlists",
        sa.Column("considered", sa.LargeBinary(), nullable=False, server_default=sa.text("''")),
    )
    _each("evidence", "considered", lambda lines: zlib.compress(json.dumps(lines).encode()))
    op.drop_column("shortlists", "evidence")


def downgrade() -> None:
    """Take the step back."""
    op.add_column(
        "shortlists",
        sa.Column("evidence", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
    _each("considered", "evidence", lambda packed: json.loads(zlib.decompress(packed)))
    op.drop_column("shortlists", "considered")
    op.drop_column("runs", "asked_key")


def _each(source: str, target: str, become: Callable[[Any], Any]) -> None:
    """Write one column from another, one shortlist at a time: each may have megabytes."""
    connection, columns = op.get_bind(), SHORTLISTS.c
    for (name,) in connection.execute(sa.select(columns.shortlist_id)).all():
        one = columns.shortlist_id == name
        found = connection.execute(sa.select(columns[source]).where(one)).scalar_one()
        connection.execute(sa.update(SHORTLISTS).where(one).values({target: become(found)}))

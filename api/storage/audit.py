"""Queries for the audit: its lines, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.tables import AuditRow


def audit_lines(
    session: Session, limit: int, before: int | None, subject: str | None
) -> Sequence[AuditRow]:
    """Return lines of the audit, the newest first.

    Parameters
    ----------
    session
        Where to read.
    limit
        How many at most.
    before
        The number of the last one that was seen.
    subject
        The id of what was changed; any when not given.
    """
    query = select(AuditRow)
    if before is not None:
        query = query.where(AuditRow.number < before)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return session.scalars(query.order_by(AuditRow.number.desc()).limit(limit)).all()

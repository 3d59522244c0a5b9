"""Queries for shortlists as decision records, and for what became of what they held."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from api.storage.finding import found
from api.tables import AuditRow, BookingRow, CommitmentRow, ShortlistRow

MADE = "shortlist.made"


def shortlist_row(session: Session, shortlist_id: str) -> ShortlistRow:
    """Return one shortlist.

    Raises
    ------
    NotFoundError
        If the record has no such shortlist.
    """
    return found(session.get(ShortlistRow, shortlist_id), "shortlist", shortlist_id)


def listed(
    session: Session, request_id: str, limit: int, before: str | None
) -> Sequence[ShortlistRow]:
    """Return the shortlists of a request without their evidence, the newest first.

    Parameters
    ----------
    session
        Where to read.
    request_id
        Of which request.
    limit
        How many at most.
    before
        Id of the last one that was seen.
    """
    heavy = defer(ShortlistRow.evidence), defer(ShortlistRow.request)
    query = select(ShortlistRow).where(ShortlistRow.request_id == request_id).options(*heavy)
    if before is not None:
        query = query.where(ShortlistRow.shortlist_id < before)
    return session.scalars(query.order_by(ShortlistRow.shortlist_id.desc()).limit(limit)).all()


def holds_made(session: Session, shortlist: ShortlistRow) -> Sequence[CommitmentRow]:
    """Return the holds of a shortlist's options, whatever became of them, in rank order."""
    ids = shortlist.hold_ids
    rows = session.scalars(select(CommitmentRow).where(CommitmentRow.commitment_id.in_(ids)))
    return sorted(rows, key=lambda row: ids.index(row.commitment_id))


def bookings_of(session: Session, request_id: str) -> Sequence[BookingRow]:
    """Return all bookings of a request, ended ones too."""
    query = select(BookingRow).where(BookingRow.request_id == request_id)
    return session.scalars(query.order_by(BookingRow.order_ref)).all()


def made_line(session: Session, shortlist_id: str) -> AuditRow | None:
    """Return the audit line of a shortlist."""
    query = select(AuditRow).where(AuditRow.subject == shortlist_id, AuditRow.action == MADE)
    return session.scalar(query)

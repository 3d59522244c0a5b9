"""Queries for bookings: one, and the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.finding import found
from api.tables import BookingRow, OfferRow, RequestRow


def booking_row(session: Session, order_ref: str) -> BookingRow:
    """Return one booking.

    Raises
    ------
    NotFoundError
        If the record has no such booking.
    """
    return found(session.get(BookingRow, order_ref), "booking", order_ref)


def offer_behind(session: Session, booking: BookingRow) -> OfferRow | None:
    """Return the offer that was booked; ``None`` for care that ran before this record."""
    return None if booking.offer_id is None else session.get(OfferRow, booking.offer_id)


def offers_behind(session: Session, bookings: Sequence[BookingRow]) -> Mapping[str, OfferRow]:
    """Return the offers that were booked, by the references of their bookings."""
    booked = {row.offer_id: row.order_ref for row in bookings if row.offer_id is not None}
    rows = session.scalars(select(OfferRow).where(OfferRow.offer_id.in_(sorted(booked))))
    return {booked[row.offer_id]: row for row in rows}


def listed(
    session: Session,
    limit: int,
    after: str | None,
    *,
    provider_id: str | None = None,
    key_worker: str | None = None,
    only_running: bool = True,
) -> Sequence[BookingRow]:
    """Return bookings in the order of their references.

    Parameters
    ----------
    session
        Where to read.
    limit
        How many at most.
    after
        The reference of the last one that was seen.
    provider_id, key_worker
        Whose; everybody's when not given.
    only_running
        Whether those that have ended are left out.
    """
    query = select(BookingRow)
    if provider_id is not None:
        query = query.where(BookingRow.provider_id == provider_id)
    if key_worker is not None:
        own = select(RequestRow.request_id).where(RequestRow.key_worker == key_worker)
        query = query.where(BookingRow.request_id.in_(own))
    if only_running:
        query = query.where(BookingRow.ended_at.is_(None))
    if after is not None:
        query = query.where(BookingRow.order_ref > after)
    return session.scalars(query.order_by(BookingRow.order_ref).limit(limit)).all()

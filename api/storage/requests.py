"""Queries for requests: one, the list, and what has become of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from api.storage.finding import found
from api.tables import (
    BookingRow,
    CommitmentRow,
    EnquiryRow,
    OfferRow,
    ProviderRow,
    RequestRow,
    ShortlistRow,
)
from matcher.vocabulary import ProviderStatus

NEVER = date(9999, 12, 31)
"""Sorts requests whose wait is not recorded behind all others; never leaves the queries."""
WAITING_SINCE = func.coalesce(RequestRow.waiting_since, NEVER)


@dataclass(frozen=True)
class Wanted:
    """Which requests a list is of; what is ``None`` does not narrow it.

    Parameters
    ----------
    state, service_type, zone, key_worker
        As the request has it.
    risk_order
        0 for red to 3 for none recorded.
    """

    state: str | None = None
    service_type: str | None = None
    zone: str | None = None
    key_worker: str | None = None
    risk_order: int | None = None


def request_row(session: Session, request_id: str) -> RequestRow:
    """Return one request.

    Raises
    ------
    NotFoundError
        If the record has no such request.
    """
    return found(session.get(RequestRow, request_id), "request", request_id)


def sort_key(row: RequestRow) -> tuple[int, date, str]:
    """Return by what the list is sorted: risk, then wait, then id (S1)."""
    return row.risk_order, row.waiting_since or NEVER, row.request_id


def listed(
    session: Session, wanted: Wanted, limit: int, after: tuple[Any, ...] | None
) -> Sequence[RequestRow]:
    """Return requests of the list in its order.

    Parameters
    ----------
    session
        Where to read.
    wanted
        Which ones.
    limit
        How many at most.
    after
        The sort key of the last one that was seen.
    """
    query = select(RequestRow).where(*_narrowing(wanted))
    key = tuple_(RequestRow.risk_order, WAITING_SINCE, RequestRow.request_id)
    if after is not None:
        query = query.where(key > tuple_(*after))
    ordered = query.order_by(RequestRow.risk_order, WAITING_SINCE, RequestRow.request_id)
    return session.scalars(ordered.limit(limit)).all()


def _narrowing(wanted: Wanted) -> list[ColumnElement[bool]]:
    told = vars(wanted).items()
    return [getattr(RequestRow, name) == value for name, value in told if value is not None]


def with_the_closed(
    session: Session, wanted: Wanted
) -> Sequence[tuple[RequestRow, Mapping[str, Any]]]:
    """Return requests whose care runs with a closed provider, each with that provider's document.

    Parameters
    ----------
    session
        Where to read.
    wanted
        Which ones.
    """
    query = (
        select(RequestRow, ProviderRow.document)
        .join(BookingRow, BookingRow.request_id == RequestRow.request_id)
        .join(ProviderRow, ProviderRow.provider_id == BookingRow.provider_id)
        .where(
            BookingRow.ended_at.is_(None),
            ProviderRow.document["status"].as_string() == ProviderStatus.CLOSED.value,
            *_narrowing(wanted),
        )
        .order_by(RequestRow.request_id)
    )
    return [(row, document) for row, document in session.execute(query)]


def first_responses(session: Session, request_ids: Sequence[str]) -> Mapping[str, datetime]:
    """Return when each request was first looked into: by a shortlist or an enquiry (H22).

    What was looked for before a hand-back, from which the request came in anew, does not count.
    """
    found: dict[str, datetime] = {}
    for table, moment in ((ShortlistRow, ShortlistRow.made_at), (EnquiryRow, EnquiryRow.opened_at)):
        query = (
            select(table.request_id, func.min(moment))
            .join(RequestRow, RequestRow.request_id == table.request_id)
            .where(table.request_id.in_(request_ids), moment >= RequestRow.received_at)
            .group_by(table.request_id)
        )
        for request_id, at in session.execute(query):
            found[request_id] = min(at, found.get(request_id, at))
    return found


def booking_of(session: Session, request_id: str) -> BookingRow | None:
    """Return the booking by which a request's care runs; ``None`` where it does not."""
    query = select(BookingRow).where(
        BookingRow.request_id == request_id, BookingRow.ended_at.is_(None)
    )
    return session.scalar(query)


def bookings_that_run(session: Session, request_ids: Sequence[str]) -> Mapping[str, BookingRow]:
    """Return the bookings by which care runs, each by its request."""
    query = select(BookingRow).where(
        BookingRow.request_id.in_(request_ids), BookingRow.ended_at.is_(None)
    )
    return {row.request_id: row for row in session.scalars(query)}


def states_of(session: Session, request_ids: Sequence[str]) -> Mapping[str, str]:
    """Return the state of each of some requests."""
    query = select(RequestRow.request_id, RequestRow.state).where(
        RequestRow.request_id.in_(request_ids)
    )
    return {found.request_id: found.state for found in session.execute(query)}


def promises_of(session: Session, request_id: str) -> Sequence[CommitmentRow]:
    """Return everything promised to a request that was not given back."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id, CommitmentRow.released_at.is_(None)
    )
    return session.scalars(query.order_by(CommitmentRow.commitment_id)).all()


def open_enquiries(session: Session, request_id: str) -> Sequence[EnquiryRow]:
    """Return the enquiries of a request that were not closed by anybody."""
    query = select(EnquiryRow).where(
        EnquiryRow.request_id == request_id, EnquiryRow.closed_at.is_(None)
    )
    return session.scalars(query.order_by(EnquiryRow.enquiry_id)).all()


def offers_of(session: Session, request_id: str) -> Sequence[OfferRow]:
    """Return all offers for a request, oldest first."""
    query = select(OfferRow).where(OfferRow.request_id == request_id)
    return session.scalars(query.order_by(OfferRow.offer_id)).all()


def children_of(session: Session, request_id: str) -> Sequence[RequestRow]:
    """Return the increases and changes asked for beside a request."""
    query = select(RequestRow).where(RequestRow.parent_id == request_id)
    return session.scalars(query.order_by(RequestRow.request_id)).all()


def descendants_of(session: Session, request_id: str) -> list[RequestRow]:
    """Return what was asked for beside a request, what was asked for beside that, and so on."""
    found: list[RequestRow] = []
    for child in children_of(session, request_id):
        found += [child, *descendants_of(session, child.request_id)]
    return found


def family_of(session: Session, row: RequestRow) -> list[RequestRow]:
    """Return all requests that are of one person's care with this one; this one first."""
    root = row
    while root.parent_id is not None:
        root = request_row(session, root.parent_id)
    everyone = [root, *descendants_of(session, root.request_id)]
    return [row, *(each for each in everyone if each.request_id != row.request_id)]


def ended_bookings(session: Session, request_id: str) -> Sequence[BookingRow]:
    """Return the bookings of a request whose end was told, whether or not it has come."""
    query = select(BookingRow).where(
        BookingRow.request_id == request_id, BookingRow.ended_at.is_not(None)
    )
    return session.scalars(query.order_by(BookingRow.order_ref)).all()

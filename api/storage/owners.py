"""Queries for whose something is: a key, a request's key worker, whom an enquiry asks."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.orm import Session

from api.tables import (
    ApiKeyRow,
    BookingRow,
    EnquiryRow,
    InvitationRow,
    OfferRow,
    ProposalRow,
    RequestRow,
    ShortlistRow,
)

At: TypeAlias = Session | Connection
"""Where something small is read: in a session, or by a bare connection, which is quicker."""
_KEY = select(*ApiKeyRow.__table__.c).where(ApiKeyRow.prefix == bindparam("prefix"))
"""Built once, and of columns: every call asks it, and mapping the row takes longer than reading."""
_BELONGINGS = {
    table.__tablename__: select(table.request_id).where(key == bindparam("name"))
    for table, key in (
        (ShortlistRow, ShortlistRow.shortlist_id),
        (EnquiryRow, EnquiryRow.enquiry_id),
        (OfferRow, OfferRow.offer_id),
        (BookingRow, BookingRow.order_ref),
        (ProposalRow, ProposalRow.proposal_id),
    )
}
_PROVIDERS = {
    "offers": select(OfferRow.provider_id).where(OfferRow.offer_id == bindparam("name")),
    "bookings": select(BookingRow.provider_id).where(BookingRow.order_ref == bindparam("name")),
}


def key_row(at: At, prefix: str) -> Row[Any] | None:
    """Return an API key by its prefix; ``None`` where it is not known."""
    return at.execute(_KEY, {"prefix": prefix}).first()


def key_worker_of(at: At, request_id: str) -> str | None:
    """Return who owns a request's risk rating; ``None`` where nobody does."""
    query = select(RequestRow.key_worker).where(RequestRow.request_id == request_id)
    return at.scalar(query)


def request_of(at: At, table: str, name: str) -> str:
    """Return for which request something of a table is; empty where there is no such thing."""
    return at.scalar(_BELONGINGS[table], {"name": name}) or ""


def provider_of(at: At, table: str, name: str) -> str | None:
    """Return whose an offer or a booking is; ``None`` where there is no such thing."""
    query = _PROVIDERS.get(table)
    return None if query is None else at.scalar(query, {"name": name})


def is_asked(at: At, enquiry_id: str, provider_id: str | None) -> bool:
    """Say whether an enquiry asks a provider."""
    query = select(InvitationRow.provider_id).where(
        InvitationRow.enquiry_id == enquiry_id, InvitationRow.provider_id == provider_id
    )
    return at.scalar(query) is not None

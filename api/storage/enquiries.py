"""Queries for enquiries: one, the list, who is asked, and which windows have passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from api.errors import NotFoundError
from api.storage.finding import found
from api.tables import EnquiryRow, InvitationRow, OfferRow, ShortlistRow


def enquiry_row(session: Session, enquiry_id: str) -> EnquiryRow:
    """Return one enquiry.

    Raises
    ------
    NotFoundError
        If the record has no such enquiry.
    """
    return found(session.get(EnquiryRow, enquiry_id), "enquiry", enquiry_id)


def shortlist_for(session: Session, shortlist_id: str, request_id: str) -> ShortlistRow:
    """Return a shortlist of a request.

    Raises
    ------
    NotFoundError
        If the request has no such shortlist.
    """
    row = session.get(ShortlistRow, shortlist_id)
    if row is None or row.request_id != request_id:
        raise NotFoundError(
            f"Request {request_id} has no shortlist {shortlist_id!r}.",
            thing="shortlist",
            value=shortlist_id,
        )
    return row


def may_be_answered(now: datetime) -> ColumnElement[bool]:
    """Return the condition of enquiries that may still be answered at a moment."""
    return and_(EnquiryRow.closed_at.is_(None), EnquiryRow.closes_at > now)


def passed(session: Session, now: datetime) -> Sequence[EnquiryRow]:
    """Return the enquiries whose window has passed without anybody having closed them."""
    query = select(EnquiryRow).where(EnquiryRow.closed_at.is_(None), EnquiryRow.closes_at <= now)
    return session.scalars(query.order_by(EnquiryRow.enquiry_id)).all()


def invitations_of(session: Session, enquiry_id: str) -> Sequence[InvitationRow]:
    """Return everyone whom an enquiry asks, in the order of their ids."""
    query = select(InvitationRow).where(InvitationRow.enquiry_id == enquiry_id)
    return session.scalars(query.order_by(InvitationRow.provider_id)).all()


def invitation_of(session: Session, enquiry_id: str, provider_id: str) -> InvitationRow:
    """Return what an enquiry asks one provider.

    Raises
    ------
    NotFoundError
        If it does not ask that provider.
    """
    row = session.get(InvitationRow, (enquiry_id, provider_id))
    if row is None:
        raise NotFoundError(
            f"The enquiry {enquiry_id} does not ask {provider_id}.",
            thing="enquiry",
            value=enquiry_id,
        )
    return row


def invitations_to(
    session: Session, enquiry_ids: Sequence[str], provider_id: str
) -> Mapping[str, InvitationRow]:
    """Return what some enquiries ask one provider, each by its enquiry."""
    query = select(InvitationRow).where(
        InvitationRow.enquiry_id.in_(enquiry_ids), InvitationRow.provider_id == provider_id
    )
    return {row.enquiry_id: row for row in session.scalars(query)}


def replies_by(
    session: Session, enquiry_ids: Sequence[str], provider_id: str
) -> Mapping[str | None, OfferRow]:
    """Return what one provider offers in answer to some enquiries, each by its enquiry."""
    query = select(OfferRow).where(
        OfferRow.enquiry_id.in_(enquiry_ids), OfferRow.provider_id == provider_id
    )
    return {row.enquiry_id: row for row in session.scalars(query)}


def replies_to(session: Session, enquiry_id: str) -> dict[str, OfferRow]:
    """Return the offers made in answer to an enquiry, by provider."""
    query = select(OfferRow).where(OfferRow.enquiry_id == enquiry_id)
    return {row.provider_id: row for row in session.scalars(query)}


def listed(
    session: Session,
    now: datetime,
    limit: int,
    after: str | None,
    *,
    request_id: str | None = None,
    only_open: bool = False,
    asks: str | None = None,
) -> Sequence[EnquiryRow]:
    """Return enquiries, the newest first.

    Parameters
    ----------
    session
        Where to read.
    now
        At which moment they are open or not.
    limit
        How many at most.
    after
        The id of the last one that was seen.
    request_id
        Of which request; of all when not given.
    only_open
        Whether only those that may still be answered.
    asks
        Which provider they ask; any when not given.
    """
    query = select(EnquiryRow)
    if request_id is not None:
        query = query.where(EnquiryRow.request_id == request_id)
    if only_open:
        query = query.where(may_be_answered(now))
    if asks is not None:
        asked = select(InvitationRow.enquiry_id).where(InvitationRow.provider_id == asks)
        query = query.where(EnquiryRow.enquiry_id.in_(asked))
    if after is not None:
        query = query.where(EnquiryRow.enquiry_id < after)
    return session.scalars(query.order_by(EnquiryRow.enquiry_id.desc()).limit(limit)).all()


def answers_of(
    session: Session, enquiry_ids: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
    """Return how many each enquiry asks, how many of them offered, and how many declined."""
    asked: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    count, refused = func.count(), func.count(InvitationRow.declined_at)
    query = select(InvitationRow.enquiry_id, count, refused)
    query = query.where(InvitationRow.enquiry_id.in_(enquiry_ids))
    for enquiry_id, all_asked, all_declined in session.execute(
        query.group_by(InvitationRow.enquiry_id)
    ):
        asked[enquiry_id], declined[enquiry_id] = all_asked, all_declined
    offers = select(OfferRow.enquiry_id, func.count()).where(OfferRow.enquiry_id.in_(enquiry_ids))
    offered = Counter(
        {
            enquiry_id: number
            for enquiry_id, number in session.execute(offers.group_by(OfferRow.enquiry_id))
            if enquiry_id is not None
        }
    )
    return asked, offered, declined

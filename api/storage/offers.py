"""Queries for offers: one, those that still count, and the part of the book that they are of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.finding import found
from api.storage.record import Writing
from api.tables import HistoryRow, OfferRow
from matcher.vocabulary import Outcome

OFFERED, CHOSEN, BOOKED = "offered", "chosen", "booked"
LOST, REPLACED, WITHDRAWN, UNSUITABLE = "lost", "replaced", "withdrawn", "unsuitable"
OVER = "over"
"""Was booked, and the booking has ended."""
STANDING = (OFFERED, CHOSEN)
"""States of offers that may still come to be booked."""
COMPARED = (OFFERED, CHOSEN, BOOKED, LOST)
"""States of offers that are ranked."""
REPLIED, RECORDED, SHORTLISTED = "reply", "recorded", "shortlist"
"""Where an offer comes from: an enquiry, a broker's telephone, or an option taken at once."""


def offer_row(session: Session, offer_id: str) -> OfferRow:
    """Return one offer.

    Raises
    ------
    NotFoundError
        If the record has no such offer.
    """
    return found(session.get(OfferRow, offer_id), "offer", offer_id)


def listed_offers(
    session: Session, *, awaits_approval: bool, limit: int, after: str | None
) -> Sequence[OfferRow]:
    """Return offers that still stand, the oldest first.

    Parameters
    ----------
    session
        Where to read.
    awaits_approval
        Only those whose price a budget holder has not decided on (H9).
    limit
        How many at most.
    after
        The id of the last one that was seen.
    """
    query = select(OfferRow).where(OfferRow.state.in_(STANDING))
    if awaits_approval:
        query = query.where(OfferRow.needs_approval, OfferRow.approved.is_(None))
    if after is not None:
        query = query.where(OfferRow.offer_id > after)
    return session.scalars(query.order_by(OfferRow.offer_id).limit(limit)).all()


def reply_of(session: Session, enquiry_id: str, provider_id: str) -> OfferRow | None:
    """Return what a provider offers in answer to an enquiry; ``None`` where nothing yet."""
    query = select(OfferRow).where(
        OfferRow.enquiry_id == enquiry_id, OfferRow.provider_id == provider_id
    )
    return session.scalar(query)


def standing_offers(
    session: Session, request_id: str, provider_id: str | None = None
) -> Sequence[OfferRow]:
    """Return the offers for a request that may still be booked, of one provider or of all."""
    query = select(OfferRow).where(OfferRow.request_id == request_id, OfferRow.state.in_(STANDING))
    if provider_id is not None:
        query = query.where(OfferRow.provider_id == provider_id)
    return session.scalars(query.order_by(OfferRow.offer_id)).all()


def unsuitable_for(session: Session, request_id: str) -> set[str]:
    """Return the providers that found the person of a request unsuitable (H15)."""
    query = select(HistoryRow.provider_id).where(
        HistoryRow.request_id == request_id, HistoryRow.outcome == Outcome.UNSUITABLE.value
    )
    return set(session.scalars(query))


# -- the fairness ledger -----------------------------------------------------------------------


def note_outcomes(
    writing: Writing,
    outcome: Outcome,
    provider_ids: Iterable[str],
    request_id: str,
    reason: str | None = None,
) -> None:
    """Add to the fairness ledger what became of work offered to providers (S3).

    Parameters
    ----------
    writing
        The change.
    outcome
        What became of it, alike for all.
    provider_ids
        To whom it was offered.
    request_id
        For which request.
    reason
        In whoever's words.
    """
    writing.session.add_all(
        HistoryRow(
            provider_id=provider_id,
            offered_on=writing.today,
            request_id=request_id,
            outcome=outcome.value,
            reason=reason,
        )
        for provider_id in provider_ids
    )

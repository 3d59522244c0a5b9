"""Queries for who was asked first about an increase, and what it answered."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.tables import EnquiryRow, InvitationRow, OfferRow


def first_refusals(
    session: Session, request_id: str, provider_id: str
) -> Sequence[tuple[EnquiryRow, InvitationRow]]:
    """Return the enquiries by which a provider was asked first, with its invitations.

    Parameters
    ----------
    session
        Where to read.
    request_id
        The increase.
    provider_id
        Who gives the care that is to be increased.
    """
    query = (
        select(EnquiryRow, InvitationRow)
        .join(InvitationRow, InvitationRow.enquiry_id == EnquiryRow.enquiry_id)
        .where(
            EnquiryRow.request_id == request_id,
            EnquiryRow.first_refusal,
            InvitationRow.provider_id == provider_id,
        )
    )
    ordered = query.order_by(EnquiryRow.enquiry_id)
    return [(enquiry, asked) for enquiry, asked in session.execute(ordered)]


def offers_by(session: Session, request_id: str, provider_id: str) -> Sequence[OfferRow]:
    """Return the offers of one provider for one request, oldest first."""
    query = select(OfferRow).where(
        OfferRow.request_id == request_id, OfferRow.provider_id == provider_id
    )
    return session.scalars(query.order_by(OfferRow.offer_id)).all()

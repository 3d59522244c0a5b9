"""Answers to enquiries: everybody's as the brokerage sees them, each provider's own as it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.acts.enquiries import is_open
from api.acts.offers import own_state_of
from api.acts.offers import state_of as offer_state_of
from api.schemas.enquiries import Advert, AdvertState, EnquiryLine, EnquiryState, Invited
from api.storage.books import WAITING
from api.storage.enquiries import (
    answers_of,
    invitation_of,
    invitations_of,
    invitations_to,
    replies_by,
    replies_to,
)
from api.storage.requests import bookings_that_run, states_of
from api.tables import BookingRow, EnquiryRow, InvitationRow, OfferRow

OFFERED, DECLINED, AWAITED, NO_REPLY = "offered", "declined", "awaited", "no_reply"
"""What a provider answered, or whether its answer may still come."""


def state_of(session: Session, enquiry: EnquiryRow, now: datetime) -> EnquiryState:
    """Return an enquiry as the brokerage sees it, with everyone asked."""
    replies = replies_to(session, enquiry.enquiry_id)
    invited = [
        _invited(session, enquiry, each, replies.get(each.provider_id), now)
        for each in invitations_of(session, enquiry.enquiry_id)
    ]
    return EnquiryState(
        enquiry_id=enquiry.enquiry_id,
        request_id=enquiry.request_id,
        shortlist_id=enquiry.shortlist_id,
        advert=Advert.model_validate(enquiry.advert),
        opened_at=enquiry.opened_at,
        opened_by=enquiry.opened_by,
        closes_at=enquiry.closes_at,
        closed_at=enquiry.closed_at,
        is_open=is_open(enquiry, now),
        first_refusal=enquiry.first_refusal,
        invited=invited,
    )


def _invited(
    session: Session,
    enquiry: EnquiryRow,
    invitation: InvitationRow,
    offer: OfferRow | None,
    now: datetime,
) -> Invited:
    if offer is not None:
        answer = OFFERED
    elif invitation.declined_at is not None:
        answer = DECLINED
    else:
        answer = AWAITED if is_open(enquiry, now) else NO_REPLY
    return Invited(
        provider_id=invitation.provider_id,
        answer=answer,
        declined_at=invitation.declined_at,
        decline_reason=invitation.decline_reason,
        offer=None if offer is None else offer_state_of(session, offer, now),
    )


def advert_state_of(
    session: Session, enquiry: EnquiryRow, provider_id: str, now: datetime
) -> AdvertState:
    """Return an enquiry as one provider sees it: the advert and its own answer only (H7).

    Raises
    ------
    NotFoundError
        If the enquiry does not ask that provider.
    """
    invitation_of(session, enquiry.enquiry_id, provider_id)
    return advert_states_of(session, [enquiry], provider_id, now)[0]


def advert_states_of(
    session: Session, enquiries: Sequence[EnquiryRow], provider_id: str, now: datetime
) -> list[AdvertState]:
    """Return enquiries that ask a provider as it sees them."""
    enquiry_ids = [each.enquiry_id for each in enquiries]
    invitations = invitations_to(session, enquiry_ids, provider_id)
    replies = replies_by(session, enquiry_ids, provider_id)
    request_ids = [each.request_id for each in enquiries]
    states = states_of(session, request_ids)
    bookings = bookings_that_run(session, request_ids)
    return [
        _advert_state(
            each,
            invitations[each.enquiry_id],
            replies.get(each.enquiry_id),
            now,
            is_its_business=states[each.request_id] == WAITING
            or _is_with(bookings.get(each.request_id), provider_id),
        )
        for each in enquiries
    ]


def _is_with(booking: BookingRow | None, provider_id: str) -> bool:
    return booking is not None and booking.provider_id == provider_id


def _advert_state(
    enquiry: EnquiryRow,
    invitation: InvitationRow,
    offer: OfferRow | None,
    now: datetime,
    *,
    is_its_business: bool,
) -> AdvertState:
    return AdvertState(
        enquiry_id=enquiry.enquiry_id,
        advert=Advert.model_validate(enquiry.advert) if is_its_business else None,
        opened_at=enquiry.opened_at,
        closes_at=enquiry.closes_at,
        is_open=is_open(enquiry, now),
        declined_at=invitation.declined_at,
        offer=None if offer is None else own_state_of(offer),
    )


def lines_of(session: Session, enquiries: Sequence[EnquiryRow], now: datetime) -> list[EnquiryLine]:
    """Return enquiries as the brokerage's list shows them."""
    asked, offered, declined = answers_of(session, [each.enquiry_id for each in enquiries])
    return [
        EnquiryLine(
            enquiry_id=each.enquiry_id,
            request_id=each.request_id,
            service_type=each.advert["service_type"],
            opened_at=each.opened_at,
            closes_at=each.closes_at,
            is_open=is_open(each, now),
            first_refusal=each.first_refusal,
            asked=asked[each.enquiry_id],
            offered=offered[each.enquiry_id],
            declined=declined[each.enquiry_id],
        )
        for each in enquiries
    ]

"""Bookings over HTTP: made of a chosen offer or straight from a shortlist, listed and ended."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.acts import bookings, reinstating
from api.acts.promises import given_back
from api.dependencies import Allow, ChangesOf, ServiceOf, VersionIfAny, same_version, tag
from api.guarding import GuardedRoute
from api.schemas.bookings import BookingEnding, BookingList, BookingState, DirectBooking
from api.schemas.pages import PageOf
from api.schemas.requests import Reinstatement
from api.security import BROKER, OWN_PROVIDER, OWN_WORK, STAFF, Caller, Role, Rule
from api.storage import bookings as stored
from api.storage.offers import offer_row
from api.storage.record import Writing
from api.storage.requests import request_row
from api.tables import BookingRow, OfferRow
from matcher.model import Id

router = APIRouter(prefix="/v1", tags=["bookings"], route_class=GuardedRoute)
Broker = Annotated[Caller, Depends(Allow(Rule(BROKER)))]
Reader = Annotated[Caller, Depends(Allow(Rule(STAFF | OWN_WORK | OWN_PROVIDER)))]


@router.post("/offers/{offer_id}/booking", status_code=201)
def book_offer(
    *,
    caller: Broker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    offer_id: Id,
    version: VersionIfAny,
) -> BookingState:
    """Book a chosen (H14) and, where its price needs that, approved (H9) offer.

    Capacity, order, request and offers change together or not at all.
    """

    def act(writing: Writing) -> BookingState:
        offer = offer_row(writing.session, offer_id)
        same_version("offer", offer_id, offer.version, version)
        booking = bookings.book(writing, service.supply, offer)
        return _made(writing, booking, offer)

    answered = changes.make(BookingState, act)
    response.headers["Location"] = f"/v1/bookings/{answered.order_ref}"
    return answered


@router.post("/requests/{request_id}/bookings", status_code=201)
def book_option(
    *,
    caller: Broker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    version: VersionIfAny,
    body: DirectBooking,
) -> BookingState:
    """Book an option of a shortlist that the person takes at once and that needs no approval."""

    def act(writing: Writing) -> BookingState:
        row = request_row(writing.session, request_id)
        same_version("request", request_id, row.version, version)
        booking = bookings.book_option(writing, service.supply, row, body)
        return _made(writing, booking, stored.offer_behind(writing.session, booking))

    answered = changes.make(BookingState, act)
    response.headers["Location"] = f"/v1/bookings/{answered.order_ref}"
    return answered


def _made(writing: Writing, booking: BookingRow, offer: OfferRow | None) -> BookingState:
    """Return a booking just made, with what is held no more because of it."""
    # What was held with its own provider is booked, not given back.
    others = [each for each in given_back(writing) if each.provider_id != booking.provider_id]
    return bookings.state_of(booking, offer).model_copy(update={"given_back": others})


@router.get("/bookings")
def list_bookings(
    *, caller: Reader, service: ServiceOf, page: PageOf, only_running: bool = True
) -> BookingList:
    """List bookings by their references; providers and key workers see their own."""
    for_provider = caller.role is Role.PROVIDER
    with service.record.reading() as session:
        rows = stored.listed(
            session,
            page.wanted,
            page.only_key(str),
            provider_id=(caller.provider_id or "") if for_provider else None,
            key_worker=caller.holder if caller.role is Role.KEY_WORKER else None,
            only_running=only_running,
        )
        shown, following = page.cut(rows, lambda row: (row.order_ref,))
        offers = stored.offers_behind(session, shown)
        items = [
            bookings.state_of(row, offers.get(row.order_ref), for_provider=for_provider)
            for row in shown
        ]
    return BookingList(items=items, next=following)


@router.get("/bookings/{order_ref}")
def read_booking(
    *, caller: Reader, service: ServiceOf, response: Response, order_ref: Id
) -> BookingState:
    """Read a booking."""
    with service.record.reading() as session:
        booking = stored.booking_row(session, order_ref)
        tag(response, booking.version)
        offer = stored.offer_behind(session, booking)
        return bookings.state_of(booking, offer, for_provider=caller.role is Role.PROVIDER)


@router.post("/bookings/{order_ref}/end")
def end_booking(
    *,
    caller: Broker,
    changes: ChangesOf,
    order_ref: Id,
    version: VersionIfAny,
    body: BookingEnding,
) -> BookingState:
    """End booked care and its request: its capacity is free when it has ended (H25).

    Told again before the last day is over, it ends on another day or for another reason.
    """

    def act(writing: Writing) -> BookingState:
        booking = stored.booking_row(writing.session, order_ref)
        same_version("booking", order_ref, booking.version, version)
        bookings.end_care(writing, booking, body)
        return bookings.state_of(booking, stored.offer_behind(writing.session, booking))

    return changes.make(BookingState, act)


@router.post("/bookings/{order_ref}/reinstatement")
def reinstate_booking(
    *,
    caller: Broker,
    changes: ChangesOf,
    order_ref: Id,
    version: VersionIfAny,
    body: Reinstatement,
) -> BookingState:
    """Let care that was to end go on as booked, before its last day is over.

    Its end is taken back, its provider's notice is called off, or the change of provider that
    was to take its place: that care must not have begun.
    """

    def act(writing: Writing) -> BookingState:
        booking = stored.booking_row(writing.session, order_ref)
        same_version("booking", order_ref, booking.version, version)
        reinstating.reinstate_booking(writing, booking, body.reason)
        return bookings.state_of(booking, stored.offer_behind(writing.session, booking))

    return changes.make(BookingState, act)

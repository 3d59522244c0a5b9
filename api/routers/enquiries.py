"""Enquiries over HTTP: opened and closed by brokers, answered by providers for themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.acts import answers, enquiries, offers
from api.dependencies import Allow, ChangesOf, ServiceOf, VersionIfAny
from api.guarding import GuardedRoute
from api.schemas.enquiries import (
    AdvertList,
    AdvertState,
    Asking,
    Decline,
    EnquiryList,
    EnquiryState,
)
from api.schemas.offers import OfferTerms, OwnOffer
from api.schemas.pages import PageOf
from api.security import BROKER, OWN_PROVIDER, OWN_WORK, Caller, Role, Rule
from api.storage import enquiries as stored
from api.storage.record import Writing
from api.storage.requests import request_row
from matcher.model import Id

router = APIRouter(prefix="/v1", tags=["enquiries"], route_class=GuardedRoute)
Broker = Annotated[Caller, Depends(Allow(Rule(BROKER)))]
Lister = Annotated[Caller, Depends(Allow(Rule(BROKER | OWN_PROVIDER)))]
Reader = Annotated[Caller, Depends(Allow(Rule(BROKER | OWN_PROVIDER | OWN_WORK)))]
Bidder = Annotated[Caller, Depends(Allow(Rule(OWN_PROVIDER)))]


def provider_of(caller: Caller) -> str | None:
    """Return the provider that calls; ``None`` where somebody of the brokerage does."""
    return (caller.provider_id or "") if caller.role is Role.PROVIDER else None


@router.post("/requests/{request_id}/enquiries", status_code=201)
def open_enquiry(
    *,
    caller: Broker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    body: Asking,
) -> EnquiryState:
    """Advertise a waiting request to some providers, or to the options of a shortlist.

    They see a postcode and needs only (H7), and answer until the enquiry closes (H22). An
    increase is put to the current provider alone before others are asked (H17).
    """
    clock, hours = service.record.clock, service.settings.offer_hours

    def act(writing: Writing) -> EnquiryState:
        row = request_row(writing.session, request_id)
        usual = clock.after_working_hours(writing.now, hours)
        enquiry = enquiries.open_enquiry(writing, row, body, usual)
        writing.session.flush()
        return answers.state_of(writing.session, enquiry, writing.now)

    answered = changes.make(EnquiryState, act)
    response.headers["Location"] = f"/v1/enquiries/{answered.enquiry_id}"
    return answered


@router.get("/enquiries")
def list_enquiries(
    *,
    caller: Lister,
    service: ServiceOf,
    page: PageOf,
    request_id: Annotated[Id | None, Query()] = None,
    only_open: bool = False,
) -> EnquiryList | AdvertList:
    """List enquiries, the newest first; a provider sees those that ask it and are open."""
    provider_id = provider_of(caller)
    now = service.record.clock.now()
    with service.record.reading() as session:
        rows = stored.listed(
            session,
            now,
            page.wanted,
            page.only_key(str),
            request_id=request_id if provider_id is None else None,
            only_open=only_open or provider_id is not None,
            asks=provider_id,
        )
        shown, following = page.cut(rows, lambda row: (row.enquiry_id,))
        if provider_id is None:
            return EnquiryList(items=answers.lines_of(session, shown, now), next=following)
        seen = answers.advert_states_of(session, shown, provider_id, now)
        return AdvertList(items=seen, next=following)


@router.get("/enquiries/{enquiry_id}")
def read_enquiry(
    *, caller: Reader, service: ServiceOf, enquiry_id: Id
) -> EnquiryState | AdvertState:
    """Read an enquiry; a provider sees the advert and its own answer, never anybody else's."""
    provider_id = provider_of(caller)
    now = service.record.clock.now()
    with service.record.reading() as session:
        row = stored.enquiry_row(session, enquiry_id)
        if provider_id is None:
            return answers.state_of(session, row, now)
        return answers.advert_state_of(session, row, provider_id, now)


@router.post("/enquiries/{enquiry_id}/closing")
def close_enquiry(*, caller: Broker, changes: ChangesOf, enquiry_id: Id) -> EnquiryState:
    """Close an enquiry before its time; whoever said nothing is noted as silent."""

    def act(writing: Writing) -> EnquiryState:
        row = stored.enquiry_row(writing.session, enquiry_id)
        enquiries.close(writing, row)
        return answers.state_of(writing.session, row, writing.now)

    return changes.make(EnquiryState, act)


@router.put("/enquiries/{enquiry_id}/offer")
def make_offer(
    *,
    caller: Bidder,
    service: ServiceOf,
    changes: ChangesOf,
    enquiry_id: Id,
    version: VersionIfAny,
    body: OfferTerms,
) -> OwnOffer:
    """Offer in answer to an enquiry, or put another offer in place of the first while it is open.

    The weekly cost is computed here from visits and rate (H6).
    """

    def act(writing: Writing) -> OwnOffer:
        enquiry = stored.enquiry_row(writing.session, enquiry_id)
        provider_id = provider_of(caller) or ""
        offer = offers.reply(writing, service.supply, enquiry, provider_id, body, version=version)
        return offers.own_state_of(offer)

    return changes.make(OwnOffer, act)


@router.post("/enquiries/{enquiry_id}/decline")
def decline_enquiry(
    *, caller: Bidder, changes: ChangesOf, enquiry_id: Id, body: Decline
) -> AdvertState:
    """Decline an enquiry, with the reason."""

    def act(writing: Writing) -> AdvertState:
        enquiry = stored.enquiry_row(writing.session, enquiry_id)
        provider_id = provider_of(caller) or ""
        enquiries.decline(writing, enquiry, provider_id, body)
        return answers.advert_state_of(writing.session, enquiry, provider_id, writing.now)

    return changes.make(AdvertState, act)

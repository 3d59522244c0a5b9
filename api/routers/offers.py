"""Offers over HTTP: recorded, compared, approved, chosen, withdrawn or found unsuitable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.acts import choices, comparing, offers
from api.acts.promises import given_back
from api.acts.terms import Standpoint
from api.dependencies import (
    Allow,
    Changes,
    ChangesOf,
    ServiceOf,
    VersionIfAny,
    VersionOf,
    same_version,
    tag,
)
from api.guarding import GuardedRoute
from api.schemas.offers import (
    Approval,
    Choice,
    OfferList,
    OfferPage,
    OfferState,
    OwnOffer,
    RecordedOffer,
    Refused,
)
from api.schemas.pages import PageOf
from api.security import BROKER, OWN_PROVIDER, OWN_WORK, Caller, Reach, Role, Rule
from api.storage import offers as stored
from api.storage.record import Writing
from api.storage.requests import request_row
from api.tables import OfferRow
from matcher.model import Id

router = APIRouter(prefix="/v1", tags=["offers"], route_class=GuardedRoute)
BUDGET_HOLDER = {Role.BUDGET_HOLDER: Reach.ANY}
Broker = Annotated[Caller, Depends(Allow(Rule(BROKER)))]
Lister = Annotated[Caller, Depends(Allow(Rule(BROKER | BUDGET_HOLDER)))]
Comparer = Annotated[Caller, Depends(Allow(Rule(BROKER | BUDGET_HOLDER | OWN_WORK)))]
Reader = Annotated[Caller, Depends(Allow(Rule(BROKER | BUDGET_HOLDER | OWN_WORK | OWN_PROVIDER)))]
Approver = Annotated[Caller, Depends(Allow(Rule(BUDGET_HOLDER)))]
Chooser = Annotated[Caller, Depends(Allow(Rule(BROKER | OWN_WORK)))]
Party = Annotated[Caller, Depends(Allow(Rule(BROKER | OWN_PROVIDER)))]


@router.post("/requests/{request_id}/offers", status_code=201)
def record_offer(
    *,
    caller: Broker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    body: RecordedOffer,
) -> OfferState:
    """Record an offer that a provider told a broker, for example by telephone.

    It takes the place of an earlier one of that provider, unless that is chosen.
    """

    def act(writing: Writing) -> OfferState:
        row = request_row(writing.session, request_id)
        offer = offers.record(writing, service.supply, row, body)
        return offers.state_of(writing.session, offer, writing.now)

    answered = changes.make(OfferState, act)
    response.headers["Location"] = f"/v1/offers/{answered.offer_id}"
    return answered


@router.get("/offers")
def list_offers(
    *,
    caller: Lister,
    service: ServiceOf,
    page: PageOf,
    awaits_approval: Annotated[
        bool, Query(description="Only those whose price nobody has decided on yet (H9).")
    ] = False,
) -> OfferPage:
    """List the offers that still stand, the oldest first: a budget holder's desk, for one."""
    with service.record.reading() as session:
        rows = stored.listed_offers(
            session,
            awaits_approval=awaits_approval,
            limit=page.wanted,
            after=page.only_key(str),
        )
        shown, following = page.cut(rows, lambda row: (row.offer_id,))
        items = offers.states_of(session, shown, service.record.clock.now())
    return OfferPage(items=items, next=following)


@router.get("/requests/{request_id}/offers")
def compare_offers(*, caller: Comparer, service: ServiceOf, request_id: Id) -> OfferList:
    """Compare all offers for a request, ranked the way shortlists are; warnings forbid nothing."""
    clock = service.record.clock
    with service.record.reading() as session:
        row = request_row(session, request_id)
        at = Standpoint(session, service.supply, clock.now(), clock.today())
        return comparing.compare(at, row)


@router.get("/offers/{offer_id}")
def read_offer(
    *, caller: Reader, service: ServiceOf, response: Response, offer_id: Id
) -> OfferState | OwnOffer:
    """Read an offer; its provider sees its own words and what became of it, never a rank."""
    with service.record.reading() as session:
        offer = stored.offer_row(session, offer_id)
        tag(response, offer.version)
        if caller.role is Role.PROVIDER:
            return offers.own_state_of(offer)
        return offers.state_of(session, offer, service.record.clock.now())


def changed(
    changes: Changes,
    offer_id: str,
    act: Callable[[Writing, OfferRow], None],
    *,
    version: int | None,
) -> OfferState:
    """Return how an offer stands after one change of it.

    Parameters
    ----------
    changes
        Where to.
    offer_id
        Which offer.
    act
        Changes the row.
    version
        Which version the change is of; any where the call says none.
    """

    def wholly(writing: Writing) -> OfferState:
        offer = _changed_within(writing, offer_id, act, version)
        told = offers.state_of(writing.session, offer, writing.now)
        return told.model_copy(update={"given_back": given_back(writing)})

    return changes.make(OfferState, wholly)


def _changed_within(
    writing: Writing,
    offer_id: str,
    act: Callable[[Writing, OfferRow], None],
    version: int | None,
) -> OfferRow:
    offer = stored.offer_row(writing.session, offer_id)
    same_version("offer", offer_id, offer.version, version)
    act(writing, offer)
    writing.session.flush()
    return offer


@router.put("/offers/{offer_id}/approval")
def approve_offer(
    *,
    caller: Approver,
    service: ServiceOf,
    changes: ChangesOf,
    offer_id: Id,
    version: VersionOf,
    body: Approval,
) -> OfferState:
    """Agree to the price of an offer, or not: within the budget holder's limit and once (H9)."""
    return changed(
        changes,
        offer_id,
        lambda writing, offer: choices.approve(writing, service.supply, offer, body, caller),
        version=version,
    )


@router.put("/offers/{offer_id}/choice")
def choose_offer(
    *,
    caller: Chooser,
    service: ServiceOf,
    changes: ChangesOf,
    offer_id: Id,
    version: VersionOf,
    body: Choice,
) -> OfferState:
    """Record who decided for an offer (H14); its capacity is held for a time, all else let go."""
    hours = service.settings.hold_hours
    return changed(
        changes,
        offer_id,
        lambda writing, offer: choices.choose(writing, service.supply, offer, body, hours),
        version=version,
    )


def _undone(
    caller: Caller,
    changes: Changes,
    offer_id: str,
    act: Callable[[Writing, OfferRow], None],
    *,
    version: int | None,
) -> OfferState | OwnOffer:
    """Return an offer that came to nothing, as whoever calls may see it."""
    if caller.role is not Role.PROVIDER:
        return changed(changes, offer_id, act, version=version)

    def wholly(writing: Writing) -> OwnOffer:
        return offers.own_state_of(_changed_within(writing, offer_id, act, version))

    return changes.make(OwnOffer, wholly)


@router.post("/offers/{offer_id}/unsuitable")
def find_unsuitable(
    *, caller: Party, changes: ChangesOf, offer_id: Id, version: VersionIfAny, body: Refused
) -> OfferState | OwnOffer:
    """Record that a provider finds the person unsuitable: it is not asked again (H15)."""
    return _undone(
        caller,
        changes,
        offer_id,
        lambda writing, offer: choices.find_unsuitable(writing, offer, body.reason),
        version=version,
    )


@router.post("/offers/{offer_id}/withdrawal")
def withdraw_offer(
    *, caller: Party, changes: ChangesOf, offer_id: Id, version: VersionIfAny, body: Refused
) -> OfferState | OwnOffer:
    """Take an offer back, with the reason; what was held for it is free at once."""
    return _undone(
        caller,
        changes,
        offer_id,
        lambda writing, offer: choices.withdraw(writing, offer, body.reason),
        version=version,
    )

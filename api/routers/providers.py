"""Providers over HTTP: read, stated anew, embargoed, priced, taken in, handed back to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Response

from api.acts import hand_backs, providers
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
from api.schemas import provider_examples as examples
from api.schemas.pages import PageOf
from api.schemas.providers import (
    CapacityChange,
    HandBack,
    HandedBack,
    OwnProviderState,
    ProviderList,
    ProviderState,
    RatesChange,
    StatedCapacity,
    StatusChange,
)
from api.security import BROKER, OWN_PROVIDER, STAFF, Caller, Reach, Role, Rule
from api.storage.providers import WantedProviders, listed_providers
from api.storage.record import Writing
from api.storage.supply import provider_row
from api.tables import ProviderRow
from matcher.model import Id, Provider
from matcher.vocabulary import ProviderKind, ProviderStatus

router = APIRouter(prefix="/v1/providers", tags=["providers"], route_class=GuardedRoute)
MAY_READ = Allow(Rule(STAFF | OWN_PROVIDER))
MAY_STATE = Allow(Rule(BROKER | OWN_PROVIDER))
MAY_COMMISSION = Allow(Rule({Role.COMMISSIONER: Reach.ANY}))
MAY_CREATE = Allow(Rule({Role.ADMINISTRATOR: Reach.ANY}))
Reader = Annotated[Caller, Depends(MAY_READ)]
Stater = Annotated[Caller, Depends(MAY_STATE)]
Commissioner = Annotated[Caller, Depends(MAY_COMMISSION)]
Creator = Annotated[Caller, Depends(MAY_CREATE)]


def changed(
    changes: Changes,
    provider_id: str,
    act: Callable[[Writing, ProviderRow], None],
    *,
    version: int | None,
) -> ProviderState:
    """Return how a provider stands after one change of it.

    Parameters
    ----------
    changes
        Where to.
    provider_id
        Which provider.
    act
        Changes the row.
    version
        Which version the change is of; any where the call says none.
    """

    def wholly(writing: Writing) -> ProviderState:
        row = provider_row(writing.session, provider_id)
        same_version("provider", provider_id, row.version, version)
        act(writing, row)
        return providers.state_of(writing.session, row, writing.now)

    return changes.make(ProviderState, wholly)


@router.get("")
def list_providers(
    *,
    caller: Reader,
    service: ServiceOf,
    page: PageOf,
    kind: ProviderKind | None = None,
    zone: Annotated[Id | None, Query(description="One that the provider names.")] = None,
    status: ProviderStatus | None = None,
) -> ProviderList:
    """List providers by id; a provider sees itself only."""
    # A provider's key without a provider would be a fault: it then sees nobody.
    own = caller.provider_id or "" if caller.role is Role.PROVIDER else None
    wanted = WantedProviders(kind=kind, status=status, zone=zone, provider_id=own)
    with service.record.reading() as session:
        rows = listed_providers(session, wanted, page.wanted, page.only_key(str))
        shown, following = page.cut(rows, lambda row: (row.provider_id,))
        items = providers.lines_of(session, shown)
    return ProviderList(items=items, next=following)


@router.post("", status_code=201)
def create_provider(
    *,
    caller: Creator,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    body: Annotated[Provider, Body(openapi_examples=examples.TERMS)],
) -> ProviderState:
    """Take a provider into the record; its rates and capacity are stated after."""

    def act(writing: Writing) -> ProviderState:
        row = providers.create(writing, service.supply.market_within(writing), body)
        return providers.state_of(writing.session, row, writing.now)

    answered = changes.make(ProviderState, act)
    response.headers["Location"] = f"/v1/providers/{body.provider_id}"
    return answered


@router.get("/{provider_id}")
def read_provider(
    *, caller: Reader, service: ServiceOf, response: Response, provider_id: Id
) -> ProviderState | OwnProviderState:
    """Read a provider: terms, rates, what it stated and what is left of that.

    A provider sees what is left beside its bookings, and nothing of what is held.
    """
    now = service.record.clock.now()
    answered: ProviderState | OwnProviderState
    with service.record.reading() as session:
        row = provider_row(session, provider_id)
        if caller.role is Role.PROVIDER:
            answered = providers.own_state_of(session, row, now)
        else:
            answered = providers.state_of(session, row, now)
    tag(response, answered.version)
    return answered


@router.put("/{provider_id}/capacity")
def state_capacity(
    *,
    caller: Stater,
    changes: ChangesOf,
    provider_id: Id,
    version: VersionOf,
    body: Annotated[CapacityChange, Body(openapi_examples=examples.STATE_CAPACITY)],
) -> StatedCapacity | OwnProviderState:
    """State anew all that a provider has free, every booking so far allowed for.

    What is held stays held; brokers are told the holds for which there is no room any more.
    """

    def stated(writing: Writing) -> tuple[ProviderRow, list[str]]:
        row = provider_row(writing.session, provider_id)
        same_version("provider", provider_id, row.version, version)
        return row, providers.state_capacity(writing, row, body)

    def by_broker(writing: Writing) -> StatedCapacity:
        row, in_doubt = stated(writing)
        state = providers.state_of(writing.session, row, writing.now)
        return StatedCapacity(**dict(state), holds_in_doubt=in_doubt)

    def by_provider(writing: Writing) -> OwnProviderState:
        row, _ = stated(writing)
        return providers.own_state_of(writing.session, row, writing.now)

    if caller.role is Role.PROVIDER:
        return changes.make(OwnProviderState, by_provider)
    return changes.make(StatedCapacity, by_broker)


@router.put("/{provider_id}/status")
def set_status(
    *,
    caller: Commissioner,
    changes: ChangesOf,
    provider_id: Id,
    version: VersionIfAny,
    body: Annotated[StatusChange, Body(openapi_examples=examples.SET_STATUS)],
) -> ProviderState:
    """Embargo, close or reopen a provider to new work, with a reason; its bookings stay."""
    return changed(
        changes,
        provider_id,
        lambda writing, row: providers.set_status(writing, row, body),
        version=version,
    )


@router.put("/{provider_id}/rates")
def set_rates(
    *,
    caller: Commissioner,
    changes: ChangesOf,
    provider_id: Id,
    version: VersionOf,
    body: Annotated[RatesChange, Body(openapi_examples=examples.SET_RATES)],
) -> ProviderState:
    """Replace what a provider charges."""
    return changed(
        changes,
        provider_id,
        lambda writing, row: providers.set_rates(writing, row, body),
        version=version,
    )


@router.put("/{provider_id}/terms")
def change_terms(
    *,
    caller: Commissioner,
    service: ServiceOf,
    changes: ChangesOf,
    provider_id: Id,
    version: VersionOf,
    body: Annotated[Provider, Body(openapi_examples=examples.TERMS)],
) -> ProviderState:
    """Replace a provider's terms; its id, kind and status stay."""

    def act(writing: Writing, row: ProviderRow) -> None:
        providers.change_terms(writing, service.supply.market_within(writing), row, body)

    return changed(changes, provider_id, act, version=version)


@router.post("/{provider_id}/hand-backs", status_code=201)
def hand_back(
    *,
    caller: Stater,
    changes: ChangesOf,
    provider_id: Id,
    version: VersionIfAny,
    body: Annotated[HandBack, Body(openapi_examples=examples.HAND_BACK)],
) -> HandedBack:
    """Take a package back from its provider; the person waits again, from today."""

    def act(writing: Writing) -> HandedBack:
        row = provider_row(writing.session, provider_id)
        same_version("provider", provider_id, row.version, version)
        return hand_backs.hand_back(writing, row, body)

    return changes.make(HandedBack, act)

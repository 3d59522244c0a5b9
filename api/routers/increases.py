"""Increases and changes of provider over HTTP: each a request beside the one that is arranged."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response

from api.acts import increases
from api.dependencies import Changes, ChangesOf, Service, ServiceOf
from api.guarding import GuardedRoute
from api.routers.requests import Changer, stood
from api.schemas.requests import ChangeOfProvider, Increase, RequestState
from api.storage import requests as stored
from api.storage.record import Writing
from api.tables import RequestRow
from matcher.market import Market
from matcher.model import Id

router = APIRouter(prefix="/v1/requests/{request_id}", tags=["increases"], route_class=GuardedRoute)


def _beside(
    service: Service,
    changes: Changes,
    request_id: str,
    act: Callable[[Writing, Market, RequestRow], RequestRow],
) -> RequestState:
    """Return the request that an act takes in beside an arranged one."""

    def wholly(writing: Writing) -> RequestState:
        parent = stored.request_row(writing.session, request_id)
        child = act(writing, service.supply.market_within(writing), parent)
        return stood(service, writing, child)

    return changes.make(RequestState, wholly)


@router.post("/increases", status_code=201)
def increase_care(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    body: Increase,
) -> RequestState:
    """Ask for more visits than are arranged: the current provider has first refusal (H17)."""

    def act(writing: Writing, market: Market, parent: RequestRow) -> RequestRow:
        return increases.increase(writing, market, parent, body)

    answered = _beside(service, changes, request_id, act)
    response.headers["Location"] = f"/v1/requests/{body.request_id}"
    return answered


@router.post("/changes-of-provider", status_code=201)
def change_provider(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    body: ChangeOfProvider,
) -> RequestState:
    """Ask for another provider, with a written reason against each challenge (H18).

    The care that runs goes on until the day before the new care starts.
    """

    def act(writing: Writing, market: Market, parent: RequestRow) -> RequestRow:
        return increases.change_provider(writing, market, parent, body)

    answered = _beside(service, changes, request_id, act)
    response.headers["Location"] = f"/v1/requests/{body.request_id}"
    return answered

"""Shortlists over HTTP: for any request at once, or kept with their evidence and holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from starlette.concurrency import run_in_threadpool

from api.acts import shortlists
from api.acts.requests import care_of
from api.dependencies import Allow, AllowAtMarket, ChangesOf, ServiceOf
from api.guarding import GuardedRoute
from api.schemas.pages import PageOf
from api.schemas.shortlists import (
    EvidencePack,
    ShortlistAsked,
    ShortlistList,
    ShortlistRecord,
    ShortlistWanted,
)
from api.security import BROKER, OWN_WORK, STAFF, Caller, Reach, Role, Rule
from api.storage import requests as stored_requests
from api.storage import shortlists as stored
from api.storage.record import Writing
from matcher.market import Market
from matcher.model import Id
from matcher.shortlist import Shortlist

router = APIRouter(prefix="/v1", tags=["shortlists"], route_class=GuardedRoute)
AS_POLICY_SAYS = ShortlistWanted()
FEW_VISITS = 6
"""Of so many visits times are found in milliseconds, and in a tenth of a second at worst."""
MAY_TRY = AllowAtMarket(
    Rule(BROKER | dict.fromkeys((Role.KEY_WORKER, Role.COMMISSIONER), Reach.ANY))
)
MAY_MAKE = Allow(Rule(BROKER | OWN_WORK))
MAY_READ = Allow(Rule(STAFF | OWN_WORK))
Maker = Annotated[Caller, Depends(MAY_MAKE)]
Reader = Annotated[Caller, Depends(MAY_READ)]


@router.post("/shortlists", response_model=Shortlist)
async def find_options(
    *, market: Annotated[Market, Depends(MAY_TRY)], service: ServiceOf, body: ShortlistAsked
) -> Response:
    """Rank the options for any request; nothing is written and nothing is held."""
    if service.supply.roads is None and len(body.request.package.visits) <= FEW_VISITS:
        # A millisecond or two: a thread and the event loop would keep each other waiting longer.
        found = shortlists.find(service.supply, market, body)
    else:
        found = await run_in_threadpool(shortlists.find, service.supply, market, body)
    # Written out once: the framework would validate and write the answer a second time.
    return Response(found.model_dump_json(), media_type="application/json")


@router.post("/requests/{request_id}/shortlists", status_code=201)
def make_shortlist(
    *,
    caller: Maker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    request_id: Id,
    body: ShortlistWanted = AS_POLICY_SAYS,
) -> ShortlistRecord:
    """Rank the options for a waiting request, keep the evidence, and hold each option a while.

    What an earlier shortlist of the request holds is given back first. Nothing is booked: the
    person decides (H14).
    """
    # Brought up to now before the change, so that none stands in line while it is compiled, or
    # while a routing server is asked for the drives.
    with service.record.reading() as session:
        market = service.supply.market(session)
        request = care_of(stored_requests.request_row(session, request_id))
    service.supply.by_road(market, request)

    def act(writing: Writing) -> ShortlistRecord:
        row = stored_requests.request_row(writing.session, request_id)
        return shortlists.make(writing, service.supply, row, body, service.settings.hold_hours)

    answered = changes.make(ShortlistRecord, act)
    response.headers["Location"] = f"/v1/shortlists/{answered.shortlist_id}"
    return answered


@router.get("/requests/{request_id}/shortlists")
def list_shortlists(
    *, caller: Reader, service: ServiceOf, page: PageOf, request_id: Id
) -> ShortlistList:
    """List the shortlists that were made for a request, the newest first."""
    with service.record.reading() as session:
        stored_requests.request_row(session, request_id)
        rows = stored.listed(session, request_id, page.wanted, page.only_key(str))
    shown, following = page.cut(rows, lambda row: (row.shortlist_id,))
    return ShortlistList(items=[shortlists.line_of(row) for row in shown], next=following)


@router.get("/shortlists/{shortlist_id}")
def read_shortlist(*, caller: Reader, service: ServiceOf, shortlist_id: Id) -> ShortlistRecord:
    """Read a shortlist as it was made, with what became of its holds."""
    with service.record.reading() as session:
        row = stored.shortlist_row(session, shortlist_id)
        return shortlists.record_of(session, row, service.record.clock.now())


@router.get("/shortlists/{shortlist_id}/evidence")
def read_evidence(*, caller: Reader, service: ServiceOf, shortlist_id: Id) -> EvidencePack:
    """Read all that a shortlist rested on and what came of it: for an Ombudsman, for example."""
    with service.record.reading() as session:
        row = stored.shortlist_row(session, shortlist_id)
        return shortlists.pack_of(session, row, service.record.clock.now())

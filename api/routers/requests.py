"""Requests over HTTP: taken in, listed, changed, suspended, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.acts import endings, money, reinstating, requests, standing
from api.acts.deciding import retell_family
from api.acts.promises import given_back
from api.dependencies import (
    Allow,
    Changes,
    ChangesOf,
    Service,
    ServiceOf,
    VersionIfAny,
    VersionOf,
    same_version,
    tag,
)
from api.guarding import GuardedRoute
from api.schemas.pages import PageOf
from api.schemas.requests import (
    Ending,
    KeyWorkerChange,
    MoneyAgreed,
    Reinstatement,
    RequestChange,
    RequestList,
    RequestState,
    RequestStatus,
    RiskRating,
    Suspension,
    Urgency,
)
from api.security import BROKER, OWN_WORK, STAFF, Caller, Reach, Role, Rule
from api.storage import requests as stored
from api.storage.books import RISK_ORDER
from api.storage.record import Writing
from api.tables import RequestRow
from matcher.model import CareRequest, Id
from matcher.vocabulary import Risk, ServiceType

router = APIRouter(prefix="/v1/requests", tags=["requests"], route_class=GuardedRoute)
MAY_READ = Allow(Rule(STAFF | OWN_WORK))
MAY_CREATE = Allow(Rule(BROKER | {Role.KEY_WORKER: Reach.ANY}))
MAY_CHANGE = Allow(Rule(BROKER | OWN_WORK))
MAY_RATE = Allow(Rule(OWN_WORK))
Reader = Annotated[Caller, Depends(MAY_READ)]
Creator = Annotated[Caller, Depends(MAY_CREATE)]
Changer = Annotated[Caller, Depends(MAY_CHANGE)]
Rater = Annotated[Caller, Depends(MAY_RATE)]
Broker = Annotated[Caller, Depends(Allow(Rule(BROKER)))]
BudgetHolder = Annotated[Caller, Depends(Allow(Rule({Role.BUDGET_HOLDER: Reach.ANY})))]


def changed(
    service: Service,
    changes: Changes,
    request_id: str,
    act: Callable[[Writing, RequestRow], None],
    *,
    version: int | None,
) -> RequestState:
    """Return how a request stands after one change of it.

    Parameters
    ----------
    service, changes
        Where to.
    request_id
        Which request.
    act
        Changes the row.
    version
        Which version the change is of; any where the call says none.
    """

    def wholly(writing: Writing) -> RequestState:
        row = stored.request_row(writing.session, request_id)
        same_version("request", request_id, row.version, version)
        act(writing, row)
        return stood(service, writing, row)

    return changes.make(RequestState, wholly)


def stood(service: Service, writing: Writing, row: RequestRow) -> RequestState:
    """Return how a request stands within a change."""
    market = service.supply.terms(writing.session)
    told = standing.state_of(writing.session, row, service.record.clock, market)
    return told.model_copy(update={"given_back": given_back(writing)})


@router.post("", status_code=201)
def create_request(
    *,
    caller: Creator,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    body: CareRequest,
) -> RequestState:
    """Take in a request that is complete, signed off and funded; every fault is told at once.

    A key worker's own rating counts from then on (H1, H2, H20, H23, H24).
    """

    def act(writing: Writing) -> RequestState:
        market = service.supply.terms(writing.session)
        row = requests.create(writing, market, body, requests.may_own(caller))
        return stood(service, writing, row)

    answered = changes.make(RequestState, act)
    response.headers["Location"] = f"/v1/requests/{body.request_id}"
    return answered


@router.get("")
def list_requests(
    *,
    caller: Reader,
    service: ServiceOf,
    page: PageOf,
    state: RequestStatus = RequestStatus.WAITING,
    risk: Risk | None = None,
    service_type: ServiceType | None = None,
    zone: Annotated[Id | None, Query()] = None,
) -> RequestList:
    """List the one waiting list, by risk and then by wait, with the clock that is due next (H20).

    Before it stand those who have to be placed anew, for their provider is closed. A key worker
    sees her own.
    """
    wanted = stored.Wanted(
        state=state.value,
        service_type=None if service_type is None else service_type.value,
        zone=zone,
        key_worker=requests.may_own(caller),
        risk_order=None if risk is None else RISK_ORDER[risk],
    )
    clock = service.record.clock
    with service.record.reading() as session:
        rows = stored.listed(session, wanted, page.wanted, page.key((int, date, str)))
        shown, following = page.cut(rows, stored.sort_key)
        clocks = standing.clocks_of(session, shown, clock)
        displaced = standing.displaced_beside(session, wanted) if page.after is None else []
    return RequestList(
        items=[standing.line_of(row, clocks[row.request_id], clock) for row in shown],
        next=following,
        displaced=displaced,
    )


@router.get("/{request_id}")
def read_request(
    *, caller: Reader, service: ServiceOf, response: Response, request_id: Id
) -> RequestState:
    """Read a request with what has become of it."""
    with service.record.reading() as session:
        row = stored.request_row(session, request_id)
        market = service.supply.terms(session)
        answered = standing.state_of(session, row, service.record.clock, market)
    tag(response, answered.version)
    return answered


@router.patch("/{request_id}")
def change_request(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionOf,
    body: RequestChange,
) -> RequestState:
    """Change what is asked for while nobody gives it yet.

    What was held for something else is given back, and what providers offered for something else
    can be neither chosen nor booked: they are asked anew, or their offers recorded again. Whom
    the person would rather have, and since when she waits, changes none of that.
    """

    def act(writing: Writing, row: RequestRow) -> None:
        requests.change(writing, service.supply.terms(writing.session), row, body)

    return changed(service, changes, request_id, act, version=version)


@router.put("/{request_id}/risk")
def rate_risk(
    *,
    caller: Rater,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionOf,
    body: RiskRating,
) -> RequestState:
    """Take over the risk rating of the request's own key worker; nobody else's (H20)."""
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: requests.rate_risk(writing, row, body),
        version=version,
    )


@router.put("/{request_id}/money")
def agree_money(
    *,
    caller: BudgetHolder,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionOf,
    body: MoneyAgreed,
) -> RequestState:
    """Agree the money for a person's care: within the budget holder's limit, for the whole family.

    Until then whoever asks has only said what the care may cost, and no price is booked without
    an approval of its own (H1, H9).
    """

    def act(writing: Writing, row: RequestRow) -> None:
        money.agree(writing, service.supply.terms(writing.session), row, body, caller)
        retell_family(writing, service.supply, row.request_id)

    return changed(service, changes, request_id, act, version=version)


@router.put("/{request_id}/key-worker")
def set_key_worker(
    *,
    caller: Broker,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionOf,
    body: KeyWorkerChange,
) -> RequestState:
    """Say which key worker owns a request, and so rates its risk from now on (H20)."""
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: requests.set_key_worker(writing, row, body),
        version=version,
    )


@router.put("/{request_id}/urgency")
def mark_urgent(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
    body: Urgency,
) -> RequestState:
    """Record that a request is urgent, with who said so, when and why (H21)."""
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: requests.mark_urgent(writing, row, body),
        version=version,
    )


@router.delete("/{request_id}/urgency")
def unmark_urgent(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
) -> RequestState:
    """Record that a request is no longer urgent."""
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: requests.mark_urgent(writing, row, None),
        version=version,
    )


@router.post("/{request_id}/suspension", status_code=201)
def suspend_request(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
    body: Suspension,
) -> RequestState:
    """Suspend a request from a day on; what is booked for it stays booked (H19)."""
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: requests.suspend(writing, row, body),
        version=version,
    )


@router.delete("/{request_id}/suspension")
def resume_request(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
) -> RequestState:
    """Resume a suspended request (H19)."""
    return changed(service, changes, request_id, requests.resume, version=version)


@router.post("/{request_id}/reinstatement")
def reinstate_request(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
    body: Reinstatement,
) -> RequestState:
    """Take an end back before the last day of care is over: what was booked goes on as it was.

    Whatever ended in the same change stands again too; who waited waits again. A death or a move
    that was told by mistake is taken back on any of the person's requests that it ended.
    """
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: reinstating.reinstate(writing, row, body.reason),
        version=version,
    )


@router.post("/{request_id}/end")
def end_request(
    *,
    caller: Changer,
    service: ServiceOf,
    changes: ChangesOf,
    request_id: Id,
    version: VersionIfAny,
    body: Ending,
) -> RequestState:
    """End a request with its reason: what it holds is free at once, what is booked once it ends.

    Death or a move ends every request of the same person's care (H25). Told again before the
    last day is over, care ends on another day: sooner, later, or today because the person died.
    A death is told on its day or later, never ahead.
    A key worker may end her own, as she is the first to know.
    """
    return changed(
        service,
        changes,
        request_id,
        lambda writing, row: endings.end_as_told(writing, row, body),
        version=version,
    )

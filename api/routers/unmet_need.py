"""Unmet need over HTTP: who still waits for what, where, when and why (H29)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response

from api.acts import unmet_need
from api.dependencies import Allow, ServiceOf
from api.guarding import GuardedRoute
from api.schemas.unmet_need import Format, UnmetNeed
from api.security import Caller, Reach, Role, Rule
from matcher.model import Id
from matcher.vocabulary import ServiceType

router = APIRouter(prefix="/v1/unmet-need", tags=["unmet need"], route_class=GuardedRoute)
MAY_READ = Allow(
    Rule(dict.fromkeys((Role.COMMISSIONER, Role.BROKER, Role.ADMINISTRATOR), Reach.ANY))
)
Reader = Annotated[Caller, Depends(MAY_READ)]
CSV = "text/csv"


@router.get("", response_model=UnmetNeed, responses={200: {"content": {CSV: {}}}})
def read_unmet_need(
    *,
    caller: Reader,
    service: ServiceOf,
    service_type: ServiceType | None = None,
    zone: Annotated[Id | None, Query()] = None,
    written: Annotated[
        Format | None, Query(alias="format", description="Before what Accept asks for.")
    ] = None,
    accept: Annotated[str | None, Header(max_length=1000, include_in_schema=False)] = None,
) -> UnmetNeed | Response:
    """Tell what everybody who waits still needs: by zone, day, window, service, risk and reason.

    `people` of a cell may not be added up over cells: one person needs several. As JSON, or as
    CSV by `?format=csv` or `Accept: text/csv`.
    """
    clock = service.record.clock
    with service.record.snapshot() as session:
        market = service.supply.market(session)
        found = unmet_need.unmet_need(
            session, market, clock.now(), clock.today(), service_type=service_type, zone=zone
        )
    as_csv = written is Format.CSV or (written is None and CSV in (accept or ""))
    if not as_csv:
        return found
    return Response(unmet_need.csv_of(found), media_type=f"{CSV}; charset=utf-8")

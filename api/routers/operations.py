"""Whether the service lives and is ready, and its figures for Prometheus."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.dependencies import Allow, ServiceOf
from api.errors import NotReadyError
from api.guarding import GuardedRoute
from api.schemas.runs import RunStatus
from api.security import ALWAYS, OPEN, Caller, Reach, Role, Rule
from api.storage import runs as stored

router = APIRouter(route_class=GuardedRoute)
MAY_WATCH = Allow(Rule({Role.ADMINISTRATOR: Reach.ANY}))
Watcher = Annotated[Caller, Depends(MAY_WATCH)]


class Health(BaseModel):
    """That the service lives."""

    status: str


class Readiness(BaseModel):
    """That the service is ready, and how far its machine's clock is off."""

    status: str
    clock_ahead_seconds: float | None = Field(
        description="Seconds by which this machine's clock is ahead of the database's, which is "
        "the one that counts; null on SQLite, whose clock is this machine's."
    )


@router.get("/v1/openapi.json", tags=[OPEN], include_in_schema=False)
def description(request: Request) -> Response:
    """Describe all routes."""
    return Response(json.dumps(request.app.openapi()), media_type="application/json")


@router.get("/healthz", tags=["operations", OPEN, ALWAYS])
async def lives() -> Health:
    """Say that the process answers."""
    # Asynchronous although it awaits nothing: it answers while every thread waits for the record.
    return Health(status="alive")


@router.get("/readyz", tags=["operations", OPEN, ALWAYS])
async def is_ready(service: ServiceOf) -> Readiness:
    """Say that the record can be changed now, or why not, within a second."""
    why = await service.readiness.why_not()
    if why is not None:
        raise NotReadyError(why, thing="record", expected="a record that can be changed")
    ahead = service.record.clock.seconds_ahead
    return Readiness(status="ready", clock_ahead_seconds=None if ahead is None else round(ahead, 1))


@router.get("/metrics", tags=["operations"], response_class=Response)
def figures(caller: Watcher, service: ServiceOf) -> Response:
    """Give the figures of this process, and of the record, in Prometheus' text format."""
    with service.record.reading() as session:
        counts = stored.run_counts(session)
        service.figures.waiting.set(stored.waiting_count(session))
    for state in RunStatus:
        service.figures.runs.labels(state.value).set(counts.get(state.value, 0))
    text = generate_latest(service.figures.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)

"""The service put together: routes, each with its rule, and what surrounds them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp

from api.dependencies import Allow, Service
from api.edge import Edge, Figures
from api.examples import EXAMPLES
from api.guarding import GuardedRoute, guard_what_is_not
from api.problems import RESPONSES, Problem, answer_with_problems
from api.rates import RateLimiter
from api.readiness import Readiness
from api.routers import ROUTERS
from api.security import OPEN, Rule
from api.settings import Mode, Settings, settings_of_environment
from api.storage.record import Record
from api.storage.trying import Trial
from api.supply import Supply
from api.together import Together
from api.turns import Turns
from matcher import __version__
from matcher.geography import Gazetteer
from matcher.roads import times_of_environment

READERS = 20
"""Threads of one process for calls that only read, however many changes wait."""
ROAD_SECONDS = 3.0
"""So long somebody who waits for an answer may wait for one of a routing server."""
CALLS_AT_ONCE = 4
"""Calls of one key that only read which one process works at a time."""
ABOUT = """\
One book of record for a council's care brokerage: requests with their clocks, ranked and explained
options, enquiries and offers, approvals, bookings that are never promised twice, and the night's
allocation as proposals. The software ranks and proposes; people decide (H14).
"""


def create_app(
    settings: Settings | None = None,
    *,
    record: Record | None = None,
    gazetteer: Gazetteer | None = None,
) -> FastAPI:
    """Return the service as an ASGI app.

    Parameters
    ----------
    settings
        How it is set up; from the environment when not given.
    record
        The record, where it is open already.
    gazetteer
        Where postcodes are, where that is open already.

    Raises
    ------
    UnsafeSettingsError
        If production is asked for with settings that are unsafe.
    UnruledRouteError
        If a route does not say who may call it: a fault of this software.
    """
    settings = settings or settings_of_environment()
    settings.require_safe()
    app = _Edged(
        title="Carematch",
        version=__version__,
        description=ABOUT,
        responses=RESPONSES,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # a route as all others are
    )
    app.state.service = make_service(settings, record or Record(settings), gazetteer)
    for router in ROUTERS:
        app.include_router(router)
    answer_with_problems(app)
    guard_what_is_not(app)
    require_rules(app)
    # Worked out when first asked for.
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    return app


def make_service(settings: Settings, record: Record, gazetteer: Gazetteer | None = None) -> Service:
    """Return all that an app answers from.

    Parameters
    ----------
    settings, record
        How it is set up, and the record.
    gazetteer
        Where postcodes are, where that is open already.
    """
    return Service(
        settings=settings,
        record=record,
        visits=Together(record.glance),
        supply=Supply(record.clock, gazetteer, times_of_environment(ROAD_SECONDS)),
        limiter=RateLimiter(settings.calls_per_minute),
        turns=Turns(CALLS_AT_ONCE),
        readiness=Readiness(Trial(record).why_not),
        figures=Figures(),
    )


class _Edged(FastAPI):
    """An app with its edge outside of everything else: of the framework's own answers too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the app as it is called: its edge around all other middleware."""
        service: Service = self.state.service
        return Edge(
            super().build_middleware_stack(),
            service.figures,
            service.settings,
            raises_faults=service.settings.mode is not Mode.PRODUCTION,
        )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    # Threads for all changes that may wait, and as many as before for whoever only reads.
    current_default_thread_limiter().total_tokens = service.settings.most_waiting + READERS
    yield
    service.record.close()


class UnruledRouteError(Exception):
    """A route that does not say who may call it."""


def rules_of(app: FastAPI) -> Iterator[tuple[APIRoute, Rule | str]]:
    """Yield every route with its rule, or ``OPEN`` where no key is needed.

    Raises
    ------
    UnruledRouteError
        If a route has neither.
    """
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        found = [d.call.rule for d in route.dependant.dependencies if isinstance(d.call, Allow)]
        if OPEN in route.tags:
            yield route, OPEN
        elif len(found) == 1 and isinstance(route, GuardedRoute):
            yield route, found[0]
        else:
            raise UnruledRouteError(
                f"{route.path} has {len(found)} rules and is a {type(route).__name__}; expected "
                "one, and a GuardedRoute."
            )


def require_rules(app: FastAPI) -> None:
    """Refuse an app with a route that does not say who may call it: nothing is open by default.

    Raises
    ------
    UnruledRouteError
        If there is one.
    """
    list(rules_of(app))


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of an app, with what its routes do not tell: problems and examples."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas |= schema.pop("$defs", {})
        schemas["Problem"] = schema
        shown = (each for each in rules_of(app) if each[0].include_in_schema)
        for route, rule in shown:
            operation = document["paths"][route.path][min(route.methods or ()).lower()]
            if isinstance(rule, Rule):
                operation["description"] += f"\n\n{rule.told}"
            if route.name in EXAMPLES:
                content = operation["requestBody"]["content"]["application/json"]
                content["example"] = dict(EXAMPLES[route.name])
        app.openapi_schema = document
    return app.openapi_schema

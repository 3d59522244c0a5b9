"""What stands before every route: who calls is asked and counted before any of a body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from api.dependencies import Allow, AllowAtMarket, Service
from api.errors import TooManyCallsError
from api.problems import of_the_framework, refused
from api.security import ALWAYS

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class GuardedRoute(APIRoute):
    """A route that reads a body, and looks at anything else of a call, only once it may be made.

    Calls that only read wait for one of their caller's turns.
    """

    def get_route_handler(self) -> Handler:
        """Return what answers a call."""
        handle = super().get_route_handler()
        rules = [each.call for each in self.dependant.dependencies if isinstance(each.call, Allow)]
        only_reads = "GET" in (self.methods or ()) or any(
            isinstance(each, AllowAtMarket) for each in rules
        )

        async def answer(request: Request) -> Response:
            service: Service = request.app.state.service
            if not rules:
                if ALWAYS not in self.tags:
                    service.limiter.count_nobody(request)
                return await handle(request)
            await rules[0].let_in(request, service)
            if not only_reads:
                return await handle(request)
            await request.body()  # waited for outside of the turn
            async with service.turns.taken(request.state.caller.prefix):
                return await handle(request)

        return answer


async def _no_such_route(request: Request, error: HTTPException) -> Response:
    """Answer a call of what there is not, which is counted as one without a key is."""
    service: Service = request.app.state.service
    try:
        service.limiter.count_nobody(request)
    except TooManyCallsError as too_many:
        return refused(request, too_many)
    methods = methods_at(request.app, request.scope)
    if not methods:
        return of_the_framework(request, error)
    allowed = {"Allow": ", ".join(sorted(methods | {"OPTIONS"}))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allowed)
    return of_the_framework(request, HTTPException(error.status_code, error.detail, allowed))


def methods_at(app: FastAPI, scope: Scope) -> set[str]:
    """Return what may be done at the address of a call: nothing where there is no such address."""
    routes = [context.original_route for context in iter_route_contexts(app.routes)]
    found = [each for each in routes if each.matches(scope)[0] is not Match.NONE]
    methods = {method for each in found for method in getattr(each, "methods", None) or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


def guard_what_is_not(app: FastAPI) -> None:
    """Let calls of an app that no route answers be counted, and told what there is."""
    for status in (404, 405):
        app.add_exception_handler(status, _no_such_route)  # type: ignore[arg-type]

"""What surrounds every call: its id, its headers, its log line and its figures."""

from __future__ import annotations

import secrets
from asyncio import timeout
from time import perf_counter

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import Seldom
from api.settings import Settings

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ID_BYTES = 8
SLOWEST_BYTES = 10_000
"""Bytes a second at which the time that a body may take grows."""
LINES_OF_NOBODY = 100
"""Log lines in a minute about calls without a valid key, for each status."""
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
log = structlog.get_logger("carematch.call")


class Figures:
    """What is counted, for Prometheus; each app has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "carematch_calls",
            "Calls by route, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "carematch_call_seconds",
            "Seconds a call took, by route.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.connections = Counter(
            "carematch_connections",
            "Connections refused, or ended because their other end took too long, and why.",
            ["became", "why"],
            registry=self.registry,
        )
        self.waiting = Gauge(
            "carematch_requests_waiting", "Requests on the list.", registry=self.registry
        )
        self.runs = Gauge("carematch_runs", "Runs by state.", ["state"], registry=self.registry)


class Edge:
    """ASGI middleware around the whole app, the answers to its faults included.

    Parameters
    ----------
    app
        What is surrounded.
    figures
        Where calls are counted.
    settings
        How large a body may be, and how long it may take.
    raises_faults
        Whether a fault, once answered and logged by its kind, is raised to the server as well.
        The server would log its text, which may be what somebody wrote about a person (H7).
    """

    def __init__(
        self, app: ASGIApp, figures: Figures, settings: Settings, *, raises_faults: bool
    ) -> None:
        self._app, self._figures, self._settings = app, figures, settings
        self._raises_faults = raises_faults
        self._seldom = Seldom(LINES_OF_NOBODY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(ID_BYTES)
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began, status = perf_counter(), 500
        is_head = scope["method"] == "HEAD"
        # Whatever can be read can be asked for without its body.
        asked = {**scope, "method": "GET"} if is_head else scope

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(asked, self._bounded(scope, receive), answering)
        except Exception:
            if self._raises_faults:
                raise
        finally:
            self._told(asked, scope["method"], status, perf_counter() - began)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Return a receiver that gives no more of a body than it may have, and waits so long."""
        most, seconds = self._settings.most_body_bytes, self._settings.caller_seconds
        declared = Headers(scope=scope).get("content-length", "")
        is_too_large = declared.isascii() and declared.isdigit() and int(declared[:20]) > most
        too_large = HTTPException(413, f"A body may have {most:,} bytes at most")
        received, waited, is_whole = 0, 0.0, False

        async def receiving() -> Message:
            nonlocal received, waited, is_whole
            if is_whole:
                return await receive()
            # A body said to be too large is refused before any of it is read.
            if is_too_large:
                raise too_large
            # Only waiting counts: whoever is fast does not pay for a service that is slow.
            began = perf_counter()
            try:
                async with timeout(seconds + received / SLOWEST_BYTES - waited):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The body was sent too slowly") from None
            waited += perf_counter() - began
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > most:
                raise too_large
            return message

        return receiving

    def _told(self, scope: Scope, asked: str, status: int, seconds: float) -> None:
        """Count and log a call by its route: never by its path, query or body."""
        route = getattr(scope.get("route"), "path", "none")
        # Any word may come as a method, and each would be counted by itself for ever.
        method = asked if asked in METHODS else "other"
        self._figures.calls.labels(route, method, str(status)).inc()
        self._figures.seconds.labels(route).observe(seconds)
        caller = scope["state"].get("caller")
        left_out = 0 if caller is not None or status < 400 else self._seldom.turn(status)
        if left_out is None:
            return
        more = {"more_before": left_out} if left_out else {}
        log.info(
            "call",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            key=getattr(caller, "prefix", None),
            role=getattr(caller, "role", None),
            **more,
        )

"""What routes are given: the service, the caller, and a change that answers the same call once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.edge import Figures
from api.errors import (
    ConflictError,
    MalformedError,
    NotSignedInError,
    StaleError,
    VersionNeededError,
)
from api.rates import RateLimiter
from api.readiness import Readiness
from api.security import NO_KEY, Caller, Rule, caller_of
from api.settings import Settings
from api.storage.record import Record, Writing
from api.supply import Supply
from api.tables import ReplayRow
from api.together import Together
from api.turns import Turns
from matcher.market import Market
from matcher.vocabulary import printable

Answered = TypeVar("Answered", bound=BaseModel)
LONGEST_NAME = 200
"""Letters of a name that a caller made up which are told back."""
BEARER = HTTPBearer(auto_error=False, description="An API key: cm_...")


@dataclass(frozen=True)
class Service:
    """What the service consists of, one of each in a process.

    Parameters
    ----------
    settings
        How it is set up.
    record
        The book of record.
    visits
        Takes the questions of many calls to it together.
    supply
        The compiled market, kept right by version.
    limiter
        Counts the calls of each key.
    turns
        Lets each key have a part of the work only.
    readiness
        Knows whether the record can be changed.
    figures
        What is counted for Prometheus.
    """

    settings: Settings
    record: Record
    visits: Together[Connection]
    supply: Supply
    limiter: RateLimiter
    turns: Turns
    readiness: Readiness
    figures: Figures


async def service_of(request: Request) -> Service:
    """Return the service that answers a call."""
    # Asynchronous although it awaits nothing: a thread for it would take longer than it does.
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(service_of)]


async def body_of(request: Request) -> bytes:
    """Return the body of a call as it was sent."""
    return await request.body()


BodyOf = Annotated[bytes, Depends(body_of)]


KeyOf = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


class Allow:
    """A route's rule as its dependency: gives the caller, or refuses the call.

    Parameters
    ----------
    rule
        Who may call.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    async def __call__(self, request: Request, _key: KeyOf) -> Caller:
        """Return the caller who was let in."""
        caller: Caller = request.state.caller
        return caller

    async def let_in(self, request: Request, service: Service) -> None:
        """Let a call pass whose caller may make it, before anything else of it is looked at.

        Raises
        ------
        NotSignedInError
            If it has no valid key.
        TooManyCallsError
            If there were too many with this key, or from this address without one.
        NotAllowedError, NotFoundError
            If the rule forbids it.
        MalformedError
            If it has a query parameter that there is not.
        """
        try:
            await self._ask(_text_of(await BEARER(request)), request, service)
        except NotSignedInError:
            # Whoever guesses keys has none, so counts by where the calls come from.
            service.limiter.count_nobody(request)
            raise

    async def _ask(self, key: str, request: Request, service: Service) -> None:
        def asked() -> None:
            with service.record.glance() as connection:
                self._require(connection, key, request, service)

        await run_in_threadpool(asked)

    def _require(
        self, connection: Connection, key: str, request: Request, service: Service
    ) -> None:
        caller = caller_of(connection, key, service.settings, service.record.clock.now())
        request.state.caller = caller  # also for the log of what is refused
        service.limiter.count(caller.prefix)
        self.rule.check(caller, request.path_params, connection)
        require_known_query(request)


class AllowAtMarket(Allow):
    """A rule that gives the market to whoever it lets pass, in the same visit to the record.

    For the one route that is called most: calls that come at the same time share a visit.
    """

    async def __call__(  # type: ignore[override]
        self, request: Request, _key: KeyOf
    ) -> Market:
        """Return the market as it was committed when the caller was let in."""
        market: Market = request.state.market
        return market

    async def _ask(self, key: str, request: Request, service: Service) -> None:
        def asked(connection: Connection) -> Market:
            self._require(connection, key, request, service)
            return service.supply.market(connection)

        request.state.market = await service.visits.ask(asked)


def _text_of(key: HTTPAuthorizationCredentials | None) -> str:
    if key is None:
        raise NotSignedInError("The call has no API key.", thing="key", expected=NO_KEY)
    return key.credentials


def require_known_query(request: Request) -> None:
    """Refuse a call with a query parameter that its route does not have.

    A filter that is misspelt would else be no filter, and the answer look like one.

    Raises
    ------
    MalformedError
        If there is one, with those that the route has.
    """
    if not request.query_params:
        return
    known = query_of(request.scope["route"])
    expected = f"one of {', '.join(known)}" if known else "no query parameter here"
    faults = [
        (printable(name)[:LONGEST_NAME], expected)
        for name in dict.fromkeys(request.query_params)
        if name not in known
    ]
    if faults:
        raise MalformedError("There is no such query parameter.", faults)


def query_of(route: APIRoute) -> list[str]:
    """Return the names of a route's query parameters."""
    fields = get_flat_params(route.dependant)
    return [field.alias for field in fields if isinstance(field.field_info, Query)]


# -- changes -----------------------------------------------------------------------------------


class Changes:
    """Makes one change for a call, and answers the same call again as it was answered first.

    Parameters
    ----------
    service
        Where to.
    request
        The call.
    sent
        Its body, byte by byte: with path, method and If-Match, what makes two calls the same.
    response
        Gets what the change says of itself: status, and version as ETag.
    idempotency_key
        Named by the caller, so that a call sent twice is done once; kept for each caller apart.
    """

    def __init__(
        self,
        service: ServiceOf,
        request: Request,
        sent: BodyOf,
        response: Response,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=8,
                max_length=100,
                pattern=r"^[A-Za-z0-9._:-]+$",
                description="Send the same again and it is done once, and answered the same.",
            ),
        ] = None,
    ) -> None:
        self._service, self._request, self._response = service, request, response
        self._sent, self._key = sent, idempotency_key

    def make(self, kind: type[Answered], act: Callable[[Writing], Answered]) -> Answered:
        """Return what an act answers, done in one change.

        Parameters
        ----------
        kind
            What is answered.
        act
            Does it.

        Raises
        ------
        ConflictError
            If the idempotency key was used for another call.
        """
        caller: Caller = self._request.state.caller
        with self._service.record.writing(caller.actor) as writing:
            kept = self._kept(writing, caller)
            if kept is not None:
                self._response.headers["Idempotent-Replay"] = "true"
                return self._tagged(kind.model_validate_json(kept.body))
            answered = act(writing)
            if self._key is not None:
                row = ReplayRow(
                    caller=caller.prefix,
                    key=self._key,
                    asked_sha256=self._asked(),
                    made_at=writing.now,
                    body=answered.model_dump_json(),
                )
                writing.session.add(row)
        return self._tagged(answered)

    def _tagged(self, answered: Answered) -> Answered:
        version = getattr(answered, "version", None)
        if version is not None:
            tag(self._response, version)
        return answered

    def _kept(self, writing: Writing, caller: Caller) -> ReplayRow | None:
        if self._key is None:
            return None
        row = writing.session.get(ReplayRow, (caller.prefix, self._key))
        if row is not None and row.asked_sha256 != self._asked():
            raise ConflictError(
                "The idempotency key was used for another call.",
                thing="Idempotency-Key",
                value=self._key,
                expected="a key of its own for each call",
            )
        return row

    def _asked(self) -> str:
        request = self._request
        head = json.dumps([request.method, request.url.path, request.headers.get("If-Match")])
        return hashlib.sha256(f"{head}\n".encode() + self._sent).hexdigest()


ChangesOf = Annotated[Changes, Depends()]


def version_of(
    if_match: Annotated[
        str | None,
        Header(
            max_length=40, description="Needed: the ETag that was read, so that no change is lost."
        ),
    ] = None,
) -> int:
    """Return the version that a change is of.

    Raises
    ------
    VersionNeededError
        If the call does not say.
    StaleError
        If it says one that cannot be.
    """
    if if_match is None:
        raise VersionNeededError(
            "Say which version you change: send the ETag you read as If-Match.",
            thing="If-Match",
            expected="the ETag of what is changed",
        )
    digits = if_match.removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise StaleError(
            f"If-Match is {if_match!r}, which is no version.", thing="If-Match", value=if_match
        )
    return int(digits)


VersionOf = Annotated[int, Depends(version_of)]


def version_if_any(
    if_match: Annotated[
        str | None,
        Header(
            max_length=40,
            description="The ETag that was read: given, nothing is done to a newer version.",
        ),
    ] = None,
) -> int | None:
    """Return the version that a change is of; ``None`` where the call says none.

    Raises
    ------
    StaleError
        If it says one that cannot be.
    """
    return None if if_match is None else version_of(if_match)


VersionIfAny = Annotated[int | None, Depends(version_if_any)]


def same_version(noun: str, name: str, version: int, expected: int | None) -> None:
    """Let a change pass if it is of the newest version, or does not say of which it is.

    Parameters
    ----------
    noun, name
        What is changed.
    version
        The newest.
    expected
        What the call says; ``None`` where it may leave that open and does.

    Raises
    ------
    StaleError
        If it is of another.
    """
    if expected is not None and version != expected:
        raise StaleError(
            f"The {noun} {name} is at version {version}, not {expected}: read it again.",
            thing=f"{noun} {name}",
            value=expected,
            expected=f"version {version}",
        )


def tag(response: Response, version: int) -> None:
    """Tell the version of what is answered, as an ETag."""
    response.headers["ETag"] = f'"{version}"'

"""Contradictions: what a request says that no book could hold, told before it is taken in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from itertools import combinations

from api.errors import BadCallError
from api.security import require_may_say
from matcher.files.visit_times import alike
from matcher.market import Market
from matcher.model import CareRequest, Placement, Visit


def require_sound(
    request: CareRequest, market: Market, known: Collection[str], today: date
) -> None:
    """Refuse a request that contradicts itself or the record: a dump of it could not be read.

    Parameters
    ----------
    request
        What is asked for.
    market
        Whose bands there are.
    known
        The providers that there are.
    today
        The latest day from which anybody can wait.

    Raises
    ------
    BadCallError
        With the first contradiction.
    """
    for thing, value, expected in _contradictions(request, market, known, today):
        raise BadCallError(
            f"Request {request.request_id} cannot have this as its {thing}.",
            thing=thing,
            value=value,
            expected=expected,
        )


def waiting_from(request: CareRequest, role: str, today: date) -> CareRequest:
    """Return a request that waits from the day on which it comes in.

    Parameters
    ----------
    request
        What is asked for.
    role
        Whose: of an earlier day only a broker is told how to say it.
    today
        The day.

    Raises
    ------
    NotAllowedError
        If a key worker says that it waits from an earlier day.
    BadCallError
        If a broker says so before it is in.
    """
    since = request.waiting_since or today
    if since < today:
        require_may_say(role, request.request_id, ["waiting_since"])
        raise BadCallError(
            f"Request {request.request_id} comes in on {today}. That it waits from {since} a "
            "broker says once it is in, with the reason.",
            thing="waiting_since",
            value=since,
            expected=f"{today} or nothing, and then PATCH /v1/requests/{request.request_id}",
        )
    return request.model_copy(update={"waiting_since": since})


def _contradictions(
    request: CareRequest, market: Market, known: Collection[str], today: date
) -> Iterator[tuple[str, object, str]]:
    yield from _of_providers(request, known)
    if request.waiting_since is not None and request.waiting_since > today:
        yield "waiting_since", request.waiting_since, f"{today} or an earlier day"
    care_type = None if request.placement is None else request.placement.care_type
    if request.is_long_term and care_type not in {None, request.care_type}:
        yield "care_type", care_type, f"{request.care_type} or nothing"
    if request.is_homecare and request.placement not in {None, Placement()}:
        yield "placement", "a bed", "nothing, because homecare is asked for"
    yield from _of_visits(request.package.visits, market)


def _of_providers(
    request: CareRequest, known: Collection[str]
) -> Iterator[tuple[str, object, str]]:
    named = {
        "preferred_providers": request.preferred_providers,
        "excluded_providers": request.excluded_providers,
        "current_provider_id": filter(None, [request.current_provider_id]),
    }
    for thing, provider_ids in named.items():
        for provider_id in provider_ids:
            if provider_id not in known:
                yield thing, provider_id, "providers of the record"
    for provider_id in request.preferred_providers:
        if provider_id in request.excluded_providers:
            yield "excluded_providers", provider_id, "nobody who is preferred as well"


def _of_visits(visits: tuple[Visit, ...], market: Market) -> Iterator[tuple[str, object, str]]:
    bands = market.policy.bands
    for visit in visits:
        band, at = bands.get(visit.band or ""), visit.at_minute
        if band is None or at is None or band.start_minute <= at <= band.end_minute:
            continue
        yield f"time of visit {visit.visit_no}", at, f"a time within {visit.band}, {band}"
    for one, other in combinations(visits, 2):
        if alike(one, other):
            expected = f"a visit unlike visit {one.visit_no}; two carers at once are carers = 2"
            yield f"visit {other.visit_no}", None, expected

"""What one request asks for: in three lines, or everything that is on record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType

from matcher.market import Market
from matcher.model import CareRequest, Placement, Provider, Visit
from matcher.policy import Policy
from matcher.report.page import BLANK, facts, heading, note, page, table
from matcher.report.wording import (
    count_text,
    day_text,
    hours_text,
    sentence_text,
    short_day_text,
    week_text,
    word_text,
)
from matcher.vocabulary import (
    Day,
    ProviderStatus,
    TimeNeed,
    days_text,
    km_text,
    minute_text,
    words_text,
)


def request_brief(market: Market, request: CareRequest, *, whole: bool = True) -> Group:
    """Return who asks for what, since when and by when, in about three lines.

    Parameters
    ----------
    market
        The compiled book.
    request
        The request.
    whole
        Whether needs and wishes, and how long somebody waits, are told too.
    """
    lines = [_ask(market, request)]
    if whole:
        lines = [_case(market, request), *lines, _terms(market, request)]
    return page([heading(_title(request)), *(note(line) for line in lines if line)])


def _title(request: CareRequest) -> str:
    risk = f", {request.risk} risk" if request.risk else ""
    place = f", lives at {request.postcode}" if request.postcode else ""
    return f"{request.request_id}: {word_text(request.service_type)}{risk}{place}"


def _case(market: Market, request: CareRequest) -> str:
    """Return how long somebody waits, by when care is wanted, and what it may cost."""
    told = []
    if request.waiting_since is not None:
        days = (market.book.as_of - request.waiting_since).days
        told.append(f"waits {count_text(days, 'day')}")
    if request.start_by:
        told.append(f"to start by {short_day_text(request.start_by, market.book.as_of)}")
    if request.personal_budget_pence_per_week is not None:
        told.append(f"personal budget {week_text(request.personal_budget_pence_per_week)}")
    if request.urgent_reason:
        told.append(f"urgent: {request.urgent_reason}")
    return _sentence(told)


def _ask(market: Market, request: CareRequest) -> str:
    """Return the week's visits, or the bed."""
    if request.package.visits:
        calls = sum(len(visit.days) for visit in request.package.visits)
        minutes = hours_text(request.package.weekly_minutes)
        return f"{minutes} a week in {calls} visits: {_week(request.package.visits)}"
    if request.placement is None or request.is_homecare:
        return ""
    return _stay(market, request, request.placement)


def _stay(market: Market, request: CareRequest, placement: Placement) -> str:
    """Return the bed that is asked for, and when."""
    kind = word_text(request.care_type) if request.care_type else "kind not recorded"
    length = "for good" if placement.nights is None else f"for {placement.nights} nights"
    first, last = (
        on and short_day_text(on, market.book.as_of)
        for on in (placement.admit_from, placement.admit_to)
    )
    if first and last:
        when = f", between {first} and {last}"
    else:
        until = "by" if placement.nights is None else "over by"
        when = f" from {first}" if first else f", {until} {last}" if last else ""
    return sentence_text(f"{kind} bed {length}{when}")


def _week(visits: Sequence[Visit]) -> str:
    """Return visits in a few words each, those of the same days together."""
    by_days: defaultdict[tuple[Day, ...], list[str]] = defaultdict(list)
    for visit in visits:
        carers = f" with {visit.carers} carers" if visit.carers > 1 else ""
        tied = f" ({', '.join(told)})" if (told := ties(visit, visits)) else ""
        by_days[visit.days].append(f"{_slot(visit)} {visit.minutes} min{carers}{tied}")
    return "; ".join(f"{days_text(days)} {', '.join(told)}" for days, told in by_days.items())


def ties(visit: Visit, visits: Sequence[Visit]) -> list[str]:
    """Return what ties a visit to others of its package: starts together, follows on, keeps a gap.

    Parameters
    ----------
    visit
        The visit.
    visits
        All visits of the package.
    """
    named = {other.visit_no: _name_among(other, visits) for other in visits}
    told = []
    if visit.with_visit is not None:
        told.append(f"starts with {named[visit.with_visit]}")
    if visit.after_visit is not None:
        told.append(f"right after {named[visit.after_visit]}")
    if visit.gap_from is not None:
        limits = {"at least": visit.least_gap_minutes, "at most": visit.most_gap_minutes}
        gap = " and ".join(f"{word} {hours_text(m)}" for word, m in limits.items() if m is not None)
        told.append(f"{gap} from {named[visit.gap_from]}")
    return told


def _name_among(visit: Visit, visits: Sequence[Visit]) -> str:
    """Return a visit by its band or time, with its length or else its number to tell it apart."""
    slot = minute_text(visit.at_minute or 0) if visit.band is None else visit.band
    same_band = [other for other in visits if other.band == visit.band]
    alike = [each for each in same_band if visit.band or each.at_minute == visit.at_minute]
    if len(alike) == 1:
        return slot
    same_length = [other for other in alike if other.minutes == visit.minutes]
    return f"{slot} {visit.minutes} min" if len(same_length) == 1 else f"visit {visit.visit_no}"


def _slot(visit: Visit) -> str:
    at = minute_text(visit.at_minute or 0)
    if visit.time_need is TimeNeed.CRITICAL:
        return f"at {at} (critical)"
    return f"{visit.band} (best {at})" if visit.time_need is TimeNeed.PREFERRED else f"{visit.band}"


def _terms(market: Market, request: CareRequest) -> str:
    """Return needs and wishes that the options have to meet."""
    return _sentence([f"{name.lower()} {text}" for name, text in _asked(market, request)])


def _asked(market: Market, request: CareRequest) -> Iterator[tuple[str, str]]:
    if request.client_groups:
        yield "Group", words_text(request.client_groups)
    if request.age is not None:
        yield "Age", f"{request.age}"
    if request.needs:
        yield "Needs", words_text(request.needs)
    yield from _wishes(market, request)


def _sentence(parts: list[str]) -> str:
    return sentence_text("; ".join(parts))


def request_part(market: Market, request: CareRequest) -> Group:
    """Return the headline of a request, what it asks for, and its visits or its bed."""
    parts: list[RenderableType] = [heading(_headline(request)), facts(_facts(market, request))]
    if request.package.visits:
        parts.append(_visits(request, market.policy))
    return page([*parts, BLANK])


def _headline(request: CareRequest) -> str:
    risk = f", {request.risk} risk" if request.risk else ""
    return f"Request {request.request_id}: {word_text(request.service_type)}{risk}"


def _facts(market: Market, request: CareRequest) -> list[tuple[str, str]]:
    told = [
        ("Lives at", str(request.postcode or "not recorded")),
        ("Waiting", _waiting(market, request)),
    ]
    if request.urgent_reason:
        told.append(("Urgent", request.urgent_reason))
    told += _asked(market, request)
    budget = request.personal_budget_pence_per_week
    if budget is not None:
        told.append(("Personal budget", week_text(budget)))
    if request.placement and not request.is_homecare:
        told.append(("Bed", _bed(request, request.placement)))
    if request.is_homecare:
        minutes = request.package.weekly_minutes
        count = count_text(sum(len(v.days) for v in request.package.visits), "visit")
        told.append(("Package", f"{hours_text(minutes)} of care in {count} a week"))
    return told


def _wishes(market: Market, request: CareRequest) -> list[tuple[str, str]]:
    current = request.current_provider_id
    wishes = {
        "Speaks": words_text(request.languages) if request.languages else "",
        "Carers": f"{request.carer_gender} only" if request.carer_gender else "",
        "Asks for": _named(market, request.preferred_providers),
        "Not": _named(market, request.excluded_providers),
        "Now with": _named(market, [current]) if current else "",
    }
    if request.max_distance_metres is not None:
        wishes["Within"] = km_text(request.max_distance_metres)
    return [(name, text) for name, text in wishes.items() if text]


def _named(market: Market, ids: Iterable[str]) -> str:
    """Return providers by their names; one that the book does not hold by its id."""
    held = (market.providers[market.index[i]] if i in market.index else i for i in ids)
    return ", ".join(each if isinstance(each, str) else _named_open(each) for each in held)


def _named_open(provider: Provider) -> str:
    """Return a provider's name, and that it is closed where it is."""
    is_closed = provider.status is ProviderStatus.CLOSED
    return f"{provider.name}, which is closed" if is_closed else provider.name


def _waiting(market: Market, request: CareRequest) -> str:
    text = "since when is not recorded"
    if request.waiting_since is not None:
        days = (market.book.as_of - request.waiting_since).days
        text = f"{count_text(days, 'day')}, since {request.waiting_since}"
    return f"{text}; to start by {request.start_by}" if request.start_by else text


def _bed(request: CareRequest, placement: Placement) -> str:
    kind = word_text(request.care_type) if request.care_type else "kind not recorded"
    length = "for good" if placement.nights is None else count_text(placement.nights, "night")
    since = f", from {day_text(placement.admit_from)}" if placement.admit_from else ""
    until = f", to {day_text(placement.admit_to)}" if placement.admit_to else ""
    return f"{kind}, {length}{since}{until}"


def _visits(request: CareRequest, policy: Policy) -> Group:
    rows = [
        (
            str(visit.visit_no),
            days_text(visit.days),
            "; ".join([_when(visit, policy), *ties(visit, request.package.visits)]),
            str(visit.minutes),
            str(visit.carers),
        )
        for visit in request.package.visits
    ]
    figures = ("Visit", "Minutes", "Carers")
    columns = ("Visit", "Days", "Asked for", "Minutes", "Carers")
    return page([BLANK, table(columns, rows, right=figures)])


def _when(visit: Visit, policy: Policy) -> str:
    at = minute_text(visit.at_minute or 0)
    if visit.time_need is TimeNeed.CRITICAL:
        tolerance = visit.tolerance_minutes
        if tolerance is None:
            tolerance = policy.times.critical_tolerance_minutes.value
        reason = f" ({visit.reason})" if visit.reason else ""
        return f"{at}, at most {tolerance} min away: a need{reason}"
    band = policy.bands.get(visit.band or "")
    named = f"{visit.band} {band}" if band else f"{visit.band}"
    return f"{named}, {at} preferred" if visit.time_need is TimeNeed.PREFERRED else named

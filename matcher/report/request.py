"""What one request asks for."""

from __future__ import annotations

from rich.console import Group, RenderableType

from matcher.market import Market
from matcher.model import CareRequest, Placement, Visit
from matcher.policy import Policy
from matcher.report.page import BLANK, facts, heading, page, table
from matcher.report.wording import count_text, day_text, hours_text, week_text, word_text
from matcher.vocabulary import TimeNeed, days_text, km_text, minute_text, words_text


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
    if request.needs:
        told.append(("Needs", words_text(request.needs)))
    told += _wishes(request)
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


def _wishes(request: CareRequest) -> list[tuple[str, str]]:
    wishes = {
        "Languages": words_text(request.languages) if request.languages else "",
        "Carers": f"{request.carer_gender} carers only" if request.carer_gender else "",
        "Asks for": ", ".join(request.preferred_providers),
        "Not": ", ".join(request.excluded_providers),
        "Now with": request.current_provider_id or "",
    }
    if request.max_distance_metres is not None:
        wishes["Within"] = km_text(request.max_distance_metres)
    return [(name, text) for name, text in wishes.items() if text]


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
            _when(visit, policy),
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

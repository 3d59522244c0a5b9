"""When care may start: visits in their windows, and starts on days that are possible."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

from matcher.allocation import Placed
from matcher.calendar import is_working_day
from matcher.model import Visit
from matcher.referee.case import Case, Violation
from matcher.vocabulary import GRID_MINUTES, ProviderKind, TimeNeed, minute_text


def visits_all_timed(case: Case, placed: Placed) -> Iterator[Violation]:
    """Every visit of the package has one start, and no visit is invented."""
    wanted = [v.visit_no for v in case.requests[placed.request_id].package.visits]
    timed = sorted(time.visit_no for time in placed.visit_times)
    if timed != sorted(wanted):
        yield Violation(
            "VISITS", placed.request_id, f"has times for visits {timed}, wants {wanted}"
        )


def starts_in_windows(case: Case, placed: Placed) -> Iterator[Violation]:
    """Each start lies on the grid and in the visit's band or critical window (H4, H5)."""
    for visit, start in case.timed_visits(placed):
        first, last = _window(case, visit)
        if not first <= start <= last or start % GRID_MINUTES:
            yield Violation(
                "WINDOW",
                placed.request_id,
                f"visit {visit.visit_no} starts at {minute_text(start)}, allowed "
                f"{minute_text(first)}-{minute_text(last)} in steps of {GRID_MINUTES} minutes",
            )


def one_visit_at_a_time(case: Case, placed: Placed) -> Iterator[Violation]:
    """Visits of one person overlap at her door only where they start together by a link."""
    timed = sorted(case.timed_visits(placed), key=lambda pair: pair[1])
    linked = _linked(placed, case)
    for (one, start), (other, later) in combinations(timed, 2):
        if linked[one.visit_no] == linked[other.visit_no]:
            continue
        if later < start + one.minutes and set(one.days) & set(other.days):
            yield Violation(
                "OVERLAP",
                placed.request_id,
                f"visit {other.visit_no} starts at {minute_text(later)}, while visit "
                f"{one.visit_no} lasts until {minute_text(start + one.minutes)}",
            )


def _linked(placed: Placed, case: Case) -> dict[int, int]:
    """Return for each visit the one at the head of its links."""
    visits = {v.visit_no: v for v in case.requests[placed.request_id].package.visits}
    head = {}
    for number in visits:
        first = number
        while (named := visits[first].with_visit or visits[first].after_visit) is not None:
            first = named
        head[number] = first
    return head


def links_are_kept(case: Case, placed: Placed) -> Iterator[Violation]:
    """Linked visits start together, or one as the other ends."""
    timed = {visit.visit_no: (visit, start) for visit, start in case.timed_visits(placed)}
    for visit, start in timed.values():
        for named, adds in ((visit.with_visit, 0), (visit.after_visit, 1)):
            if named is None:
                continue
            other, there = timed[named]
            wanted = there + adds * other.minutes
            if start != wanted:
                yield Violation(
                    "LINK",
                    placed.request_id,
                    f"visit {visit.visit_no} starts at {minute_text(start)}, but its link with "
                    f"visit {named} asks for {minute_text(wanted)}",
                )


def gaps_are_kept(case: Case, placed: Placed) -> Iterator[Violation]:
    """Prescribed gaps lie between the starts of two visits, whichever comes first."""
    starts = {visit.visit_no: start for visit, start in case.timed_visits(placed)}
    for visit, start in case.timed_visits(placed):
        if visit.gap_from is None:
            continue
        between = abs(start - starts[visit.gap_from])
        least, most = visit.least_gap_minutes or 0, visit.most_gap_minutes
        if between < least or (most is not None and between > most):
            limit = f"at least {least}" if between < least else f"at most {most}"
            yield Violation(
                "GAP",
                placed.request_id,
                f"visits {visit.gap_from} and {visit.visit_no} start {between} minutes apart, "
                f"prescribed are {limit}",
            )


def _window(case: Case, visit: Visit) -> tuple[int, int]:
    if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
        tolerance = visit.tolerance_minutes
        if tolerance is None:
            tolerance = case.market.policy.times.critical_tolerance_minutes.value
        return max(visit.at_minute - tolerance, 0), visit.at_minute + tolerance
    band = case.market.policy.bands[visit.band or ""]
    return band.start_minute, band.end_minute


def starts_on_a_day_possible(case: Case, placed: Placed) -> Iterator[Violation]:
    """Care starts after the lead time, on a visit day or inside the admission window.

    A home that does not admit at weekends admits nobody on a bank holiday either.
    """
    first, last = _start_window(case, placed)
    if not (
        case.requests[placed.request_id].is_homecare
        or _every_day(case, placed)
        or is_working_day(placed.start_date)
    ):
        yield Violation(
            "START_DATE",
            placed.request_id,
            f"starts on {placed.start_date}, at a weekend or on a bank holiday, when "
            f"{placed.provider_id} does not admit",
        )
    if not first <= placed.start_date <= last:
        yield Violation(
            "START_DATE",
            placed.request_id,
            f"starts on {placed.start_date}, allowed from {first} to {last}",
        )


def _every_day(case: Case, placed: Placed) -> bool:
    """Say whether a provider takes people on at weekends and on bank holidays too."""
    told = case.providers[placed.provider_id].admits_at_weekends
    return case.market.policy.times.admit_at_weekends.value if told is None else told


def _start_window(case: Case, placed: Placed) -> tuple[date, date]:
    request, provider = case.requests[placed.request_id], case.providers[placed.provider_id]
    times, as_of = case.market.policy.times, case.market.book.as_of
    is_agency = provider.kind is ProviderKind.HOMECARE
    default = times.homecare_lead_days if is_agency else times.care_home_lead_days
    lead = default.value if provider.lead_days is None else provider.lead_days
    first, every_day = as_of, _every_day(case, placed)
    while lead:
        first += timedelta(days=1)
        lead -= every_day or is_working_day(first)
    if request.is_homecare:
        weekdays = {day.number for visit in request.package.visits for day in visit.days}
        while first.weekday() not in weekdays:
            first += timedelta(days=1)
        return first, first
    placement = request.placement
    if placement is None:
        return first, date.max
    last = placement.admit_to or date.max
    if placement.nights is not None and last != date.max:
        last -= timedelta(days=placement.nights - 1)
    return max(first, placement.admit_from or first), last

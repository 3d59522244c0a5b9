"""Rules about visits that nobody could make as they are written, however many carers are free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pydantic import ValidationError

from matcher.eligibility.rule import Refusal
from matcher.model import Book, CareRequest, HomecarePackage, Visit
from matcher.policy import Policy
from matcher.timetable import compile_package, never_fits
from matcher.vocabulary import (
    GRID_MINUTES,
    MINUTES_PER_DAY,
    TimeNeed,
    days_text,
    minute_text,
    words_text,
)


class Unmakeable(NamedTuple):
    """A visit that nobody could make as it is written, and why."""

    rule_id: str
    visit: Visit
    sentence: str


def can_be_made(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse visits that nobody could make, however many carers are free (H29)."""
    for found in unmakeable(request, policy):
        yield Refusal(found.rule_id, "H29", found.sentence)


def unmakeable(request: CareRequest, policy: Policy) -> Iterator[Unmakeable]:
    """Yield the visits that end after midnight whenever they start; else the first of a clash.

    A clash is looked for once every band is known and no visit crosses midnight, which would be the
    reason.
    """
    for visit in request.package.visits:
        if _is_timed(visit, policy) and _past_midnight(visit, policy):
            yield Unmakeable(
                "VISIT_CROSSES_MIDNIGHT",
                visit,
                f"{_told(visit).capitalize()} of {request.request_id} would end after midnight "
                "however early it starts; a visit has to end on the day on which it starts.",
            )
    visits = request.package.visits
    timed = all(_is_timed(v, policy) and not _past_midnight(v, policy) for v in visits)
    if not visits or not timed or not _never_fit(visits, policy):
        return
    clash = _smallest_clash(visits, policy)
    yield Unmakeable("VISITS_NEVER_FIT", clash[0], _clash_text(request, clash))


def _clash_text(request: CareRequest, clash: tuple[Visit, ...]) -> str:
    if len(clash) == 1:
        return (
            f"{_told(clash[0]).capitalize()} of {request.request_id} has no start that anybody "
            "could keep: the time allowed lies outside the day, or leaves none to travel there."
        )
    shared = [day for day in clash[0].days if all(day in visit.days for visit in clash)]
    on = f" on {days_text(shared)}" if shared else ""
    why = "at the door one has to end before the next starts."
    if any(v.with_visit or v.after_visit or v.gap_from for v in clash):
        why = "links and prescribed gaps cannot be kept within the times allowed."
    return (
        f"{', '.join(map(_told, clash[:-1])).capitalize()} and {_told(clash[-1])} of "
        f"{request.request_id} cannot all be made{on}, however many carers are free: {why}"
    )


def _is_timed(visit: Visit, policy: Policy) -> bool:
    return visit.time_need is TimeNeed.CRITICAL or visit.band in policy.bands


def _past_midnight(visit: Visit, policy: Policy) -> bool:
    earliest = _earliest_start(visit, policy)
    return earliest < MINUTES_PER_DAY < earliest + visit.minutes


def _earliest_start(visit: Visit, policy: Policy) -> int:
    if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
        tolerance = visit.tolerance_minutes
        usual = policy.times.critical_tolerance_minutes.value
        return max(visit.at_minute - (usual if tolerance is None else tolerance), 0)
    return policy.bands[visit.band or ""].start_minute


def _never_fit(visits: tuple[Visit, ...], policy: Policy) -> bool:
    """Say whether visits could never be made together; false where they are no package."""
    try:
        package = HomecarePackage(visits=visits)
    except ValidationError:  # one that another is linked with was left out
        return False
    travel = int(policy.travel.minutes(0)) // GRID_MINUTES
    return never_fits(compile_package(package, policy), travel)


def _smallest_clash(visits: tuple[Visit, ...], policy: Policy) -> tuple[Visit, ...]:
    """Return visits that never fit together and would if any one of them were left out."""
    for visit in visits:
        fewer = tuple(other for other in visits if other is not visit)
        if fewer and _never_fit(fewer, policy):
            return _smallest_clash(fewer, policy)
    return visits


def _told(visit: Visit) -> str:
    if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
        when = f"critical at {minute_text(visit.at_minute)}"
    else:
        when = words_text([visit.band or ""])
    return f"visit {visit.visit_no} ({when}, {visit.minutes} minutes)"

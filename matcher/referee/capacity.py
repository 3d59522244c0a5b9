"""How much a provider can take on: carers at every 5 minutes, beds on every night."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TypeVar

from matcher.allocation import Placed
from matcher.model import BedCapacity, HomecareCapacity
from matcher.referee.case import Case, Violation
from matcher.vocabulary import GRID_MINUTES, CareType, Day, minute_text


def carers_suffice(case: Case, sound: list[Placed]) -> Iterator[Violation]:
    """At every 5 minutes of the week no provider has more carers busy than it has free."""
    busy: dict[str, Counter[tuple[Day, int]]] = defaultdict(Counter)
    for placed in sound:
        by_no = {v.visit_no: v for v in case.requests[placed.request_id].package.visits}
        for visit, start in case.timed_visits(placed):
            # Who was at the visit before it stays on; the others travel.
            before = by_no.get(visit.after_visit or 0)
            arriving = max(visit.carers - (before.carers if before else 0), 0)
            for minute in range(start - placed.travel_minutes, start + visit.minutes, GRID_MINUTES):
                for day in visit.days:
                    carers = visit.carers if minute >= start else arriving
                    busy[placed.provider_id][day, minute] += carers
    free = _grouped(case.market.book.homecare_capacity)
    for provider_id, slots in sorted(busy.items()):
        yield from _first_overload(provider_id, slots, free.get(provider_id, []))


def beds_suffice(case: Case, sound: list[Placed]) -> Iterator[Violation]:
    """On no night does a home have more people in new beds than vacancies of that kind."""
    lines = _grouped(case.market.book.bed_capacity)
    stays: dict[tuple[str, CareType], list[Placed]] = defaultdict(list)
    for placed in sound:
        care_type = case.requests[placed.request_id].care_type
        if care_type is not None:
            stays[placed.provider_id, care_type].append(placed)
    for (provider_id, care_type), placed_here in sorted(stays.items()):
        of_type = [b for b in lines.get(provider_id, []) if b.care_type is care_type]
        yield from _overfull_night(case, provider_id, of_type, placed_here)


def _overfull_night(
    case: Case, provider_id: str, lines: list[BedCapacity], placed_here: list[Placed]
) -> Iterator[Violation]:
    periods = [(p.start_date, _last_night(case, p)) for p in placed_here]
    # Occupation or vacancies change only on these nights, and after the last of them never.
    turns = {start for start, _ in periods} | {b.available_from for b in lines}
    ends = [end for _, end in periods] + [b.available_to or date.max for b in lines]
    turns |= {end + timedelta(days=1) for end in ends if end != date.max}
    for night in sorted(turns):
        taken = sum(start <= night <= end for start, end in periods)
        vacant = sum(
            b.beds for b in lines if b.available_from <= night <= (b.available_to or date.max)
        )
        if taken > vacant:
            yield Violation(
                "BEDS", provider_id, f"{taken} people in {vacant} beds on the night of {night}"
            )
            return


def _last_night(case: Case, placed: Placed) -> date:
    placement = case.requests[placed.request_id].placement
    if placement is None or placement.nights is None:
        return date.max
    last = placed.start_date.toordinal() + placement.nights - 1
    return date.fromordinal(min(last, date.max.toordinal()))


Line = TypeVar("Line", HomecareCapacity, BedCapacity)


def _grouped(lines: Iterable[Line]) -> Mapping[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.provider_id].append(line)
    return groups


def _first_overload(
    provider_id: str, busy: Counter[tuple[Day, int]], lines: list[HomecareCapacity]
) -> Iterator[Violation]:
    moments = sorted(busy, key=lambda moment: (moment[0].number, moment[1]))
    for day, minute in moments:
        carers = busy[day, minute]
        free = sum(
            line.carers
            for line in lines
            if day in line.days and line.start_minute <= minute < line.end_minute
        )
        if carers > free:
            yield Violation(
                "CARERS",
                provider_id,
                f"{carers} carers busy on {day} at {minute_text(max(minute, 0))}, {free} free",
            )
            return

"""An oracle for allocations: tries every one there is, by plain counting, and keeps the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice, product

from matcher.allocation import (
    Allocation,
    Placed,
    PlacementStatus,
    Unplaced,
    UnplacedReason,
    VisitTime,
)
from matcher.enquiry import Enquiry
from matcher.market import Market
from matcher.model import Book, CareRequest, Provider, Visit
from matcher.objectives import ordered
from matcher.payers import PaidBy
from matcher.vocabulary import CqcRating, Day, ProviderKind, RateUnit, ServiceType, TimeNeed
from tests.builders import HERE, NEAR, NEAR_METRES, OUT_OF_TOWN, OUT_OF_TOWN_METRES

METRES = {NEAR: NEAR_METRES, OUT_OF_TOWN: OUT_OF_TOWN_METRES, HERE: 0}
BANK_HOLIDAYS = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 4), date(2026, 5, 25)}
"""Of England and Wales in the weeks after the books of contests, gov.uk/bank-holidays."""
FOREVER = 80
"""More days than any stay or vacancy of a contest begins after: nights from it on are alike."""
Use = Counter[tuple[str, Day | None, int]]
"""Carers by provider, day and minute, or beds by home and night."""


@dataclass(frozen=True)
class Best:
    """The best values of all objectives in the policy's order, and an allocation that has them.

    ``never`` are people whose visits overlap at the door whenever they start.
    """

    rank: tuple[int, ...]
    placed: tuple[Placed, ...]
    never: frozenset[str] = frozenset()

    def allocation(self, book: Book) -> Allocation:
        """Return it with a reason for everybody left out."""
        done = {line.request_id for line in self.placed}
        out = [request.request_id for request in book.waiting if request.request_id not in done]
        taken, never = UnplacedReason.CAPACITY_TAKEN, UnplacedReason.NOT_ARRANGEABLE
        reasons = {name: never if name in self.never else taken for name in out}
        return Allocation(
            placed=self.placed,
            unplaced=tuple(
                Unplaced(request_id=name, reason=reason, detail="x")
                for name, reason in reasons.items()
            ),
        )


def best_of_all(market: Market) -> Best:
    """Return the best of every allocation of a contest.

    Knows only what contests vary: services, exclusions, times, beds, prices, ratings, lead times.
    """
    free = _free(market.book)
    each = []
    never = set()
    for request in market.book.waiting:
        if not _can_be_made(market, request):
            never.add(request.request_id)
            continue
        enquiry = Enquiry(market, request)
        ways: list[tuple[Placed | None, Use]] = [(None, Counter()), *_ways(market, request)]
        each.append([(placed, use, _rank(enquiry, placed)) for placed, use in ways])
    nothing = (0,) * len(market.policy.allocation.order.value)
    best = min(_combinations(each, free, Counter(), nothing, ()), key=lambda best: best.rank)
    return replace(best, never=frozenset(never))


def _can_be_made(market: Market, request: CareRequest) -> bool:
    """Say whether some start of every visit leaves them apart, whoever makes them."""
    visits = request.package.visits
    starts = product(*(_starts(market, visit) for visit in visits))
    return any(_one_at_a_time(visits, times) for times in starts)


def _combinations(
    each: list[list[tuple[Placed | None, Use, tuple[int, ...]]]],
    free: Use,
    used: Use,
    rank: tuple[int, ...],
    placed: tuple[Placed, ...],
) -> Iterator[Best]:
    if not each:
        yield Best(rank, placed)
        return
    for line, use, adds in each[0]:
        if all(used[key] + count <= free[key] for key, count in use.items()):
            total = tuple(a + b for a, b in zip(rank, adds, strict=True))
            more = placed if line is None else (*placed, line)
            yield from _combinations(each[1:], free, used + use, total, more)


def _rank(enquiry: Enquiry, placed: Placed | None) -> tuple[int, ...]:
    return tuple(each.of_placed(enquiry, placed) for each in ordered(enquiry.market.policy))


def _free(book: Book) -> Use:
    free: Use = Counter()
    for line in book.homecare_capacity:
        for day, minute in product(line.days, range(line.start_minute, line.end_minute, 5)):
            free[line.provider_id, day, minute] += line.carers
    for bed in book.bed_capacity:
        last = FOREVER if bed.available_to is None else (bed.available_to - book.as_of).days
        for night in range((bed.available_from - book.as_of).days, last + 1):
            free[bed.provider_id, None, night] += bed.beds
    return free


def _ways(market: Market, request: CareRequest) -> Iterator[tuple[Placed, Use]]:
    for provider in market.book.providers:
        name = provider.provider_id
        sells = request.service_type in provider.services
        inadequate = provider.cqc_rating is CqcRating.INADEQUATE
        admitted = not inadequate or name in request.preferred_providers
        if sells and admitted and name not in request.excluded_providers:
            yield from (_visiting if request.is_homecare else _staying)(market, request, provider)


def _visiting(
    market: Market, request: CareRequest, provider: Provider
) -> Iterator[tuple[Placed, Use]]:
    metres = METRES[str(provider.postcode)]
    travel = int(market.policy.travel.minutes(metres))
    visits = request.package.visits
    lead = _lead(market, provider)
    weekdays = {day.number for visit in visits for day in visit.days}
    dates = (market.book.as_of + timedelta(days=lead + n) for n in range(7))
    start = next(date for date in dates if date.weekday() in weekdays)
    for times in product(*(_starts(market, visit) for visit in visits)):
        starts = {visit.visit_no: time for visit, time in zip(visits, times, strict=True)}
        if not (_one_at_a_time(visits, times) and _bound(visits, starts)):
            continue
        use: Use = Counter()
        for visit, time in zip(visits, times, strict=True):
            before = [v.carers for v in visits if v.visit_no == visit.after_visit]
            travelling = max(visit.carers - sum(before), 0)
            for day in visit.days:
                for minute in range(time - travel, time + visit.minutes, 5):
                    carers = travelling if minute < time else visit.carers
                    use[provider.provider_id, day, minute] += carers
        told = tuple(
            VisitTime(visit_no=visit.visit_no, start_minute=time)
            for visit, time in zip(visits, times, strict=True)
        )
        pence = _week_of_visits(market.book, request, provider)
        yield (
            Placed(
                request_id=request.request_id,
                provider_id=provider.provider_id,
                status=_status(market.book, request, pence),
                start_date=start,
                visit_times=told,
                weekly_cost_pence=pence,
                paid_by=None if pence is None else PaidBy(council_pence=pence),
                distance_metres=metres,
                travel_minutes=travel,
            ),
            use,
        )


def _one_at_a_time(visits: tuple[Visit, ...], times: tuple[int, ...]) -> bool:
    """Say whether no moment at the person's door is taken by two visits."""
    door: Counter[tuple[Day, int]] = Counter()
    for visit, time in zip(visits, times, strict=True):
        if visit.with_visit is None:
            door.update(product(visit.days, range(time, time + visit.minutes, 5)))
    return max(door.values(), default=0) <= 1


def _bound(visits: tuple[Visit, ...], starts: dict[int, int]) -> bool:
    """Say whether visits keep their links and their prescribed gaps."""
    minutes = {visit.visit_no: visit.minutes for visit in visits}
    for visit in visits:
        start = starts[visit.visit_no]
        if visit.with_visit is not None and start != starts[visit.with_visit]:
            return False
        before = visit.after_visit
        if before is not None and start != starts[before] + minutes[before]:
            return False
        if visit.gap_from is not None:
            between = abs(start - starts[visit.gap_from])
            if not (visit.least_gap_minutes or 0) <= between <= (visit.most_gap_minutes or 1440):
                return False
    return True


def _starts(market: Market, visit: Visit) -> range:
    if visit.time_need is TimeNeed.CRITICAL:
        at, tolerance = visit.at_minute or 0, visit.tolerance_minutes or 0
        return range(at - tolerance, at + tolerance + 1, 5)
    band = market.policy.bands[visit.band or ""]
    return range(band.start_minute, band.end_minute + 1, 5)


def _staying(
    market: Market, request: CareRequest, provider: Provider
) -> Iterator[tuple[Placed, Use]]:
    placement, as_of = request.placement, market.book.as_of
    assert placement is not None
    assert placement.admit_to is not None
    first = _lead(market, provider)
    if placement.admit_from is not None:
        first = max(first, (placement.admit_from - as_of).days)
    last = (placement.admit_to - as_of).days - (placement.nights or 1) + 1
    pence = _rate(market.book, provider, ServiceType(request.care_type or ""), RateUnit.WEEK)
    total = None if pence is None else _stay(pence, placement.nights)
    for admitted in range(first, last + 1):
        if not _admits_at_weekends(provider) and not _is_working_day(
            as_of + timedelta(days=admitted)
        ):
            continue
        stop = FOREVER + 1 if placement.nights is None else admitted + placement.nights
        yield (
            Placed(
                request_id=request.request_id,
                provider_id=provider.provider_id,
                status=_status(market.book, request, total),
                start_date=as_of + timedelta(days=admitted),
                weekly_cost_pence=pence,
                stay_cost_pence=total if placement.nights else None,
                paid_by=None if total is None else PaidBy(council_pence=total),
                distance_metres=METRES[str(provider.postcode)],
                travel_minutes=0,
            ),
            Counter({(provider.provider_id, None, night): 1 for night in range(admitted, stop)}),
        )


def _stay(pence: int, nights: int | None) -> int:
    """Return a week's price, or what it comes to for less than a week."""
    return pence if nights is None else int(Fraction(pence * nights, 7) + Fraction(1, 2))


def _lead(market: Market, provider: Provider) -> int:
    times = market.policy.times
    agency = provider.kind is ProviderKind.HOMECARE
    usual = times.homecare_lead_days if agency else times.care_home_lead_days
    lead = usual.value if provider.lead_days is None else provider.lead_days
    if _admits_at_weekends(provider):
        return lead
    working = (n for n in range(1, 60) if _is_working_day(market.book.as_of + timedelta(days=n)))
    return [0, *islice(working, lead)][-1]


def _admits_at_weekends(provider: Provider) -> bool:
    return provider.admits_at_weekends is True


def _is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def _rate(book: Book, provider: Provider, service: ServiceType, unit: RateUnit) -> int | None:
    for rate in book.rates:
        wanted = (rate.provider_id, rate.service_type, rate.unit)
        if wanted == (provider.provider_id, service, unit):
            assert isinstance(rate.amount_pence, int)
            return rate.amount_pence
    return None


def _week_of_visits(book: Book, request: CareRequest, provider: Provider) -> int | None:
    pence = _rate(book, provider, ServiceType.HOMECARE, RateUnit.HOUR)
    return None if pence is None else _rounded(request, pence)


def _rounded(request: CareRequest, pence: int) -> int:
    return sum(
        int(Fraction(pence * visit.minutes, 60) + Fraction(1, 2)) * len(visit.days) * visit.carers
        for visit in request.package.visits
    )


def _status(book: Book, request: CareRequest, pence: int | None) -> PlacementStatus:
    budget, framework = request.personal_budget_pence_per_week, []
    for rate in book.framework_rates:
        if request.is_homecare and rate.service_type is ServiceType.HOMECARE:
            framework.append(_rounded(request, rate.amount_pence))
        elif not request.is_homecare and rate.service_type is not ServiceType.HOMECARE:
            nights = request.placement and request.placement.nights
            framework.append(_stay(rate.amount_pence, nights))
    unheld = not framework and (request.is_homecare or budget is None)
    limits = [budget, *framework]
    over = pence is None or any(limit is not None and pence > limit for limit in limits)
    dear = over or unheld
    return PlacementStatus.NEEDS_APPROVAL if dear else PlacementStatus.PROPOSED

"""The referee: says of any allocation whether it keeps every rule, by plain recomputation.

Nothing here knows a solver, and nothing here trusts the compiled arrays for what can be counted
again from the book: capacity, beds, prices, distance and travel are worked out anew, slot by
slot and night by night.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from typing import TypeVar

from matcher.allocation import NOT_SEARCHED, Allocation, Placed, PlacementStatus, Unplaced
from matcher.eligibility import BATCH_RULES, pair_refusals, request_refusals
from matcher.enquiry import Enquiry
from matcher.errors import RefereeError
from matcher.geography import metres_between
from matcher.market import Market
from matcher.model import BedCapacity, CareRequest, HomecareCapacity, Provider, Visit
from matcher.tariff import Tariff
from matcher.vocabulary import (
    GRID_MINUTES,
    CareType,
    Day,
    ProviderKind,
    TimeNeed,
    minute_text,
)


@dataclass(frozen=True)
class Violation:
    """One rule that an allocation breaks.

    Parameters
    ----------
    rule
        Short code of the rule.
    subject
        The request or provider it concerns.
    sentence
        What is wrong, with the value and the limit.
    """

    rule: str
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}: {self.sentence}"


def check(market: Market, allocation: Allocation) -> tuple[Violation, ...]:
    """Return every rule that an allocation breaks; empty when it may be shown to people.

    Parameters
    ----------
    market
        The compiled book and policy.
    allocation
        Placed and unplaced requests.
    """
    return tuple(_Referee(market, allocation).violations())


def require(market: Market, allocation: Allocation) -> None:
    """Accept an allocation, or stop.

    Raises
    ------
    RefereeError
        If any rule is broken, listing the first ten.
    """
    violations = check(market, allocation)
    if violations:
        listed = "\n".join(f"  {violation}" for violation in violations[:10])
        raise RefereeError(
            f"The referee refused the allocation, {len(violations)} rules broken:\n{listed}",
            thing="allocation",
            value=len(violations),
            expected="no broken rule",
        )


@dataclass
class _Referee:
    market: Market
    allocation: Allocation
    tariff: Tariff = field(init=False)
    requests: dict[str, CareRequest] = field(init=False)
    providers: dict[str, Provider] = field(init=False)

    def __post_init__(self) -> None:
        book = self.market.book
        self.tariff = Tariff(book)
        self.requests = {request.request_id: request for request in book.requests}
        self.providers = {provider.provider_id: provider for provider in book.providers}

    def violations(self) -> Iterator[Violation]:
        yield from self.everyone_once()
        known = []
        for placed in self.allocation.placed:
            unknown = list(self.known_ids(placed))
            yield from unknown
            if not unknown:
                known.append(placed)
        for placed in known:
            yield from self.request_may_be_placed(placed)
            yield from self.visits_all_timed(placed)
        sound = [p for p in known if self._is_sound(p)]
        for placed in sound:
            enquiry = Enquiry(self.market, self.requests[placed.request_id])
            yield from self.pair_is_eligible(enquiry, placed)
            yield from self.starts_in_windows(placed)
            yield from self.one_visit_at_a_time(placed)
            yield from self.starts_on_a_day_possible(placed)
            yield from self.figures_are_right(placed)
            yield from self.status_is_right(placed)
        yield from self.carers_suffice(sound)
        yield from self.beds_suffice(sound)

    def _is_sound(self, placed: Placed) -> bool:
        """Whether the later rules can be asked at all: the earlier ones have spoken if not."""
        may = not list(self.request_may_be_placed(placed))
        return may and not list(self.visits_all_timed(placed))

    # -- who -------------------------------------------------------------------------------

    def everyone_once(self) -> Iterator[Violation]:
        """Every waiting request stands in exactly one list, and nobody else does (H29)."""
        lines = Counter(line.request_id for line in self.allocation.placed)
        lines.update(line.request_id for line in self.allocation.unplaced)
        waiting = {request.request_id for request in self.market.book.waiting}
        for request_id in sorted(waiting - lines.keys()):
            yield Violation("LOST", request_id, "stands in neither list")
        for request_id, count in sorted(lines.items()):
            if count > 1:
                yield Violation("TWICE", request_id, f"stands in the lists {count} times")
        for line in self.allocation.unplaced:
            if line.request_id not in waiting:
                yield Violation("NOT_WAITING", line.request_id, "is unplaced but does not wait")
            if not line.detail.strip():
                yield Violation("DETAIL", line.request_id, "is unplaced without a word of why")
            if line.request_id in waiting:
                yield from self.reason_is_right(line)

    def reason_is_right(self, line: Unplaced) -> Iterator[Violation]:
        """Whether a request may be searched for at all agrees with the coded reason (H29)."""
        request = self.requests[line.request_id]
        refused = request_refusals(request, self.market.book, self.market.policy)
        if bool(refused) != (line.reason in NOT_SEARCHED):
            told = "may not" if refused else "may"
            yield Violation(
                "REASON",
                line.request_id,
                f"is unplaced as {line.reason}, but {told} be searched for",
            )

    def known_ids(self, placed: Placed) -> Iterator[Violation]:
        """Only requests and providers of the book."""
        if placed.request_id not in self.requests:
            yield Violation("UNKNOWN_REQUEST", placed.request_id, "is not in the book")
        if placed.provider_id not in self.providers:
            yield Violation("UNKNOWN_PROVIDER", placed.provider_id, "is not in the book")

    def request_may_be_placed(self, placed: Placed) -> Iterator[Violation]:
        """Signed off, complete, not already running (H1, H2, H18)."""
        request = self.requests[placed.request_id]
        for refusal in request_refusals(request, self.market.book, self.market.policy):
            yield Violation(refusal.rule_id, placed.request_id, refusal.sentence)

    def pair_is_eligible(self, enquiry: Enquiry, placed: Placed) -> Iterator[Violation]:
        """Keep every rule between request and provider."""
        number = self.market.provider_number(placed.provider_id)
        for refusal in pair_refusals(enquiry, number, BATCH_RULES):
            yield Violation(refusal.rule_id, placed.request_id, refusal.sentence)

    # -- when ------------------------------------------------------------------------------

    def visits_all_timed(self, placed: Placed) -> Iterator[Violation]:
        """Every visit of the package has one start, and no visit is invented."""
        wanted = [v.visit_no for v in self.requests[placed.request_id].package.visits]
        timed = sorted(time.visit_no for time in placed.visit_times)
        if timed != sorted(wanted):
            yield Violation(
                "VISITS", placed.request_id, f"has times for visits {timed}, wants {wanted}"
            )

    def starts_in_windows(self, placed: Placed) -> Iterator[Violation]:
        """Each start lies on the grid and in the visit's band or critical window (H4, H5)."""
        for visit, start in self._timed_visits(placed):
            first, last = self._window(visit)
            if not first <= start <= last or start % GRID_MINUTES:
                yield Violation(
                    "WINDOW",
                    placed.request_id,
                    f"visit {visit.visit_no} starts at {minute_text(start)}, allowed "
                    f"{minute_text(first)}-{minute_text(last)} in steps of {GRID_MINUTES} minutes",
                )

    def one_visit_at_a_time(self, placed: Placed) -> Iterator[Violation]:
        """Visits of one person never overlap at her door, however many carers are free."""
        timed = sorted(self._timed_visits(placed), key=lambda pair: pair[1])
        for (one, start), (other, later) in combinations(timed, 2):
            if later < start + one.minutes and set(one.days) & set(other.days):
                yield Violation(
                    "OVERLAP",
                    placed.request_id,
                    f"visit {other.visit_no} starts at {minute_text(later)}, while visit "
                    f"{one.visit_no} lasts until {minute_text(start + one.minutes)}",
                )

    def _window(self, visit: Visit) -> tuple[int, int]:
        if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
            tolerance = visit.tolerance_minutes
            if tolerance is None:
                tolerance = self.market.policy.times.critical_tolerance_minutes.value
            return max(visit.at_minute - tolerance, 0), visit.at_minute + tolerance
        band = self.market.policy.bands[visit.band or ""]
        return band.start_minute, band.end_minute

    def _timed_visits(self, placed: Placed) -> Iterator[tuple[Visit, int]]:
        starts = {time.visit_no: time.start_minute for time in placed.visit_times}
        for visit in self.requests[placed.request_id].package.visits:
            yield visit, starts[visit.visit_no]

    def starts_on_a_day_possible(self, placed: Placed) -> Iterator[Violation]:
        """Care starts after the lead time, on a visit day or inside the admission window."""
        first, last = self._start_window(placed)
        if not first <= placed.start_date <= last:
            yield Violation(
                "START_DATE",
                placed.request_id,
                f"starts on {placed.start_date}, allowed from {first} to {last}",
            )

    def _start_window(self, placed: Placed) -> tuple[date, date]:
        request, provider = self.requests[placed.request_id], self.providers[placed.provider_id]
        times, as_of = self.market.policy.times, self.market.book.as_of
        is_agency = provider.kind is ProviderKind.HOMECARE
        default = times.homecare_lead_days if is_agency else times.care_home_lead_days
        lead = default.value if provider.lead_days is None else provider.lead_days
        first = as_of + timedelta(days=lead)
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

    # -- how much --------------------------------------------------------------------------

    def carers_suffice(self, sound: list[Placed]) -> Iterator[Violation]:
        """At every 5 minutes of the week no provider has more carers busy than it has free."""
        busy: dict[str, Counter[tuple[Day, int]]] = defaultdict(Counter)
        for placed in sound:
            for visit, start in self._timed_visits(placed):
                for minute in range(
                    start - placed.travel_minutes, start + visit.minutes, GRID_MINUTES
                ):
                    for day in visit.days:
                        busy[placed.provider_id][day, minute] += visit.carers
        free = _grouped(self.market.book.homecare_capacity)
        for provider_id, slots in sorted(busy.items()):
            yield from _first_overload(provider_id, slots, free.get(provider_id, []))

    def beds_suffice(self, sound: list[Placed]) -> Iterator[Violation]:
        """On no night does a home have more people in new beds than vacancies of that kind."""
        lines = _grouped(self.market.book.bed_capacity)
        stays: dict[tuple[str, CareType], list[Placed]] = defaultdict(list)
        for placed in sound:
            care_type = self.requests[placed.request_id].care_type
            if care_type is not None:
                stays[placed.provider_id, care_type].append(placed)
        for (provider_id, care_type), placed_here in sorted(stays.items()):
            of_type = [b for b in lines.get(provider_id, []) if b.care_type is care_type]
            yield from self._overfull_night(provider_id, of_type, placed_here)

    def _overfull_night(
        self, provider_id: str, lines: list[BedCapacity], placed_here: list[Placed]
    ) -> Iterator[Violation]:
        periods = [(p.start_date, self._last_night(p)) for p in placed_here]
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

    def _last_night(self, placed: Placed) -> date:
        placement = self.requests[placed.request_id].placement
        if placement is None or placement.nights is None:
            return date.max
        last = placed.start_date.toordinal() + placement.nights - 1
        return date.fromordinal(min(last, date.max.toordinal()))

    # -- figures ---------------------------------------------------------------------------

    def figures_are_right(self, placed: Placed) -> Iterator[Violation]:
        """Cost, distance and travel are what the book and the policy make them (H6, H16)."""
        distance = self._distance(placed)
        is_homecare = self.requests[placed.request_id].is_homecare
        travel = int(self.market.policy.travel.minutes(distance)) if is_homecare else 0
        expected = {
            "distance_metres": distance,
            "travel_minutes": travel,
            "weekly_cost_pence": self._cost(placed),
        }
        for name, value in expected.items():
            stated = getattr(placed, name)
            if stated != value:
                yield Violation(
                    name.upper(), placed.request_id, f"is stated as {stated}, should be {value}"
                )

    def _distance(self, placed: Placed) -> int:
        request, provider = self.requests[placed.request_id], self.providers[placed.provider_id]
        if request.postcode is None:
            raise RefereeError(f"Request {placed.request_id} has no postcode.")
        gazetteer = self.market.gazetteer
        return metres_between(
            gazetteer.locate(request.postcode), gazetteer.locate(provider.postcode)
        )

    def _cost(self, placed: Placed) -> int | None:
        request = self.requests[placed.request_id]
        return self.tariff.weekly_pence(request, placed.provider_id)

    def status_is_right(self, placed: Placed) -> Iterator[Violation]:
        """Nothing whose price somebody must agree to counts as placed, and nothing else waits."""
        request = self.requests[placed.request_id]
        cost = self._cost(placed)
        framework = self.tariff.framework_pence(request)
        ceilings = [framework, request.personal_budget_pence_per_week]
        no_ceiling = framework is None and (request.is_homecare or ceilings[1] is None)
        too_dear = cost is None or any(c is not None and cost > c for c in ceilings) or no_ceiling
        right = PlacementStatus.NEEDS_APPROVAL if too_dear else PlacementStatus.PROPOSED
        if placed.status is not right:
            yield Violation(
                "STATUS_PRICE",
                placed.request_id,
                f"is {placed.status} but should be {right}: {cost} pence a week, "
                f"ceilings {ceilings} (H9)",
            )


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

"""Every way to serve every waiting request, as plain numbers, split into independent parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic

import numpy as np

from matcher.allocation import Placed, PlacementStatus, VisitTime
from matcher.eligibility import (
    BATCH_RULES,
    BUDGET_RULE,
    Verdict,
    judge,
    paid_by,
    stay_cost_pence,
)
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints, Market, Mask
from matcher.objectives import arrangeable, from_start, ordered
from matcher.pricing import priced_alike
from matcher.shortlist import rank
from matcher.timetable import (
    LONGEST_REST,
    PackageShape,
    admission_days,
    find_times,
    start_masks,
    window_days,
)
from matcher.vocabulary import GRID_MINUTES, CareType

Resource = tuple[int, CareType | None]
"""A provider's number, and the kind of bed; ``None`` for its carers."""


@dataclass(frozen=True, eq=False)
class Option:
    """One provider that could serve one request on its own.

    Parameters
    ----------
    request
        Number of the request in the problem.
    provider
        Number of the provider in the market.
    travel_slots
        Travel to each visit, in 5-minute slots; 0 for beds.
    domains
        Where the unknowns of time may lie. Homecare: for each unit of linked visits the slots
        where it may start, [units, 288]. Beds: the days of admission, [1, days], as many days for
        all beds.
    days
        Beds: every day on which the home could admit the person, at this price or another, [days].
        Homecare: none.
    is_specialist
        Whether it is a specialist service that the person did not name (H12).
    first_day
        Homecare: days from as_of to the first visit. Beds: the earliest admission.
    costs
        What the option adds to each objective, leaving out what depends on times chosen.
    alone
        What it would add to each objective if nobody else waited, times and all.
    tie
        What settles it between options that add the same.
    """

    request: int
    provider: int
    travel_slots: int
    domains: Mask
    days: Mask
    is_specialist: bool
    first_day: int
    needs_approval: bool
    costs: tuple[int, ...]
    alone: tuple[int, ...]
    tie: tuple[int, str]

    def gives_way_to(self, other: Option) -> bool:
        """Say whether another of the person's options goes before it as a generic service (H12).

        A specialist service that may be booked gives way only to a generic one that may be.
        """
        is_behind = self.is_specialist and not other.is_specialist
        return is_behind and (self.needs_approval or not other.needs_approval)


@dataclass(frozen=True, eq=False)
class Choice:
    """An option taken, with the start slots of its units of visits or its day of admission."""

    option: Option
    times: tuple[int, ...]


Plan = dict[int, Choice]
"""The choice for each request that has one, by the number of the request."""


class Problem:
    """All waiting requests that may be searched for, and every option of each.

    Parameters
    ----------
    market
        The compiled book and policy.
    seed
        Settles ties, as it does in shortlists.

    Attributes
    ----------
    seconds
        How long it took to find all options.
    """

    def __init__(self, market: Market, seed: int = 0) -> None:
        began = monotonic()
        self.market = market
        self.order = ordered(market.policy)
        by_id = arrangeable(market)
        self.request_ids = tuple(by_id)
        self.enquiries: tuple[Enquiry, ...] = tuple(by_id.values())
        self.verdicts: tuple[Verdict, ...] = tuple(
            judge(enquiry, BATCH_RULES) for enquiry in self.enquiries
        )
        days = _admission_days(market, self.verdicts)
        self.options: tuple[tuple[Option, ...], ...] = tuple(
            tuple(_options(n, verdict, days, seed)) for n, verdict in enumerate(self.verdicts)
        )
        sure = _Sure(self)
        self.options = tuple(sure.offered(options) for options in self.options)

        self.seconds = monotonic() - began
        # A search asks for the same values again and again.
        self._values: dict[tuple[object, ...], tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self.enquiries)

    def resource(self, option: Option) -> Resource:
        """Return the capacity that an option draws on."""
        return option.provider, self.enquiries[option.request].request.care_type

    @cached_property
    def parts(self) -> tuple[tuple[int, ...], ...]:
        """Requests grouped so that no two groups share a provider's capacity, in id order.

        Requests without any option belong to no part.
        """
        group: dict[int, int] = {}
        owner: dict[Resource, int] = {}

        def root(number: int) -> int:
            while group[number] != number:
                number = group[number]
            return number

        for request, options in enumerate(self.options):
            if options:
                group[request] = request
            for option in options:
                first = root(owner.setdefault(self.resource(option), request))
                mine = root(request)
                group[max(first, mine)] = min(first, mine)
        parts: dict[int, list[int]] = {}
        for request in group:
            parts.setdefault(root(request), []).append(request)
        return tuple(tuple(members) for _, members in sorted(parts.items()))

    def placed(self, choice: Choice) -> Placed:
        """Return a choice in the words of an allocation."""
        option = choice.option
        enquiry = self.enquiries[option.request]
        number, request = option.provider, enquiry.request
        provider = self.market.providers[number]
        day = option.first_day if request.is_homecare else choice.times[0]
        priced = enquiry.beginning(day)
        starts: list[int] = []
        if request.is_homecare:
            starts = self.shape(option.request).visit_starts(np.array(choice.times)).tolist()
        return Placed(
            request_id=request.request_id,
            provider_id=provider.provider_id,
            status=(
                PlacementStatus.NEEDS_APPROVAL
                if option.needs_approval
                else PlacementStatus.PROPOSED
            ),
            start_date=enquiry.date_of(day),
            visit_times=tuple(
                VisitTime(visit_no=visit.visit_no, start_minute=slot * GRID_MINUTES)
                for visit, slot in zip(request.package.visits, starts, strict=True)
            ),
            weekly_cost_pence=priced.prices.cost_of(number),
            stay_cost_pence=stay_cost_pence(priced, number),
            paid_by=paid_by(priced, number),
            distance_metres=int(enquiry.distance_metres[number]),
            travel_minutes=int(enquiry.travel_minutes[number]),
            cqc_rating=provider.cqc_rating,
            cqc_rated_on=provider.cqc_rated_on,
        )

    def values(self, request: int, choice: Choice | None) -> tuple[int, ...]:
        """Return what one request adds to each objective under a choice, or without one."""
        key = (request, choice and choice.option, choice and choice.times)
        if key not in self._values:
            placed = None if choice is None else self.placed(choice)
            enquiry = from_start(self.enquiries[request], placed)
            self._values[key] = tuple(each.of_placed(enquiry, placed) for each in self.order)
        return self._values[key]

    def rank_of(self, plan: Plan, requests: tuple[int, ...]) -> tuple[int, ...]:
        """Return the objectives' values over some requests: the smaller plan is the better."""
        each = [self.values(request, plan.get(request)) for request in requests]
        return tuple(map(sum, zip(*each, strict=True))) if each else (0,) * len(self.order)

    def shape(self, request: int) -> PackageShape:
        """Return the compiled package of a homecare request."""
        return self.enquiries[request].shape


def _admission_days(market: Market, verdicts: tuple[Verdict, ...]) -> int:
    """Return how many days of admission are told apart: the horizon, and more if asked for."""
    latest = max((int(verdict.starts.start_day.max(initial=0)) for verdict in verdicts), default=0)
    return max(market.policy.allocation.bed_horizon_days.value + LONGEST_REST, latest) + 1


class _Sure:
    """What is sure to be free for somebody, whatever all others take.

    There the plan has no more to choose from than the shortlist shows: a home from the earliest
    day on which it can admit, at the price of that day, and no specialist service where a generic
    one can serve.

    Parameters
    ----------
    problem
        The requests and all their options.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        # By resource what each request may take of it at most, and what all may together.
        self._most: dict[Resource, dict[int, int]] = defaultdict(dict)
        for request, options in enumerate(problem.options):
            bed = not problem.enquiries[request].request.is_homecare
            most = 1 if bed or not options else problem.shape(request).most_carers
            for option in options:
                self._most[problem.resource(option)][request] = most
        self._total = {resource: sum(most.values()) for resource, most in self._most.items()}

    def offered(self, options: tuple[Option, ...]) -> tuple[Option, ...]:
        """Return those of a person's options that may be offered at all."""
        kept = tuple(o for o in options if not self._has_another_first_day(o))
        if not any(option.is_specialist for option in kept):
            return kept
        sure = [option for option in kept if not option.is_specialist and self._has_room(option)]
        return tuple(o for o in kept if not any(o.gives_way_to(generic) for generic in sure))

    def _has_another_first_day(self, option: Option) -> bool:
        """Say whether a home is sure to admit on its first day, which is not this option's."""
        first = int(option.days.argmax()) if option.days.size else option.first_day
        return first < option.first_day and self._admits(option, first)

    def _has_room(self, option: Option) -> bool:
        if option.days.size:
            return self._admits(option, option.first_day)
        shape = self._problem.shape(option.request)
        return find_times(self._left(option), shape, option.travel_slots) is not None

    def _admits(self, option: Option, day: int) -> bool:
        nights = self._problem.enquiries[option.request].request.stay_nights
        return bool(admission_days(self._left(option), day, day, nights)[0])

    def _left(self, option: Option) -> Ints:
        """Return what all others leave at least."""
        resource = self._problem.resource(option)
        others = self._total[resource] - self._most[resource][option.request]
        capacity = self._problem.enquiries[option.request].capacity
        return np.asarray(capacity.of(option.provider), np.int64) - others


def _options(number: int, verdict: Verdict, days: int, seed: int) -> Iterator[Option]:
    enquiry, starts = verdict.enquiry, verdict.starts
    eligible = np.flatnonzero(verdict.eligible)
    specialist = enquiry.market.is_specialist & ~enquiry.nominated
    is_bed = not enquiry.request.is_homecare
    days_of = [_admits(enquiry, provider, days) for provider in eligible.tolist() if is_bed]
    for priced, places in _priced(verdict, eligible, days_of):
        begins = _beginning(starts, eligible, places)
        ranking = rank(priced, begins, eligible, seed)
        costs = [each.fixed(priced, begins, eligible).tolist() for each in ranking.order]
        for place, admits in places.items():
            provider = int(eligible[place])
            every_day = days_of[place][0] if days_of else np.zeros(0, np.bool_)
            travel = int(enquiry.travel_minutes[provider]) // GRID_MINUTES
            yield Option(
                request=number,
                provider=provider,
                travel_slots=travel,
                domains=_visit_starts(enquiry, provider, travel) if admits is None else admits,
                days=every_day,
                is_specialist=bool(specialist[provider]),
                first_day=int(begins.start_day[provider]),
                needs_approval=bool(priced.needs_approval[provider]),
                costs=tuple(int(column[place]) for column in costs),
                alone=ranking.keys[place][0],
                tie=ranking.ties[place],
            )


def _beginning(starts: Starts, eligible: Ints, places: Mapping[int, Mask | None]) -> Starts:
    """Return when providers could start, each within its own days of admission if it has any."""
    first = starts.start_day.copy()
    for place, admits in places.items():
        if admits is not None:
            first[eligible[place]] = int(np.argmax(admits[0]))
    return replace(starts, start_day=first)


def _priced(
    verdict: Verdict, eligible: Ints, days_of: Sequence[Mask]
) -> Iterator[tuple[Enquiry, Mapping[int, Mask | None]]]:
    """Yield enquiries by the first day that they price, with places in eligible, and their days.

    A home whose price depends on the day of admission has an option for each price, which may
    begin on the days that have it: so every option has one price. Homecare has one first day.

    Parameters
    ----------
    verdict
        What the rules say.
    eligible
        The providers that may serve the person.
    days_of
        For each of these the days on which it could admit, [1, days]; none for homecare.
    """
    enquiry = verdict.enquiry
    if not days_of:
        yield enquiry, dict.fromkeys(range(len(eligible)))
        return
    days = np.arange(days_of[0].shape[1], dtype=np.int64)
    alike = priced_alike(enquiry.market, enquiry.request, days)
    found: dict[Enquiry, dict[int, Mask | None]] = {}
    first: dict[tuple[int, ...], Enquiry] = {}
    for day in np.unique(alike).tolist():
        priced, these = enquiry.beginning(day), alike == day
        allowed = BUDGET_RULE.mask(priced, verdict.eligible)[eligible]
        rows = zip(days_of, allowed, priced.prices.rows(eligible), strict=True)
        for place, (mask, is_allowed, price) in enumerate(rows):
            if is_allowed and (mask & these).any():
                alike_days = found.setdefault(first.setdefault((place, *price), priced), {})
                before = alike_days.get(place)
                alike_days[place] = mask & these if before is None else before | (mask & these)
    yield from found.items()


def _visit_starts(enquiry: Enquiry, provider: int, travel_slots: int) -> Mask:
    return start_masks(enquiry.capacity.of(provider), enquiry.shape, travel_slots)


def _admits(enquiry: Enquiry, provider: int, days: int) -> Mask:
    free = enquiry.capacity.of(provider)
    window = enquiry.bed_window(provider)
    admits = np.zeros((1, days), np.bool_)
    admits[0, window.first_day : window.last_day + 1] = window_days(free, window)
    return admits

"""One request put to the whole market: distances, travel, prices, and what could start when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from matcher.errors import MatcherError
from matcher.geography import Location, Ways
from matcher.market import NO_LIMIT, Ints, Market, Mask, Table
from matcher.model import CareRequest, Placement
from matcher.payers import Parts, budget_pence, council_pays, split
from matcher.pricing import Prices, is_steady, priced_alike, prices
from matcher.timetable import (
    BedWindow,
    PackageShape,
    compile_package,
    compile_placement,
    earliest_admissions,
    gap_broken,
    times_many,
)
from matcher.vocabulary import GRID_MINUTES
from matcher.wish import Wish

NO_START = -1
"""Stands inside arrays for a visit or bed that cannot start; never leaves them."""


@dataclass(frozen=True)
class Starts:
    """When each provider could start, for those that were asked.

    Parameters
    ----------
    possible
        Whether times (homecare) or a bed (placements) exist, [providers]; false where not asked.
    visit_slots
        Start slot of every visit, [providers, visits]; only rows that are possible mean anything.
    start_day
        Days from the book's as_of to the first day of care, [providers].
    """

    possible: Mask
    visit_slots: npt.NDArray[np.int16]
    start_day: Ints

    @classmethod
    def of_one(cls, providers: int, number: int, slots: Sequence[int], start_day: int) -> Starts:
        """Return the times of one provider, as if no other could start.

        Parameters
        ----------
        providers
            How many providers there are.
        number
            The provider.
        slots
            Start slot of every visit; none for a bed.
        start_day
            Days from the book's as_of to the first day of care.
        """
        starts = cls(
            possible=np.zeros(providers, np.bool_),
            visit_slots=np.full((providers, len(slots)), NO_START, np.int16),
            start_day=np.full(providers, NO_START, np.int64),
        )
        starts.possible[number], starts.start_day[number] = True, start_day
        starts.visit_slots[number] = slots
        return starts

    def times(self, visit: int, numbers: Ints) -> Ints:
        """Return the start slots of a visit, or for beds the days of admission, [n]."""
        if self.visit_slots.shape[1]:
            return np.asarray(self.visit_slots[numbers, visit], np.int64)
        return self.start_day[numbers]


class Enquiry:
    """A complete request and everything about it that the whole market can be asked at once.

    Arrays are in the order of ``market.providers`` and are computed when first needed.

    Parameters
    ----------
    market
        The compiled supply.
    request
        A request with nothing missing (H2): see :func:`matcher.eligibility.request_refusals`.
    first_days
        First day of care at each provider, from as_of, which its price is for, [providers]. Where
        it is not given, the earliest one there: for homecare by lead time and days of visits, for
        a bed by the calendar.

    Raises
    ------
    MatcherError
        If the request has no postcode.
    """

    def __init__(
        self, market: Market, request: CareRequest, first_days: Ints | None = None
    ) -> None:
        if request.postcode is None:
            raise MatcherError(
                f"Request {request.request_id} has no postcode, so no provider can be asked.",
                thing=f"request {request.request_id}",
                expected="a postcode",
            )
        self.market = market
        self.request = request
        self.location: Location = market.locate(request.postcode)
        self.zone = market.zone_of(request.postcode)
        self._answered: tuple[Mask, Starts] | None = None
        self._first_days = first_days
        self._beginning: dict[int, Enquiry] = {}

    @cached_property
    def distance_metres(self) -> Ints:
        """Distance from the person to every provider: a straight line, but round water."""
        return self.ways.metres

    @cached_property
    def ways(self) -> Ways:
        """How one gets to every provider, with the crossings of water between."""
        by_ferry = self.market.policy.travel.ferries_for_homecare.value
        rounds = self.request.is_homecare and not by_ferry
        return self.market.shores.ways_from(self.location, rounds=rounds)

    def way_text(self, number: int) -> str:
        """Return how one gets round water to a provider, to stand after a distance.

        For example " by the Humber Bridge", with the blank before it; empty without water.
        """
        texts = [crossing.way_text for _, crossing in self.ways.between(number)]
        return f" {', then '.join(texts)}" if texts else ""

    @cached_property
    def travel_minutes(self) -> Ints:
        """Travel to reach one visit by the policy's rule; zero for care homes.

        From the drive by road where the market knows it, else from the distance.
        """
        if not self.request.is_homecare:
            return np.zeros(len(self.market), np.int64)
        travel, roads = self.market.policy.travel, self.market.roads
        minutes = travel.minutes(self.distance_metres, self.ways.minutes)
        if roads is not None:
            for number, provider in enumerate(self.market.providers):
                leg = roads.between(self.location.postcode, provider.postcode)
                if leg is not None:
                    minutes[number] = travel.road_minutes(leg.metres, leg.seconds)
        return minutes

    @cached_property
    def nominated(self) -> Mask:
        """Care homes the person nominated: considered even out of area or off contract (L2)."""
        return self.asked_for & ~self.market.is_homecare

    @cached_property
    def asked_for(self) -> Mask:
        """Homes and agencies that the person asks for by name (S9)."""
        mask = np.zeros(len(self.market), np.bool_)
        index = self.market.index
        mask[[index[each] for each in self.request.preferred_providers if each in index]] = True
        return mask

    @cached_property
    def own_radius_metres(self) -> int:
        """The radius of policy or of the request, whichever is smaller."""
        radius = self.market.policy.radius.metres(homecare=self.request.is_homecare)
        asked = self.request.max_distance_metres
        return radius if asked is None else min(radius, asked)

    @cached_property
    def radius_metres(self) -> Ints:
        """The radius that binds each provider: the request's own or the provider's, if smaller."""
        return np.minimum(self.market.max_distance_metres, self.own_radius_metres)

    # -- money -----------------------------------------------------------------------------

    def beginning(self, day: int) -> Enquiry:
        """Return the same enquiry with prices of care that begins on a day, from as_of.

        It is this very one where prices do not change; arrays of time and place are the same.
        """
        if is_steady(self.market, self.request):
            return self
        like = int(priced_alike(self.market, self.request, np.array([day], np.int64))[0])
        if like not in self._beginning:
            days = np.full(len(self.market), like, np.int64)
            other = Enquiry(self.market, self.request, days)
            # Neither depends on the day, and both take long on a large market.
            other.__dict__["ways"], other._answered = self.ways, self._answered
            self._beginning[like] = other
        return self._beginning[like]

    @cached_property
    def first_days(self) -> Ints:
        """First day of care that each provider is priced for, from as_of, [providers]."""
        market = self.market
        if self._first_days is not None:
            return self._first_days
        if is_steady(market, self.request):
            return np.zeros(len(market), np.int64)
        if self.request.is_homecare:
            leads = market.lead_days.tolist()
            days = {lead: self.first_visit_day(lead) for lead in set(leads)}
            return np.array([days[lead] for lead in leads], np.int64)
        asked = self.request.placement and self.request.placement.admit_from
        soonest = np.maximum(market.lead_days, market.day_number(asked) if asked else 0)
        if self.request.care_type is None:
            return soonest
        starts = self.starts(np.ones(len(market), np.bool_))
        return np.where(starts.possible, starts.start_day, soonest)

    @cached_property
    def prices(self) -> Prices:
        """Cost at every provider from its first day of care, and the framework's ceiling."""
        return prices(self.market, self.request, self.zone, self.first_days)

    @cached_property
    def budget_pence(self) -> int | None:
        """The personal budget for a week, or for a stay; ``None`` where none limits the price."""
        return budget_pence(self.request)

    @cached_property
    def parts(self) -> Parts:
        """Who pays what at every provider: of a week, or of a stay's total."""
        framework = self.prices.framework_bill_pence
        limit = np.where(framework >= 0, framework, NO_LIMIT)
        if self.budget_pence is not None:
            limit = np.minimum(limit, self.budget_pence)
        return split(self.request, np.maximum(self.prices.bill_pence, 0), limit)

    @cached_property
    def compared_pence(self) -> Ints:
        """What a price is compared by: what is held, or all of it where the council pays nothing.

        Meaningless where the price is not known, [providers].
        """
        return self.parts.held if council_pays(self.request) else self.prices.bill_pence

    @cached_property
    def above_rate_pence(self) -> Ints:
        """Pence above the framework rate (H9), of a week or a stay; zero where not comparable."""
        return self._excess(self.prices.framework_bill_pence)

    @cached_property
    def over_budget_pence(self) -> Ints:
        """Pence above the personal budget, of a week or a stay: a top-up nobody agreed to yet."""
        budget = -1 if self.budget_pence is None else self.budget_pence
        return self._excess(np.full(len(self.market), budget, np.int64))

    def _excess(self, limit_pence: Ints) -> Ints:
        above = np.maximum(self.parts.held - limit_pence, 0)
        return np.where(self.prices.known & (limit_pence >= 0), above, 0)

    @cached_property
    def needs_approval(self) -> Mask:
        """Offers that may be ranked but not booked before somebody agrees to the price (H9).

        Never where the council pays nothing: the price is between the person, or the NHS, and
        the provider.
        """
        if not council_pays(self.request):
            return np.zeros(len(self.market), np.bool_)
        too_dear = (self.above_rate_pence > 0) | (self.over_budget_pence > 0)
        return ~self.prices.known | too_dear | self.has_no_ceiling

    @cached_property
    def has_no_ceiling(self) -> Mask:
        """Whether nothing is on file to hold a price against (H9), [providers].

        Homecare is bought on the framework, so needs a framework rate (H10); for a bed, often a
        spot purchase, the personal budget will do. What the council does not pay has no need.
        """
        lacking = self.prices.framework_bill_pence < 0
        held = self.budget_pence is not None and not self.request.is_homecare
        return lacking & (council_pays(self.request) and not held)

    # -- time ------------------------------------------------------------------------------

    @cached_property
    def shape(self) -> PackageShape:
        """The package compiled for the timetable."""
        return compile_package(self.request.package, self.market.policy)

    def breaks_gap(self, starts: Starts, numbers: Ints) -> Mask:
        """Say which candidates' times break the least gap between visits, [n]; never a bed's."""
        if not self.request.package.visits:
            return np.zeros(len(numbers), np.bool_)
        return gap_broken(self.shape, self.shape.unit_starts(starts.visit_slots[numbers]))

    def added(self, wish: Wish, starts: Starts, numbers: Ints) -> Ints:
        """Return what a wish for a time adds at each candidate, [n].

        Parameters
        ----------
        wish
            A wish of this request.
        starts
            When candidates could start.
        numbers
            The candidates.
        """
        return wish.amounts(starts.times(wish.visit, numbers), self.breaks_gap(starts, numbers))

    @cached_property
    def _visit_weekdays(self) -> frozenset[int]:
        return frozenset(day.number for v in self.request.package.visits for day in v.days)

    def first_visit_day(self, lead_days: int) -> int:
        """Return days from as_of to the first day, after the lead time, that has a visit.

        That may be at a weekend: only the notice is counted in working days.
        """
        for day in range(lead_days, lead_days + 7):
            if self.date_of(day).weekday() in self._visit_weekdays:
                return day
        return lead_days

    def bed_window(self, number: int) -> BedWindow:
        """Return the admissions that the request and the home of that number allow."""
        market = self.market
        return self._bed_window(int(market.lead_days[number]), bool(market.at_weekends[number]))

    def _bed_window(self, lead_days: int, at_weekends: bool) -> BedWindow:
        placement = self.request.placement or Placement()
        horizon = self.market.policy.allocation.bed_horizon_days.value
        return compile_placement(
            placement, self.market.book.as_of, lead_days, horizon, at_weekends=at_weekends
        )

    def date_of(self, day_number: int) -> date:
        """Return the date some days after the book's as_of."""
        return self.market.book.as_of + timedelta(days=day_number)

    @property
    def capacity(self) -> Table:
        """The capacity table that this request draws on."""
        care_type = self.request.care_type
        return self.market.carers if care_type is None else self.market.beds[care_type]

    def starts(self, among: Mask) -> Starts:
        """Return when the providers asked could start, given what they have free.

        The last answer is kept, and serves again when nobody new is asked.

        Parameters
        ----------
        among
            The providers to ask, [providers].
        """
        if self._answered is None or (among & ~self._answered[0]).any():
            # Copied, because a caller may go on to change its mask.
            self._answered = (among.copy(), self._ask(among))
        return self._answered[1]

    def _ask(self, among: Mask) -> Starts:
        asked = np.flatnonzero(among & (self.capacity.row >= 0))
        possible = np.zeros(len(self.market), np.bool_)
        visits = len(self.request.package.visits)
        slots = np.full((len(self.market), visits), NO_START, np.int16)
        start_day = np.full(len(self.market), NO_START, np.int64)
        if not asked.size:
            return Starts(possible, slots, start_day)
        free = self.capacity.free[self.capacity.row[asked]]
        leads, at_weekends = self.market.lead_days[asked], self.market.at_weekends[asked]
        if self.request.is_homecare:
            times = times_many(free, self.shape, self.travel_minutes[asked] // GRID_MINUTES)
            possible[asked], slots[asked] = times.ok, self.shape.visit_starts(times.starts)
        for lead, weekends in sorted(set(zip(leads.tolist(), at_weekends.tolist(), strict=True))):
            alike = (leads == lead) & (at_weekends == weekends)
            if self.request.is_homecare:
                start_day[asked[alike]] = self.first_visit_day(lead)
            else:
                found = earliest_admissions(free[alike], self._bed_window(lead, weekends))
                possible[asked[alike]], start_day[asked[alike]] = found.ok, found.days
        return Starts(possible, slots, np.where(possible, start_day, NO_START))

"""An allocation read back beside its book: what is left free, who holds the rest, at what price."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from matcher.allocation import Allocation, Placed, Unplaced
from matcher.closures import running_text
from matcher.errors import BadInputError, Fault, MatcherError
from matcher.files.prices import read_prices
from matcher.files.results import PLACEMENTS, SUMMARY_FILE, Summary, read_allocation, read_summary
from matcher.market import Market, Mask
from matcher.model import CareRequest, Frozen
from matcher.referee import check
from matcher.report.wording import count_text
from matcher.result import CapacityPrice, Method
from matcher.solvers import inputs_sha256
from matcher.solvers.instance.calendars import Task, timing_of
from matcher.solvers.instance.candidates import Choice, Option, Problem
from matcher.solvers.instance.compiling import Part, compile_part
from matcher.solvers.instance.diary import Diary
from matcher.solvers.instance.read_back import plan_of
from matcher.solvers.relaxation.scarcity import units_of
from matcher.timetable import blocking_units
from matcher.vocabulary import GRID_MINUTES, Risk, days_text, minute_text

POINTS_DECIMALS = 2
NEVER = 1 << 31
"""Stands for the end of a stay for good."""
Busy = tuple[tuple[int, ...], int, int, str]
"""Days of the week (none for beds), first place, the one after the last, and the same in words."""


class Holder(Frozen):
    """Somebody placed where another person would need the capacity; a pseudonymous id only."""

    request_id: str
    risk: Risk | None
    waiting_days: int | None
    holds: str


class PricedUse(Frozen):
    """A price of capacity, the units of it that an option takes, and the points they come to."""

    price: CapacityPrice
    units: float
    points: float


def read_night(folder: Path, market: Market) -> Night:
    """Return the allocation of a folder, put beside the book it was made of.

    Raises
    ------
    BadInputError
        If a file is at fault, the allocation is of another book or policy, or it breaks a rule.
    """
    summary, own = read_summary(folder), inputs_sha256(market)
    if summary.inputs_sha256 != own:
        expected = "an allocation made of this book and policy as they are now: allocate again"
        value = summary.inputs_sha256[:80]
        raise BadInputError([Fault(SUMMARY_FILE, 0, "inputs_sha256", value, expected)])
    allocation = read_allocation(folder)
    broken = check(market, allocation)
    if broken:
        raise BadInputError(
            [
                Fault(PLACEMENTS.file, 0, "", each.subject, f"every rule kept. {each.sentence}")
                for each in broken
            ]
        )
    return Night(market, summary, allocation, read_prices(folder))


class Night:
    """One allocation that the referee accepts, and every option of the book it was made of.

    Parameters
    ----------
    market
        The compiled book and policy.
    summary, allocation, prices
        What the folder holds.
    """

    def __init__(
        self,
        market: Market,
        summary: Summary,
        allocation: Allocation,
        prices: tuple[CapacityPrice, ...],
    ) -> None:
        self.market, self.summary = market, summary
        self.problem = Problem(market, summary.seed)
        self.plan = plan_of(self.problem, allocation)
        self._prices = prices
        lines: list[Placed | Unplaced] = [*allocation.unplaced, *allocation.placed]
        self._lines = {line.request_id: line for line in lines}

    def line(self, request_id: str) -> Placed | Unplaced:
        """Return what the allocation says of a request of the book.

        Raises
        ------
        UnknownIdError
            If the book has no such request.
        MatcherError
            If it does not wait, so that no allocation speaks of it.
        """
        self.market.request(request_id)
        if request_id not in self._lines:
            raise MatcherError(
                f"Request {request_id} does not wait. {running_text(self.market.book, request_id)}",
                thing=f"request {request_id}",
                expected="a request that waits",
            )
        return self._lines[request_id]

    def seat(self, request_id: str) -> Seat | None:
        """Return a request among everyone else; ``None`` if it may not be searched for."""
        if request_id not in self.problem.request_ids:
            return None
        return Seat(self, self.problem.request_ids.index(request_id))

    def prices_at(self, option: Option) -> tuple[CapacityPrice, ...] | None:
        """Return the prices of the capacity an option draws on; ``None`` if it was not priced."""
        resource = self.problem.resource(option)
        drawing = [c for c in self.plan.values() if self.problem.resource(c.option) == resource]
        lines = [self._lines[self.problem.request_ids[c.option.request]] for c in drawing]
        unpriced = any(isinstance(line, Placed) and line.scarcity_points is None for line in lines)
        if unpriced or self.summary.method is Method.TODAY:
            return None
        provider, care = self.market.providers[resource[0]].provider_id, resource[1]
        told = "homecare" if care is None else care.value
        return tuple(p for p in self._prices if (p.provider_id, p.care.value) == (provider, told))


class Seat:
    """One request among everyone else that a night placed.

    Parameters
    ----------
    night
        The allocation.
    number
        The number of the request in its problem.
    """

    def __init__(self, night: Night, number: int) -> None:
        self.night, self.number = night, number
        self.problem = night.problem
        self.enquiry = self.problem.enquiries[number]
        self.options = self.problem.options[number]
        self.chosen: Choice | None = night.plan.get(number)
        self._others = [c for r, c in sorted(night.plan.items()) if r != number]
        self._diary = Diary(self.problem)
        for choice in self._others:
            self._diary.take(choice)
        self._part: Part = compile_part(self.problem, (number,))

    def alone(self, option: Option) -> Choice:
        """Return an option with the times it would have if nobody else waited."""
        choice = Diary(self.problem).fit(option)
        if choice is None:
            raise ValueError("an option can serve its request alone")
        return choice

    def beside(self, option: Option) -> Choice | None:
        """Return an option with times beside everyone else's; ``None`` if nothing is left."""
        return self._diary.fit(option)

    def goes_behind(self, option: Option) -> bool:
        """Say whether a specialist service has to give way to a generic one with room (H12)."""
        return option.is_specialist and self._diary.offered(option) is None

    def uses(self, option: Option) -> tuple[PricedUse, ...] | None:
        """Return what an option would take of priced capacity; ``None`` if it was not priced."""
        prices = self.night.prices_at(option)
        if prices is None:
            return None
        number, found = self.options.index(option), []
        for price in prices:
            units = units_of(self.problem, self._part, number, price)
            if units:
                points = round(float(units * Fraction(str(price.points))), POINTS_DECIMALS)
                use = PricedUse(price=price, units=round(float(units), 2), points=points)
                found.append(use)
        return tuple(found)

    def points(self, option: Option) -> float | None:
        """Return what the priced capacity that an option would take comes to, if it was priced."""
        uses = self.uses(option)
        return None if uses is None else round(sum(use.points for use in uses), POINTS_DECIMALS)

    # -- who holds it ----------------------------------------------------------------------

    def holders(self, option: Option) -> tuple[Holder, ...]:
        """Return who is placed where this person would need the capacity and it runs short."""
        resource, needed = self.problem.resource(option), self._needed(option)
        rivals = (c for c in self._others if self.problem.resource(c.option) == resource)
        return tuple(holder for rival in rivals if (holder := self._holder(rival, needed)))

    def _needed(self, option: Option) -> Mask:
        """Return where the person might need capacity that others took; all of it if all is left.

        Homecare: [7, 288]. Beds: [nights]. Of the visits only those count that find no start any
        more, unless each would find one if it were not for the others.
        """
        left, free = self._diary.left(option), self.enquiry.capacity.of(option.provider)
        wanted, short = np.zeros(left.shape, np.bool_), np.zeros(left.shape, np.bool_)
        blocked = self._blocked(option, left)
        for days, task in self._tasks(option):
            if task.visit in blocked:
                window = _window(days, task.first, task.stop, left.shape[-1])
                wanted[window] = True
                short[window] |= (left[window] < task.demand) & (task.demand <= free[window])
        return short if short.any() else wanted

    def _tasks(self, option: Option) -> Iterator[tuple[tuple[int, ...], Task]]:
        number = self.options.index(option)
        for line in timing_of(self._part.packing).lines:
            yield from ((line.days, task) for task in line.tasks if task.option == number)

    def _blocked(self, option: Option, left: npt.NDArray[np.integer]) -> set[int]:
        if not self.enquiry.request.is_homecare:
            return {0}
        shape = self.problem.shape(self.number)
        return {*blocking_units(left, shape, option.travel_slots)} or {*range(len(shape))}

    def _holder(self, rival: Choice, needed: Mask) -> Holder | None:
        """Return somebody placed with what they hold of it; ``None`` if they hold nothing."""
        request = self.problem.enquiries[rival.option.request].request
        busy = self._visits(rival) if request.is_homecare else self._nights(rival, request)
        held = [
            text
            for days, first, stop, text in busy
            if needed[_window(days, first, stop, needed.shape[-1])].any()
        ]
        if not held:
            return None
        return Holder(
            request_id=request.request_id,
            risk=request.risk,
            waiting_days=waited(self.night.market, request.request_id),
            holds="; ".join(held),
        )

    def _visits(self, rival: Choice) -> Iterator[Busy]:
        number, travel = rival.option.request, rival.option.travel_slots
        starts = self.problem.shape(number).visit_starts(np.array(rival.times)).tolist()
        visits = self.problem.enquiries[number].request.package.visits
        for visit, start in zip(visits, starts, strict=True):
            minute = start * GRID_MINUTES
            stop = minute + visit.minutes
            text = f"{days_text(visit.days)} {minute_text(minute)}-{minute_text(stop)}"
            days = tuple(day.number for day in visit.days)
            yield days, start - travel, stop // GRID_MINUTES, text

    def _nights(self, rival: Choice, request: CareRequest) -> Iterator[Busy]:
        nights = request.stay_nights
        first = rival.times[0]
        length = "for good" if nights is None else f"for {count_text(nights, 'night')}"
        stop = NEVER if nights is None else first + nights
        yield (), first, stop, f"a bed from {self.enquiry.date_of(first)} {length}"


def _window(
    days: tuple[int, ...], first: int, stop: int, places: int
) -> tuple[list[int], slice] | slice:
    """Return where a stretch lies in a week, or among nights, the last of which stands for all."""
    stretch = slice(min(first, places - 1), stop)
    return (list(days), stretch) if days else stretch


def waited(market: Market, request_id: str) -> int | None:
    """Return the days that somebody has waited; ``None`` where that is not recorded."""
    since = market.request(request_id).waiting_since
    return None if since is None else max((market.book.as_of - since).days, 0)


def window_text(price: CapacityPrice) -> str:
    """Return in words which capacity a price is of."""
    if price.first_night is not None:
        if price.last_night is None:
            return f"from {price.first_night} for good"
        return f"nights {price.first_night} to {price.last_night}"
    times = f"{minute_text(price.from_minute or 0)}-{minute_text(price.to_minute or 0)}"
    return f"{days_text(price.days)} {times}"

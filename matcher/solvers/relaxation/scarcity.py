"""What scarce capacity is worth: prices by provider, window and days, and of what options take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import numpy as np

from matcher.policy import Policy
from matcher.result import CapacityPrice, PriceUnit
from matcher.solvers.instance.assignment import Ints, Packing
from matcher.solvers.instance.calendars import Tasks, Timeline, timing_of
from matcher.solvers.instance.candidates import Option, Problem
from matcher.solvers.instance.capacity_rows import Window, open_stretch
from matcher.solvers.instance.compiling import Part
from matcher.vocabulary import GRID_MINUTES, Day, ServiceType

SLOTS_PER_HOUR = 60 // GRID_MINUTES
CRUMBS = 1000
"""A carer's slot, or a night, has so many crumbs."""
ENTRIES_PER_SECOND = 100_000
"""Entries of rows for which a part is given a second, also when the run's time is up."""
MOST_SECONDS = 10.0
"""Seconds beyond the run's time that a part is given at most."""
MOST_ENTRIES = 2_000_000
"""Entries of rows beyond which a part is not priced: that would take minutes."""
PRICE_DECIMALS = 4
"""Decimals of a price: a night of a long stay is worth little."""


@dataclass(frozen=True)
class Scarcity:
    """Prices of capacity, and what each option takes of it.

    Parameters
    ----------
    prices
        Every price above nought, by provider, care and window.
    points
        For each option the sum of price x amount over all capacity; options of a part that was
        not priced in the time given are left out.
    """

    prices: tuple[CapacityPrice, ...] = ()
    points: Mapping[Option, Fraction] = field(default_factory=dict)


def weights_aim(policy: Policy) -> Ints:
    """Return the weight of each stage in what capacity is priced by, [stages]."""
    allocation = policy.allocation
    weights = {
        "unplaced_red": allocation.weight_red.value,
        "unplaced_amber": allocation.weight_amber.value,
        "unplaced_green": allocation.weight_green.value,
    }
    return np.array([weights.get(stage, 0) for stage in allocation.order.value], np.int64)


def price_capacity(
    problem: Problem, parts: Sequence[Part], seconds: Callable[[], float | None]
) -> Scarcity:
    """Return the prices of all scarce capacity, in points by the policy's weights.

    They are the dual values of a linear relaxation of each part, for a little more capacity than
    there is. Such values need not be unique: where somebody needs two scarce windows at once,
    only the sum of their prices is settled, and the split is one of several that are as true.

    Parameters
    ----------
    problem
        The requests and their options.
    parts
        The independent parts of the problem.
    seconds
        Asked before each part for the time it may take; ``None`` for as long as it takes.
    """
    prices: list[CapacityPrice] = []
    points: dict[Option, Fraction] = {}
    for part in parts:
        found = price_part(problem, part, _enough(part, seconds()))
        prices += found.prices
        points |= found.points
    return Scarcity(tuple(sorted(prices, key=_by_window)), points)


def _enough(part: Part, seconds: float | None) -> float | None:
    """Return the time for a part: what is left, and more where that is too little for its size."""
    entries = len(part.packing.row_amount)
    if entries > MOST_ENTRIES:
        return 0.0
    return seconds and max(seconds, min(entries / ENTRIES_PER_SECOND, MOST_SECONDS))


def price_part(problem: Problem, part: Part, seconds: float | None) -> Scarcity:
    """Return the prices of one part; nothing when there was no time to find them."""
    rows = row_prices(part.packing, problem.market.policy, seconds)
    if rows is None:
        return Scarcity()
    packing, (prices, scale) = part.packing, rows
    taken = np.zeros(len(packing), np.int64)
    np.add.at(taken, packing.row_option, prices[packing.row_of_entry] * packing.row_amount)
    return Scarcity(
        prices=tuple(_prices(problem, part, prices, scale)),
        points={
            option: Fraction(amount, scale)
            for option, amount in zip(part.options, taken.tolist(), strict=True)
        },
    )


def row_prices(packing: Packing, policy: Policy, seconds: float | None) -> tuple[Ints, int] | None:
    """Return what a little more of each row would bring, in fractions of 1 / the second part.

    Every row is given a crumb more than there is: where capacity is only just enough, its price
    is then what more of it would bring, and not what less of it would cost.

    Parameters
    ----------
    packing
        A part of a book.
    policy
        Its weights say what it is worth to place a person.
    seconds
        Time for it; ``None`` for as long as it takes.
    """
    # Imported here because the solver takes a second to load, and reports never need it.
    from matcher.solvers.relaxation.dual_bound import Relaxation

    # Costs grow with amounts, so that the price of a unit stays what it is.
    roomier = replace(
        packing, row_amount=packing.row_amount * CRUMBS, limits=packing.limits * CRUMBS + 1
    )
    found = Relaxation(roomier, to_the_end=True).prices(weights_aim(policy) * CRUMBS, seconds)
    return (found.rows, found.scale) if found.solved else None


def _prices(problem: Problem, part: Part, rows: Ints, scale: int) -> Iterator[CapacityPrice]:
    for row in np.flatnonzero(rows).tolist():
        window = part.windows[row]
        line = next(each for each in timing_of(part.packing).lines if _is_of(window, each))
        price = _price(problem, part, window, line, Fraction(int(rows[row]), scale))
        if price.points:
            yield price


def _price(
    problem: Problem, part: Part, window: Window, line: Timeline, price: Fraction
) -> CapacityPrice:
    """Return the price of a row in the words of the field, for the unit that fits it."""
    provider, care = part.resources[window.block]
    opens, closes = (
        window.first + p
        for p in open_stretch(line.profile[window.first : window.stop] // window.carers)
    )
    unit = price * window.unit(closes - opens)
    common = {
        "provider_id": problem.market.providers[provider].provider_id,
        "care": ServiceType.HOMECARE if care is None else ServiceType(care.value),
        "most_each": window.pieces or None,
        "carers": window.carers if window.carers > 1 else None,
    }
    if care is None:
        hourly = PriceUnit.CARER_HOUR
        return CapacityPrice(
            **common,
            days=tuple(list(Day)[day] for day in window.days),
            from_minute=opens * GRID_MINUTES,
            to_minute=closes * GRID_MINUTES,
            unit=PriceUnit.VISIT if window.pieces else hourly,
            points=_rounded(unit if window.pieces else unit * SLOTS_PER_HOUR),
        )
    date_of = problem.enquiries[part.packing.requests[0]].date_of
    nightly = PriceUnit.BED if window.for_good else PriceUnit.BED_NIGHT
    return CapacityPrice(
        **common,
        first_night=date_of(opens),
        last_night=None if window.for_good else date_of(closes - 1),
        unit=PriceUnit.STAY if window.pieces else nightly,
        points=_rounded(unit),
    )


def _is_of(window: Window, line: Timeline) -> bool:
    """Say whether a window lies in a calendar: that of its first day, all its days being alike."""
    return window.block == line.block and {*window.days[:1]} <= {*line.days}


def _rounded(price: Fraction) -> float:
    return round(float(price), PRICE_DECIMALS)


def _by_window(price: CapacityPrice) -> tuple[object, ...]:
    return (
        price.provider_id,
        price.care,
        tuple(day.number for day in price.days),
        price.from_minute or 0,
        price.to_minute or 0,
        price.first_night or date.min,
        price.last_night or date.max,
        price.unit,
        price.most_each or 0,
        price.carers or 1,
    )


# -- from the prices back to options ---------------------------------------------------------


def units_of(problem: Problem, part: Part, number: int, price: CapacityPrice) -> Fraction:
    """Return how many units of priced capacity an option would take.

    Parameters
    ----------
    problem
        The requests and their options: those of this book or of a part of it.
    part
        A part of the problem, with the option.
    number
        The option.
    price
        The price of some capacity of the option's provider for the care it offers.
    """
    window = _window(problem, part, number, price)
    stretch = window.stop - window.first
    unit = window.unit(stretch) * (SLOTS_PER_HOUR if price.unit is PriceUnit.CARER_HOUR else 1)
    tasks = [
        task
        for line in timing_of(part.packing).lines
        if _is_of(window, line)
        for task in line.tasks
        if task.option == number
    ]
    return Fraction(int(window.amounts(Tasks.of(tasks), stretch).sum()), unit)


def _window(problem: Problem, part: Part, number: int, price: CapacityPrice) -> Window:
    block, pieces = int(part.packing.block[number]), price.most_each or 0
    if price.first_night is None:
        days = tuple(day.number for day in price.days)
        first, stop = (price.from_minute or 0, price.to_minute or 0)
        first, stop = first // GRID_MINUTES, stop // GRID_MINUTES
        return Window(block, days, first, stop, pieces, carers=price.carers or 1)
    first = problem.market.day_number(price.first_night)
    last = first if price.last_night is None else problem.market.day_number(price.last_night)
    for_good = price.unit is PriceUnit.BED
    return Window(block, (), first, last + 1, pieces, for_good=for_good)

"""How few more carers would let a package fit: the stretches of the week in which some lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matcher.timetable.shape import SLOTS_PER_DAY, IntArray, PackageShape
from matcher.timetable.turns import can_schedule
from matcher.timetable.week import blocking_units
from matcher.vocabulary import DAYS_PER_WEEK, GRID_MINUTES

MOST_STRETCHES = 2
"""More stretches than this are no small change."""


@dataclass(frozen=True)
class MoreCarers:
    """Carers who would have to be free besides those who are, on some days between two slots.

    Parameters
    ----------
    days
        Numbers of the days of the week, Monday 0.
    first_slot, stop_slot
        From when, travel included, and until when.
    carers
        How many more at the same time.
    """

    days: tuple[int, ...]
    first_slot: int
    stop_slot: int
    carers: int

    @property
    def carer_minutes(self) -> int:
        """Minutes of carers a week that they come to."""
        slots = (self.stop_slot - self.first_slot) * len(self.days)
        return slots * self.carers * GRID_MINUTES

    def added_to(self, free: IntArray) -> IntArray:
        """Return free capacity with these carers in it; what was given is left as it is."""
        more = free.copy()
        more[list(self.days), self.first_slot : self.stop_slot] += self.carers
        return more


def carers_lacking(
    free: IntArray, shape: PackageShape, travel_slots: int
) -> tuple[MoreCarers, ...] | None:
    """Return the fewest more carers found with which a package that does not fit would.

    Each unit that has no start gets what it lacks at the start where it lacks least; where each
    has one, but not all together, one unit gets carers of its own. ``None`` where more than two
    stretches would be needed, or where carers do not help.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    units = range(len(shape))
    blocked = blocking_units(free, shape, travel_slots)
    if len(blocked) > MOST_STRETCHES:
        return None
    ways: list[tuple[MoreCarers, ...]]
    if blocked:
        least = [_least(free, shape, unit, travel_slots) for unit in blocked]
        ways = [tuple(each for each in least if each)] if all(least) else []
    else:
        own = [_least(np.zeros_like(free), shape, unit, travel_slots) for unit in units]
        alone = sorted((each for each in own if each), key=lambda each: each.carer_minutes)
        ways = [(each,) for each in alone]
    for way in ways:
        more = free
        for each in way:
            more = each.added_to(more)
        if can_schedule(more, shape, travel_slots):
            return way
    return None


def _least(free: IntArray, shape: PackageShape, unit: int, travel_slots: int) -> MoreCarers | None:
    """Return what one unit lacks where it lacks least; of equal stretches that near its target."""
    target = int(shape.target_slot[unit])
    found = _lacks(free, shape, unit, travel_slots)
    best = min(found, key=lambda each: (each[1].carer_minutes, abs(each[0] - target)), default=None)
    return None if best is None else best[1]


def _lacks(
    free: IntArray, shape: PackageShape, unit: int, travel_slots: int
) -> Iterator[tuple[int, MoreCarers]]:
    """Yield what a unit lacks at each start of its window."""
    uses = shape.uses[unit]
    span = max(use.busy(travel_slots)[1] for use in uses)
    need = np.zeros((DAYS_PER_WEEK, span), free.dtype)
    for use in uses:
        first, stop = use.busy(travel_slots)
        need[list(use.days), first:stop] += use.carers
    for start in range(int(shape.first_slot[unit]), int(shape.last_slot[unit]) + 1):
        begin = start - travel_slots
        if begin < 0 or begin + span > SLOTS_PER_DAY:
            continue
        short = need - free[:, begin : begin + span]
        short[need == 0] = 0
        lacks = short > 0
        days, slots = np.flatnonzero(lacks.any(axis=1)), np.flatnonzero(lacks.any(axis=0))
        if len(days):
            stretch = begin + int(slots[0]), begin + int(slots[-1]) + 1
            yield start, MoreCarers(tuple(days.tolist()), *stretch, int(short.max()))

"""How few more carers would let a package fit: the stretches of the week in which some lack."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, IntArray, PackageShape
from matcher.timetable.turns import can_schedule
from matcher.timetable.week import blocking_units, possible_starts
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


def far_from_fitting(free: IntArray, shape: PackageShape, travel_slots: IntArray) -> BoolArray:
    """Say for many providers, [P], whether neither more carers nor another time would help.

    So many units have no start even alone that :func:`carers_lacking` names no stretches, and
    :func:`~matcher.timetable.week.smallest_change` no move.

    Parameters
    ----------
    free
        ``[P, 7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        ``[P]`` travel to reach each visit, slots.
    """
    travel = np.asarray(travel_slots, dtype=np.int16)
    starts = [possible_starts(free, shape, unit, travel) for unit in range(len(shape))]
    blocked = np.array([~possible.any(axis=1) for possible in starts])
    return np.asarray(blocked.sum(axis=0) > MOST_STRETCHES)


def _least(free: IntArray, shape: PackageShape, unit: int, travel_slots: int) -> MoreCarers | None:
    """Return what one unit lacks where it lacks least; of equal stretches that near its target."""
    uses = shape.uses[unit]
    span = max(use.busy(travel_slots)[1] for use in uses)
    need = np.zeros((DAYS_PER_WEEK, span), free.dtype)
    for use in uses:
        first, stop = use.busy(travel_slots)
        need[list(use.days), first:stop] += use.carers
    starts = np.arange(int(shape.first_slot[unit]), int(shape.last_slot[unit]) + 1)
    starts = starts[(starts >= travel_slots) & (starts - travel_slots + span <= SLOTS_PER_DAY)]
    there = sliding_window_view(free, span, axis=1)[:, starts - travel_slots].swapaxes(0, 1)
    short: IntArray = np.where(need > 0, need - there, 0)  # [starts, days, slots]
    on_days: BoolArray = np.any(short > 0, axis=2)
    in_slots: BoolArray = np.any(short > 0, axis=1)
    lacking = np.flatnonzero(in_slots.any(axis=1))
    if not lacking.size:
        return None
    begins = in_slots.argmax(axis=1)
    ends = span - in_slots[:, ::-1].argmax(axis=1)
    carers = short.max(axis=(1, 2))
    worth = on_days.sum(axis=1) * (ends - begins) * carers
    away = np.abs(starts - int(shape.target_slot[unit]))
    best = lacking[np.lexsort((away[lacking], worth[lacking]))[0]]
    begin = int(starts[best]) - travel_slots
    return MoreCarers(
        days=tuple(np.flatnonzero(on_days[best]).tolist()),
        first_slot=begin + int(begins[best]),
        stop_slot=begin + int(ends[best]),
        carers=int(carers[best]),
    )

"""Visits in one 5-minute week: when they can start, the times offered, and what would help.

Visits fit together when there are carers for all of them, travel included, and the person has one
visit at a time: on a day that two visits share they never overlap at the door, however many carers
are free. One may start there as another ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.errors import MatcherError
from matcher.timetable.search import (
    FULL_DAY,
    Places,
    Search,
    bits_between,
    lowest,
    slots_of,
    starts_alone,
    starts_within,
    without,
)
from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, IntArray, PackageShape
from matcher.vocabulary import GRID_MINUTES


@dataclass(frozen=True)
class TimeChange:
    """One visit moved out of its window as little as makes the package fit.

    Parameters
    ----------
    visit
        Position of the visit in the shape.
    start_slot
        Where it would start.
    minutes_beyond
        How far that lies outside its window, minutes.
    """

    visit: int
    start_slot: int
    minutes_beyond: int


def find_times(free: IntArray, shape: PackageShape, travel_slots: int) -> tuple[int, ...] | None:
    """Return one start slot a visit, or ``None`` when no times are found at which all visits fit.

    Visit by visit in ``visit_no`` order, each gets the possible start nearest its preferred time
    (the earlier of two equally near; the earliest when it has no preference) that still leaves
    times for all the rest. Every "still leaves" is decided exactly, within the work that
    :class:`~matcher.timetable.search.Search` allows; beyond it, what is known to fit is kept.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    search = Search(free, shape, travel_slots)
    left, levels = tuple(sorted(search.kind_of)), search.levels
    places = search.placed(left, levels)
    if places is None:
        return None
    starts = []
    for visit, kind in enumerate(search.kind_of):
        left = without(left, kind)
        target = target_slot(shape, visit) - travel_slots
        begins = slots_of(search.begins(kind, levels))
        for begin in sorted(begins, key=lambda begin: (abs(begin - target), begin)):
            after = search.occupied(levels, kind, begin)
            known = (kind, begin) in places
            rest = _taken_out(places, (kind, begin)) if known else search.placed(left, after)
            if rest is not None:
                places, levels = rest, after
                starts.append(begin + travel_slots)
                break
    return tuple(starts)


def _taken_out(places: Places, place: tuple[int, int]) -> Places:
    number = places.index(place)
    return places[:number] + places[number + 1 :]


def target_slot(shape: PackageShape, visit: int) -> int:
    """Return the slot to start as near to as possible; midnight stands for "the earliest"."""
    return int(shape.preferred_slot[visit]) if shape.has_preference[visit] else 0


def possible_starts(free: IntArray, shape: PackageShape, visit: int, travel: IntArray) -> BoolArray:
    """Return ``[P, width]``: whether a visit fits alone at each start of its window."""
    first, last = int(shape.first_slot[visit]), int(shape.last_slot[visit])
    if first > last:
        return np.zeros((len(free), 0), dtype=np.bool_)
    length = int(shape.length_slots[visit])
    low = max(first - int(travel.max(initial=0)), 0)
    high = min(last + length, SLOTS_PER_DAY)
    least = free[:, shape.days[visit], low:high].min(axis=1)
    room = least >= int(shape.carers[visit])
    slots = np.arange(low, high, dtype=np.int16)
    # The last slot without room up to each slot, and the first one from it on, serve any travel.
    before = np.maximum.accumulate(np.where(room, np.int16(low - 1), slots), axis=1)
    after = np.minimum.accumulate(np.where(room, np.int16(high), slots)[:, ::-1], axis=1)[:, ::-1]
    window = slice(first - low, last + 1 - low)
    enough: BoolArray = after[:, window] >= slots[window] + length
    enough &= slots[window] - before[:, window] > travel[:, None]
    return enough


def start_masks(free: IntArray, shape: PackageShape, travel_slots: int) -> BoolArray:
    """Return ``[V, 288]``: whether each visit, alone, could start in each slot.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    masks = np.zeros((len(shape), SLOTS_PER_DAY), dtype=np.bool_)
    travel = np.array([travel_slots], dtype=np.int16)
    for visit in range(len(shape)):
        possible = possible_starts(free[None], shape, visit, travel)[0]
        first = int(shape.first_slot[visit])
        masks[visit, first : first + len(possible)] = possible
    return masks


def blocking_visits(free: IntArray, shape: PackageShape, travel_slots: int) -> tuple[int, ...]:
    """Return the positions of visits that have no start even if all the others were left out."""
    visits = range(len(shape))
    return tuple(v for v in visits if not starts_alone(free, shape, v, travel_slots))


def occupy(
    free: IntArray, shape: PackageShape, travel_slots: int, starts: Sequence[int], sign: int = -1
) -> IntArray:
    """Return free capacity with a package's carers taken out, or put back.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time; left as it is.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    starts
        Start slot of each visit.
    sign
        -1 takes carers out, +1 puts them back.
    """
    left = free.copy()
    for visit, start in enumerate(starts):
        left[_busy(shape, visit, travel_slots, int(start))] += sign * int(shape.carers[visit])
    return left


def _busy(
    shape: PackageShape, visit: int, travel_slots: int, start: int
) -> tuple[BoolArray, slice]:
    """Return the days and slots of a week in which a visit keeps its carers busy."""
    return shape.days[visit], slice(start - travel_slots, start + int(shape.length_slots[visit]))


def start_ranges(
    free: IntArray, shape: PackageShape, travel_slots: int, starts: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Return the earliest and latest slot to which each visit could move, the others held (S8).

    Parameters
    ----------
    free
        ``[7, 288]`` carers free before the package takes any.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    starts
        Start slot of each visit, fitting together.

    Raises
    ------
    MatcherError
        If a visit does not fit at its start.
    """
    left = occupy(free, shape, travel_slots, starts)
    lengths, share_day = shape.length_slots.tolist(), shape.share_day.tolist()
    ranges = []
    for visit, start in enumerate(starts):
        days, busy = _busy(shape, visit, travel_slots, start)
        least = left[days].min(axis=0)
        least[busy] += shape.carers[visit]  # its own, on every day alike
        possible = starts_within(least, shape, visit, travel_slots)
        for other, there in enumerate(starts):
            if other != visit and share_day[visit][other]:
                # One visit at a time: starts from which it would overlap the other at the door.
                too_early = max(there - lengths[visit] + 1, 0)
                possible &= ~bits_between(too_early, there + lengths[other] - 1)
        if not possible >> start & 1:
            raise MatcherError(
                f"Visit {shape.visit_nos[visit]} does not fit at slot {start}.",
                thing=f"visit {shape.visit_nos[visit]}",
                value=start,
                expected="a start at which the visit fits beside the others",
            )
        gaps = FULL_DAY & ~possible | 1 << SLOTS_PER_DAY
        earliest = (gaps & ((1 << start) - 1)).bit_length()
        latest = start + lowest(gaps >> (start + 1))
        ranges.append((earliest, latest))
    return tuple(ranges)


def smallest_change(free: IntArray, shape: PackageShape, travel_slots: int) -> TimeChange | None:
    """Return the one visit whose window, widened by the fewest minutes, makes the package fit.

    ``None`` when the package fits as it is, or when no single visit's move is found to help. A
    critical time is never moved (H5). Of equally small changes the first visit's comes first, then
    the earlier start. Every candidate in that order is decided by the search; once that has done
    the work it is allowed it finds no other.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    search = Search(free, shape, travel_slots)
    everyone = tuple(sorted(search.kind_of))
    if search.placed(everyone, search.levels) is not None:
        return None
    candidates: list[tuple[int, int, int]] = []
    for visit in np.flatnonzero(~shape.is_critical).tolist():
        anytime = search.kind(visit, FULL_DAY)
        rest = without(everyone, search.kind_of[visit])
        if search.placed(tuple(sorted((*rest, anytime))), search.levels) is not None:
            starts = (b + travel_slots for b in slots_of(search.begins(anytime, search.levels)))
            candidates += ((_beyond(shape, visit, start), visit, start) for start in starts)
    for beyond, visit, start in sorted(candidates):
        kind = search.kind_of[visit]
        after = search.occupied(search.levels, kind, start - travel_slots)
        if search.placed(without(everyone, kind), after) is not None:
            return TimeChange(visit, start, beyond * GRID_MINUTES)
    return None


def _beyond(shape: PackageShape, visit: int, start: int) -> int:
    first, last = int(shape.first_slot[visit]), int(shape.last_slot[visit])
    return max(first - start, start - last, 0)

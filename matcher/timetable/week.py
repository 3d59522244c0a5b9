"""Visits in one 5-minute week: when they can start, how far they can move, what would help.

Visits fit together when there are carers for all of them, travel included, and the person has one
unit of visits at a time: on a day that two share they never overlap at the door, however many
carers are free. One may start there as another ends, unless a prescribed gap lies between them.
Linked visits are one unit; every time here is the start of a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.errors import MatcherError
from matcher.timetable.bits import FULL_DAY, bits_between, lowest, slots_of
from matcher.timetable.search import Search, starts_alone, without
from matcher.timetable.shape import (
    SLOTS_PER_DAY,
    BoolArray,
    Gap,
    IntArray,
    PackageShape,
    Steps,
    Use,
)
from matcher.vocabulary import GRID_MINUTES


@dataclass(frozen=True)
class TimeChange:
    """One unit moved out of its window as little as makes the package fit.

    Parameters
    ----------
    unit
        The unit.
    start_slot
        Where it would start.
    minutes_beyond
        How far that lies outside its window, minutes.
    """

    unit: int
    start_slot: int
    minutes_beyond: int


def possible_starts(free: IntArray, shape: PackageShape, unit: int, travel: IntArray) -> BoolArray:
    """Return ``[P, width]``: whether a unit fits alone at each start of its window."""
    first, last = int(shape.first_slot[unit]), int(shape.last_slot[unit])
    if first > last:
        return np.zeros((len(free), 0), dtype=np.bool_)
    if len(shape.uses[unit]) > 1:
        return _possible_starts_linked(free, shape, unit, travel)
    use = shape.uses[unit][0]
    low = max(first - int(travel.max(initial=0)), 0)
    high = min(last + use.length, SLOTS_PER_DAY)
    least = free[:, use.days, low:high].min(axis=1)
    room = least >= use.carers
    slots = np.arange(low, high, dtype=np.int16)
    # The last slot without room up to each slot, and the first one from it on, serve any travel.
    before = np.maximum.accumulate(np.where(room, np.int16(low - 1), slots), axis=1)
    after = np.minimum.accumulate(np.where(room, np.int16(high), slots)[:, ::-1], axis=1)[:, ::-1]
    window = slice(first - low, last + 1 - low)
    enough: BoolArray = after[:, window] >= slots[window] + use.length
    enough &= slots[window] - before[:, window] > travel[:, None]
    return enough


def _possible_starts_linked(
    free: IntArray, shape: PackageShape, unit: int, travel: IntArray
) -> BoolArray:
    """Return what :func:`possible_starts` does for a unit of several visits."""
    first, last = int(shape.first_slot[unit]), int(shape.last_slot[unit])
    possible = np.zeros((len(free), last - first + 1), dtype=np.bool_)
    for travel_slots in np.unique(travel).tolist():
        alike = np.flatnonzero(travel == travel_slots)
        fits = np.ones((len(alike), last - first + 1), dtype=np.bool_)
        for steps, groups in shape.steps(unit, travel_slots).items():
            days = [day for group in groups for day in shape.day_groups[group]]
            least = free[alike][:, days].min(axis=1)
            fits &= _have_room(least, steps, np.arange(first, last + 1) - travel_slots)
        possible[alike] = fits
    return possible


def _have_room(least: IntArray, steps: Steps, begins: IntArray) -> BoolArray:
    """Return ``[P, begins]``: whether a unit has its carers from each beginning on.

    Parameters
    ----------
    least
        ``[P, 288]`` carers free.
    steps
        How many it needs when.
    begins
        Slots from which on; some may lie before the day, or leave it too late.
    """
    ends = begins + max(step.offset + step.span for step in steps)
    room = np.tile((begins >= 0) & (ends <= SLOTS_PER_DAY), (len(least), 1))
    short = np.zeros((len(least), SLOTS_PER_DAY + 1), dtype=np.int16)
    for number, offset, span in steps:
        np.cumsum(least < number, axis=1, out=short[:, 1:])
        start = np.clip(begins + offset, 0, SLOTS_PER_DAY)
        stop = np.clip(begins + offset + span, 0, SLOTS_PER_DAY)
        room &= short[:, stop] == short[:, start]
    return room


def start_masks(free: IntArray, shape: PackageShape, travel_slots: int) -> BoolArray:
    """Return ``[units, 288]``: whether each unit, alone, could start in each slot.

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
    for unit in range(len(shape)):
        possible = possible_starts(free[None], shape, unit, travel)[0]
        first = int(shape.first_slot[unit])
        masks[unit, first : first + len(possible)] = possible
    return masks


def blocking_units(free: IntArray, shape: PackageShape, travel_slots: int) -> tuple[int, ...]:
    """Return the units that have no start even if all the others were left out."""
    units = range(len(shape))
    return tuple(unit for unit in units if not starts_alone(free, shape, unit, travel_slots))


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
        Start slot of each unit.
    sign
        -1 takes carers out, +1 puts them back.
    """
    left = free.copy()
    for unit, start in enumerate(starts):
        _change(left, shape.uses[unit], int(start), travel_slots, sign)
    return left


def _change(
    free: IntArray, uses: tuple[Use, ...], start: int, travel_slots: int, sign: int
) -> None:
    """Take a unit's carers out of free capacity, or put them back."""
    begin = start - travel_slots
    for use in uses:
        first, stop = use.busy(travel_slots)
        free[list(use.days), begin + first : begin + stop] += sign * use.carers


def start_ranges(
    free: IntArray, shape: PackageShape, travel_slots: int, starts: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Return the earliest and latest slot to which each unit could move, the others held (S8).

    Parameters
    ----------
    free
        ``[7, 288]`` carers free before the package takes any.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    starts
        Start slot of each unit, fitting together.

    Raises
    ------
    MatcherError
        If a unit does not fit at its start.
    """
    left = occupy(free, shape, travel_slots, starts)
    ranges = []
    for unit, start in enumerate(starts):
        own = left.copy()
        _change(own, shape.uses[unit], start, travel_slots, 1)
        possible = starts_alone(own, shape, unit, travel_slots)
        possible &= _far_enough(shape, unit, starts)
        possible &= _near_enough(shape.most_gaps, unit, starts)
        if not possible >> start & 1:
            visit_no = shape.visit_nos[shape.visits_of(unit)[0]]
            raise MatcherError(
                f"Visit {visit_no} does not fit at slot {start}.",
                thing=f"visit {visit_no}",
                value=start,
                expected="a start at which the visit fits beside the others",
            )
        gaps = FULL_DAY & ~possible | 1 << SLOTS_PER_DAY
        earliest = (gaps & ((1 << start) - 1)).bit_length()
        latest = start + lowest(gaps >> (start + 1))
        ranges.append((earliest, latest))
    return tuple(ranges)


def _far_enough(shape: PackageShape, unit: int, starts: Sequence[int]) -> int:
    """Return the slots (bits) at which a unit keeps clear of the others, held.

    One unit at a time is at the door, and soft gaps that are kept now stay kept.
    """
    far, start = FULL_DAY, starts[unit]
    for other, there in enumerate(starts):
        if other != unit and shape.share_day[unit, other]:
            rows = shape.softened.apart_rows
            after, before = rows[unit][other], rows[other][unit]
            if not (there - start >= after or start - there >= before):
                after, before = shape.apart_rows[unit][other], shape.apart_rows[other][unit]
            far &= ~bits_between(max(there - after + 1, 0), there + before - 1)
    return far


def _near_enough(gaps: tuple[Gap, ...], unit: int, starts: Sequence[int]) -> int:
    """Return the slots (bits) from which no gap of a unit to the others, held, is too long."""
    near = FULL_DAY
    for gap in gaps:
        if unit in (gap.one, gap.other):
            middle = (
                starts[gap.one] - gap.shift if unit == gap.other else starts[gap.other] + gap.shift
            )
            most = gap.most or 0
            near &= bits_between(max(middle - most, 0), middle + most)
    return near


def smallest_change(free: IntArray, shape: PackageShape, travel_slots: int) -> TimeChange | None:
    """Return the one unit whose window, widened by the fewest minutes, makes the package fit.

    ``None`` when the package fits as it is, or when no single unit's move is found to help. A
    critical time is never moved (H5). Of equally small changes the first unit's comes first, then
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
    for unit in np.flatnonzero(~shape.is_critical).tolist():
        anytime = search.kind(unit, FULL_DAY)
        rest = without(everyone, search.kind_of[unit])
        if search.placed(tuple(sorted((*rest, anytime))), search.levels) is not None:
            starts = (b + travel_slots for b in slots_of(search.begins(anytime, search.levels)))
            candidates += ((_beyond(shape, unit, start), unit, start) for start in starts)
    for beyond, unit, start in sorted(candidates):
        kind = search.kind_of[unit]
        after = search.occupied(search.levels, kind, start - travel_slots)
        if search.placed(without(everyone, kind), after) is not None:
            return TimeChange(unit, start, beyond * GRID_MINUTES)
    return None


def _beyond(shape: PackageShape, unit: int, start: int) -> int:
    first, last = int(shape.first_slot[unit]), int(shape.last_slot[unit])
    return max(first - start, start - last, 0)

"""The times offered for visits: of all at which they fit together, those that suit the person best.

Times are compared by one law, in the shortlist as in the plan for everyone: first whether they keep
the policy's least gap between visits; then by what they are short of the best together, as the
score counts it; then unit by unit in their order, each the nearer to its target, the earlier.
"""

from __future__ import annotations

from heapq import heappop, heappush
from weakref import WeakKeyDictionary

import numpy as np

from matcher.timetable.bits import bits_of, slots_of
from matcher.timetable.search import Places, Search, starts_alone, without
from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, IntArray, PackageShape
from matcher.vocabulary import DAYS_PER_WEEK

_SOFTLY: WeakKeyDictionary[PackageShape, bool] = WeakKeyDictionary()
"""Whether a shape's soft gap is kept first. Nothing here may refer to the shape: it would stay."""


def ways_of(shape: PackageShape) -> tuple[PackageShape, ...]:
    """Return the shapes under which times are looked for, one after another.

    First with the soft gap kept, unless that makes no difference or could be kept nowhere; then
    as it is.
    """
    if shape not in _SOFTLY:
        softened = shape.softened
        matters = (softened.apart > shape.apart).any() and any(map(any, neighbours(softened)))
        _SOFTLY[shape] = bool(matters) and _could_be_kept(softened)
    return (shape.softened, shape) if _SOFTLY[shape] else (shape,)


def _could_be_kept(softened: PackageShape) -> bool:
    """Say whether the soft gap could be kept if any number of carers were free at any time."""
    best = np.clip(softened.target_slot, softened.first_slot, softened.last_slot)
    if softened.keeps_apart(tuple(best.tolist())):
        return True
    plenty = max(softened.most_carers, 1)
    week = np.full((DAYS_PER_WEEK, SLOTS_PER_DAY), plenty, dtype=np.int16)
    return found_times(week, softened, 0) is not None


def neighbours(shape: PackageShape) -> list[list[int]]:
    """Return for each unit the others whose start bears on its own, at the door or by a gap."""
    # Slots from each unit's latest start to the earliest of each other.
    after = shape.first_slot[None, :] - shape.last_slot[:, None]
    bear = (after < shape.apart) & (after.T < shape.apart.T) & shape.share_day
    for gap in shape.most_gaps:
        bear[gap.one, gap.other] = bear[gap.other, gap.one] = True
    np.fill_diagonal(bear, val=False)
    return [np.flatnonzero(row).tolist() for row in bear]


def gap_broken(shape: PackageShape, starts: IntArray) -> BoolArray:
    """Say whether times break the soft gap, [...]; never where it could be kept nowhere.

    Parameters
    ----------
    shape
        The package.
    starts
        Starts of all units, [..., units].
    """
    if len(ways_of(shape)) == 1:
        return np.zeros(starts.shape[:-1], np.bool_)
    return shape.softened.too_near(starts)


def time_key(shape: PackageShape, starts: tuple[int, ...]) -> tuple[bool, int, tuple[int, ...]]:
    """Return what times are compared by, the smaller the better."""
    units = np.arange(len(shape))
    return (
        bool(gap_broken(shape, np.array(starts, np.int64))),
        int(shape.short[units, list(starts)].sum()),
        tuple(shape.places[units, list(starts)].tolist()),
    )


def find_times(free: IntArray, shape: PackageShape, travel_slots: int) -> tuple[int, ...] | None:
    """Return the best start slots, one a unit; ``None`` when no times are found at which all fit.

    They keep the soft gap if any times found do, and are then the least short of the best; of
    those as good, unit by unit in their order, each has the start nearest its target (the earlier
    of two equally near) that leaves times for all the rest. All of it is decided exactly, within
    the work that :class:`~matcher.timetable.search.Search` allows; beyond it, what is known to
    fit is kept. Times that break a soft gap are as short as can be, wherever they lie.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    first, *others = ways_of(shape)
    search = Search(free, first, travel_slots)
    if search.lacks_a_start:
        return None  # whatever gaps are kept
    starts = _in_turn(search, first, search.kind_of)
    if starts is not None:
        return least_short(free, first, travel_slots, starts)
    found = (found_times(free, way, travel_slots) for way in others)
    return next((starts for starts in found if starts is not None), None)


def found_times(free: IntArray, shape: PackageShape, travel_slots: int) -> tuple[int, ...] | None:
    """Return times under one shape, unit by unit, each the best that leaves times for the rest."""
    search = Search(free, shape, travel_slots)
    return _in_turn(search, shape, search.kind_of)


def _in_turn(
    search: Search, shape: PackageShape, kind_of: tuple[int, ...]
) -> tuple[int, ...] | None:
    left, levels = tuple(sorted(kind_of)), search.levels
    places = search.placed(left, levels)
    if places is None:
        return None
    starts = []
    for unit, kind in enumerate(kind_of):
        left, place = without(left, kind), shape.places[unit]
        begins = slots_of(search.begins(kind, levels))
        for begin in sorted(begins, key=lambda begin: place[begin + search.travel_slots]):
            after = search.occupied(levels, kind, begin)
            known = (kind, begin) in places
            rest = _taken_out(places, (kind, begin)) if known else search.placed(left, after)
            if rest is not None:
                places, levels = rest, after
                starts.append(begin + search.travel_slots)
                break
    return tuple(starts)


def _taken_out(places: Places, place: tuple[int, int]) -> Places:
    number = places.index(place)
    return places[:number] + places[number + 1 :]


def least_short(
    free: IntArray, shape: PackageShape, travel_slots: int, starts: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the times that are short of the best by least, given those found unit by unit.

    What each unit may be short of is raised step by step, the least sums first, until all fit:
    so no sum that is less fits. Where the work allowed ends before, the times given are kept.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    starts
        Times found, the best unit by unit among all.
    """
    units = range(len(shape))
    most = sum(int(shape.short[unit, starts[unit]]) for unit in units)
    if not most:
        return starts
    search = Search(free, shape, travel_slots)
    alone = [slots_of(starts_alone(free, shape, unit, travel_slots)) for unit in units]
    limits = [np.unique(shape.short[unit, alone[unit]]).tolist() for unit in units]
    found: list[tuple[int, ...]] = []
    # Sums, each with what every unit may be short of, and the first unit that is yet to be raised.
    heap = [(sum(limit[0] for limit in limits), (0,) * len(shape), 0)]
    while heap and search.states_left:
        total, at, raised = heappop(heap)
        if total >= most:
            break
        kinds = tuple(
            search.kind(unit, _no_shorter(shape, unit, limits[unit][at[unit]])) for unit in units
        )
        times = _in_turn(search, shape, kinds)
        if times is not None:
            most = total + 1
            found.append(times)
            continue
        for unit in units[raised:]:
            if at[unit] + 1 < len(limits[unit]):
                further = limits[unit][at[unit] + 1] - limits[unit][at[unit]]
                higher = (*at[:unit], at[unit] + 1, *at[unit + 1 :])
                heappush(heap, (total + further, higher, unit))
    return min(found, key=lambda times: time_key(shape, times)) if found else starts


def _no_shorter(shape: PackageShape, unit: int, most: int) -> int:
    """Return the starts of a unit's window (bits) that are short of the best by no more."""
    first, last = int(shape.first_slot[unit]), int(shape.last_slot[unit])
    may = shape.short[unit] <= most
    may[:first], may[last + 1 :] = False, False
    return bits_of(may)

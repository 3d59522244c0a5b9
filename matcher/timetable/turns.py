"""Times at many providers together: each visit in turn at all of them, then the few in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, IntArray, PackageShape
from matcher.timetable.week import find_times, possible_starts, target_slot


@dataclass(frozen=True, eq=False)
class Times:
    """Times found at many providers.

    Parameters
    ----------
    ok
        ``[P]``: whether the whole package fits.
    starts
        ``[P, V]`` start slots; only read where ``ok``.
    """

    ok: BoolArray
    starts: IntArray


def times_many(free: IntArray, shape: PackageShape, travel_slots: IntArray) -> Times:
    """Return for many providers what :func:`find_times` returns for each, its work unlimited.

    Visits take turns at all providers together: each takes its nearest start that is possible
    after those before it and leaves a start at the person's door to each one after it. Where
    every visit finds one, these are the times of :func:`find_times`: each choice is the best
    there is after the earlier ones, and the visits that follow prove that it leaves times for the
    rest. Where one finds none, the package cannot fit if some visit has no start even on its own;
    only the few providers left are searched, and those by no more work than that allows.

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
    if (shape.first_slot > shape.last_slot).any():
        return Times(
            np.zeros(len(free), dtype=np.bool_), np.zeros((len(free), len(shape)), np.int16)
        )
    ok, starts, shared = _take_turns(free, shape, travel)
    if not shared:
        return Times(ok, starts)
    doubtful = np.flatnonzero(~ok)
    for visit in range(len(shape)):
        if not doubtful.size:
            break
        alone = possible_starts(free[doubtful], shape, visit, travel[doubtful])
        doubtful = doubtful[alone.any(axis=1)]
    # Many providers look alike, the more so since carers beyond the package's need do not matter.
    known: dict[tuple[int, bytes], tuple[int, ...] | None] = {}
    most = min(int(shape.carers.sum()), int(free.max(initial=0)))
    for provider in doubtful.tolist():
        week = np.minimum(free[provider], most)
        alike = int(travel[provider]), week.tobytes()
        if alike not in known:
            known[alike] = find_times(week, shape, int(travel[provider]))
        found = known[alike]
        if found is not None:
            ok[provider], starts[provider] = True, found
    return Times(ok, starts)


def can_schedule(free: IntArray, shape: PackageShape, travel_slots: int) -> bool:
    """Say whether start times are found at which the whole package fits.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.
    """
    return bool(times_many(free[None], shape, np.array([travel_slots])).ok[0])


def _take_turns(
    free: IntArray, shape: PackageShape, travel: IntArray
) -> tuple[BoolArray, IntArray, bool]:
    """Return where turns succeed, the starts, and whether any visit could stand in another's way.

    Capacity is taken out only for visits that could overlap a later one, travel included. At the
    person's door a visit keeps clear of those before it, and leaves a start to each one after it:
    it could not have times otherwise, so no choice is lost.
    """
    ok = np.ones(len(free), dtype=np.bool_)
    starts = np.zeros((len(free), len(shape)), dtype=np.int16)
    meets = _meets_later(shape, int(travel.max(initial=0)))
    left = free.copy() if any(meets) else free
    neighbours = _neighbours(shape)
    bounds = {
        visit: _bounds(possible_starts(free, shape, visit, travel), shape, visit)
        for visit in {other for others in neighbours for other in others}
    }
    for visit in range(len(shape)):
        possible = possible_starts(left, shape, visit, travel)
        for other in neighbours[visit]:
            possible &= _one_at_a_time(shape, visit, other, *bounds[other])
        ok &= possible.any(axis=1)
        starts[:, visit] = _nearest(possible, shape, visit)
        bounds[visit] = starts[:, visit, None], starts[:, visit, None]
        if meets[visit]:
            _take_out(left, shape, visit, starts[:, visit], travel)
    return ok, starts, any(meets)


def _take_out(
    left: IntArray, shape: PackageShape, visit: int, starts: IntArray, travel: IntArray
) -> None:
    slots = np.arange(SLOTS_PER_DAY, dtype=np.int16)
    begin, end = starts - travel, starts + shape.length_slots[visit]
    busy = ((slots >= begin[:, None]) & (slots < end[:, None])).astype(left.dtype)
    busy *= int(shape.carers[visit])
    for day in np.flatnonzero(shape.days[visit]):
        left[:, day] -= busy


def _meets_later(shape: PackageShape, travel: int) -> list[bool]:
    """Say for each visit whether its carers could be busy at the same time as a later visit's."""
    return [
        any(_may_overlap(shape, visit, other, travel) for other in range(visit + 1, len(shape)))
        for visit in range(len(shape))
    ]


def _neighbours(shape: PackageShape) -> list[list[int]]:
    """Return for each visit the others with which it could overlap at the person's door."""
    visits = range(len(shape))
    return [
        [other for other in visits if other != visit and _may_overlap(shape, visit, other, 0)]
        for visit in visits
    ]


def _may_overlap(shape: PackageShape, visit: int, other: int, travel: int) -> bool:
    """Say whether two visits could overlap on a day they share, so much travel included."""
    begin, end = shape.first_slot - travel, shape.last_slot + shape.length_slots
    meet = begin[visit] < end[other] and begin[other] < end[visit]
    return bool(meet and shape.share_day[visit, other])


def _one_at_a_time(
    shape: PackageShape, visit: int, other: int, earliest: IntArray, latest: IntArray
) -> BoolArray:
    """Return where in its window a visit may start so that another can come before or after it.

    Parameters
    ----------
    shape
        The package.
    visit, other
        Positions of two visits that share a day.
    earliest, latest
        ``[P, 1]`` slots from which and up to which the other can start; equal once it is placed.
    """
    slots = np.arange(shape.first_slot[visit], shape.last_slot[visit] + 1, dtype=np.int16)
    other_after = slots + shape.length_slots[visit] <= latest
    other_before = earliest + shape.length_slots[other] <= slots
    return np.asarray(other_after | other_before)


def _bounds(possible: BoolArray, shape: PackageShape, visit: int) -> tuple[IntArray, IntArray]:
    """Return ``[P, 1]`` the earliest and the latest possible start; any slots where none is."""
    earliest = shape.first_slot[visit] + possible.argmax(axis=1, keepdims=True)
    latest = shape.last_slot[visit] - possible[:, ::-1].argmax(axis=1, keepdims=True)
    return earliest, latest


def _nearest(possible: BoolArray, shape: PackageShape, visit: int) -> IntArray:
    """Return the start nearest the preferred time at each provider that has any."""
    first = int(shape.first_slot[visit])
    slots = np.arange(first, first + possible.shape[1], dtype=np.int16)
    order = np.argsort(np.abs(slots - target_slot(shape, visit)), kind="stable")
    return np.asarray(slots[order[possible[:, order].argmax(axis=1)]])

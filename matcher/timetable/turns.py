"""Times at many providers together: each visit in turn at all of them, then the few in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.timetable.chosen import found_times, least_short, neighbours, ways_of
from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, IntArray, PackageShape
from matcher.timetable.week import possible_starts

NEVER = np.iinfo(np.int64).max // 1_000_000
"""More than any times are short of the best."""


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

    Units take turns at all providers together: each takes its best start that is possible
    after those before it and leaves a start at the person's door to each one after it. Where
    every unit finds one, each choice is the best there is after the earlier ones, and the units
    that follow prove that it leaves times for the rest. These are the times of
    :func:`find_times` unless some unit gives way that has a better start on its own: then others
    are searched for. Where one finds none, the package cannot fit if some unit has no start even
    on its own; only the few providers left are searched, and those by no more work than that
    allows. Who has no times that keep the soft gap is asked again without.

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
        nobody = np.zeros(len(free), dtype=np.bool_)
        return Times(nobody, np.zeros((len(free), len(shape)), np.int16))
    first, *others = ways_of(shape)
    ok, starts, shared = _take_turns(free, first, travel)
    if not shared:
        return Times(ok, starts)
    _improve_each(free, first, travel, np.flatnonzero(ok), starts)
    doubtful = _each_can_start(free, shape, travel, np.flatnonzero(~ok))
    _search_each(free, first, travel, doubtful, (ok, starts))
    _improve_each(free, first, travel, doubtful[ok[doubtful]], starts)
    for way in others:
        doubtful = doubtful[~ok[doubtful]]
        if doubtful.size:
            few, own = free[doubtful], travel[doubtful]
            ok[doubtful], starts[doubtful], _ = _take_turns(few, way, own)
            _search_each(free, way, travel, doubtful[~ok[doubtful]], (ok, starts))
    return Times(ok, starts)


def _search_each(
    free: IntArray,
    shape: PackageShape,
    travel: IntArray,
    among: IntArray,
    found: tuple[BoolArray, IntArray],
) -> None:
    """Search for times at some providers under one shape; those found are noted."""
    ok, starts = found
    # Many providers look alike, the more so since carers beyond the package's need do not matter.
    most = min(shape.most_carers, int(free.max(initial=0)))
    known: dict[tuple[int, bytes], tuple[int, ...] | None] = {}
    for provider in among.tolist():
        week = np.minimum(free[provider], most)
        alike = int(travel[provider]), week.tobytes()
        if alike not in known:
            known[alike] = found_times(week, shape, int(travel[provider]))
        times = known[alike]
        if times is not None:
            ok[provider], starts[provider] = True, times


def _improve_each(
    free: IntArray, shape: PackageShape, travel: IntArray, among: IntArray, starts: IntArray
) -> None:
    """Put times that are less short of the best where units give way to one another."""
    units = np.arange(len(shape))
    short = shape.short[units, starts[among]].sum(axis=1)
    among, short = among[short > 0], short[short > 0]
    least = np.zeros(len(among), np.int64)
    for unit in units[: len(units) * bool(among.size)].tolist():
        alone = possible_starts(free[among], shape, unit, travel[among])
        own = shape.short[unit, int(shape.first_slot[unit]) :][: alone.shape[1]]
        least += np.where(alone, own, NEVER).min(axis=1)
    most = min(shape.most_carers, int(free.max(initial=0)))
    known: dict[tuple[int, bytes], tuple[int, ...]] = {}
    for provider in among[short > least].tolist():
        week = np.minimum(free[provider], most)
        alike = int(travel[provider]), week.tobytes()
        if alike not in known:
            found = tuple(starts[provider].tolist())
            known[alike] = least_short(week, shape, int(travel[provider]), found)
        starts[provider] = known[alike]


def _each_can_start(
    free: IntArray, shape: PackageShape, travel: IntArray, among: IntArray
) -> IntArray:
    """Return those of some providers at which each unit on its own has a start."""
    for unit in range(len(shape)):
        if not among.size:
            break
        alone = possible_starts(free[among], shape, unit, travel[among])
        among = among[alone.any(axis=1)]
    return among


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
    """Return where turns succeed, the starts, and whether any unit could stand in another's way.

    Capacity is taken out only for units that could overlap a later one, travel included. At the
    person's door a unit keeps clear of those before it, and leaves a start to each one after it:
    it could not have times otherwise, so no choice is lost.
    """
    ok = np.ones(len(free), dtype=np.bool_)
    starts = np.zeros((len(free), len(shape)), dtype=np.int16)
    meets = _meets_later(shape, int(travel.max(initial=0)))
    left = free.copy() if any(meets) else free
    nearby = neighbours(shape)
    bounds = {
        unit: _bounds(possible_starts(free, shape, unit, travel), shape, unit)
        for unit in {other for others in nearby for other in others}
    }
    for unit in range(len(shape)):
        possible = possible_starts(left, shape, unit, travel)
        for other in nearby[unit]:
            possible &= _leaves_a_start(shape, unit, other, *bounds[other])
        ok &= possible.any(axis=1)
        starts[:, unit] = _nearest(possible, shape, unit)
        bounds[unit] = starts[:, unit, None], starts[:, unit, None]
        if meets[unit]:
            _take_out(left, shape, unit, starts[:, unit], travel)
    return ok, starts, any(meets) or any(map(any, nearby))


def _take_out(
    left: IntArray, shape: PackageShape, unit: int, starts: IntArray, travel: IntArray
) -> None:
    slots = np.arange(SLOTS_PER_DAY, dtype=np.int16)
    for use in shape.uses[unit]:
        begin = starts + use.offset - (travel if use.travels else 0)
        end = starts + use.offset + use.length
        busy = ((slots >= begin[:, None]) & (slots < end[:, None])).astype(left.dtype)
        busy *= use.carers
        for day in use.days:
            left[:, day] -= busy


def _meets_later(shape: PackageShape, travel: int) -> list[bool]:
    """Say for each unit whether its carers could be busy at the same time as a later unit's."""
    begin, end = shape.first_slot - travel, shape.last_slot + shape.length_slots
    meet = (begin[:, None] < end[None, :]) & (begin[None, :] < end[:, None]) & shape.share_day
    return [bool(meet[unit, unit + 1 :].any()) for unit in range(len(shape))]


def _leaves_a_start(
    shape: PackageShape, unit: int, other: int, earliest: IntArray, latest: IntArray
) -> BoolArray:
    """Return where in its window a unit may start so that another can come before or after it.

    Parameters
    ----------
    shape
        The package.
    unit, other
        Two units that share a day.
    earliest, latest
        ``[P, 1]`` slots from which and up to which the other can start; equal once it is placed.
    """
    slots = np.arange(shape.first_slot[unit], shape.last_slot[unit] + 1, dtype=np.int16)
    other_after = slots + shape.apart[unit, other] <= latest
    other_before = earliest + shape.apart[other, unit] <= slots
    leaves: BoolArray = other_after | other_before
    for gap in shape.most_gaps:
        if {unit, other} == {gap.one, gap.other}:
            shift = gap.shift if unit == gap.one else -gap.shift
            leaves &= slots - shift - gap.most <= latest
            leaves &= slots - shift + gap.most >= earliest
    return leaves


def _bounds(possible: BoolArray, shape: PackageShape, unit: int) -> tuple[IntArray, IntArray]:
    """Return ``[P, 1]`` the earliest and the latest possible start; any slots where none is."""
    earliest = shape.first_slot[unit] + possible.argmax(axis=1, keepdims=True)
    latest = shape.last_slot[unit] - possible[:, ::-1].argmax(axis=1, keepdims=True)
    return earliest, latest


def _nearest(possible: BoolArray, shape: PackageShape, unit: int) -> IntArray:
    """Return the best start at each provider that has any."""
    first = int(shape.first_slot[unit])
    slots = np.arange(first, first + possible.shape[1], dtype=np.int16)
    order = np.argsort(shape.places[unit, slots])
    return np.asarray(slots[order[possible[:, order].argmax(axis=1)]])

"""Small blocks of visits on several days: drawn at random, and tried out position by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.calendars import (
    Apart,
    Door,
    Mask,
    Profile,
    Task,
    Timeline,
    Timing,
    timing_of,
)
from matcher.solvers.instance.capacity_rows import window_rows
from tests.packings import packing_of

POSITIONS = 12
DAYS = 2
Times = dict[tuple[int, int], int]
"""When each visit of each option starts."""


def on_positions(places: Iterable[int], count: int = POSITIONS) -> Mask:
    """Return a mask of some positions."""
    return np.isin(np.arange(count), [*places])


# -- drawn -------------------------------------------------------------------------------------


@st.composite
def visit_blocks(
    draw: st.DrawFn, *, most_free: int = 1, apart: bool = True, most_requests: int = 5
) -> Packing:
    """Draw people with one or two visits each, who compete for carers in up to two blocks.

    Parameters
    ----------
    most_free
        The most carers free at a time, and the most that one visit takes.
    apart
        Whether the second visit of a person always lies in a later half of the day.
    most_requests
        The most people.
    """
    profiles = {
        block: [draw(_profiles(most_free)) for _ in range(DAYS)]
        for block in (1, 4)[: draw(st.integers(1, 2))]
    }
    options: list[tuple[int, int, list[int]]] = []
    domains: list[Mask] = []
    doors: dict[int, Door] = {}
    tasks: dict[int, list[tuple[Task, set[int]]]] = defaultdict(list)
    for request in range(0, 2 * draw(st.integers(1, most_requests)), 2):
        lengths = draw(st.lists(st.integers(1, 2), min_size=1, max_size=2))
        days = [draw(_some_days()) for _ in lengths]
        doors[request] = Door(tuple(lengths), tuple(_shared(days)), draw(_gaps(lengths)))
        demands = [draw(st.integers(1, most_free)) for _ in lengths]
        for block in draw(st.lists(st.sampled_from([*profiles]), min_size=1, unique=True)):
            number, lead = len(options), draw(st.integers(0, 1))
            starts = [draw(_starts(visit if apart else None)) for visit in range(len(lengths))]
            options.append((request, block, [-1]))
            domains.append(np.array([on_positions(own) for own in starts]))
            for visit, (own, length) in enumerate(zip(starts, lengths, strict=True)):
                task = visit_of(number, visit, own, lead=lead, length=length, demand=demands[visit])
                tasks[block].append((task, days[visit]))
    lines = [line for block in profiles for line in _lines(block, tasks[block], profiles[block])]
    return timed(packing_of(options), lines, domains, doors)


def _gaps(lengths: Sequence[int]) -> st.SearchStrategy[tuple[Apart, ...]]:
    """Draw no gap between the visits of one person, or one with a least and perhaps a most."""
    if len(lengths) == 1:
        return st.just(())
    gap = st.builds(
        Apart,
        st.just(0),
        st.just(1),
        st.integers(2, 4),
        st.integers(2, 4),
        st.integers(-1, 1),
        st.sampled_from([None, None, 4]),
    )
    return st.just(()) | st.just(()) | st.tuples(gap)


def timed(
    rough: Packing, lines: Sequence[Timeline], domains: Sequence[Mask], doors: dict[int, Door]
) -> Packing:
    """Return a packing with calendars, and with the rows that follow from these."""
    timing = Timing(tuple(domains), tuple(lines), doors, {}, rough.request, rough.stages)
    rows = [(row.coefficients, row.limit) for row in window_rows(lines)]
    options = list(
        zip(rough.request.tolist(), rough.block.tolist(), rough.costs.T.tolist(), strict=True)
    )
    return replace(packing_of(options, rows, rough.without.tolist()), details=timing)


def visit_of(
    option: int, visit: int, starts: Iterable[int], *, lead: int = 0, length: int, demand: int = 1
) -> Task:
    """Return a visit that may start at some positions; its length is without travel."""
    busy = lead + length
    first, last = min(starts) - lead, max(starts) - lead
    return Task(option, visit, first, last + busy, lead, busy, demand, busy)


@st.composite
def _profiles(draw: st.DrawFn, most_free: int) -> Profile:
    """Draw what is free on a day: all carers, but for a few positions."""
    profile = np.full(POSITIONS, most_free, np.int64)
    fewer = st.dictionaries(
        st.integers(0, POSITIONS - 1), st.integers(0, most_free - 1), max_size=3
    )
    for place, free in draw(fewer).items():
        profile[place] = free
    return profile


def _starts(half: int | None) -> st.SearchStrategy[set[int]]:
    places = st.integers(1, 10) if half is None else st.integers(1 + 6 * half, 4 + 6 * half)
    return st.sets(places, min_size=1, max_size=3)


def _some_days() -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(0, DAYS - 1), min_size=1)


def _shared(days: Sequence[set[int]]) -> Iterator[tuple[int, ...]]:
    """Yield the visits of each day that has more than one."""
    for day in range(DAYS):
        visits = tuple(visit for visit, on in enumerate(days) if day in on)
        if len(visits) > 1:
            yield visits


def _lines(
    block: int, tasks: Sequence[tuple[Task, set[int]]], profiles: Sequence[Profile]
) -> Iterator[Timeline]:
    """Yield the calendars of a block, days with the very same visits as one."""
    folded: dict[tuple[Task, ...], list[int]] = defaultdict(list)
    for day in range(DAYS):
        members = tuple(task for task, days in tasks if day in days)
        if members:
            folded[members].append(day)
    for members, same in folded.items():
        free = np.minimum.reduce([profiles[day] for day in same])
        yield Timeline(block, tuple(same), free, members)


# -- tried out ---------------------------------------------------------------------------------


def is_sound(packing: Packing, block: int, picks: Iterable[Pick]) -> bool:
    """Say whether picks of a block start where they may, and keep calendars and doors, plainly."""
    timing, chosen = timing_of(packing), {pick.option: pick.details for pick in picks}
    for line in timing.lines_of[block]:
        free = line.profile.tolist()
        for task in line.tasks:
            if task.option in chosen:
                for place in _busy(task, chosen[task.option][task.visit], len(free)):
                    free[place] -= task.demand
        if min(free) < 0:
            return False
    return all(
        timing.domains[option][visit, time]
        for option, times in chosen.items()
        for visit, time in enumerate(times)
    ) and all(
        keeps_door(timing.doors.get(int(packing.request[option])), times)
        for option, times in chosen.items()
    )


def keeps_door(door: Door | None, times: Sequence[int]) -> bool:
    """Say whether visits of one person on the same day follow one another at her door."""
    pairs = [] if door is None else [pair for day in door.shared for pair in combinations(day, 2)]
    for one, other in pairs:
        assert door is not None
        first, second = (
            {*range(times[visit], times[visit] + door.lengths[visit])} for visit in (one, other)
        )
        if first & second:
            return False
    for gap in () if door is None else door.gaps:
        between = times[gap.other] - times[gap.one]
        if -gap.after_other < between < gap.after_one:
            return False
        if gap.most is not None and abs(between + gap.shift) > gap.most:
            return False
    return True


def _busy(task: Task, time: int, end: int) -> range:
    begin = time - task.lead
    return range(begin, end if task.length is None else begin + task.length)

"""Linear rows that every set of placements keeps, whatever times are chosen: for bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from matcher.solvers.instance.assignment import Ints
from matcher.solvers.instance.calendars import Profile, Tasks, Timeline

MOST_WINDOWS = 8
"""Windows of one calendar that get rows: the most asked for."""
MOST_PIECES = 4
"""Windows are cut into at most this many equal pieces when tasks are counted."""


@dataclass(frozen=True)
class Window:
    """Where a row comes from: a stretch of one block's calendar.

    Parameters
    ----------
    block
        The block of capacity.
    days
        Days of the week, Monday 0, on each of which the row says the same; none for beds.
    first, stop
        Positions of the calendar: the stretch from ``first`` up to before ``stop``.
    pieces
        0 for what fits by area; else the number of pieces by which tasks are counted.
    for_good
        Whether it counts those who stay for good, each once: they are all there at its end.
    carers
        Carers that make one of what is counted: 1, or as many as double-ups need at once.
    """

    block: int
    days: tuple[int, ...]
    first: int
    stop: int
    pieces: int = 0
    for_good: bool = False
    carers: int = 1

    def amounts(self, tasks: Tasks, stretch: int) -> Ints:
        """Return how much of the row each task takes: what of it must lie in the window, [tasks].

        Parameters
        ----------
        tasks
            Visits or stays in the window's calendar.
        stretch
            How long the window is from the first to the last position with anything free.
        """
        if self.for_good:
            return np.where(tasks.are_for_good, tasks.demand, 0)
        length = tasks.least_within(self.first, self.stop)
        each = _u(self.pieces, length, stretch) if self.pieces else length
        return tasks.demand // self.carers * each

    def unit(self, stretch: int) -> int:
        """Return what a unit takes: as many carers as count for one position, or one visit."""
        return stretch if self.pieces else 1


@dataclass(frozen=True, eq=False)
class Row:
    """The sum of coefficient x taken option is at most a limit."""

    window: Window
    coefficients: Mapping[int, int]
    limit: int


def window_rows(lines: Iterable[Timeline]) -> list[Row]:
    """Return rows for the windows of a calendar that are most asked for.

    Three kinds. Area: all that must lie inside a window fits into what is free inside it. Count:
    inside a stretch of some length, tasks longer than a part of it fit only so often beside one
    another; in general, every dual feasible function of the lengths gives a row. For good: those
    who stay for good are all there on the last night, whenever they came.

    References
    ----------
    Fekete and Schepers, "New classes of fast lower bounds for bin packing problems", Mathematical
    Programming 91 (2001): the functions u(k) used for the counts.
    """
    found: dict[tuple[bytes, bytes, int], Row] = {}
    for line, carers in [(each, crew) for each in lines for crew in _crews(each)]:
        tasks = Tasks.of([task for task in line.tasks if task.demand >= carers])
        options, place = np.unique(tasks.option, return_inverse=True)
        for window, taken, limit in _rows_of(line, tasks, carers):
            # Several visits of one option add up; the same row may come from several windows.
            amounts = np.bincount(place, taken, len(options)).astype(np.int64)
            if amounts.sum() > limit:
                # Whole numbers only reach multiples of what all amounts have in common.
                common = int(np.gcd.reduce(amounts))
                used = np.flatnonzero(amounts)
                coefficients = dict(
                    zip(options[used].tolist(), amounts[used].tolist(), strict=True)
                )
                most = limit // common
                key = (options[used].tobytes(), (amounts[used] // common).tobytes(), most)
                row = found.setdefault(key, Row(window, coefficients, most * common))
                found[key] = replace(row, window=_joined(row.window, window))
    return list(found.values())


def _joined(one: Window, other: Window) -> Window:
    """Return a window on the days of another too, where they differ in nothing else."""
    if replace(one, days=other.days) != other:
        return one
    return replace(one, days=tuple(sorted({*one.days, *other.days})))


def open_stretch(free: Profile) -> tuple[int, int]:
    """Return the first position with anything free and the one after the last; alike if none."""
    places = np.flatnonzero(free > 0)
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _crews(line: Timeline) -> list[int]:
    """Return how many carers count together: one; and as many as double-ups need, if some idle."""
    several = sorted({task.demand for task in line.tasks} - {1})
    return [1, *(carers for carers in several if (line.profile % carers).any())]


def _rows_of(line: Timeline, tasks: Tasks, carers: int) -> Iterator[tuple[Window, Ints, int]]:
    free_crews = line.profile // carers
    for first, stop in _tight_windows(free_crews, tasks):
        free = free_crews[first:stop]
        area = Window(line.block, line.days, first, stop, carers=carers)
        yield area, area.amounts(tasks, 0), int(free.sum())
        opens, closes = open_stretch(free)
        if opens == closes:
            continue
        # With so many carers free throughout, tasks that do not overlap can be dealt out to that
        # many carers, each with the whole stretch; u(k) then bounds what each carer can hold.
        each = (closes - opens) * int(free.max())
        for pieces in range(1, MOST_PIECES + 1):
            count = replace(area, pieces=pieces)
            yield count, count.amounts(tasks, closes - opens), pieces * each
    if tasks.are_for_good.any():
        window = _nights_for_good(line)
        yield window, window.amounts(tasks, 0), int(line.profile[-1])


def _nights_for_good(line: Timeline) -> Window:
    """Return the nights from which on never fewer beds are free than on the last night."""
    fewer = np.flatnonzero(line.profile < line.profile[-1])
    first = int(fewer[-1]) + 1 if fewer.size else 0
    return Window(line.block, line.days, first, len(line.profile), for_good=True)


def _tight_windows(free: Profile, tasks: Tasks) -> list[tuple[int, int]]:
    """Return the windows most asked for: by what could lie inside over what is free inside."""
    windows = np.unique(np.stack([tasks.first, tasks.stop], axis=1), axis=0)
    inside = (tasks.first >= windows[:, :1]) & (tasks.stop <= windows[:, 1:])
    before = np.concatenate([[0], np.cumsum(free)])
    area = before[windows[:, 1]] - before[windows[:, 0]]
    asked = (inside @ (tasks.demand * tasks.least_length)) / np.maximum(area, 1)
    order = np.argsort(-asked, kind="stable")[:MOST_WINDOWS]
    return [(int(first), int(stop)) for first, stop in windows[order]]


def _u(pieces: int, lengths: Ints, stretch: int) -> Ints:
    """Return the dual feasible function u(k) of lengths, times k x stretch.

    Its sum over lengths that fit into the stretch one after another never exceeds k x stretch.
    """
    whole, rest = np.divmod((pieces + 1) * lengths, stretch)
    return np.where(rest == 0, pieces * lengths, whole * stretch)

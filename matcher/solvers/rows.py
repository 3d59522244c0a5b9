"""Linear rows that every set of placements keeps, whatever times are chosen: for bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from matcher.solvers.timing import Profile, Task, Timeline

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
    """

    block: int
    days: tuple[int, ...]
    first: int
    stop: int
    pieces: int = 0
    for_good: bool = False

    def amount(self, task: Task, stretch: int) -> int:
        """Return how much of the row a task takes: what of it must lie in the window.

        Parameters
        ----------
        task
            A visit or stay in the window's calendar.
        stretch
            How long the window is from the first to the last position with anything free.
        """
        if self.for_good:
            return task.demand if task.length is None else 0
        length = task.least_within(self.first, self.stop)
        return task.demand * (_u(self.pieces, length, stretch) if self.pieces else length)

    def unit(self, stretch: int) -> int:
        """Return what a carer for one position, or one short visit or stay counted, takes."""
        return stretch if self.pieces else 1


@dataclass(frozen=True, eq=False)
class Row:
    """The sum of coefficient x taken option is at most a limit."""

    window: Window
    coefficients: Mapping[int, int]
    limit: int


def window_rows(lines: Iterable[Timeline]) -> list[Row]:
    """Return rows for every window that the tasks of a calendar lie in.

    Three kinds. Area: all that must lie inside a window fits into what is free inside it. Count:
    inside a stretch of some length, tasks longer than a part of it fit only so often beside one
    another; in general, every dual feasible function of the lengths gives a row. For good: those
    who stay for good are all there on the last night, whenever they came.

    References
    ----------
    Fekete and Schepers, "New classes of fast lower bounds for bin packing problems", Mathematical
    Programming 91 (2001): the functions u(k) used for the counts.
    """
    found: dict[tuple[tuple[tuple[int, int], ...], int], Row] = {}
    for line in lines:
        for window, coefficients, limit in _rows_of(line):
            # Several visits of one option add up; the same row may come from several windows.
            summed: dict[int, int] = defaultdict(int)
            for option, amount in coefficients:
                summed[option] += amount
            if sum(summed.values()) > limit:
                # Whole numbers only reach multiples of what all amounts have in common.
                common = gcd(*summed.values())
                most = limit // common
                key = (tuple(sorted((o, amount // common) for o, amount in summed.items())), most)
                row = found.setdefault(key, Row(window, dict(summed), most * common))
                found[key] = replace(row, window=_joined(row.window, window))
    return list(found.values())


def _joined(one: Window, other: Window) -> Window:
    """Return a window on the days of another too, where they differ in nothing else."""
    if replace(one, days=other.days) != other:
        return one
    return replace(one, days=tuple(sorted({*one.days, *other.days})))


Coefficients = list[tuple[int, int]]


def open_stretch(free: Profile) -> tuple[int, int]:
    """Return the first position with anything free and the one after the last; alike if none."""
    places = np.flatnonzero(free > 0)
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _rows_of(line: Timeline) -> Iterator[tuple[Window, Coefficients, int]]:
    for first, stop in _tight_windows(line):
        free = line.profile[first:stop]
        area = Window(line.block, line.days, first, stop)
        yield area, _amounts(area, line.tasks, 0), int(free.sum())
        opens, closes = open_stretch(free)
        if opens == closes:
            continue
        # With so many carers free throughout, tasks that do not overlap can be dealt out to that
        # many carers, each with the whole stretch; u(k) then bounds what each carer can hold.
        each = (closes - opens) * int(free.max())
        for pieces in range(1, MOST_PIECES + 1):
            count = replace(area, pieces=pieces)
            yield count, _amounts(count, line.tasks, closes - opens), pieces * each
    lasting = [task for task in line.tasks if task.length is None]
    if lasting:
        window = _nights_for_good(line)
        yield window, _amounts(window, lasting, 0), int(line.profile[-1])


def _amounts(window: Window, tasks: Sequence[Task], stretch: int) -> Coefficients:
    amounts = [(task.option, window.amount(task, stretch)) for task in tasks]
    return [(option, amount) for option, amount in amounts if amount]


def _nights_for_good(line: Timeline) -> Window:
    """Return the nights from which on never fewer beds are free than on the last night."""
    fewer = np.flatnonzero(line.profile < line.profile[-1])
    first = int(fewer[-1]) + 1 if fewer.size else 0
    return Window(line.block, line.days, first, len(line.profile), for_good=True)


def _tight_windows(line: Timeline) -> list[tuple[int, int]]:
    """Return the windows most asked for: by what could lie inside over what is free inside."""
    firsts = np.array([task.first for task in line.tasks])
    stops = np.array([task.stop for task in line.tasks])
    energies = np.array([task.demand * task.least_length for task in line.tasks])
    windows = np.unique(np.stack([firsts, stops], axis=1), axis=0)
    inside = (firsts >= windows[:, :1]) & (stops <= windows[:, 1:])
    before = np.concatenate([[0], np.cumsum(line.profile)])
    area = before[windows[:, 1]] - before[windows[:, 0]]
    asked = (inside @ energies) / np.maximum(area, 1)
    order = np.argsort(-asked, kind="stable")[:MOST_WINDOWS]
    return [(int(first), int(stop)) for first, stop in windows[order]]


def _u(pieces: int, length: int, stretch: int) -> int:
    """Return the dual feasible function u(k) of a length, times k x stretch.

    Its sum over lengths that fit into the stretch one after another never exceeds k x stretch.
    """
    whole, rest = divmod((pieces + 1) * length, stretch)
    return pieces * length if rest == 0 else whole * stretch

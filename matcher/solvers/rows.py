"""Linear rows that every set of placements keeps, whatever times are chosen: for bounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from matcher.solvers.timing import Profile, Task, Timeline

MOST_WINDOWS = 8
"""Windows of one calendar that get rows: the most asked for."""
MOST_PIECES = 8
"""Windows are cut into at most this many equal pieces when tasks are counted."""


@dataclass(frozen=True)
class Window:
    """Where a row comes from: a stretch of one block's calendar.

    Parameters
    ----------
    block
        The block of capacity.
    days
        Days of the week, Monday 0; none for beds.
    first, stop
        Positions of the calendar: the stretch from ``first`` up to before ``stop``.
    pieces
        0 for what fits by area; else the number of pieces by which tasks are counted.
    """

    block: int
    days: tuple[int, ...]
    first: int
    stop: int
    pieces: int = 0


@dataclass(frozen=True, eq=False)
class Row:
    """The sum of coefficient x taken option is at most a limit."""

    window: Window
    coefficients: Mapping[int, int]
    limit: int


def window_rows(lines: Iterable[Timeline]) -> list[Row]:
    """Return rows for every window that the tasks of a calendar lie in.

    Two kinds. Area: all that must lie inside a window fits into what is free inside it. Count:
    inside a stretch of some length, tasks longer than a part of it fit only so often beside one
    another; in general, every dual feasible function of the lengths gives a row.

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
                key = (tuple(sorted(summed.items())), limit)
                found.setdefault(key, Row(window, dict(summed), limit))
    return list(found.values())


Coefficients = list[tuple[int, int]]


def _rows_of(line: Timeline) -> Iterator[tuple[Window, Coefficients, int]]:
    for first, stop in _tight_windows(line):
        inside = [task for task in line.tasks if first <= task.first and task.stop <= stop]
        free = line.profile[first:stop]
        area = [(task.option, task.demand * task.least_length) for task in inside]
        yield Window(line.block, line.days, first, stop), area, int(free.sum())
        for pieces, counts, limit in _count_rows(free, inside):
            yield Window(line.block, line.days, first, stop, pieces), counts, limit


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


def _count_rows(free: Profile, inside: list[Task]) -> Iterator[tuple[int, Coefficients, int]]:
    """Yield rows that count tasks, on the stretch and with the most free of a window.

    With ``most`` carers free throughout, tasks that do not overlap can be dealt out to that many
    carers, each with the whole stretch; u(k) then bounds what each carer can hold.
    """
    open_slots = np.flatnonzero(free > 0)
    if not open_slots.size:
        return
    stretch, most = int(open_slots[-1] - open_slots[0]) + 1, int(free.max())
    for pieces in range(1, MOST_PIECES + 1):
        amounts = [task.demand * _u(pieces, task.least_length, stretch) for task in inside]
        counts = [(task.option, a) for task, a in zip(inside, amounts, strict=True) if a]
        yield pieces, counts, pieces * most * stretch


def _u(pieces: int, length: int, stretch: int) -> int:
    """Return the dual feasible function u(k) of a length, times k x stretch.

    Its sum over lengths that fit into the stretch one after another never exceeds k x stretch.
    """
    whole, rest = divmod((pieces + 1) * length, stretch)
    return pieces * length if rest == 0 else whole * stretch

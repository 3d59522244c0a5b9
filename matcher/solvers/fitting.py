"""Options put into a block's calendars one after another, each visit as early as it fits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from matcher.solvers.packing import Pick
from matcher.solvers.timing import Door, Mask, Task, Timeline, Visit, have_room, visits_in


class Calendars:
    """What is still free in the calendars of one block.

    Parameters
    ----------
    lines
        The calendars.
    domains
        For each option of the packing ``[visits, positions]``: where each of its times may lie.
    """

    def __init__(self, lines: Sequence[Timeline], domains: Sequence[Mask]) -> None:
        self._free = [line.profile.copy() for line in lines]
        self._domains = domains
        self._visits: dict[int, dict[int, Visit]] = defaultdict(dict)
        for visit in visits_in(lines):
            self._visits[visit.task.option][visit.task.visit] = visit

    def hold(self, picks: Iterable[Pick]) -> None:
        """Keep carers and beds busy for picks that have their times."""
        for pick in picks:
            for visit, (task, lines) in self._visits[pick.option].items():
                self._keep(task, lines, pick.details[visit], 1)

    def fit(self, options: Sequence[int], doors: Mapping[int, Door | None]) -> list[Pick]:
        """Return those of some options that fit beside the ones before them, with times.

        Parameters
        ----------
        options
            The options, in the order in which they are tried.
        doors
            What must hold at the door of the person of each option.
        """
        fitted = ((option, self._fit(option, doors[option])) for option in options)
        return [Pick(option, times) for option, times in fitted if times is not None]

    def _fit(self, option: int, door: Door | None) -> tuple[int, ...] | None:
        """Return the times of an option's visits, which then keep carers busy; ``None`` if none."""
        times: dict[int, int] = {}
        visits = self._visits[option]
        # Visits with the fewest times to choose from go first.
        for visit in sorted(visits, key=lambda v: (int(self._domains[option][v].sum()), v)):
            task, lines = visits[visit]
            may = self._starts(task, lines)
            for other, time in times.items():
                if door is not None and any({visit, other} <= {*day} for day in door.shared):
                    may[max(time - door.lengths[visit] + 1, 0) : time + door.lengths[other]] = False
            starts = np.flatnonzero(may)
            if not starts.size:
                for done, time in times.items():
                    self._keep(*visits[done], time, -1)
                return None
            times[visit] = int(starts[0])
            self._keep(task, lines, times[visit], 1)
        return tuple(times[visit] for visit in sorted(times))

    def _starts(self, task: Task, lines: list[int]) -> Mask:
        """Return when a visit or stay may start, [positions]."""
        may = np.array(self._domains[task.option][task.visit], np.bool_)
        starts = np.flatnonzero(may)
        may[starts] = have_room(task, starts, [self._free[line] for line in lines])
        return may

    def _keep(self, task: Task, lines: list[int], time: int, times: int) -> None:
        """Keep carers or a bed busy for a visit or stay; with ``times`` -1, free them again."""
        begin = time - task.lead
        for line in lines:
            end = len(self._free[line]) if task.length is None else begin + task.length
            self._free[line][begin:end] -= times * task.demand

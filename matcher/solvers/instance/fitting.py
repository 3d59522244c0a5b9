"""Options put into a block's calendars one by one, each visit as near as fits to its best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.calendars import (
    Door,
    Mask,
    Timeline,
    Visit,
    have_room,
    timing_of,
    visits_in,
)


def fitted(packing: Packing, options: Sequence[int], beside: Sequence[Pick] = ()) -> list[Pick]:
    """Return those of some options of one block that fit one after another, with times.

    Beside what the block takes on already. Each time is the nearest to its target that is left;
    where more fit with everything as early as can be, so it is.
    """
    timing = timing_of(packing)
    calendars = Calendars(timing.lines_of.get(int(packing.block[options[0]]), ()), timing.domains)
    calendars.hold(beside)
    doors = {option: timing.doors.get(int(packing.request[option])) for option in options}
    targets = {option: timing.targets.get(int(packing.request[option]), ()) for option in options}
    return calendars.fit(options, doors, targets)


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
        self._visits: dict[int, dict[int, list[Visit]]] = defaultdict(lambda: defaultdict(list))
        for visit in visits_in(lines):
            self._visits[visit.task.option][visit.task.visit].append(visit)

    def hold(self, picks: Iterable[Pick]) -> None:
        """Keep carers and beds busy for picks that have their times."""
        for pick in picks:
            for unit, visits in self._visits[pick.option].items():
                self._keep(visits, pick.details[unit], 1)

    def fit(
        self,
        options: Sequence[int],
        doors: Mapping[int, Door | None],
        targets: Mapping[int, Sequence[int]] | None = None,
    ) -> list[Pick]:
        """Return those of some options that fit beside the ones before them, with times.

        Parameters
        ----------
        options
            The options, in the order in which they are tried.
        doors
            What must hold at the door of the person of each option.
        targets
            The best times of each option, as near to which as can be it is put; empty for as early
            as can be. Where more options fit with all of them as early as can be, they are put so.
        """
        before = [free.copy() for free in self._free]
        near = self._fit_all(options, doors, targets or {})
        if len(near) == len(options) or not any((targets or {}).values()):
            return near
        after, self._free = self._free, before
        early = self._fit_all(options, doors, {})
        if len(early) <= len(near):
            self._free = after
            return near
        return early

    def _fit_all(
        self,
        options: Sequence[int],
        doors: Mapping[int, Door | None],
        targets: Mapping[int, Sequence[int]],
    ) -> list[Pick]:
        fitted = (
            (option, self._fit(option, doors[option], targets.get(option, ())))
            for option in options
        )
        return [Pick(option, times) for option, times in fitted if times is not None]

    def _fit(
        self, option: int, door: Door | None, targets: Sequence[int]
    ) -> tuple[int, ...] | None:
        """Return the times of an option's units, which then keep carers busy; ``None`` if none."""
        times: dict[int, int] = {}
        units = self._visits[option]
        # Units with the fewest times to choose from go first.
        for unit in sorted(units, key=lambda u: (int(self._domains[option][u].sum()), u)):
            may = self._starts(option, unit)
            if door is not None:
                door.narrow(unit, times, may)
            starts, target = np.flatnonzero(may), targets[unit] if targets else 0
            order = starts[np.argsort(np.abs(starts - target), kind="stable")].tolist()
            start = next((start for start in order if self._take(units[unit], start)), None)
            if start is None:
                for done, time in times.items():
                    self._keep(units[done], time, -1)
                return None
            times[unit] = start
        return tuple(times[unit] for unit in sorted(times))

    def _starts(self, option: int, unit: int) -> Mask:
        """Return when each visit of a unit, or a stay, may start on its own, [positions]."""
        may = np.array(self._domains[option][unit], np.bool_)
        for task, lines in self._visits[option][unit]:
            starts = np.flatnonzero(may)
            may[starts] = have_room(task, starts, [self._free[line] for line in lines])
        return may

    def _take(self, visits: Sequence[Visit], time: int) -> bool:
        """Keep carers or a bed busy, if there are enough for all visits of a unit together."""
        self._keep(visits, time, 1)
        lines = {line for visit in visits for line in visit.lines}
        if len(visits) == 1 or all(self._free[line].min() >= 0 for line in lines):
            return True
        self._keep(visits, time, -1)
        return False

    def _keep(self, visits: Sequence[Visit], time: int, times: int) -> None:
        """Keep carers or a bed busy for a unit or stay; with ``times`` -1, free them again."""
        for task, lines in visits:
            begin = time - task.lead
            for line in lines:
                end = len(self._free[line]) if task.length is None else begin + task.length
                self._free[line][begin:end] -= times * task.demand

"""Options of one block that rows let in together though it cannot hold them: rows for those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from matcher.solvers.exact.cp_sat import Budget, Effort, Found, search
from matcher.solvers.exact.subproblem import model_of
from matcher.solvers.instance.assignment import Packing
from matcher.solvers.instance.calendars import Timing, timing_of, visits_in
from matcher.solvers.instance.fitting import fitted

MOST_CHECKS = 8
"""Options of which it is asked by a search whether they belong to a conflict as well."""


class Conflict(NamedTuple):
    """Of some options of one block at most so many can be held together."""

    options: tuple[int, ...]
    most: int


class _Visit(NamedTuple):
    """A visit or stay: in which calendars, from when on it may keep busy, how long and how many."""

    lines: frozenset[int]
    begins: frozenset[int]
    length: int
    demand: int
    door: int

    def is_harder(self, other: _Visit) -> bool:
        """Say whether the other could take place whenever this one does."""
        return (
            self.lines >= other.lines
            and self.begins <= other.begins
            and self.length >= other.length
            and self.demand >= other.demand
            and self.door >= other.door
        )


def conflict_among(
    packing: Packing, options: Sequence[int], budget: Budget, effort: Effort
) -> Conflict | None:
    """Return a conflict that rules some options of one block out together.

    Options that are not needed for it are left out of it; options that are as hard to hold as
    those in it are taken in besides.

    Parameters
    ----------
    packing
        The problem; its details are start times.
    options
        Options of one block for different requests.
    budget, effort
        Time for this; threads, seed and progress.

    Returns
    -------
    Conflict or None
        ``None`` where the options can be held together, or time did not suffice to see that they
        cannot.
    """
    left = [*options]
    if not _are_impossible(packing, left, budget, effort):
        return None
    for option in options:
        others = [other for other in left if other != option]
        if others and not budget.spent and _are_impossible(packing, others, budget, effort):
            left = others
    return _widened(packing, left, budget, effort)


def _are_impossible(
    packing: Packing, options: Sequence[int], budget: Budget, effort: Effort
) -> bool:
    """Say whether it is proved that options cannot be held together."""
    if len(fitted(packing, options)) == len(options):
        return False
    if effort.stops(budget):
        return False
    found = _most(packing, options, options, budget, effort)
    return found.proved and found.plan is None


def _most(
    packing: Packing,
    options: Sequence[int],
    forced: Sequence[int],
    budget: Budget,
    effort: Effort,
) -> Found:
    """Return as many of some options as can be held together, some of them in any case."""
    model = model_of(packing, options)
    for option in forced:
        model.model.add(model.taken[option] == 1)
    model.model.maximize(sum(model.taken[option] for option in options))
    found = search(model, budget, effort, workers=1, is_brief=True)
    budget.charge(found.work)
    return found


def _widened(packing: Packing, core: Sequence[int], budget: Budget, effort: Effort) -> Conflict:
    """Return a conflict with options as hard as those in it, as long as no more can be held."""
    most, inside, checks = len(core) - 1, [*core], 0
    block = int(packing.block[core[0]])
    own = {int(packing.request[option]) for option in core}
    visits = _visits_of(packing, block)
    if not all(option in visits for option in core):
        return Conflict(tuple(sorted(core)), most)
    for option in packing.options_in[block].tolist():
        if int(packing.request[option]) in own or option not in visits:
            continue
        harder = [_is_harder(visits[option], visits[member]) for member in core]
        # What is harder than all of them can stand for any: with it no more can be held either.
        if not all(harder):
            if not any(harder) or checks == MOST_CHECKS or budget.spent:
                continue
            checks += 1
            found = _most(packing, [*inside, option], [option], budget, effort)
            if not found.proved or len(found.plan or ()) > most:
                continue
        inside.append(option)
    return Conflict(tuple(sorted(inside)), most)


def _visits_of(packing: Packing, block: int) -> dict[int, list[_Visit]]:
    """Return what has to be held of each option of a block.

    Options with linked visits or gaps are left out: who could hold them one by one need not be
    able to hold them as they are bound together.
    """
    timing = timing_of(packing)
    visits: dict[int, list[_Visit]] = defaultdict(list)
    for task, lines in visits_in(timing.lines_of[block]):
        door = timing.doors.get(int(packing.request[task.option]))
        visits[task.option].append(
            _Visit(
                frozenset(lines),
                frozenset(
                    (np.flatnonzero(timing.domains[task.option][task.visit]) - task.lead).tolist()
                ),
                task.whole_length,
                task.demand,
                0 if door is None else door.lengths[task.visit],
            )
        )
    return {
        option: own
        for option, own in visits.items()
        if len(own) == len(timing.domains[option])
        and not _has_gaps(timing, int(packing.request[option]))
    }


def _has_gaps(timing: Timing, request: int) -> bool:
    door = timing.doors.get(request)
    return door is not None and bool(door.gaps)


def _is_harder(hard: Sequence[_Visit], easy: Sequence[_Visit]) -> bool:
    """Say whether whoever holds some visits could hold others in their place at the same times.

    All visits of an option have the same travel, so that what follows one another at a door still
    does.
    """
    left = [*hard]
    for visit in easy:
        stand_in = next((other for other in left if other.is_harder(visit)), None)
        if stand_in is None:
            return False
        left.remove(stand_in)
    return True

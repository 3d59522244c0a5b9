"""Start times as details of a packing: the calendars that must hold, and what could be put there.

Plain numbers only, so that a part of a book can be sent to another process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.solvers.instance.assignment import Ints, Packing, Pick
from matcher.wish import Wish

Profile = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]
FOR_GOOD = 1 << 40
"""Stands in arrays for a length until the calendar's end."""


@dataclass(frozen=True, eq=False)
class Task:
    """One visit or stay under one option, which keeps carers or a bed busy for a while.

    Linked visits start by the same unknown time, which is that of their unit.

    Parameters
    ----------
    option, visit
        The option, and the number of the unknown time it starts by: the unit of the visit.
    first, stop
        It lies within these positions of its calendar, whenever it starts.
    lead
        How long before that time it begins to keep busy: travel, less what it starts after its
        unit does.
    length
        How long it keeps busy, travel included; ``None`` for a bed until the calendar's end.
    demand
        Carers or beds it keeps busy.
    least_length
        A length it never falls short of.
    """

    option: int
    visit: int
    first: int
    stop: int
    lead: int
    length: int | None
    demand: int
    least_length: int

    @property
    def whole_length(self) -> int:
        """Its length; :data:`FOR_GOOD` for a bed until the calendar's end."""
        return FOR_GOOD if self.length is None else self.length


class Tasks(NamedTuple):
    """Some tasks as arrays, [tasks] each.

    The same as those of :class:`Task`, but that ``length`` is :data:`FOR_GOOD` where a stay lasts
    until the calendar's end.
    """

    option: Ints
    first: Ints
    stop: Ints
    length: Ints
    demand: Ints
    least_length: Ints

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> Tasks:
        """Return tasks as arrays."""
        rows = [
            (t.option, t.first, t.stop, t.whole_length, t.demand, t.least_length) for t in tasks
        ]
        return cls(*np.array(rows, np.int64).reshape(-1, len(cls._fields)).T)

    @property
    def are_for_good(self) -> Mask:
        """Which last until the calendar's end, [tasks]."""
        return np.asarray(self.length == FOR_GOOD, np.bool_)

    def least_within(self, first: int, stop: int) -> Ints:
        """Return how much of each lies between two positions at least, whenever it starts, [tasks].

        As it is put off, that first grows and then shrinks: least at either end.
        """
        latest = self.stop - self.least_length
        late = np.minimum(self.stop, stop) - np.maximum(latest, first)
        soon = np.minimum(self.first + self.length, stop) - np.maximum(self.first, first)
        return np.asarray(np.maximum(np.minimum(late, soon), 0), np.int64)


@dataclass(frozen=True, eq=False)
class Timeline:
    """One calendar of one block: what is free at each position, and all that could be there.

    ``days`` are the days of the week that it stands for, Monday 0; none for beds.
    """

    block: int
    days: tuple[int, ...]
    profile: Profile
    tasks: tuple[Task, ...]


class Apart(NamedTuple):
    """Two units of one person's visits that need more between them than not to overlap.

    Parameters
    ----------
    one, other
        The units.
    after_one, after_other
        Least slots from the start of the one that is first to that of the second.
    shift, most
        The second start less the first, plus the shift, is at most so many slots either way;
        ``None`` without that limit.
    """

    one: int
    other: int
    after_one: int
    after_other: int
    shift: int = 0
    most: int | None = None


@dataclass(frozen=True)
class Door:
    """What happens at one person's door: lengths of units of visits, and which share a day.

    Parameters
    ----------
    lengths
        Slots that each unit takes there at least.
    shared
        Groups of units that take place on the same day.
    gaps
        Pairs that have to keep more apart than that.
    soft
        Pairs that should keep even more apart; where one does not, all times add the most.
    """

    lengths: tuple[int, ...]
    shared: tuple[tuple[int, ...], ...]
    gaps: tuple[Apart, ...] = ()
    soft: tuple[Apart, ...] = ()

    def spoils(self, times: Sequence[int]) -> bool:
        """Say whether some times are spoilt: whether a pair does not keep apart as it should."""
        return any(
            -gap.after_other < times[gap.other] - times[gap.one] < gap.after_one
            for gap in self.soft
        )

    def narrow(self, unit: int, times: Mapping[int, int], may: Mask) -> None:
        """Take out of the starts of a unit, [positions], those too near or far from others.

        Parameters
        ----------
        unit
            The unit.
        times
            The starts of other units of the person.
        may
            Where it may start; changed in place.
        """
        for other, time in times.items():
            if any({unit, other} <= {*day} for day in self.shared):
                may[max(time - self.lengths[unit] + 1, 0) : time + self.lengths[other]] = False
            for gap in self.gaps:
                if {gap.one, gap.other} == {unit, other}:
                    is_one = unit == gap.one
                    after, before = gap.after_one, gap.after_other
                    after, before = (after, before) if is_one else (before, after)
                    may[max(time - after + 1, 0) : max(time + before, 0)] = False
                    if gap.most is not None:
                        middle = time + (gap.shift if is_one else -gap.shift)
                        may[: max(middle - gap.most, 0)] = False
                        may[max(middle + gap.most + 1, 0) :] = False


class Visit(NamedTuple):
    """A task with the places of the calendars that it stands in."""

    task: Task
    lines: list[int]


def visits_in(lines: Iterable[Timeline]) -> list[Visit]:
    """Return the tasks in some calendars, each once, in the order in which they are met."""
    found: dict[Task, Visit] = {}
    for number, line in enumerate(lines):
        for task in line.tasks:
            found.setdefault(task, Visit(task, [])).lines.append(number)
    return list(found.values())


def have_room(task: Task, starts: Ints, free: Iterable[Profile]) -> Mask:
    """Say which starts of a task leave room for it in every one of some calendars, [starts]."""
    room = np.ones(len(starts), np.bool_)
    begin = starts - task.lead
    for profile in free:
        short = np.concatenate([[0], np.cumsum(profile < task.demand)])
        end = len(profile) if task.length is None else begin + task.length
        room &= short[end] == short[begin]
    return room


@dataclass(frozen=True, eq=False)
class Timing:
    """Start times of everything in a packing: where each may lie, and what must hold.

    Parameters
    ----------
    domains
        For each option ``[visits, positions]``: where each of its times may lie.
    lines
        The calendars.
    doors
        For each request with visits what must hold at the person's door.
    wishes
        For each request what its times add, and to which stage.
    request
        The request of each option.
    stages
        How many stages there are.
    targets
        For each request the times near which it would best be put; as early as can be where none
        are given.
    """

    domains: tuple[Mask, ...]
    lines: tuple[Timeline, ...]
    doors: Mapping[int, Door]
    wishes: Mapping[int, tuple[tuple[int, Wish], ...]]
    request: Ints
    stages: int
    targets: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def most_extra(self) -> Ints:
        """[stages] what all times together may at most add to each stage."""
        most = np.zeros(self.stages, np.int64)
        last: dict[int, int] = defaultdict(int)
        for request, domain in zip(self.request.tolist(), self.domains, strict=True):
            last[request] = max(last[request], domain.shape[1] - 1)
        for request, wishes in self.wishes.items():
            door = self.doors.get(request)
            may_be_spoilt = door is not None and bool(door.soft)
            for stage, wish in wishes:
                ends = wish.amount(0, spoilt=may_be_spoilt), wish.amount(last[request])
                most[stage] += max(ends)
        return most

    @cached_property
    def lines_of(self) -> Mapping[int, tuple[Timeline, ...]]:
        """The calendars of each block."""
        lines: dict[int, list[Timeline]] = defaultdict(list)
        for line in self.lines:
            lines[line.block].append(line)
        return {block: tuple(members) for block, members in lines.items()}

    def extra(self, pick: Pick) -> Mapping[int, int]:
        """Return what the times of a pick add to stages; nothing where it has none yet."""
        added: dict[int, int] = {}
        if not pick.details:
            return added
        request = int(self.request[pick.option])
        spoilt = request in self.doors and self.doors[request].spoils(pick.details)
        for stage, wish in self.wishes.get(request, ()):
            amount = wish.amount(pick.details[wish.visit], spoilt=spoilt)
            added[stage] = added.get(stage, 0) + amount
        return added

    def within(self, blocks: Iterable[int], options: Iterable[int]) -> Iterator[Timeline]:
        """Yield the calendars of some blocks with the tasks of some options only.

        Days on which the same tasks are left fold into one: the least free of them decides.
        """
        kept = set(options)
        for block in blocks:
            folded: dict[tuple[Task, ...], list[Timeline]] = defaultdict(list)
            for line in self.lines_of.get(block, ()):
                tasks = tuple(task for task in line.tasks if task.option in kept)
                if tasks:
                    folded[tasks].append(line)
            for tasks, lines in folded.items():
                days = tuple(sorted(day for line in lines for day in line.days))
                free = np.minimum.reduce([line.profile for line in lines])
                yield Timeline(block, days, free, tasks)


def timing_of(packing: Packing) -> Timing:
    """Return the start times of a packing.

    Raises
    ------
    TypeError
        If its rows say everything.
    """
    if not isinstance(packing.details, Timing):
        raise TypeError("a packing without details has no start times")
    return packing.details

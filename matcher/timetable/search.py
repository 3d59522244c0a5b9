"""The search behind the timetable: if visits fit into one free week, exact within bounded work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from matcher.timetable.bits import (
    FULL_DAY,
    bits_between,
    bits_of,
    lowest,
    room_for,
    slots_of,
    spread,
)
from matcher.timetable.shape import SLOTS_PER_DAY, IntArray, PackageShape, Step, Steps

Levels: TypeAlias = tuple[tuple[int, ...], ...]
"""Capacity left: for each resource, and each number from 1 up to as many as the units still to be
placed need of it, the slots with at least so many free, as bits of an int. The resources are the
carers on each group of days, then the person's door on each: one, for the one visit at a time;
then one for each prescribed gap."""

Places: TypeAlias = tuple[tuple[int, int], ...]
"""Kinds of units, each with where it begins to keep carers busy, in the order in which found."""
MOST_STATES = 400
"""States that one search looks at; those of an invented county's packages look at 30 at most."""
MOST_TRIALS = 2000
"""States that one search looks at where every start has to be tried."""
WIDE = (1 << 3 * SLOTS_PER_DAY) - 1
"""Slots of a resource that may be taken beyond the day's end: a gap after the last visit."""


class Demand(NamedTuple):
    """What a unit takes of some resources, alike of each.

    Parameters
    ----------
    resources
        Positions in the capacity.
    steps
        How many it takes of each at the same time, and when, from its beginning on.
    most
        The most it takes at the same time.
    reach
        Of a gap with a most: slots either side of it within which the other visit must begin;
        it takes whatever lies beyond. ``None`` of all other resources.
    """

    resources: tuple[int, ...]
    steps: Steps
    most: int
    reach: int | None = None


class Kind(NamedTuple):
    """What tells one unit from another to the search; equal units are of one kind.

    Parameters
    ----------
    window
        Bit ``b`` is set when the unit may begin to keep carers busy (travel included) in slot b.
    span
        Slots until it takes nothing any more: travel, visits and gaps.
    demands
        What it takes: its carers for travel and visits, the door and gaps for the visits alone.
    """

    window: int
    span: int
    demands: tuple[Demand, ...]


class Search:
    """Decides whether the units of a package fit together into one provider's free week.

    Exactly, within a work that packages of people seldom come near; a package of many visits that
    could all take place at the same times may need any amount. Such visits then count as not
    fitting, which promises nobody anything.

    Fit together means that there are carers for all of them, and that the person has one unit
    at a time: on a day that two units share, one ends at the door, and the gap after it is over,
    before the other starts there.

    Units are put one after another in the order in which they begin, each at its earliest
    beginning that is possible given those before it. That this misses nothing:

    Take any schedule that fits and, as long as some unit can be moved to an earlier allowed
    beginning while the others hold still, move it. Beginnings only fall, so this ends. Suppose
    that some unit ``v``, beginning at ``b``, could begin at an allowed ``a < b`` if only the
    units that begin before it were there. In the slots from ``a`` to ``b`` there are no others,
    since all the rest begin at ``b`` or later; and of every resource it takes no more in a slot
    from ``b`` on than it did already. So it could have been moved: a contradiction. Hence every
    unit of that schedule sits at its earliest beginning given the units before it, which is where
    the search puts it. The argument looks at one day at a time and never at the height or shape
    of the free capacity nor at gaps among the allowed beginnings, so it holds for visits on
    different days, for several carers and for holes of any kind. It needs beginnings to be in the
    same order on all days, which one start time for all days and one travel time for the package
    give. It needs two things of what a unit takes of a resource. That it never takes more later
    on than sooner: so it holds for linked visits of which none calls more carers in after the
    start, those who stay on from one to the next included. And that all units take the resource
    equally long after they begin: carers at once, the door and every prescribed least gap - a
    resource of one that its two units take until the gap is over - when travel is done; units
    that begin together share no day, so either may be put first. It holds as well when all
    beginnings must lie at or after some slot, so that what is left to decide depends only on the
    units left, that slot, and the capacity (carers, door and gaps) from there on: states that
    failed are remembered by these three, and one with no more room fails too.

    The next unit must begin before the earliest possible finish among the units left, gaps
    included; otherwise the one that finishes then could be moved in front of it, disturbing
    nobody. Units of one kind are interchangeable, so only one of them is tried.

    Where the argument does not hold - a gap with a most, carers called in later - the unit with
    the fewest beginnings is tried at each of them, which is exact for any package, and slower.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    travel_slots
        Travel to reach each visit, slots.

    References
    ----------
    Giffler, B. and Thompson, G. L. (1960). Algorithms for solving production-scheduling
    problems. Operations Research 8(4), 487-503: active schedules and the conflict set.
    """

    def __init__(self, free: IntArray, shape: PackageShape, travel_slots: int) -> None:
        self.travel_slots = travel_slots
        self._tries_all = not shape.only_gets_easier
        self.states_left = MOST_TRIALS if self._tries_all else MOST_STATES
        self._kinds: list[Kind] = []
        self._failed: dict[tuple[int, ...], list[tuple[int, Levels]]] = {}
        self._shape = shape
        self.levels = _levels(free, shape)
        windows = zip(shape.first_slot.tolist(), shape.last_slot.tolist(), strict=True)
        self.kind_of = tuple(
            self.kind(unit, bits_between(first, last)) for unit, (first, last) in enumerate(windows)
        )

    @property
    def lacks_a_start(self) -> bool:
        """Whether some unit could not begin at all, even alone."""
        return not all(self._kinds[kind].window for kind in self.kind_of)

    def kind(self, unit: int, starts: int) -> int:
        """Return the number of the kind of a unit when it may start in the given slots (bits)."""
        demands = tuple(_demands(self._shape, unit, self.travel_slots))
        ends = (
            step.offset + step.span
            for demand in demands
            for step in demand.steps
            if demand.reach is None
        )
        # A start too early in the day for the travel before it falls off the end.
        kind = Kind(window=starts >> self.travel_slots, span=max(ends), demands=demands)
        # Units that differ only in starts which are out of reach anyway are interchangeable.
        kind = kind._replace(window=_begins(kind, self.levels))
        if kind not in self._kinds:
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def begins(self, kind: int, levels: Levels) -> int:
        """Return the allowed beginnings (bits) of a kind of unit that fit the capacity left."""
        return _begins(self._kinds[kind], levels)

    def occupied(self, levels: Levels, kind: int, begin: int) -> Levels:
        """Return the capacity left once a unit of a kind is put at a beginning."""
        left = list(levels)
        for demand in self._kinds[kind].demands:
            for resource in demand.resources:
                left[resource] = _less(levels[resource], demand, begin)
        return tuple(left)

    def placed(self, left: tuple[int, ...], levels: Levels, since: int = 0) -> Places | None:
        """Return where units fit together, none beginning before a slot.

        ``None`` when they do not, or when that is not known within the work allowed.

        Parameters
        ----------
        left
            Kinds of the units still to be placed, ascending; one entry a unit.
        levels
            Capacity left.
        since
            Slot before which none may begin to keep carers busy.
        """
        if not left:
            return ()
        if not self.states_left:
            return None
        self.states_left -= 1
        masks = {kind: self.begins(kind, levels) >> since << since for kind in left}
        if not all(masks.values()):
            return None
        soonest = 0 if self._tries_all else min(map(lowest, masks.values()))
        if self._hopeless(left, levels, soonest):
            return None
        if not self._overloaded(left, masks, levels):
            for kind, begin in self._next(masks):
                after = 0 if self._tries_all else begin
                rest = self.placed(without(left, kind), self.occupied(levels, kind, begin), after)
                if rest is not None:
                    return (kind, begin), *rest
        if self.states_left:  # what was cut short has not failed
            self._failed.setdefault(left, []).append((soonest, levels))
        return None

    def _hopeless(self, left: tuple[int, ...], levels: Levels, since: int) -> bool:
        """Say whether the same units have failed already with no less room."""
        return any(
            earlier <= since
            and not any(
                (has & ~had) >> since
                for here, there in zip(levels, failed, strict=True)
                for has, had in zip(here, there, strict=True)
            )
            for earlier, failed in self._failed.get(left, ())
        )

    def _next(self, masks: dict[int, int]) -> Iterator[tuple[int, int]]:
        """Yield the kinds that may come next, each with its beginning, most urgent first."""
        if self._tries_all:
            kind = min(masks, key=lambda kind: (masks[kind].bit_count(), kind))
            yield from ((kind, begin) for begin in slots_of(masks[kind]))
            return
        begin = {kind: lowest(mask) for kind, mask in masks.items()}
        finish = min(begin[kind] + self._kinds[kind].span for kind in masks)
        for kind in sorted(masks, key=lambda kind: (masks[kind].bit_length(), kind)):
            if begin[kind] < finish:
                yield kind, begin[kind]

    def _overloaded(self, left: tuple[int, ...], masks: dict[int, int], levels: Levels) -> bool:
        """Say whether some units need more carer or door time than the slots in reach hold.

        Looked at for the units whose beginnings all lie at or after one of the earliest
        beginnings and which are over first; necessary for fitting, hence only a short cut.
        """
        if len(left) < 4:
            return False
        spans = [(lowest(masks[k]), masks[k].bit_length() + self._kinds[k].span, k) for k in left]
        spans.sort(key=lambda item: item[1])
        cover = {
            kind: [_reached(mask, use.steps) for use in self._kinds[kind].demands]
            for kind, mask in masks.items()
        }
        return any(
            self._too_full([k for first, _, k in spans if first >= begin], resource, cover, here)
            for begin in sorted({first for first, _, _ in spans})
            for resource, here in enumerate(levels)
            if here
        )

    def _too_full(
        self, units: list[int], resource: int, cover: dict[int, list[int]], here: tuple[int, ...]
    ) -> bool:
        reach = work = number = 0
        for kind in units:
            for use, slots in zip(self._kinds[kind].demands, cover[kind], strict=True):
                if resource in use.resources and use.reach is None:
                    number += use.most
                    work += sum(step.number * step.span for step in use.steps)
                    reach |= slots
                    if work > sum((level & reach).bit_count() for level in here[:number]):
                        return True
        return False


def without(left: tuple[int, ...], kind: int) -> tuple[int, ...]:
    """Return units left to place once one unit of a kind is placed."""
    place = left.index(kind)
    return left[:place] + left[place + 1 :]


def starts_alone(free: IntArray, shape: PackageShape, unit: int, travel_slots: int) -> int:
    """Return the slots (bits) in which a unit could start if all the others were left out.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    unit
        The unit.
    travel_slots
        Travel to reach each visit, slots.
    """
    begins = FULL_DAY
    for steps, groups in shape.steps(unit, travel_slots).items():
        days = [day for group in groups for day in shape.day_groups[group]]
        least = free[days].min(axis=0)
        for number, offset, span in steps:
            begins &= room_for(bits_of(least >= number), span) >> offset
    window = bits_between(int(shape.first_slot[unit]), int(shape.last_slot[unit]))
    return (begins << travel_slots) & window


def _demands(shape: PackageShape, unit: int, travel_slots: int) -> Iterator[Demand]:
    """Yield what a unit takes: carers, the door, and a resource for each gap prescribed to it."""
    doors = len(shape.day_groups)
    for steps, groups in shape.steps(unit, travel_slots).items():
        yield Demand(groups, steps, max(step.number for step in steps))
    spans: dict[int, list[int]] = {}
    for group in shape.unit_groups[unit]:
        slots = int(shape.door_slots[unit, shape.day_groups[group][0]]) + shape.kept_gap_slots
        spans.setdefault(slots, []).append(doors + group)
    for slots, resources in spans.items():
        yield Demand(tuple(resources), (Step(1, travel_slots, slots),), 1)
    resource = 2 * doors
    for gap in shape.gaps:
        if unit in (gap.one, gap.other):
            other = gap.other if unit == gap.one else gap.one
            slots = int(shape.apart[unit, other])
            yield Demand((resource,), (Step(1, travel_slots, slots),), 1)
            if gap.most is not None:
                # Counted on a clock on which the two visits begin without their shift.
                behind = max(gap.shift, 0) if unit == gap.other else max(-gap.shift, 0)
                place = Step(1, travel_slots + behind, 1)
                yield Demand((resource + 1,), (place,), 0, gap.most)
        resource += 2


def _levels(free: IntArray, shape: PackageShape) -> Levels:
    carers, doors = [], []
    for days in shape.day_groups:
        units = shape.days[:, days[0]]
        folded = free[list(days)].min(axis=0)
        most = sum(use.carers for uses in shape.uses for use in uses if days[0] in use.days)
        enough = folded[None, :] >= np.arange(1, most + 1)[:, None]
        packed = np.packbits(enough, axis=1, bitorder="little")
        carers.append(tuple(int.from_bytes(row.tobytes(), "little") for row in packed))
        # One unit at a time: never room for a second one.
        doors.append((WIDE,) + (0,) * (int(units.sum()) - 1))
    gaps = ((WIDE, 0), (WIDE,)) * len(shape.gaps)
    return (*carers, *doors, *gaps)


def _less(here: tuple[int, ...], demand: Demand, begin: int) -> tuple[int, ...]:
    """Return what is left of a resource once a unit is put at a beginning."""
    if demand.reach is not None:
        at = begin + demand.steps[0].offset
        near = bits_between(max(at - demand.reach, 0), at + demand.reach)
        return tuple(low & near for low in here)
    # Where busy, k remain free if k + number were. The last levels, which the units still to be
    # placed can no longer need, are dropped.
    left = here[: len(here) - demand.most]
    for number, offset, span in demand.steps:
        busy = ((1 << span) - 1) << (begin + offset)
        left = tuple(
            (low & ~busy) | (high & busy) for low, high in zip(left, here[number:], strict=False)
        )
    return left


def _begins(kind: Kind, levels: Levels) -> int:
    begins = kind.window
    for resources, steps, _, _ in kind.demands:
        for number, offset, span in steps:
            room = WIDE
            for resource in resources:
                room &= levels[resource][number - 1]
            begins &= room_for(room, span) >> offset
    return begins


def _reached(begins: int, steps: Steps) -> int:
    """Return every slot that some beginning would keep busy."""
    reached = 0
    for _, offset, span in steps:
        reached |= spread(begins << offset, span)
    return reached

"""The search behind the timetable: if visits fit into one free week, exact within bounded work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from matcher.timetable.shape import SLOTS_PER_DAY, IntArray, PackageShape

Levels: TypeAlias = tuple[tuple[int, ...], ...]
"""Capacity left: for each resource, and each number from 1 up to as many as the visits still to be
placed need of it, the slots with at least so many free, as bits of an int. The resources are the
carers on each group of days, then the person's door on each: one, for the one visit at a time."""

Places: TypeAlias = tuple[tuple[int, int], ...]
"""Kinds of visits, each with where it begins to keep carers busy, in that order."""
MOST_STATES = 400
"""States that one search looks at; those of an invented county's packages look at 30 at most."""
FULL_DAY = (1 << SLOTS_PER_DAY) - 1


class Demand(NamedTuple):
    """What a visit takes of some resources, alike of each.

    Parameters
    ----------
    resources
        Positions in the capacity.
    number
        How many it takes of each at the same time.
    offset
        Slots from its beginning until it takes them; the same for all visits.
    span
        Slots for which it takes them.
    """

    resources: tuple[int, ...]
    number: int
    offset: int
    span: int


class Kind(NamedTuple):
    """What tells one visit from another to the search; equal visits are of one kind.

    Parameters
    ----------
    window
        Bit ``b`` is set when the visit may begin to keep carers busy (travel included) in slot b.
    span
        Slots its carers are busy: travel and visit.
    demands
        What it takes: its carers for travel and visit, the door for the visit alone.
    """

    window: int
    span: int
    demands: tuple[Demand, ...]


class Search:
    """Decides whether visits fit together into one provider's free week.

    Exactly, within a work that packages of people seldom come near; a package of many visits that
    could all take place at the same times may need any amount. Such visits then count as not
    fitting, which promises nobody anything.

    Fit together means that there are carers for all of them, and that the person has one visit
    at a time: on a day that two visits share, one ends at the door before the other starts there.

    Visits are put one after another in the order in which they begin, each at its earliest
    beginning that is possible given those before it. That this misses nothing:

    Take any schedule that fits and, as long as some visit can be moved to an earlier allowed
    beginning while the others hold still, move it. Beginnings only fall, so this ends. Suppose
    that some visit ``v``, beginning at ``b``, could begin at an allowed ``a < b`` if only the
    visits that begin before it were there. In the slots from ``a`` to ``b`` there are no others,
    since all the rest begin at ``b`` or later; and the slots from ``b`` on that it would use it
    uses already. So it could have been moved: a contradiction. Hence every visit of that
    schedule sits at its earliest beginning given the visits before it, which is where the search
    puts it. The argument looks at one day at a time and never at the height or shape of the free
    capacity nor at gaps among the allowed beginnings, so it holds for visits on different days,
    for several carers and for holes of any kind. It needs beginnings to be in the same order on
    all days, which one start time for all days and one travel time for the package give. It holds
    for the door too, a resource of one that every visit takes equally long after it begins; visits
    that begin together share no day, so either may be put first. It holds as well when all
    beginnings must lie at or after some slot, so that what is left to decide depends only on the
    visits left, that slot, and the capacity (carers and door) from there on: states that failed
    are remembered by these three, and one with no more room fails too.

    The next visit must begin before the earliest possible finish among the visits left;
    otherwise the one that finishes then could be moved in front of it, disturbing nobody, at the
    door neither, where it is only while its carers are busy. Visits of one kind are
    interchangeable, so only one of them is tried.

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
        self.states_left = MOST_STATES
        self._kinds: list[Kind] = []
        self._failed: dict[tuple[int, ...], list[tuple[int, Levels]]] = {}
        self._shape = shape
        self.levels = _levels(free, shape)
        windows = zip(shape.first_slot.tolist(), shape.last_slot.tolist(), strict=True)
        self.kind_of = tuple(
            self.kind(visit, bits_between(first, last))
            for visit, (first, last) in enumerate(windows)
        )

    def kind(self, visit: int, starts: int) -> int:
        """Return the number of the kind of a visit when it may start in the given slots (bits)."""
        length, travel = int(self._shape.length_slots[visit]), self.travel_slots
        groups = self._shape.visit_groups[visit]
        doors = tuple(len(self._shape.day_groups) + group for group in groups)
        kind = Kind(
            # A start too early in the day for the travel before it falls off the end.
            window=starts >> travel,
            span=length + travel,
            demands=(
                Demand(groups, int(self._shape.carers[visit]), offset=0, span=length + travel),
                Demand(doors, 1, offset=travel, span=length),
            ),
        )
        # Visits that differ only in starts which are out of reach anyway are interchangeable.
        kind = kind._replace(window=_begins(kind, self.levels))
        if kind not in self._kinds:
            self._kinds.append(kind)
        return self._kinds.index(kind)

    def begins(self, kind: int, levels: Levels) -> int:
        """Return the allowed beginnings (bits) of a kind of visit that fit the capacity left."""
        return _begins(self._kinds[kind], levels)

    def occupied(self, levels: Levels, kind: int, begin: int) -> Levels:
        """Return the capacity left once a visit of a kind is put at a beginning."""
        left = list(levels)
        for resources, number, offset, span in self._kinds[kind].demands:
            busy = ((1 << span) - 1) << (begin + offset)
            for resource in resources:
                here = levels[resource]
                # Where busy, k remain free if k + number were; zip drops the levels that the
                # visits still to be placed can no longer need.
                left[resource] = tuple(
                    (low & ~busy) | (high & busy)
                    for low, high in zip(here, here[number:], strict=False)
                )
        return tuple(left)

    def placed(self, left: tuple[int, ...], levels: Levels, since: int = 0) -> Places | None:
        """Return where visits fit together, none beginning before a slot.

        ``None`` when they do not, or when that is not known within the work allowed.

        Parameters
        ----------
        left
            Kinds of the visits still to be placed, ascending; one entry a visit.
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
        soonest = min(map(lowest, masks.values()))
        if self._hopeless(left, levels, soonest):
            return None
        if not self._overloaded(left, masks, levels):
            for kind, begin in self._next(masks):
                rest = self.placed(without(left, kind), self.occupied(levels, kind, begin), begin)
                if rest is not None:
                    return (kind, begin), *rest
        if self.states_left:  # what was cut short has not failed
            self._failed.setdefault(left, []).append((soonest, levels))
        return None

    def _hopeless(self, left: tuple[int, ...], levels: Levels, since: int) -> bool:
        """Say whether the same visits have failed already with no less room."""
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
        begin = {kind: lowest(mask) for kind, mask in masks.items()}
        finish = min(begin[kind] + self._kinds[kind].span for kind in masks)
        for kind in sorted(masks, key=lambda kind: (masks[kind].bit_length(), kind)):
            if begin[kind] < finish:
                yield kind, begin[kind]

    def _overloaded(self, left: tuple[int, ...], masks: dict[int, int], levels: Levels) -> bool:
        """Say whether some visits need more carer or door time than the slots in reach hold.

        Looked at for the visits whose beginnings all lie at or after one of the earliest
        beginnings and which are over first; necessary for fitting, hence only a short cut.
        """
        if len(left) < 4:
            return False
        spans = [(lowest(masks[k]), masks[k].bit_length() + self._kinds[k].span, k) for k in left]
        spans.sort(key=lambda item: item[1])
        cover = {
            kind: [_spread(mask << use.offset, use.span) for use in self._kinds[kind].demands]
            for kind, mask in masks.items()
        }
        return any(
            self._too_full([k for first, _, k in spans if first >= begin], resource, cover, here)
            for begin in sorted({first for first, _, _ in spans})
            for resource, here in enumerate(levels)
            if here
        )

    def _too_full(
        self, visits: list[int], resource: int, cover: dict[int, list[int]], here: tuple[int, ...]
    ) -> bool:
        reach = work = number = 0
        for kind in visits:
            for use, slots in zip(self._kinds[kind].demands, cover[kind], strict=True):
                if resource in use.resources:
                    number += use.number
                    work += use.number * use.span
                    reach |= slots
                    if work > sum((level & reach).bit_count() for level in here[:number]):
                        return True
        return False


def without(left: tuple[int, ...], kind: int) -> tuple[int, ...]:
    """Return visits left to place once one visit of a kind is placed."""
    place = left.index(kind)
    return left[:place] + left[place + 1 :]


def slots_of(mask: int) -> list[int]:
    """Return the positions of the set bits, ascending."""
    slots = []
    while mask:
        low = mask & -mask
        slots.append(low.bit_length() - 1)
        mask ^= low
    return slots


def starts_alone(free: IntArray, shape: PackageShape, visit: int, travel_slots: int) -> int:
    """Return the slots (bits) in which a visit could start if all the others were left out.

    Parameters
    ----------
    free
        ``[7, 288]`` carers free at the same time for new visits.
    shape
        The package.
    visit
        Position of the visit.
    travel_slots
        Travel to reach the visit, slots.
    """
    return starts_within(free[shape.days[visit]].min(axis=0), shape, visit, travel_slots)


def starts_within(least: IntArray, shape: PackageShape, visit: int, travel_slots: int) -> int:
    """Return the slots (bits) in which a visit could start, given what is free on all its days.

    Parameters
    ----------
    least
        ``[288]`` the fewest carers free on any day of the visit.
    shape
        The package.
    visit
        Position of the visit.
    travel_slots
        Travel to reach the visit, slots.
    """
    enough = np.packbits(least >= shape.carers[visit], bitorder="little")
    room = int.from_bytes(enough.tobytes(), "little")
    begins = _room_for(room, int(shape.length_slots[visit]) + travel_slots)
    window = bits_between(int(shape.first_slot[visit]), int(shape.last_slot[visit]))
    return (begins << travel_slots) & window


def _levels(free: IntArray, shape: PackageShape) -> Levels:
    carers, doors = [], []
    for days in shape.day_groups:
        visits = shape.days[:, days[0]]
        folded = free[list(days)].min(axis=0)
        enough = folded[None, :] >= np.arange(1, int(shape.carers[visits].sum()) + 1)[:, None]
        packed = np.packbits(enough, axis=1, bitorder="little")
        carers.append(tuple(int.from_bytes(row.tobytes(), "little") for row in packed))
        # One visit at a time: never room for a second one.
        doors.append((FULL_DAY,) + (0,) * (int(visits.sum()) - 1))
    return (*carers, *doors)


def bits_between(first: int, last: int) -> int:
    """Return the bits of slots from a first to a last, both included; none if out of order."""
    return ((1 << (last + 1)) - 1) >> first << first if first <= last else 0


def lowest(mask: int) -> int:
    """Return the position of the lowest set bit; at least one is set."""
    return (mask & -mask).bit_length() - 1


def _begins(kind: Kind, levels: Levels) -> int:
    begins = kind.window
    for resources, number, offset, span in kind.demands:
        room = FULL_DAY
        for resource in resources:
            room &= levels[resource][number - 1]
        begins &= _room_for(room, span) >> offset
    return begins


def _room_for(room: int, span: int) -> int:
    """Return where an unbroken run of so many set bits begins, by doubling the run looked at."""
    done = 1
    while done < span:
        step = min(done, span - done)
        room &= room >> step
        done += step
    return room


def _spread(begins: int, span: int) -> int:
    """Return every slot that some beginning would keep busy."""
    done = 1
    while done < span:
        step = min(done, span - done)
        begins |= begins << step
        done += step
    return begins

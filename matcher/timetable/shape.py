"""A homecare package compiled once to plain arrays: units of visits, windows, carers and gaps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from matcher.vocabulary import DAYS_PER_WEEK, GRID_MINUTES, MINUTES_PER_DAY
from matcher.wish import Wish

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

SLOTS_PER_DAY = MINUTES_PER_DAY // GRID_MINUTES
"""Steps of the 5-minute grid in one day."""


class Use(NamedTuple):
    """Carers whom one visit of a unit keeps busy.

    Parameters
    ----------
    days
        Numbers of the days of the week, Monday 0.
    carers
        How many at the same time.
    offset
        Slots from the unit's start until they are with the person.
    length
        Slots for which they are with the person.
    travels
        Whether they travel there first; those who stay on from the visit before do not.
    """

    days: tuple[int, ...]
    carers: int
    offset: int
    length: int
    travels: bool = True

    def busy(self, travel_slots: int) -> tuple[int, int]:
        """Return from when to when they are busy, in slots from the unit's start less travel."""
        stop = self.offset + travel_slots + self.length
        return self.offset + (0 if self.travels else travel_slots), stop


class Gap(NamedTuple):
    """A prescribed gap between the starts of two visits of different units, whichever is first.

    Parameters
    ----------
    one, other
        The units.
    shift
        Slots by which the second visit lies further behind its unit's start than the first does.
    least, most
        Slots between the two starts; ``None`` without that limit.
    """

    one: int
    other: int
    shift: int
    least: int | None
    most: int | None

    def first(self, unit: int) -> int:
        """Return the slots from the start of a unit, when it is first, to that of the other."""
        least = self.least or 0
        return least - self.shift if unit == self.one else least + self.shift


class Step(NamedTuple):
    """A stretch in which a unit keeps a number of carers busy, from its start less travel on."""

    number: int
    offset: int
    span: int


Steps: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, eq=False)
class PackageShape:
    """What the timetable needs to know of a package.

    Linked visits keep their distance in time whatever start is chosen, so they are one *unit*: a
    visit and those that start with it or right after it. A visit without links is a unit of its
    own. Units stand in the order of their first visit numbers, and all times are starts of units.

    Parameters
    ----------
    visit_nos
        The visits' own numbers, ascending, [visits].
    unit_of
        The unit of each visit, [visits].
    offset_slots
        Slots from its unit's start to that of each visit, [visits].
    first_slot, last_slot
        Window of allowed starts, both included, in slots of the day, [units]; a window that lies
        outside the day, or that linked visits leave empty, has its first slot after its last.
    target_slot
        The start nearest to which each unit is put, [units]: the time asked for, or the ideal.
    is_critical
        Whether a time in the unit is a need, which is never moved (H5), [units].
    uses
        Whom each unit keeps busy, [units].
    gaps
        Prescribed gaps, which are hard.
    soft_gap_slots
        Slots that should lie between the end of one unit and the start of the next on a day.
    kept_gap_slots
        Slots that must lie there.
    wishes
        What the start of each visit is short of the best, by which times are chosen.
    """

    visit_nos: tuple[int, ...]
    unit_of: tuple[int, ...]
    offset_slots: tuple[int, ...]
    first_slot: IntArray
    last_slot: IntArray
    target_slot: IntArray
    is_critical: BoolArray
    uses: tuple[tuple[Use, ...], ...]
    gaps: tuple[Gap, ...] = ()
    soft_gap_slots: int = 0
    kept_gap_slots: int = 0
    wishes: tuple[Wish, ...] = ()

    def __len__(self) -> int:
        return len(self.uses)

    # -- units and their visits ------------------------------------------------------------

    def visit_starts(self, starts: IntArray) -> IntArray:
        """Return the starts of all visits, [..., visits], from those of units, [..., units]."""
        return starts[..., list(self.unit_of)] + np.array(self.offset_slots, starts.dtype)

    @cached_property
    def target_starts(self) -> tuple[int, ...]:
        """The starts of all visits with each unit at its target."""
        return tuple(self.visit_starts(self.target_slot).tolist())

    def unit_starts(self, visit_starts: IntArray) -> IntArray:
        """Return the starts of units, [..., units], from those of visits, which keep their links.

        Parameters
        ----------
        visit_starts
            Starts of all visits, [..., visits].
        """
        first = [self.unit_of.index(unit) for unit in range(len(self))]
        offsets = np.array([self.offset_slots[at] for at in first], visit_starts.dtype)
        return visit_starts[..., first] - offsets

    def visits_of(self, unit: int) -> tuple[int, ...]:
        """Return the positions of a unit's visits among all visits."""
        return tuple(visit for visit, own in enumerate(self.unit_of) if own == unit)

    # -- which starts are better -----------------------------------------------------------

    @cached_property
    def short(self) -> IntArray:
        """``[units, 288]``: what a unit's visits are short of the best together, by its start."""
        slots = np.arange(SLOTS_PER_DAY)
        short = np.zeros((len(self), SLOTS_PER_DAY), dtype=np.int64)
        for wish in self.wishes:
            short[self.unit_of[wish.visit]] += wish.amounts(slots + self.offset_slots[wish.visit])
        return short

    @cached_property
    def places(self) -> IntArray:
        """``[units, 288]``: the place of each start of a unit among all, 0 for the best.

        That is the least short; of those as good the one nearest the target, then the earlier.
        """
        slots = np.arange(SLOTS_PER_DAY)
        away = np.abs(slots - self.target_slot[:, None])
        order = np.lexsort((np.broadcast_to(slots, away.shape), away, self.short))
        return np.asarray(order.argsort(axis=1))

    # -- days and lengths ------------------------------------------------------------------

    @cached_property
    def door_slots(self) -> IntArray:
        """``[units, 7]``: slots from a unit's start until its last carer leaves the person."""
        slots = np.zeros((len(self), DAYS_PER_WEEK), dtype=np.int16)
        for unit, uses in enumerate(self.uses):
            for use in uses:
                days = list(use.days)
                slots[unit, days] = np.maximum(slots[unit, days], use.offset + use.length)
        return slots

    @cached_property
    def days(self) -> BoolArray:
        """``[units, 7]``: whether a unit takes place on each day, Monday first."""
        return np.asarray(self.door_slots > 0)

    @cached_property
    def length_slots(self) -> IntArray:
        """``[units]``: slots at the door on the longest day."""
        return np.asarray(self.door_slots.max(axis=1, initial=0))

    @cached_property
    def most_carers(self) -> int:
        """More carers than this at the same time are never needed."""
        return sum(use.carers for uses in self.uses for use in uses)

    @cached_property
    def share_day(self) -> BoolArray:
        """``[units, units]``: whether two units take place on a day that they share."""
        return self.days @ self.days.T

    @cached_property
    def day_groups(self) -> tuple[tuple[int, ...], ...]:
        """Days folded together where the very same visits take place; empty days left out.

        The package uses the same carers at the same times on every day of a group, so it fits
        on all of them exactly when it fits on the smallest free capacity among them.
        """
        groups: dict[tuple[tuple[Use, ...], ...], list[int]] = {}
        for day in range(DAYS_PER_WEEK):
            here = tuple(tuple(use for use in uses if day in use.days) for uses in self.uses)
            if any(here):
                groups.setdefault(here, []).append(day)
        return tuple(tuple(days) for days in groups.values())

    @cached_property
    def unit_groups(self) -> tuple[tuple[int, ...], ...]:
        """For each unit the positions in ``day_groups`` of the groups it takes place on."""
        return tuple(
            tuple(g for g, days in enumerate(self.day_groups) if self.days[unit, days[0]])
            for unit in range(len(self))
        )

    def steps(self, unit: int, travel_slots: int) -> dict[Steps, tuple[int, ...]]:
        """Return how many carers a unit keeps busy when, with the day groups on which it does."""
        known = self._known_steps
        if (unit, travel_slots) not in known:
            known[unit, travel_slots] = self._steps(unit, travel_slots)
        return known[unit, travel_slots]

    @cached_property
    def _known_steps(self) -> dict[tuple[int, int], dict[Steps, tuple[int, ...]]]:
        """What was worked out of steps: the same travel is met at many providers."""
        return {}

    def _steps(self, unit: int, travel_slots: int) -> dict[Steps, tuple[int, ...]]:
        found: dict[Steps, list[int]] = defaultdict(list)
        for group in self.unit_groups[unit]:
            day = self.day_groups[group][0]
            uses = tuple(use for use in self.uses[unit] if day in use.days)
            found[_steps(uses, travel_slots)].append(group)
        return {steps: tuple(groups) for steps, groups in found.items()}

    # -- gaps ------------------------------------------------------------------------------

    @cached_property
    def apart(self) -> IntArray:
        """``[units, units]``: the least slots from a unit's start to another's that comes later.

        A person has one unit at a time on a day, gaps that must be kept included; 0 for units
        that never meet.
        """
        both = self.days[:, None] & self.days[None, :]
        apart = np.where(both, self.door_slots[:, None] + self.kept_gap_slots, 0).max(axis=2)
        for gap in self.gaps:
            for one, other in ((gap.one, gap.other), (gap.other, gap.one)):
                apart[one, other] = max(int(apart[one, other]), gap.first(one))
        np.fill_diagonal(apart, 0)
        return np.asarray(apart)

    @cached_property
    def apart_rows(self) -> list[list[int]]:
        """The rows of ``apart``, for one pair at a time."""
        rows: list[list[int]] = self.apart.tolist()
        return rows

    @cached_property
    def softened(self) -> PackageShape:
        """The same package with the soft gap as one that must be kept."""
        softened = replace(self, kept_gap_slots=self.soft_gap_slots)
        alike = "door_slots", "days", "share_day", "day_groups", "unit_groups", "short", "places"
        for name in alike:
            softened.__dict__[name] = getattr(self, name)  # alike, so not worked out again
        softened.__dict__["_known_steps"] = self._known_steps
        return softened

    @cached_property
    def most_gaps(self) -> tuple[Gap, ...]:
        """The prescribed gaps that have a most."""
        return tuple(gap for gap in self.gaps if gap.most is not None)

    @cached_property
    def only_gets_easier(self) -> bool:
        """Whether no unit calls carers in later than at its start, and no gap has a most.

        Of such a package a unit begun earlier never stands in the way of those that begin later.
        """
        grows = any(use.travels and use.offset for uses in self.uses for use in uses)
        return not grows and not self.most_gaps

    def too_near(self, starts: IntArray) -> BoolArray:
        """Say whether any two units are nearer each other than they must keep apart, [...].

        Parameters
        ----------
        starts
            Starts of all units, [..., units].
        """
        near = np.zeros(starts.shape[:-1], np.bool_)
        rows = self.apart_rows
        for one, other in combinations(range(len(self)), 2):
            if self.share_day[one, other]:
                after = starts[..., other] - starts[..., one]
                near |= (after < rows[one][other]) & (-after < rows[other][one])
        return near

    def keeps_apart(self, starts: tuple[int, ...]) -> bool:
        """Say whether units keep clear of one another at the door, and all prescribed gaps."""
        return not self.too_near(np.array(starts, np.int64)).any() and all(
            abs(starts[gap.other] - starts[gap.one] + gap.shift) <= (gap.most or 0)
            for gap in self.most_gaps
        )


def _steps(uses: tuple[Use, ...], travel_slots: int) -> Steps:
    if len(uses) == 1:
        begin, stop = uses[0].busy(travel_slots)
        return (Step(uses[0].carers, begin, stop - begin),)
    edges = sorted({edge for use in uses for edge in use.busy(travel_slots)})
    steps: list[Step] = []
    for begin, stop in pairwise(edges):
        number = sum(
            use.carers
            for use in uses
            if use.busy(travel_slots)[0] <= begin < use.busy(travel_slots)[1]
        )
        last = steps[-1] if steps else None
        if last is not None and last.number == number and last.offset + last.span == begin:
            steps[-1] = last._replace(span=stop - last.offset)
        elif number:
            steps.append(Step(number, begin, stop - begin))
    return tuple(steps)

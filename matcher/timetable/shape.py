"""A homecare package compiled once to plain arrays: windows, lengths, carers and days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from matcher.errors import UnknownIdError
from matcher.model import HomecarePackage, Visit
from matcher.policy import Policy
from matcher.vocabulary import DAYS_PER_WEEK, GRID_MINUTES, MINUTES_PER_DAY, TimeNeed

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

SLOTS_PER_DAY = MINUTES_PER_DAY // GRID_MINUTES
"""Steps of the 5-minute grid in one day."""


@dataclass(frozen=True, eq=False)
class PackageShape:
    """What the timetable needs to know of a package; one entry a visit, in ``visit_no`` order.

    Parameters
    ----------
    visit_nos
        The visits' own numbers, ascending.
    first_slot, last_slot
        Window of allowed starts, both included, in slots of the day; a window that lies outside
        the day has its first slot after its last.
    length_slots
        Length of the visit, slots.
    carers
        Carers needed at the same time.
    days
        ``[V, 7]``: whether the visit takes place on each day, Monday first.
    preferred_slot
        The start nearest to which the visit is put; read only where ``has_preference``.
    has_preference
        Whether a time was asked for, softly (S11) or critically (H5).
    is_critical
        Whether the time is a need, which is never moved (H5).
    """

    visit_nos: tuple[int, ...]
    first_slot: IntArray
    last_slot: IntArray
    length_slots: IntArray
    carers: IntArray
    days: BoolArray
    preferred_slot: IntArray
    has_preference: BoolArray
    is_critical: BoolArray

    def __len__(self) -> int:
        return len(self.visit_nos)

    @cached_property
    def share_day(self) -> BoolArray:
        """``[V, V]``: whether two visits take place on a day that they share."""
        return self.days @ self.days.T

    @cached_property
    def day_groups(self) -> tuple[tuple[int, ...], ...]:
        """Days folded together where the very same visits take place; empty days left out.

        The package uses the same carers at the same times on every day of a group, so it fits
        on all of them exactly when it fits on the smallest free capacity among them.
        """
        groups: dict[tuple[bool, ...], list[int]] = {}
        for day in range(DAYS_PER_WEEK):
            visits = tuple(self.days[:, day].tolist())
            if any(visits):
                groups.setdefault(visits, []).append(day)
        return tuple(tuple(days) for days in groups.values())

    @cached_property
    def visit_groups(self) -> tuple[tuple[int, ...], ...]:
        """For each visit the positions in ``day_groups`` of the groups it takes place on."""
        return tuple(
            tuple(g for g, days in enumerate(self.day_groups) if self.days[visit, days[0]])
            for visit in range(len(self))
        )


def compile_package(package: HomecarePackage, policy: Policy) -> PackageShape:
    """Return the shape of a package under a policy's bands and tolerance (H4, H5).

    Raises
    ------
    UnknownIdError
        If a visit names a band that the policy does not have.
    """
    visits = sorted(package.visits, key=lambda visit: visit.visit_no)
    windows = [_window(visit, policy) for visit in visits]
    days = np.zeros((len(visits), DAYS_PER_WEEK), dtype=np.bool_)
    for row, visit in enumerate(visits):
        days[row, [day.number for day in visit.days]] = True
    return PackageShape(
        visit_nos=tuple(visit.visit_no for visit in visits),
        first_slot=_slots([first for first, _ in windows]),
        last_slot=_slots([last for _, last in windows]),
        length_slots=_slots([visit.minutes // GRID_MINUTES for visit in visits]),
        carers=_slots([visit.carers for visit in visits]),
        days=days,
        preferred_slot=_slots([(visit.at_minute or 0) // GRID_MINUTES for visit in visits]),
        has_preference=_flags([visit.time_need is not TimeNeed.NONE for visit in visits]),
        is_critical=_flags([visit.time_need is TimeNeed.CRITICAL for visit in visits]),
    )


def _slots(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int16)


def _flags(values: list[bool]) -> BoolArray:
    return np.array(values, dtype=np.bool_)


def _window(visit: Visit, policy: Policy) -> tuple[int, int]:
    if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
        tolerance = visit.tolerance_minutes
        if tolerance is None:
            tolerance = policy.times.critical_tolerance_minutes.value
        start, end = visit.at_minute - tolerance, visit.at_minute + tolerance
    else:
        band = policy.bands.get(visit.band or "")
        if band is None:
            raise UnknownIdError(
                f"Visit {visit.visit_no} names the band {visit.band!r}; "
                f"the policy has {', '.join(sorted(policy.bands))}.",
                thing=f"visit {visit.visit_no}",
                value=visit.band,
                expected="one of " + ", ".join(sorted(policy.bands)),
            )
        start, end = band.start_minute, band.end_minute
    # Rounded inwards, so that a tolerance off the grid is never exceeded.
    return max(-(-start // GRID_MINUTES), 0), min(end // GRID_MINUTES, SLOTS_PER_DAY - 1)

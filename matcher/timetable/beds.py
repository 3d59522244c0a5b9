"""Beds on the calendar: on which day somebody could be admitted, for good or for some nights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from matcher.calendar import working_days
from matcher.model import Placement
from matcher.timetable.shape import BoolArray, IntArray

LONGEST_REST = 7
"""Days within which there always is a working day: Christmas and Easter last four or five."""


@dataclass(frozen=True)
class BedWindow:
    """When somebody may be admitted, in days counted from the book's ``as_of``.

    Parameters
    ----------
    first_day, last_day
        Days of admission allowed, both included; none when the first lies after the last.
    nights
        Length of a respite stay; ``None`` for a bed for good.
    soonest_day
        Day before which a home cannot admit at all, whatever is asked.
    working_since
        The book's ``as_of`` where the home admits on working days only; ``None`` where every day
        will do.
    """

    first_day: int
    last_day: int
    nights: int | None = None
    soonest_day: int = 0
    working_since: date | None = None

    def admits(self, first_day: int, last_day: int) -> BoolArray:
        """Return whether the home admits at all on each day from a first to a last."""
        if self.working_since is None:
            return np.ones(max(last_day - first_day + 1, 0), dtype=np.bool_)
        return working_days(self.working_since, first_day, last_day)


@dataclass(frozen=True, eq=False)
class Admissions:
    """Earliest admissions at many homes.

    Parameters
    ----------
    ok
        ``[P]``: whether there is a day of admission.
    days
        ``[P]`` the earliest one, days from ``as_of``; only read where ``ok``.
    """

    ok: BoolArray
    days: IntArray


@dataclass(frozen=True)
class BedChange:
    """The day of admission nearest the window that would work.

    Parameters
    ----------
    day
        Day of admission, from ``as_of``.
    days_outside
        By how many days the window would have to be widened.
    """

    day: int
    days_outside: int


def compile_placement(
    placement: Placement,
    as_of: date,
    lead_days: int,
    horizon_days: int,
    *,
    at_weekends: bool = True,
) -> BedWindow:
    """Return the window of a placement as days from ``as_of``.

    Nobody is admitted before the lead time is over, nor at a weekend or on a bank holiday where
    the home does not admit then. Every night of a respite stay lies within
    the dates asked for, the last of which is the last night (H13). Where no last date is given,
    admission may be as late as the horizon; days beyond the horizon are all alike.

    Parameters
    ----------
    placement
        The bed asked for.
    as_of
        The day the book describes.
    lead_days
        Days the home needs before it can admit.
    horizon_days
        Days the calendar tells apart.
    at_weekends
        Whether the home admits at weekends and on bank holidays.
    """
    asked = 0 if placement.admit_from is None else (placement.admit_from - as_of).days
    first_day = max(asked, lead_days)
    last_day = max(horizon_days, first_day)
    if not at_weekends:
        first_day, last_day = (_working_day_from(as_of, day) for day in (first_day, last_day))
    if placement.admit_to is not None:
        last_night = (placement.admit_to - as_of).days
        # Of a stay, the last night counts; a bed for good is only begun within the window.
        last_day = min(last_day, last_night - (placement.nights or 1) + 1)
    working_since = None if at_weekends else as_of
    return BedWindow(first_day, last_day, placement.nights, lead_days, working_since)


def _working_day_from(as_of: date, day: int) -> int:
    """Return a day from ``as_of`` if it is a working day, else the next one."""
    return day + int(working_days(as_of, day, day + LONGEST_REST).argmax())


def window_days(calendars: IntArray, window: BedWindow) -> BoolArray:
    """Return whether admission works on each day of a window.

    Parameters
    ----------
    calendars
        ``[..., H + 1]`` vacancies each night from ``as_of``; the last entry holds for ever after.
    window
        When admission is allowed.

    Returns
    -------
    ndarray
        ``[..., last_day - first_day + 1]``
    """
    works = admission_days(calendars, window.first_day, window.last_day, window.nights)
    return works & window.admits(window.first_day, window.last_day)


def admission_days(
    calendars: IntArray, first_day: int, last_day: int, nights: int | None
) -> BoolArray:
    """Return whether admission works on each day from a first to a last, both included.

    Parameters
    ----------
    calendars
        ``[..., H + 1]`` vacancies each night from ``as_of``; the last entry holds for ever after.
    first_day, last_day
        Days of admission looked at, from ``as_of``; not negative.
    nights
        Length of the stay; ``None`` for a bed on every night from then on.

    Returns
    -------
    ndarray
        ``[..., last_day - first_day + 1]``
    """
    horizon = calendars.shape[-1] - 1
    if nights is None:
        days = np.minimum(np.arange(first_day, last_day + 1), horizon)
        vacant = calendars >= 1
        lasting = np.logical_and.accumulate(vacant[..., ::-1], axis=-1)[..., ::-1]
        return np.asarray(lasting[..., days], dtype=np.bool_)
    if last_day < first_day:
        return np.zeros((*calendars.shape[:-1], 0), dtype=np.bool_)
    columns = np.minimum(np.arange(first_day, last_day + nights), horizon)
    full = np.zeros((*calendars.shape[:-1], len(columns) + 1), dtype=np.int32)
    np.cumsum(calendars[..., columns] < 1, axis=-1, out=full[..., 1:])
    return np.asarray(full[..., nights:] == full[..., :-nights], dtype=np.bool_)


def earliest_admission(calendar: IntArray, window: BedWindow) -> int | None:
    """Return the earliest day of admission within the window, or ``None``.

    Parameters
    ----------
    calendar
        ``[H + 1]`` vacancies each night from ``as_of``; the last entry holds for ever after.
    window
        When admission is allowed.
    """
    works = window_days(calendar, window)
    return window.first_day + int(works.argmax()) if works.any() else None


def earliest_admissions(
    calendars: IntArray, window: BedWindow, soonest_days: IntArray | None = None
) -> Admissions:
    """Return the earliest day of admission at each of many homes.

    Parameters
    ----------
    calendars
        ``[P, H + 1]`` vacancies each night from ``as_of``; the last entry holds for ever after.
    window
        When admission is allowed.
    soonest_days
        ``[P]`` day before which each home cannot admit, where homes differ.
    """
    works = window_days(calendars, window)
    days = np.arange(window.first_day, window.first_day + works.shape[1])
    if soonest_days is not None:
        works = works & (days >= soonest_days[:, None])
    none = window.last_day + 1
    earliest = np.where(works, days, none).min(axis=1, initial=none)
    return Admissions(np.asarray(works.any(axis=1)), earliest)


def occupy_bed(calendar: IntArray, day: int, nights: int | None, sign: int = -1) -> IntArray:
    """Return a calendar with one bed taken out from a day on, or put back.

    Parameters
    ----------
    calendar
        ``[H + 1]`` vacancies each night; left as it is. The last entry holds for ever after: a
        stay that reaches beyond the horizon takes it, because later nights are not told apart.
    day
        Day of admission, from ``as_of``.
    nights
        Length of the stay; ``None`` for good.
    sign
        -1 takes the bed out, +1 puts it back.
    """
    horizon = len(calendar) - 1
    left = calendar.copy()
    end = horizon + 1 if nights is None else day + nights
    left[min(day, horizon) : end] += sign
    return left


def smallest_bed_change(calendar: IntArray, window: BedWindow) -> BedChange | None:
    """Return the day outside the window nearest to it on which admission would work.

    Earlier days count from the soonest on which the home can admit. Of two equally near the
    earlier is returned; ``None`` when no day works.

    Parameters
    ----------
    calendar
        ``[H + 1]`` vacancies each night from ``as_of``; the last entry holds for ever after.
    window
        When admission is allowed.
    """
    last = max(window.last_day + 1, window.first_day, len(calendar) - 1) + LONGEST_REST
    works = admission_days(calendar, window.soonest_day, last, window.nights)
    works &= window.admits(window.soonest_day, last)
    days = np.flatnonzero(works) + window.soonest_day
    # Where a window is too short for the stay, both ends may have to give way.
    outside = np.maximum(window.first_day - days, 0) + np.maximum(days - window.last_day, 0)
    days, outside = days[outside > 0], outside[outside > 0]
    if not len(days):
        return None
    nearest = int(outside.argmin())
    return BedChange(int(days[nearest]), int(outside[nearest]))

"""Working days in England and Wales: neither weekends nor bank holidays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, lru_cache

import holidays
import numpy as np
import numpy.typing as npt

SATURDAY = 5


def is_bank_holiday(day: date) -> bool:
    """Say whether a day is a bank holiday in England and Wales."""
    return day in _bank_holidays(day.year)


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Say whether a day is neither at a weekend nor a bank holiday in England and Wales."""
    return day.weekday() < SATURDAY and not is_bank_holiday(day)


@lru_cache(maxsize=4096)
def after_working_days(day: date, count: int) -> date:
    """Return the working day by which so many working days have passed after a day.

    The day itself does not count; none to wait for is the day itself, whatever day that is.

    Parameters
    ----------
    day
        The day from which is counted.
    count
        Working days, not negative.
    """
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


@lru_cache(maxsize=1024)
def working_days(since: date, first: int, last: int) -> npt.NDArray[np.bool_]:
    """Return whether each day from a first to a last, both included, is a working day.

    Parameters
    ----------
    since
        The day from which days are counted.
    first, last
        Days from then; days after the last one that a date can have count as that one.
    """
    numbers = range(since.toordinal() + first, since.toordinal() + last + 1)
    days = (date.fromordinal(min(number, date.max.toordinal())) for number in numbers)
    mask = np.fromiter(map(is_working_day, days), np.bool_)
    mask.flags.writeable = False  # kept, and so the same for everybody who asks
    return mask


@cache
def _bank_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG", years=year)

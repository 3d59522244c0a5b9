"""Tests of working days in England and Wales."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.calendar import (
    after_working_days,
    is_bank_holiday,
    is_working_day,
    working_days,
)

THURSDAY = date(2026, 4, 2)
"""The day before Good Friday."""


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 4, 2), True),
        (date(2026, 4, 3), False),  # why: Good Friday
        (date(2026, 4, 4), False),  # why: a Saturday
        (date(2026, 4, 5), False),  # why: Easter Sunday
        (date(2026, 4, 6), False),  # why: Easter Monday, no working day in England and Wales
        (date(2026, 4, 7), True),
        (date(2026, 12, 28), False),  # why: in place of Boxing Day, which is a Saturday
        (date(2026, 3, 17), True),  # St Patrick's Day is kept in Northern Ireland
        (date(2026, 8, 3), True),  # the summer bank holiday of Scotland
    ],
)
def test_weekends_and_bank_holidays_are_no_working_days(day: date, expected: bool) -> None:
    """Dates from gov.uk/bank-holidays."""
    assert is_working_day(day) is expected
    assert is_bank_holiday(day) is (not expected and day.weekday() < 5)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, THURSDAY),
        (1, date(2026, 4, 7)),
        (3, date(2026, 4, 9)),
        (8, date(2026, 4, 16)),
    ],
)
def test_easter_is_jumped_over(count: int, expected: date) -> None:
    """Three working days from the Thursday before Easter end a week later."""
    assert after_working_days(THURSDAY, count) == expected


def test_no_notice_is_over_at_once_whatever_the_day() -> None:
    """Nothing to wait for is over on the day itself, a Sunday as well."""
    assert after_working_days(date(2026, 4, 5), 0) == date(2026, 4, 5)


@given(since=st.dates(date(2020, 1, 1), date(2030, 1, 1)), count=st.integers(0, 40))
def test_so_many_working_days_lie_between(since: date, count: int) -> None:
    """Of the days after the first up to the one returned, exactly so many are working days."""
    until = after_working_days(since, count)
    mask = working_days(since, 1, (until - since).days)
    assert int(mask.sum()) == count
    assert count == 0 or mask[-1]
    assert mask.tolist() == [
        is_working_day(since + timedelta(days=n)) for n in range(1, (until - since).days + 1)
    ]


def test_days_after_the_last_there_is_are_like_it() -> None:
    """A calendar that reaches beyond the last date is no error."""
    assert working_days(date.max, 0, 3).tolist() == [is_working_day(date.max)] * 4

"""The bed calendar: admission for good and for respite, worked by hand and against brute force."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.calendar import is_working_day
from matcher.model import Placement
from matcher.timetable import (
    BedChange,
    BedWindow,
    admission_days,
    compile_placement,
    earliest_admission,
    earliest_admissions,
    occupy_bed,
    smallest_bed_change,
    window_days,
)
from matcher.timetable.shape import IntArray

AS_OF = date(2026, 6, 1)
calendars = st.lists(st.integers(-1, 2), min_size=1, max_size=12).map(np.array)
lengths = st.none() | st.integers(1, 5)


@st.composite
def windows(draw: st.DrawFn) -> BedWindow:
    """Draw a window as the compiler makes them: never before the soonest day."""
    soonest = draw(st.integers(0, 3))
    first = soonest + draw(st.integers(0, 14))
    since = draw(st.sampled_from([None, AS_OF, date(2026, 4, 1)]))
    return BedWindow(first, first + draw(st.integers(-6, 8)), draw(lengths), soonest, since)


def admits(window: BedWindow, day: int) -> bool:
    """Say whether the home admits at all on a day, looked up day by day (the oracle)."""
    since = window.working_since
    return since is None or is_working_day(since + timedelta(days=day))


def works(calendar: IntArray, day: int, nights: int | None) -> bool:
    """Say night by night whether somebody could be admitted on a day (the oracle)."""
    horizon = len(calendar) - 1
    until = max(day, horizon) + 1 if nights is None else day + nights
    return all(calendar[min(night, horizon)] >= 1 for night in range(day, until))


@pytest.mark.parametrize(
    ("placement", "window"),
    [
        # For good, with no dates: from the lead time on, up to the horizon.
        (Placement(), BedWindow(3, 60, None, 3)),
        (Placement(admit_from=date(2026, 6, 11)), BedWindow(10, 60, None, 3)),
        (Placement(admit_to=date(2026, 6, 11)), BedWindow(3, 10, None, 3)),
        # Asked from yesterday on: the home still needs its three days.
        (Placement(admit_from=date(2026, 5, 31)), BedWindow(3, 60, None, 3)),
        # Beyond the horizon all days are alike, so one of them stands for all.
        (Placement(admit_from=date(2026, 9, 9)), BedWindow(100, 100, None, 3)),
        (Placement(admit_to=date(2027, 9, 9)), BedWindow(3, 60, None, 3)),
        # Seven nights within 11th-17th: the 11th only. Within 11th-20th: the 11th to the 14th.
        (
            Placement(nights=7, admit_from=date(2026, 6, 11), admit_to=date(2026, 6, 17)),
            BedWindow(10, 10, 7, 3),
        ),
        (
            Placement(nights=7, admit_from=date(2026, 6, 11), admit_to=date(2026, 6, 20)),
            BedWindow(10, 13, 7, 3),
        ),
        # One night short: no day at all.
        (
            Placement(nights=7, admit_from=date(2026, 6, 11), admit_to=date(2026, 6, 16)),
            BedWindow(10, 9, 7, 3),
        ),
        (Placement(nights=7), BedWindow(3, 60, 7, 3)),
    ],
)
def test_compile_counts_days_from_the_book(placement: Placement, window: BedWindow) -> None:
    """Dates become days from ``as_of``, the last night included (H13)."""
    assert compile_placement(placement, AS_OF, 3, 60) == window


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        ([1, 1, 1, 1], 1),  # always a bed: the first day of the window
        ([1, 1, 0, 1], 3),  # taken on night 2, so only from then on
        ([1, 1, 1, 0], None),  # no bed for ever after
        ([0, 0, 0, 1], 3),  # only just: the last day of the window
    ],
)
def test_a_bed_for_good_is_free_on_every_night_to_come(
    calendar: list[int], expected: int | None
) -> None:
    """A long-term bed must be there from the day of admission on, for ever."""
    assert earliest_admission(np.array(calendar), BedWindow(1, 3)) == expected


@pytest.mark.parametrize(
    ("nights", "last_day", "expected"),
    [
        (1, 5, 1),
        (2, 5, 1),
        (3, 5, 4),  # nights 1-2 are too few; from night 4 on there is always a bed
        (3, 4, 4),  # only just
        (3, 3, None),
    ],
)
def test_respite_needs_consecutive_nights(nights: int, last_day: int, expected: int | None) -> None:
    """Every night of a stay needs a bed, one after another."""
    calendar = np.array([0, 1, 1, 0, 1, 2, 1])
    assert earliest_admission(calendar, BedWindow(1, last_day, nights)) == expected


def test_a_stay_beyond_the_horizon_uses_what_holds_for_ever() -> None:
    """Nights that the calendar no longer tells apart are read from its last entry."""
    window = BedWindow(2, 2, 9)
    assert earliest_admission(np.array([0, 0, 1, 1]), window) == 2
    assert earliest_admission(np.array([0, 0, 1, 0]), window) is None
    assert earliest_admission(np.array([0, 0, 0, 1]), BedWindow(40, 40)) == 40


def test_homes_need_different_lead_times() -> None:
    """Each home admits no sooner than it can."""
    always = np.ones((3, 6), dtype=np.int16)
    found = earliest_admissions(always, BedWindow(1, 4), np.array([0, 3, 5]))
    assert found.ok.tolist() == [True, True, False]
    assert found.days[:2].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("calendar", "window", "expected"),
    [
        ([1, 1, 0, 0, 1, 1], BedWindow(2, 3), BedChange(4, 1)),  # a day later
        ([1, 1, 1, 0, 0, 1], BedWindow(3, 3, 1), BedChange(2, 1)),  # a day earlier
        ([1, 1, 1, 0, 1, 1], BedWindow(3, 3, 1), BedChange(2, 1)),  # a tie: the earlier
        ([1, 1, 1, 0, 1, 1], BedWindow(3, 3, 1, 3), BedChange(4, 1)),  # earlier is too soon
        ([1, 1, 1, 0, 0, 0], BedWindow(3, 3), None),  # never for good
        ([1, 1, 1, 1, 1, 1], BedWindow(2, 1, 3), BedChange(1, 1)),  # a window one night too short
    ],
)
def test_nearest_day_outside_the_window(
    calendar: list[int], window: BedWindow, expected: BedChange | None
) -> None:
    """The change proposed is the smallest that works, in days."""
    assert smallest_bed_change(np.array(calendar), window) == expected


def test_occupy_takes_the_nights_of_the_stay() -> None:
    """A stay takes its nights, a bed for good takes them all, and both can be undone."""
    calendar = np.array([2, 2, 2, 2])
    assert occupy_bed(calendar, 1, 2).tolist() == [2, 1, 1, 2]
    assert occupy_bed(calendar, 1, None).tolist() == [2, 1, 1, 1]
    assert occupy_bed(calendar, 2, 5).tolist() == [2, 2, 1, 1]  # reaches beyond the horizon
    assert occupy_bed(calendar, 9, 1).tolist() == [2, 2, 2, 1]  # wholly beyond it
    assert calendar.tolist() == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("placement", "window"),
    [
        # why: the first of June 2026 is a Monday, so day 12 a Saturday and day 60 a Friday
        (Placement(), BedWindow(3, 60, None, 3, AS_OF)),
        (Placement(admit_from=date(2026, 6, 13)), BedWindow(14, 60, None, 3, AS_OF)),
        (Placement(admit_to=date(2026, 6, 14)), BedWindow(3, 13, None, 3, AS_OF)),
        (Placement(admit_from=date(2026, 9, 12)), BedWindow(105, 105, None, 3, AS_OF)),
    ],
)
def test_a_home_that_rests_at_weekends_admits_from_the_next_working_day(
    placement: Placement, window: BedWindow
) -> None:
    """The window begins on a working day, also where it begins beyond the horizon."""
    assert compile_placement(placement, AS_OF, 3, 60, at_weekends=False) == window


def test_the_last_day_told_apart_is_a_working_day() -> None:
    """A bed that frees on the last Saturday of the horizon takes somebody on the Monday after."""
    window = compile_placement(Placement(), AS_OF, 0, 5, at_weekends=False)
    assert window.last_day == 7
    assert earliest_admission(np.array([0, 0, 0, 0, 0, 1]), window) == 7


@given(calendars, windows())
def test_days_agree_with_counting_night_by_night(calendar: IntArray, window: BedWindow) -> None:
    """Days of admission, the earliest, and the many-homes form all match the oracle."""
    days = range(window.first_day, window.last_day + 1)
    expected = [works(calendar, day, window.nights) for day in days]
    found = admission_days(calendar, window.first_day, window.last_day, window.nights)
    assert found.tolist() == expected
    expected = [fits and admits(window, day) for day, fits in zip(days, expected, strict=True)]
    assert window_days(calendar, window).tolist() == expected
    earliest = next((day for day, fits in zip(days, expected, strict=True) if fits), None)
    assert earliest_admission(calendar, window) == earliest
    many = earliest_admissions(np.stack([calendar, calendar * 0, calendar]), window)
    assert many.ok.tolist() == [earliest is not None, False, earliest is not None]
    if earliest is not None:
        assert many.days[[0, 2]].tolist() == [earliest, earliest]


@given(calendars, windows())
def test_smallest_change_agrees_with_trying_every_day(
    calendar: IntArray, window: BedWindow
) -> None:
    """No nearer day outside the window would work, and none is missed."""
    tried = [
        (max(window.first_day - day, 0) + max(day - window.last_day, 0), day)
        for day in range(window.soonest_day, 60)
        if works(calendar, day, window.nights) and admits(window, day)
    ]
    outside = [pair for pair in tried if pair[0] > 0]
    change = smallest_bed_change(calendar, window)
    assert (change and (change.days_outside, change.day)) == min(outside, default=None)


@given(calendars, st.integers(0, 20), lengths)
def test_occupying_a_bed_round_trips_and_never_oversells(
    calendar: IntArray, day: int, nights: int | None
) -> None:
    """A stay works exactly when its nights can give a bed, and can be undone."""
    left = occupy_bed(calendar, day, nights)
    assert (occupy_bed(left, day, nights, sign=1) == calendar).all()
    assert (left[left != calendar] >= 0).all() == works(calendar, day, nights)

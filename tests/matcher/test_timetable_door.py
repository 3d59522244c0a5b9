"""A person has one visit at a time: hand-worked cases with carers to spare."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from matcher.errors import MatcherError
from matcher.model import Visit
from matcher.timetable import (
    SLOTS_PER_DAY,
    TimeChange,
    blocking_units,
    can_schedule,
    find_times,
    smallest_change,
    start_ranges,
    times_many,
    ways_of,
)
from matcher.timetable.shape import IntArray
from matcher.vocabulary import Day, TimeNeed
from tests.builders import early_shape as shape_of

# morning 07:00-10:30; tolerance 15 minutes. Each band is
# best at its beginning.
EVERY_DAY = tuple(Day)


def slot(clock: str) -> int:
    """Return the slot in which a time such as 07:35 stands."""
    hours, minutes = clock.split(":")
    return int(hours) * 12 + int(minutes) // 5


def clocks(starts: Sequence[int] | None) -> list[str] | None:
    """Return start slots as times of day."""
    return None if starts is None else [f"{s // 12:02d}:{s % 12 * 5:02d}" for s in starts]


def visit(number: int = 1, band: str | None = "morning", minutes: int = 30, **more: Any) -> Visit:
    """Build a visit, on every day unless told otherwise."""
    days = more.pop("days", EVERY_DAY)
    return Visit(visit_no=number, band=band, minutes=minutes, days=days, **more)


def critical(number: int, at: str, minutes: int = 30, **more: Any) -> Visit:
    """Build a visit whose time is a need."""
    at_minute = slot(at) * 5
    return visit(number, None, minutes, time_need=TimeNeed.CRITICAL, at_minute=at_minute, **more)


def week(*rows: tuple[str, str, int], days: Sequence[int] = range(7)) -> IntArray:
    """Build a week of free carers from rows of start, end and carers."""
    free = np.zeros((7, SLOTS_PER_DAY), dtype=np.int16)
    for start, end, carers in rows:
        for day in days:
            free[day, slot(start) : slot(end)] += carers
    return free


PREFERRED_0800 = visit(1, time_need=TimeNeed.PREFERRED, at_minute=480)
FIXED_0800 = critical(2, "08:00", tolerance_minutes=0)


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ((visit(1), visit(2)), ["07:00", "07:30"]),  # touching is enough
        ((visit(1, carers=2), visit(2)), ["07:00", "07:30"]),  # a double-up is one visit
        ((PREFERRED_0800, FIXED_0800), ["07:30", "08:00"]),  # gives way to the need
        ((FIXED_0800, PREFERRED_0800.model_copy(update={"visit_no": 3})), ["08:00", "07:30"]),
        ((critical(1, "08:00"), critical(2, "08:00")), ["07:45", "08:15"]),  # only just
        ((critical(1, "08:00", tolerance_minutes=10), critical(2, "08:00")), None),  # 25 minutes
        ((FIXED_0800, critical(3, "08:25", tolerance_minutes=0)), None),  # five minutes too soon
        ((critical(1, "08:00", minutes=60), visit(2)), ["08:00", "07:00"]),
        ((visit(1, minutes=150), visit(2, minutes=90), visit(3)), ["07:00", "10:00", "09:30"]),
        # The last must start by 10:30, three hours and a half after 07:00: only just, and not.
        ((visit(1, minutes=105), visit(2, minutes=105), visit(3)), ["07:00", "08:45", "10:30"]),
        ((visit(1, minutes=110), visit(2, minutes=110), visit(3, minutes=110)), None),
    ],
)
def test_a_person_has_one_visit_at_a_time(
    visits: tuple[Visit, ...], expected: list[str] | None
) -> None:
    """Visits follow one another at the door, though carers for all at once are free."""
    shape, free = shape_of(*visits), week(("06:00", "14:00", 4))
    assert clocks(find_times(free, shape, 3)) == expected
    assert can_schedule(free, shape, 3) is (expected is not None)
    many = times_many(free[None], shape, np.array([3]))
    assert [clocks(row) for row in many.starts[many.ok].tolist()] == [expected] * many.ok.sum()
    assert many.ok.tolist() == [expected is not None]
    assert blocking_units(free, shape, 3) == ()


def test_visits_on_different_days_do_not_meet_at_the_door() -> None:
    """Only a day that two visits share keeps them apart."""
    monday = FIXED_0800.model_copy(update={"visit_no": 1, "days": (Day.MON,)})
    weekend = FIXED_0800.model_copy(update={"days": (Day.SAT, Day.SUN)})
    free = week(("07:00", "12:00", 2))
    assert clocks(find_times(free, shape_of(monday, weekend), 2)) == ["08:00", "08:00"]
    shared = weekend.model_copy(update={"days": (Day.MON, Day.SUN)})
    assert find_times(free, shape_of(monday, shared), 2) is None


def test_travel_of_a_second_carer_may_overlap_the_first_visit() -> None:
    """One carer can be on the way while another is with the person; one alone cannot be both."""
    shape = shape_of(visit(1), visit(2))
    both = week(("06:30", "08:00", 1), ("07:00", "08:00", 1))
    # Busy 06:30-07:30 and 07:00-08:00: two carers from 07:00 on, and one before.
    assert clocks(find_times(both, shape, 6)) == ["07:00", "07:30"]
    assert find_times(week(("06:30", "08:00", 1)), shape, 6) is None


def test_ranges_never_reach_over_another_visit() -> None:
    """However many carers are free, a range ends where another visit of the person begins (S8)."""
    shape = shape_of(visit(1), visit(2, minutes=45), visit(3, days=(Day.TUE,)))
    free = week(("06:00", "15:00", 5))
    starts = (slot("07:30"), slot("08:30"), slot("10:00"))
    # The first may end as the second begins; the second lies between the two on Tuesdays.
    assert [clocks(pair) for pair in start_ranges(free, shape, 2, starts)] == [
        ["07:00", "08:00"],
        ["08:00", "09:15"],
        ["09:15", "10:30"],
    ]
    with pytest.raises(MatcherError, match="Visit 1 does not fit at slot 97"):
        start_ranges(free, shape, 2, (slot("08:05"), *starts[1:]))


def test_smallest_change_keeps_visits_apart_at_the_door() -> None:
    """A visit is moved beside the others of the person, not onto them."""
    needs = [
        critical(n, clock, 60, tolerance_minutes=0) for n, clock in ((2, "07:00"), (3, "11:00"))
    ]
    shape = shape_of(visit(1, minutes=210), *needs)
    # 08:00-11:00 is too short for three hours and a half; 12:00 is 90 minutes after the band,
    # 03:30 is 210 before it.
    assert smallest_change(week(("00:00", "24:00", 3)), shape, 0) == TimeChange(0, 144, 90)
    assert find_times(week(("00:00", "24:00", 3)), shape_of(visit(1, minutes=180), *needs), 0)


def test_nothing_is_kept_of_a_package_that_nobody_asks_about_any_more() -> None:
    """What is known of a shape goes with it: a service that runs for months must not fill up."""
    shape = replace(shape_of(visit(1), visit(2)), soft_gap_slots=6)
    assert len(ways_of(shape)) == 2
    forgotten = weakref.ref(shape)
    del shape
    gc.collect()
    assert forgotten() is None

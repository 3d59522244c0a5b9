"""Linked visits and prescribed gaps as people mean them: hand-worked cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from matcher.model import HomecarePackage, Visit
from matcher.policy import default_policy
from matcher.timetable import (
    SLOTS_PER_DAY,
    PackageShape,
    blocking_units,
    can_schedule,
    compile_package,
    find_times,
    gap_warnings,
    smallest_change,
    start_ranges,
    times_many,
)
from matcher.timetable.shape import IntArray
from matcher.vocabulary import Day, TimeNeed
from tests.builders import council_policy

POLICY = default_policy()
EVERY_DAY = tuple(Day)


def slot(clock: str) -> int:
    """Return the slot in which a time such as 07:35 stands."""
    hours, minutes = clock.split(":")
    return int(hours) * 12 + int(minutes) // 5


def clocks(starts: Sequence[int]) -> list[str]:
    """Return start slots as times of day."""
    return [f"{s // 12:02d}:{s % 12 * 5:02d}" for s in starts]


def visit(number: int = 1, band: str | None = "morning", minutes: int = 30, **more: Any) -> Visit:
    """Build a visit, on every day unless told otherwise."""
    days = more.pop("days", EVERY_DAY)
    return Visit(visit_no=number, band=band, minutes=minutes, days=days, **more)


def shape_of(*visits: Visit) -> PackageShape:
    """Compile visits under the default policy."""
    return compile_package(HomecarePackage(visits=visits), POLICY)


def week(*rows: tuple[str, str, int]) -> IntArray:
    """Build a week of free carers from rows of start, end and carers."""
    free = np.zeros((7, SLOTS_PER_DAY), dtype=np.int16)
    for start, end, carers in rows:
        free[:, slot(start) : slot(end)] += carers
    return free


def found(free: IntArray, shape: PackageShape, travel: int = 1) -> list[str] | None:
    """Return the start of every visit, which the array form finds too."""
    starts = find_times(free, shape, travel)
    many = times_many(free[None], shape, np.array([travel]))
    assert many.ok[0] == (starts is not None) == can_schedule(free, shape, travel)
    if starts is None:
        return None
    assert tuple(many.starts[0].tolist()) == starts
    return clocks(shape.visit_starts(np.array(starts)).tolist())


ALL_DAY = week(("06:00", "24:00", 20))


# -- the times that people would choose ----------------------------------------------------------


def test_four_calls_a_day_come_at_their_ideal_times() -> None:
    """With carers free all day nobody is put to bed at seven."""
    shape = shape_of(*(visit(n, band) for n, band in enumerate(POLICY.bands, start=1)))
    assert found(ALL_DAY, shape) == ["08:30", "12:30", "17:00", "20:30"]


def test_a_band_without_an_ideal_is_best_in_its_middle() -> None:
    """The middle of 07:00 to 10:25 is 08:42, on the grid 08:40."""
    policy = council_policy(bands={"early": ("07:00", "10:25")})
    shape = compile_package(HomecarePackage(visits=(visit(1, "early"),)), policy)
    assert found(ALL_DAY, shape) == ["08:40"]


def test_visits_that_share_a_band_share_it_out() -> None:
    """Two morning visits have a half of the band each; on other days each has all of it."""
    assert found(ALL_DAY, shape_of(visit(1), visit(2))) == ["07:50", "09:35"]
    apart = (visit(1, days=(Day.MON,)), visit(2, days=(Day.TUE,)))
    assert found(ALL_DAY, shape_of(*apart)) == ["08:30", "08:30"]
    asked = visit(1, time_need=TimeNeed.PREFERRED, at_minute=7 * 60)
    assert found(ALL_DAY, shape_of(asked, visit(2))) == ["07:00", "08:30"]


def test_the_nearest_time_that_the_calendar_allows_is_offered() -> None:
    """Carers free from 09:30 make it 09:35, and until 08:00 make it 07:30."""
    assert found(week(("09:30", "12:00", 1)), shape_of(visit())) == ["09:35"]
    assert found(week(("06:00", "08:00", 1)), shape_of(visit())) == ["07:30"]


# -- linked visits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carers", "expected"),
    [
        ([("07:00", "11:00", 2)], ["08:30", "08:30"]),  # trivially
        ([("07:00", "11:00", 1)], None),  # one carer only at any time
        # Two at once between 07:55 and 08:30, travel included: only just.
        ([("07:00", "11:00", 1), ("07:55", "08:30", 1)], ["08:00", "08:00"]),
        ([("07:00", "11:00", 1), ("07:55", "08:25", 1)], None),  # five minutes short
    ],
)
def test_a_second_carer_for_part_of_a_call(
    carers: list[tuple[str, str, int]], expected: list[str] | None
) -> None:
    """Both start together, and where only one carer is free they cannot."""
    shape = shape_of(visit(1, minutes=60), visit(2, with_visit=1))
    assert found(week(*carers), shape) == expected
    assert blocking_units(week(*carers), shape, 1) == (() if expected else (0,))


def test_without_a_link_two_visits_of_a_band_stay_apart() -> None:
    """Only the link brings the second carer at the same time."""
    both = found(week(("07:00", "11:00", 2)), shape_of(visit(1, minutes=60), visit(2)))
    # An hour's gap is kept between them; each is less than a step from its own 07:50 and 09:35.
    assert both == ["07:45", "09:45"]


def test_right_after_the_carer_who_is_there_stays_on() -> None:
    """One carer serves both in a row, without travel in between."""
    shape = shape_of(visit(1, minutes=45), visit(2, after_visit=1))
    assert found(week(("08:25", "09:45", 1)), shape) == ["08:30", "09:15"]
    assert found(week(("08:25", "09:40", 1)), shape) is None


def test_right_after_a_carer_more_has_to_travel() -> None:
    """The first stays on and a second one comes, on the way while the first visit lasts."""
    shape = shape_of(visit(1, minutes=45), visit(2, after_visit=1, carers=2))
    assert not shape.only_gets_easier
    assert found(week(("08:25", "09:45", 1), ("09:10", "09:45", 1)), shape) == ["08:30", "09:15"]
    assert found(week(("08:25", "09:45", 1), ("09:15", "09:45", 1)), shape) is None


def test_a_linked_visit_on_some_days_only() -> None:
    """The start is the same on all days; the second carer is needed on Monday alone."""
    free = week(("07:00", "11:00", 1))
    shape = shape_of(visit(1, minutes=60), visit(2, with_visit=1, days=(Day.MON,)))
    assert found(free, shape) is None
    free[0, slot("09:25") : slot("10:00")] += 1
    assert found(free, shape) == ["09:30", "09:30"]


def test_windows_of_linked_visits_are_cut_to_what_both_allow() -> None:
    """A critical visit times its companion, and one that must follow keeps its own band."""
    need = visit(1, None, time_need=TimeNeed.CRITICAL, at_minute=8 * 60, tolerance_minutes=0)
    assert found(ALL_DAY, shape_of(need, visit(2, with_visit=1))) == ["08:00", "08:00"]
    long = visit(1, minutes=120)
    after = shape_of(long, visit(2, "lunch", after_visit=1))
    assert found(ALL_DAY, after) == ["09:30", "11:30"]
    assert found(ALL_DAY, shape_of(visit(1, minutes=30), visit(2, "lunch", after_visit=1))) is None


def test_linked_visits_move_together() -> None:
    """What could start when, and what would help, holds for both at once."""
    shape = shape_of(visit(1, minutes=60), visit(2, with_visit=1))
    free = week(("08:00", "10:00", 2))
    assert start_ranges(free, shape, 1, (slot("08:30"),)) == ((slot("08:05"), slot("09:00")),)
    change = smallest_change(week(("10:45", "12:00", 2)), shape, 1)
    assert change is not None
    assert (clocks([change.start_slot]), change.minutes_beyond) == (["10:50"], 20)


# -- gaps ----------------------------------------------------------------------------------------


def dose(number: int, band: str, **gap: int) -> Visit:
    """Build a visit at which something is taken that keeps a gap from visit 1."""
    return visit(number, band, gap_from=1, reason="doses as prescribed", **gap)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("07:00", ["08:30", "12:30"]),  # trivially: the ideal times are four hours apart
        ("09:25", ["09:30", "13:30"]),  # the second gives way
        ("09:55", ["10:00", "14:00"]),  # only just
        ("10:00", None),  # 10:05 and 14:00 are five minutes short
    ],
)
def test_a_prescribed_least_gap_is_hard(start: str, expected: list[str] | None) -> None:
    """Four hours from dose to dose, measured from start to start."""
    shape = shape_of(visit(1), dose(2, "lunch", least_gap_minutes=240))
    assert found(week((start, "16:00", 3)), shape) == expected


@pytest.mark.parametrize(
    ("most", "expected"),
    [(240, ["08:30", "12:30"]), (180, ["08:35", "11:35"]), (120, ["09:35", "11:35"]), (55, None)],
)
def test_a_prescribed_most_gap_is_hard(most: int, expected: list[str] | None) -> None:
    """Visits move towards each other until the most is kept; the bands leave an hour at least."""
    shape = shape_of(visit(1), dose(2, "lunch", most_gap_minutes=most))
    assert found(ALL_DAY, shape) == expected


def test_a_prescribed_gap_lies_either_way() -> None:
    """In one band whichever comes first, the other keeps its distance."""
    need = visit(1, None, time_need=TimeNeed.CRITICAL, at_minute=600, tolerance_minutes=0)
    assert found(ALL_DAY, shape_of(need, dose(2, "morning", least_gap_minutes=120))) == [
        *("10:00", "08:00")
    ]


def test_ranges_and_changes_keep_prescribed_gaps() -> None:
    """A visit may not be moved nearer, nor farther, than its gap allows."""
    shape = shape_of(visit(1), dose(2, "lunch", least_gap_minutes=240, most_gap_minutes=270))
    starts = (slot("08:30"), slot("12:30"))
    ranges = start_ranges(ALL_DAY, shape, 1, starts)
    assert [clocks(pair) for pair in ranges] == [["08:00", "08:30"], ["12:30", "13:00"]]
    late = week(("10:00", "10:40", 1), ("11:30", "18:00", 1))
    change = smallest_change(late, shape, 1)
    assert change is not None
    # 10:05 and 14:05: the second one five minutes after its band.
    assert (change.unit, clocks([change.start_slot]), change.minutes_beyond) == (1, ["14:05"], 5)


def test_the_soft_gap_gives_way_with_a_word() -> None:
    """Tea at 18:05 at the earliest and bed by 19:15 at the latest: no hour lies between."""
    visits = (visit(1, "tea"), visit(2, "bed"))
    starts = found(week(("18:00", "19:45", 1)), shape_of(*visits))
    assert starts == ["18:05", "19:15"]
    told = gap_warnings(visits, {1: 18 * 60 + 5, 2: 19 * 60 + 15}, POLICY)
    assert told == (
        "bed visit 2 starts 40 minutes after tea visit 1 ends: less than the least gap of "
        "60 minutes",
    )


def test_the_soft_gap_is_kept_where_it_can_be() -> None:
    """Carers from 18:00: the ideal bed time is near enough, but tea is not put beside it."""
    visits = (visit(1, "tea"), visit(2, "bed"))
    starts = found(week(("18:00", "21:00", 1)), shape_of(*visits))
    assert starts == ["18:05", "20:30"]
    assert gap_warnings(visits, {1: 18 * 60 + 5, 2: 20 * 60 + 30}, POLICY) == ()


def test_warnings_name_only_gaps_that_nobody_asked_for() -> None:
    """Linked visits and prescribed gaps are as they should be; a policy may set a most."""
    linked = (visit(1), visit(2, after_visit=1))
    assert gap_warnings(linked, {1: 480, 2: 510}, POLICY) == ()
    prescribed = (visit(1), dose(2, "morning", least_gap_minutes=45))
    assert gap_warnings(prescribed, {1: 480, 2: 525}, POLICY) == ()
    longest = council_policy(times__most_gap_minutes=300)
    critical = visit(2, None, time_need=TimeNeed.CRITICAL, at_minute=900)
    assert gap_warnings((visit(1), critical), {1: 480, 2: 900}, longest) == (
        "visit 2 starts 390 minutes after morning visit 1 ends: more than the most gap of "
        "300 minutes",
    )

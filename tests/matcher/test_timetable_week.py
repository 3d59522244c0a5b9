"""Hand-worked cases of the week: start times, what could move and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from matcher.errors import MatcherError
from matcher.model import Visit
from matcher.policy import parse_policy
from matcher.timetable import (
    SLOTS_PER_DAY,
    TimeChange,
    blocking_units,
    can_schedule,
    find_times,
    occupy,
    smallest_change,
    start_masks,
    start_ranges,
    times_many,
)
from matcher.timetable.shape import IntArray
from matcher.vocabulary import Day, TimeNeed
from tests.builders import early_shape as shape_of

# morning 07:00-10:30, lunch 11:30-14:00, tea 16:00-18:30, bed 19:00-22:00; tolerance 15 minutes.
# Times are as early as can be where none is asked for.
ALL_DAY = parse_policy(
    '[bands]\nmorning = { start = "00:00", end = "23:55", from = 2026-01-01, assumed = true }'
)
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


def test_critical_time_just_before_midnight_has_no_start() -> None:
    """A visit that would end after midnight has no start, and a critical one is never moved."""
    shape = shape_of(visit(1), critical(2, "23:55", tolerance_minutes=0))
    free = week(("00:00", "24:00", 9))
    assert find_times(free, shape, 0) is None
    assert blocking_units(free, shape, 0) == (1,)
    assert not times_many(free[None], shape, np.array([0])).ok[0]
    assert smallest_change(free, shape, 0) is None


def test_nothing_asked_always_fits_and_nobody_asked_gives_no_answer() -> None:
    """No visits need no carers; no providers give no times."""
    shape = shape_of()
    free = week()
    assert find_times(free, shape, 2) == ()
    many = times_many(np.stack([free, free]), shape, np.array([0, 3]))
    assert many.ok.tolist() == [True, True]
    assert many.starts.shape == (2, 0)
    assert start_masks(free, shape, 1).shape == (0, SLOTS_PER_DAY)
    nobody = times_many(np.zeros((0, 7, 288), dtype=np.int16), shape_of(visit()), np.array([]))
    assert nobody.starts.shape == (0, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("06:00", "12:00", 1)], ["07:00"]),  # trivially
        ([("08:00", "08:40", 1)], ["08:10"]),  # only just: 10 minutes' travel and 30 of visit
        ([("08:00", "08:35", 1)], None),  # five minutes short
        ([("08:00", "08:20", 1), ("08:25", "08:45", 1)], None),  # a hole in between
        ([("10:20", "11:00", 1)], ["10:30"]),  # starts with the band's end, which is included
        ([("10:25", "12:00", 1)], None),  # could only start at 10:35
        ([("06:50", "07:30", 1)], ["07:00"]),  # travels before the band begins
    ],
)
def test_one_visit_needs_its_travel_and_its_minutes(
    rows: list[tuple[str, str, int]], expected: list[str] | None
) -> None:
    """A carer is busy from the travel before a visit to its end, without a gap."""
    assert clocks(find_times(week(*rows), shape_of(visit()), 2)) == expected


@pytest.mark.parametrize(("at", "expected"), [("00:10", "00:10"), ("23:30", "23:30")])
def test_day_ends_bind(at: str, expected: str) -> None:
    """Travel may not begin before midnight nor a visit end after it."""
    free = week(("00:00", "24:00", 1))
    exact = shape_of(critical(1, at, tolerance_minutes=0))
    assert clocks(find_times(free, exact, 2)) == [expected]  # 00:00-00:40 or 23:20-24:00
    early = shape_of(critical(1, "00:05", tolerance_minutes=0))
    late = shape_of(critical(1, "23:35", tolerance_minutes=0))
    assert find_times(free, early, 2) is None  # would leave at 23:55 the day before
    assert find_times(free, late, 2) is None  # would end at 00:05 the day after


def test_one_start_serves_all_days() -> None:
    """A start must be free on every day of the visit, and other days do not matter."""
    free = week(("07:00", "08:00", 1), days=[0, 1])
    free[1] = week(("07:30", "09:00", 1))[1]
    both = shape_of(visit(days=(Day.MON, Day.TUE)))
    # Monday 07:00-08:00 and Tuesday 07:30-09:00 share 07:30-08:00: with no travel, 30 minutes.
    assert clocks(find_times(free, both, 0)) == ["07:30"]
    assert find_times(free, both, 1) is None
    assert find_times(free, shape_of(visit(days=(Day.MON, Day.WED))), 0) is None


@pytest.mark.parametrize(
    ("carers", "fits"),
    [(3, True), (2, True), (1, False)],  # more than enough; only just; one carer short
)
def test_double_up_needs_both_carers_at_once(carers: int, fits: bool) -> None:
    """Two carers must be free in every slot of a visit for two."""
    free = week(("07:00", "09:00", carers))
    assert (find_times(free, shape_of(visit(carers=2)), 0) is not None) is fits


def test_preferred_time_is_met_as_nearly_as_possible() -> None:
    """The nearest start wins, and of two equally near the earlier one."""
    shape = shape_of(visit(time_need=TimeNeed.PREFERRED, at_minute=510))
    assert clocks(find_times(week(("07:00", "10:00", 1)), shape, 0)) == ["08:30"]
    # Ends at 08:40 or begins at 08:50: the latest before is 08:10, the earliest after 08:50.
    free = week(("07:00", "08:40", 1), ("08:50", "10:00", 1))
    assert clocks(find_times(free, shape, 0)) == ["08:10"]
    nearer_after = week(("07:00", "08:35", 1), ("08:50", "10:00", 1))
    assert clocks(find_times(nearer_after, shape, 0)) == ["08:50"]


def test_first_visit_gives_way_only_as_far_as_it_must() -> None:
    """An early visit leaves its best time when, and only when, the rest would not fit."""
    visits = (visit(1), critical(2, "07:30", tolerance_minutes=0))
    # One carer 06:50-09:00, travel 10: the critical visit is busy 07:20-08:00. Before it only
    # 06:50-07:20, too short for 40 minutes; so the first visit waits until 08:10.
    free = week(("06:50", "09:00", 1))
    assert clocks(find_times(free, shape_of(*visits), 2)) == ["08:10", "07:30"]
    assert clocks(find_times(2 * free, shape_of(*visits), 2)) == ["07:00", "07:30"]
    # On other days they do not meet.
    apart = shape_of(
        visits[0].model_copy(update={"days": (Day.MON,)}),
        visits[1].model_copy(update={"days": (Day.TUE,)}),
    )
    assert clocks(find_times(free, apart, 2)) == ["07:00", "07:30"]


@pytest.mark.parametrize(("end", "fits"), [("10:00", True), ("09:10", True), ("09:05", False)])
def test_three_visits_share_one_carer(end: str, fits: bool) -> None:
    """Visits that compete for one carer fit one after another, or not at all."""
    # From 07:10, each visit takes 10 minutes' travel and 30 of visit: 3 x 40 = 120, to 09:10.
    shape = shape_of(visit(1), visit(2), visit(3))
    free = week(("07:10", end, 1))
    found = find_times(free, shape, 2)
    assert clocks(found) == (["07:20", "08:00", "08:40"] if fits else None)
    assert can_schedule(free, shape, 2) is fits
    assert blocking_units(free, shape, 2) == ()


def test_a_later_visit_can_reach_over_an_earlier_finish() -> None:
    """The earliest finish first is not enough: a short visit may have to wait for a long one."""
    # One carer 07:00-08:00 and 08:30-09:00. The hour fits only first; the half hour then second.
    free = week(("07:00", "08:00", 1), ("08:30", "09:00", 1))
    shape = shape_of(visit(1, minutes=30), visit(2, minutes=60))
    assert clocks(find_times(free, shape, 0)) == ["08:30", "07:00"]


def test_fourteen_visits_on_one_carer() -> None:
    """Many visits are decided exactly: packed without a gap they fit, five minutes less not."""
    minutes = [15 + 5 * (number % 5) for number in range(14)]
    visits = [visit(n + 1, minutes=length) for n, length in enumerate(minutes)]
    shape = shape_of(*visits, policy=ALL_DAY)
    total = sum(minutes) // 5 + 14  # each with five minutes' travel
    free = np.zeros((7, SLOTS_PER_DAY), dtype=np.int8)
    free[:, 50 : 50 + total] = 1
    starts = find_times(free, shape, 1)
    assert starts is not None
    assert occupy(free, shape, 1, starts).sum() == 0
    free[:, 50] = 0
    assert find_times(free, shape, 1) is None


def test_fourteen_visits_that_only_a_search_can_refuse() -> None:
    """Six gaps that hold two visits each hold twelve, though their minutes would do for 14."""
    # Spans 11-16 slots in gaps of 32: two fit (at most 32), three do not (at least 33); the work,
    # 186 slots, is less than the 192 there are.
    lengths = [10 + number % 6 for number in range(14)]
    visits = tuple(visit(n + 1, minutes=5 * length) for n, length in enumerate(lengths))
    free = np.zeros((7, SLOTS_PER_DAY), dtype=np.int8)
    for gap in range(6):
        free[:, 33 * gap : 33 * gap + 32] = 1
    package = shape_of(*visits, policy=ALL_DAY)
    assert sum(lengths) + 14 <= 6 * 32
    assert find_times(free, package, 1) is None
    assert find_times(free, shape_of(*visits[:12], policy=ALL_DAY), 1)


def test_times_many_keeps_each_provider_apart() -> None:
    """Each provider's answer depends on its own capacity and travel alone."""
    shape = shape_of(visit(1), visit(2))
    free = np.stack(
        [
            week(("07:00", "12:00", 2)),  # one beside the other's travel
            week(("07:00", "12:00", 1)),  # one after the other
            week(("07:00", "08:00", 1)),  # no room for travel
            week(("07:00", "08:00", 1)),  # only just, without travel
            week(),  # nothing at all
        ]
    )
    many = times_many(free, shape, np.array([1, 1, 1, 0, 0]))
    assert many.ok.tolist() == [True, True, False, True, False]
    assert [clocks(row) for row in many.starts[many.ok].tolist()] == [
        ["07:05", "07:35"],
        ["07:05", "07:40"],
        ["07:00", "07:30"],
    ]


def test_times_many_searches_where_taking_turns_fails() -> None:
    """A provider at which the first visit's best time blocks the second still gets its times."""
    shape = shape_of(visit(1), critical(2, "07:30", tolerance_minutes=0))
    room, short = week(("06:50", "09:00", 1)), week(("06:50", "08:30", 1))
    many = times_many(np.stack([room, short, room, room]), shape, np.array([1, 1, 1, 0]))
    assert many.ok.tolist() == [True, False, True, True]
    found = [clocks(row) for row in many.starts[many.ok].tolist()]
    # Busy 07:25-08:00 with five minutes' travel, so the first waits for that and its own travel;
    # without travel it ends as the second starts.
    assert found == [["08:05", "07:30"], ["08:05", "07:30"], ["07:00", "07:30"]]


def test_times_many_of_a_package_with_more_carers_than_small_numbers_hold() -> None:
    """Forty visits for four need 160 carers in all, more than an 8-bit capacity can count."""
    visits = tuple(visit(n, carers=4) for n in range(1, 41))
    shape = shape_of(*visits, policy=ALL_DAY)
    free = week(("00:00", "24:00", 100))[None].astype(np.int8)
    many = times_many(free, shape, np.array([0]))
    assert many.ok.tolist() == [True]
    assert many.starts[0].tolist() == [6 * turn for turn in range(40)]
    assert not times_many(free // 34, shape, np.array([0])).ok[0]


@pytest.mark.parametrize(("at", "ok"), [("08:35", True), ("08:30", True), ("08:25", False)])
def test_times_many_sees_an_overlap_of_one_slot(at: str, ok: bool) -> None:
    """Two fixed half hours share a carer when the second begins as the first ends, no sooner."""
    fixed = [critical(n, clock, tolerance_minutes=0) for n, clock in ((1, "08:00"), (2, at))]
    turned = [visit.model_copy(update={"visit_no": 3 - visit.visit_no}) for visit in fixed]
    free = week(("07:00", "12:00", 1))[None]
    assert times_many(free, shape_of(*fixed), np.array([0])).ok.tolist() == [ok]
    assert times_many(free, shape_of(*turned), np.array([0])).ok.tolist() == [ok]


def test_start_masks_are_the_starts_possible_alone() -> None:
    """A mask ignores the other visits but not the window, the travel or the capacity."""
    free = week(("07:00", "07:50", 1), ("08:00", "08:40", 1))
    masks = start_masks(free, shape_of(visit(1), visit(2, carers=2)), 2)
    # 07:10 and 07:20 end by 07:50, 08:10 ends at 08:40; for two carers nothing.
    assert clocks(np.flatnonzero(masks[0]).tolist()) == ["07:10", "07:15", "07:20", "08:10"]
    assert not masks[1].any()


def test_ranges_keep_wide_bands_wide() -> None:
    """A visit may be offered as far as the others, the window and the capacity leave it (S8)."""
    shape = shape_of(visit(1), visit(2), visit(3, "lunch"))
    free = week(("07:00", "15:00", 1))
    starts = (slot("07:10"), slot("09:00"), slot("12:00"))
    ranges = start_ranges(free, shape, 2, starts)
    # The first must end before the second's travel at 08:50; the second lies between 07:40 + 10
    # and the band's end; lunch has its whole band.
    assert [clocks(pair) for pair in ranges] == [
        ["07:10", "08:20"],
        ["07:50", "10:30"],
        ["11:30", "14:00"],
    ]


def test_ranges_stop_at_a_hole() -> None:
    """A range never leaps over a time at which the visit could not start."""
    free = week(("07:00", "08:00", 1), ("08:05", "10:00", 1))
    (pair,) = start_ranges(free, shape_of(visit()), 0, [slot("08:30")])
    assert clocks(pair) == ["08:05", "09:30"]


def test_ranges_refuse_starts_that_do_not_fit() -> None:
    """A start at which there is no carer is named."""
    with pytest.raises(MatcherError, match="Visit 1 does not fit at slot 96"):
        start_ranges(week(), shape_of(visit()), 0, [slot("08:00")])


def test_occupy_takes_travel_and_visit_on_its_days_only() -> None:
    """Carers are away from the travel to the end of the visit, and come back undone."""
    shape = shape_of(visit(carers=2, days=(Day.MON, Day.SUN)))
    free = week(("07:00", "09:00", 2))
    left = occupy(free, shape, 1, [slot("08:00")])
    taken = free - left
    assert taken.sum() == 2 * 2 * 7  # two days, two carers, seven slots
    assert (taken[[0, 6], slot("07:55") : slot("08:30")] == 2).all()
    assert (occupy(left, shape, 1, [slot("08:00")], sign=1) == free).all()


def test_smallest_change_moves_one_visit_just_out_of_its_band() -> None:
    """The fewest minutes beyond the window win, earlier or later."""
    shape = shape_of(visit(1), visit(2, "lunch"))
    # Lunch 11:30-14:00; free 08:00-11:50 and 14:20-16:00: 11:20 is 10 minutes early, 14:20 is 20
    # minutes late.
    free = week(("08:00", "11:50", 1), ("14:20", "16:00", 1))
    assert smallest_change(free, shape, 0) == TimeChange(1, slot("11:20"), 10)
    late = week(("08:00", "11:30", 1), ("14:20", "16:00", 1))
    assert smallest_change(late, shape, 0) == TimeChange(1, slot("14:20"), 20)


def test_smallest_change_prefers_the_first_visit_then_the_earlier_start() -> None:
    """Equally small changes are told apart the same way every time."""
    # One carer, 06:30 to 07:30 and 10:30 to 11:00: two visits can be at 07:00 and 10:30 ...
    free = week(("06:30", "07:30", 1), ("10:55", "11:25", 1))
    two = shape_of(visit(1), visit(2))
    assert smallest_change(free, two, 0) == TimeChange(0, slot("10:55"), 25)
    free = week(("06:30", "07:25", 1), ("10:35", "11:05", 1))
    # ... alone, a visit at 06:55 or at 10:35 is five minutes out.
    assert smallest_change(free, shape_of(visit()), 0) == TimeChange(0, slot("06:55"), 5)


@pytest.mark.parametrize(
    ("visits", "free"),
    [
        ((visit(1),), week(("07:00", "11:00", 1))),  # fits as it is
        ((critical(1, "08:00"),), week(("09:00", "12:00", 1))),  # H5: a critical time never moves
        ((visit(1), visit(2, "tea")), week(("12:00", "14:00", 1))),  # two would have to move
        ((visit(1, minutes=60),), week(("07:00", "07:55", 1))),  # too long at any time
    ],
)
def test_no_single_change_helps(visits: tuple[Visit, ...], free: IntArray) -> None:
    """Nothing is proposed where no single move of a non-critical visit would do."""
    assert smallest_change(free, shape_of(*visits), 0) is None


def test_blocking_units_have_no_start_of_their_own() -> None:
    """Visits that fail alone are told apart from those that only fail together."""
    shape = shape_of(visit(1), visit(2, "lunch"), visit(3, "tea"))
    assert blocking_units(week(("11:00", "15:00", 1)), shape, 0) == (0, 2)


def test_answers_do_not_change_the_capacity_given() -> None:
    """Every question leaves the array it was asked about as it was."""
    shape = shape_of(visit(1), visit(2))
    free = week(("07:00", "08:10", 1))
    many, before = free[None].copy(), free.copy()
    find_times(free, shape, 1)
    times_many(many, shape, np.array([1]))
    smallest_change(free, shape, 1)
    start_ranges(free, shape, 1, [slot("07:05"), slot("07:40")])
    occupy(free, shape, 1, [slot("07:05"), slot("07:40")])
    assert (free == before).all()
    assert (many[0] == before).all()

"""The referee on times and days: each test breaks a good allocation in exactly one respect."""

from __future__ import annotations

import pytest

from matcher.allocation import VisitTime
from matcher.geography import Gazetteer
from matcher.model import Placement, Visit
from matcher.vocabulary import Day, TimeNeed
from tests.builders import (
    ceiling,
    day,
    homecare_request,
    hourly,
    hours,
    minute,
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
)
from tests.proposals import AGENCY, HOME, codes, staying, times, visiting

TWO_VISITS = homecare_request(visit(1), visit(2, "tea"))
TWICE_A_DAY = {"weekly_cost_pence": 17_500}


def test_every_visit_has_a_time(gazetteer: Gazetteer) -> None:
    """A package of two visits with one time is told."""
    things = (*AGENCY, TWO_VISITS)
    whole = visiting("R-1", "07:10", "16:00", **TWICE_A_DAY)
    assert codes(gazetteer, things, whole) == []
    assert codes(gazetteer, things, visiting("R-1", "07:10", **TWICE_A_DAY)) == ["VISITS"]


def test_no_visit_is_invented(gazetteer: Gazetteer) -> None:
    """A package of one visit with two times is told, and so is one time told twice."""
    things = (*AGENCY, homecare_request())
    assert codes(gazetteer, things, visiting("R-1", "07:10", "16:00")) == ["VISITS"]
    again = visiting(visit_times=(*times("07:10"), *times("07:10")))
    assert codes(gazetteer, things, again) == ["VISITS"]


def test_beds_have_no_visits(gazetteer: Gazetteer) -> None:
    """A placement with a visit time is told."""
    line = staying(visit_times=times("07:10"))
    assert codes(gazetteer, (*HOME, placement_request()), line) == ["VISITS"]


@pytest.mark.parametrize("start", ["07:05", "10:30"])
def test_starts_inside_the_band(gazetteer: Gazetteer, start: str) -> None:
    """The first start with time to travel, and the last of the band, are both accepted (H4)."""
    assert codes(gazetteer, (*AGENCY, homecare_request()), visiting("R-1", start)) == []


@pytest.mark.parametrize(
    "start",
    ["06:55", "10:35", "16:00"],  # why: before the morning, after it, in another band
)
def test_starts_outside_the_band(gazetteer: Gazetteer, start: str) -> None:
    """A visit starts in its own band (H4)."""
    things = (provider(), hours(start="06:00"), hourly(), ceiling(), homecare_request())
    assert codes(gazetteer, things, visiting("R-1", start)) == ["WINDOW"]


def test_starts_lie_on_the_grid(gazetteer: Gazetteer) -> None:
    """A start between two steps of five minutes is told."""
    line = visiting(visit_times=(VisitTime(visit_no=1, start_minute=minute("08:00") + 1),))
    assert codes(gazetteer, (*AGENCY, homecare_request()), line) == ["WINDOW"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("08:00", []),
        ("07:45", []),
        ("08:15", []),
        ("07:40", ["WINDOW"]),  # why: five minutes before the tolerance of a quarter of an hour
        ("08:20", ["WINDOW"]),  # why: five minutes after it, though still in the band
    ],
)
def test_critical_times_are_never_dropped(
    gazetteer: Gazetteer, start: str, expected: list[str]
) -> None:
    """A critical time holds within the policy's tolerance, wherever the band goes (H5)."""
    asked = homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00"))
    assert codes(gazetteer, (*AGENCY, asked), visiting("R-1", start)) == expected


def test_a_visits_own_tolerance_goes_before_the_policys(gazetteer: Gazetteer) -> None:
    """With a tolerance of five minutes ten are too many; a time at midnight never wraps round."""
    asked = homecare_request(timed_visit(TimeNeed.CRITICAL, "08:00", tolerance_minutes=5))
    assert codes(gazetteer, (*AGENCY, asked), visiting("R-1", "08:05")) == []
    assert codes(gazetteer, (*AGENCY, asked), visiting("R-1", "08:10")) == ["WINDOW"]
    night = homecare_request(timed_visit(TimeNeed.CRITICAL, "00:05"))
    round_the_clock = (provider(), hours(start="00:00", end="24:00"), hourly(), ceiling())
    assert codes(gazetteer, (*round_the_clock, night), visiting("R-1", "00:20")) == []
    assert codes(gazetteer, (*round_the_clock, night), visiting("R-1", "00:25")) == ["WINDOW"]


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (("08:00", "08:00"), []),
        (("08:00", "08:05"), ["LINK"]),  # why: the second carer comes five minutes late
    ],
)
def test_linked_visits_start_together(
    gazetteer: Gazetteer, starts: tuple[str, str], expected: list[str]
) -> None:
    """A second carer for part of a call comes with the first; two carers are free."""
    asked = homecare_request(visit(1, minutes=45), visit(2, minutes=15, with_visit=1))
    line = visiting("R-1", *starts, weekly_cost_pence=17_500)
    assert codes(gazetteer, (*AGENCY, asked), line) == expected


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (("08:00", "08:30"), []),  # nobody travels in between, for one carer is enough
        (("08:00", "08:35"), ["LINK"]),  # why: five minutes after the end of the first
    ],
)
def test_a_visit_right_after_another(
    gazetteer: Gazetteer, starts: tuple[str, str], expected: list[str]
) -> None:
    """One starts as the other ends, and its carer is there already."""
    asked = homecare_request(visit(1), visit(2, after_visit=1))
    supply = (provider(), hours(carers=1), hourly(), ceiling())
    line = visiting("R-1", *starts, weekly_cost_pence=17_500)
    assert codes(gazetteer, (*supply, asked), line) == expected


def test_carers_beyond_those_who_stay_on_travel(gazetteer: Gazetteer) -> None:
    """A second carer is on the way from 08:25, when two have to be free."""
    asked = homecare_request(visit(1), visit(2, after_visit=1, carers=2))
    supply = (provider(), hours(carers=1), hours(start="08:25", carers=1), hourly(), ceiling())
    line = visiting("R-1", "08:00", "08:30", weekly_cost_pence=26_250)
    assert codes(gazetteer, (*supply, asked), line) == []
    late = (provider(), hours(carers=1), hours(start="08:30", carers=1), hourly(), ceiling())
    assert codes(gazetteer, (*late, asked), line) == ["CARERS"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("12:00", []),  # only just four hours from start to start
        ("11:55", ["GAP"]),  # why: five minutes short of the least
        ("12:30", []),
        ("12:35", ["GAP"]),  # why: five minutes beyond the most
    ],
)
def test_prescribed_gaps_are_kept(gazetteer: Gazetteer, start: str, expected: list[str]) -> None:
    """A second dose at least four hours after the first, and at most four and a half."""
    gap = {"gap_from": 1, "least_gap_minutes": 240, "most_gap_minutes": 270}
    asked = homecare_request(visit(1), visit(2, "lunch", reason="as prescribed", **gap))
    line = visiting("R-1", "08:00", start, weekly_cost_pence=17_500)
    assert codes(gazetteer, (*AGENCY, asked), line) == expected


def test_preferred_times_are_no_needs(gazetteer: Gazetteer) -> None:
    """A preferred time two hours away from the proposed one breaks nothing (H5)."""
    asked = homecare_request(timed_visit(TimeNeed.PREFERRED, "10:00"))
    assert codes(gazetteer, (*AGENCY, asked), visiting("R-1", "08:00")) == []


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (2, []),
        (1, ["START_DATE"]),  # why: the agency needs two days
        (3, ["START_DATE"]),  # why: every day has a visit, so a day is lost for nothing
    ],
)
def test_homecare_starts_after_the_lead_time(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """Care starts on the first day after the lead time that has a visit (H16)."""
    line = visiting(start_date=day(start))
    assert codes(gazetteer, (*AGENCY, homecare_request()), line) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (5, []),  # Monday 6 April
        (2, ["START_DATE"]),  # why: a Friday, when nobody comes
        (12, ["START_DATE"]),  # why: a Monday, but the second
    ],
)
def test_homecare_starts_on_a_day_of_visits(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """A package of Mondays starts on a Monday; once a week half an hour costs 12.50 pounds."""
    asked = homecare_request(visit(days=(Day.MON,)))
    line = visiting(start_date=day(start), weekly_cost_pence=1250)
    assert codes(gazetteer, (*AGENCY, asked), line) == expected


def test_a_providers_own_lead_time_goes_first(gazetteer: Gazetteer) -> None:
    """An agency that can start today may, and one that needs a week may not before."""
    today = (provider(lead_days=0), *AGENCY[1:], homecare_request())
    week = (provider(lead_days=7), *AGENCY[1:], homecare_request())
    assert codes(gazetteer, today, visiting(start_date=day(0))) == []
    assert codes(gazetteer, week, visiting(start_date=day(7))) == []
    assert codes(gazetteer, week, visiting(start_date=day(6))) == ["START_DATE"]


def test_lead_times_follow_the_kind_of_provider(gazetteer: Gazetteer) -> None:
    """A home that also visits needs the lead time of homes."""
    things = (provider(kind="care_home"), *AGENCY[1:], homecare_request())
    assert codes(gazetteer, things, visiting(start_date=day(3))) == []
    assert codes(gazetteer, things, visiting(start_date=day(2))) == ["START_DATE"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (3, []),
        (40, []),
        (2, ["START_DATE"]),  # why: the home assesses for three days
    ],
)
def test_beds_start_after_the_lead_time(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """A bed for good without a window may start on any day from the lead time on."""
    for placement in (Placement(), None):
        asked = placement_request(placement=placement)
        assert codes(gazetteer, (*HOME, asked), staying(start=start)) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (5, []),
        (9, []),
        (4, ["START_DATE"]),  # why: the day before the window
        (10, ["START_DATE"]),  # why: the day after it
    ],
)
def test_beds_start_inside_the_window(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """A bed for good is begun between the first and the last day asked for."""
    placement = Placement(admit_from=day(5), admit_to=day(9))
    things = (*HOME, placement_request(placement=placement))
    assert codes(gazetteer, things, staying(start=start)) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (7, []),
        (14, []),  # nights 14 to 20: the last night is the last day asked for
        (15, ["START_DATE"]),  # why: the seventh night would be the 21st
        (6, ["START_DATE"]),  # why: the day before the window
    ],
)
def test_respite_lies_inside_the_window_whole(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """Admission date and length of stay both fit between two days (H13)."""
    things = (*HOME, respite_request(7, first=7, last=20))
    assert codes(gazetteer, things, staying(start=start)) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (7, []),  # Wednesday 8 April: three working days after Wednesday the first
        (6, ["START_DATE"]),  # why: the home's three working days are not over
        (4, ["START_DATE", "START_DATE"]),  # why: Easter Sunday, and before the notice is over
        (10, ["START_DATE"]),  # why: a Saturday
        (33, ["START_DATE"]),  # why: Monday 4 May is a bank holiday
        (34, []),
    ],
)
def test_nobody_is_admitted_on_easter_sunday(
    gazetteer: Gazetteer, start: int, expected: list[str]
) -> None:
    """A home that says nothing of weekends admits on working days; one that does admits always."""
    quiet = HOME[0].model_copy(update={"admits_at_weekends": None})
    things = (quiet, *HOME[1:], placement_request())
    assert codes(gazetteer, things, staying(start=start)) == expected
    assert codes(gazetteer, (*HOME, placement_request()), staying(start=start)) == []


def test_homecare_may_begin_at_a_weekend_once_the_notice_is_over(gazetteer: Gazetteer) -> None:
    """Two working days over Easter end on Tuesday; a package of Saturdays begins on the next."""
    agency = AGENCY[0].model_copy(update={"admits_at_weekends": False})
    things = (agency, *AGENCY[1:], homecare_request(visit(days=(Day.SAT,))))
    assert codes(gazetteer, things, visiting(start_date=day(10), weekly_cost_pence=1250)) == []
    assert codes(gazetteer, things, visiting(start_date=day(3), weekly_cost_pence=1250)) == [
        "START_DATE"
    ]


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ((visit(1, "bed", minutes=540),), "VISIT_CROSSES_MIDNIGHT"),  # why: a night
        ((visit(1, "tea", minutes=180), visit(2, "tea", minutes=180)), "VISITS_NEVER_FIT"),
    ],
)
def test_nobody_is_placed_whose_visits_nobody_could_make(
    gazetteer: Gazetteer, visits: tuple[Visit, ...], expected: str
) -> None:
    """A plan that gives such visits times is refused, whoever is free (H29)."""
    times_of_day = ("19:00", "22:00")[: len(visits)]
    things = (*AGENCY, homecare_request(*visits))
    assert codes(gazetteer, things, visiting("R-1", *times_of_day)) == [expected]

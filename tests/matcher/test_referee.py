"""The referee on people and times: each test breaks a good allocation in exactly one respect."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.allocation import Allocation, VisitTime
from matcher.errors import RefereeError
from matcher.geography import Gazetteer
from matcher.model import Placement, Running, Zone
from matcher.referee import Violation, require
from matcher.vocabulary import Day, TimeNeed
from tests.builders import (
    NEAR_METRES,
    beds,
    ceiling,
    council_policy,
    day,
    homecare_request,
    hourly,
    hours,
    market,
    minute,
    offered,
    placement_request,
    provider,
    request,
    respite_request,
    timed_visit,
    visit,
)
from tests.proposals import AGENCY, HOME, codes, left_out, staying, times, visiting

EVERYTHING = (*AGENCY, *HOME)

# -- who ---------------------------------------------------------------------------------------


def test_good_allocations_are_accepted(gazetteer: Gazetteer) -> None:
    """Homecare, a bed, a stay and somebody left out, all in order, break no rule."""
    asked = (
        homecare_request(request_id="R-1"),
        placement_request("R-2"),
        respite_request(request_id="R-3"),
        homecare_request(request_id="R-4"),
    )
    lines = (visiting(), staying("R-2"), staying("R-3", 7), left_out("R-4"))
    assert codes(gazetteer, (*EVERYTHING, beds(), *asked), *lines) == []


def test_nobody_waits(gazetteer: Gazetteer) -> None:
    """An empty allocation of a book without requests is in order."""
    assert codes(gazetteer, EVERYTHING) == []


def test_a_lost_request_is_told(gazetteer: Gazetteer) -> None:
    """Somebody who waits stands in one of the lists (H29)."""
    asked = (homecare_request(), homecare_request(request_id="R-2"))
    assert codes(gazetteer, (*AGENCY, *asked), visiting()) == ["LOST"]


def test_nobody_is_placed_twice(gazetteer: Gazetteer) -> None:
    """One request with two providers is told, even where both have room."""
    lines = (visiting(), visiting("R-1", "08:00"))
    assert codes(gazetteer, (*AGENCY, homecare_request()), *lines) == ["TWICE"]


def test_nobody_stands_in_both_lists(gazetteer: Gazetteer) -> None:
    """Somebody placed is not also left out."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), visiting(), left_out())
    assert found == ["TWICE"]


def test_nobody_is_left_out_twice(gazetteer: Gazetteer) -> None:
    """Two reasons for one request are one too many."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), left_out(), left_out())
    assert found == ["TWICE"]


@pytest.mark.parametrize(
    "name",
    ["R-9", "R-1"],  # why: R-9 is not in the book, R-1 has care running already
)
def test_only_who_waits_is_left_out(gazetteer: Gazetteer, name: str) -> None:
    """The list of unplaced people holds nobody who does not wait."""
    running = Running(request_id="R-1", provider_id="P-1", started_on=day(-9))
    things = (*AGENCY, homecare_request(), running)
    assert codes(gazetteer, things, left_out(name)) == ["NOT_WAITING"]


@pytest.mark.parametrize("detail", ["", "  "])  # why: a gap without a word helps no commissioner
def test_everybody_left_out_has_a_reason(gazetteer: Gazetteer, detail: str) -> None:
    """Each gap reaches the commissioner with words (H29)."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), left_out(detail=detail))
    assert found == ["DETAIL"]


def test_a_request_the_book_lacks_is_told(gazetteer: Gazetteer) -> None:
    """No line is for a request that nobody made."""
    assert codes(gazetteer, AGENCY, visiting("R-9")) == ["UNKNOWN_REQUEST"]


def test_a_provider_the_book_lacks_is_told(gazetteer: Gazetteer) -> None:
    """No line names a provider that does not exist."""
    found = codes(gazetteer, (*AGENCY, homecare_request()), visiting(provider_id="P-9"))
    assert found == ["UNKNOWN_PROVIDER"]


def test_neither_is_in_the_book(gazetteer: Gazetteer) -> None:
    """A line unknown at both ends is told for both."""
    found = codes(gazetteer, AGENCY, visiting("R-9", provider_id="P-9"))
    assert found == ["UNKNOWN_PROVIDER", "UNKNOWN_REQUEST"]


def test_running_care_is_not_moved(gazetteer: Gazetteer) -> None:
    """A request whose care already runs is placed with nobody (H18)."""
    running = Running(request_id="R-1", provider_id="P-2", started_on=day(-9))
    things = (*AGENCY, provider("P-2"), homecare_request(), running)
    assert codes(gazetteer, things, visiting()) == ["RUNNING"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"postcode": None}, "INCOMPLETE"),  # why: H2, nobody knows where
        ({"funding": None}, "INCOMPLETE"),  # why: H2, nobody knows who pays
        ({"plan_signed_off": False}, "NOT_AGREED"),  # why: H1, no plan
        ({"funding_agreed": False}, "NOT_AGREED"),  # why: H1, no money
    ],
)
def test_only_complete_and_agreed_requests_are_placed(
    gazetteer: Gazetteer, changes: dict[str, Any], code: str
) -> None:
    """A request that may not be searched for is not placed."""
    asked = homecare_request(**changes)
    assert codes(gazetteer, (*AGENCY, asked), visiting()) == [code]


def test_own_panels_are_left_alone(gazetteer: Gazetteer) -> None:
    """Extra care is never matched here (H27)."""
    seller = provider(services=("homecare", "extra_care"))
    asked = request("extra_care", personal_budget_pence_per_week=100_000)
    line = visiting(visit_times=())
    assert codes(gazetteer, (seller, *AGENCY[1:], asked), line) == ["OWN_PANEL"]


def test_respite_keeps_to_its_allowance(gazetteer: Gazetteer) -> None:
    """Seven nights are not placed where six are left; with seven left they are (H13)."""
    good, bad = (respite_request(7, respite_nights_left=left) for left in (7, 6))
    assert codes(gazetteer, (*HOME, good), staying(start=7)) == []
    assert codes(gazetteer, (*HOME, bad), staying(start=7)) == ["RESPITE_ALLOWANCE"]


# -- which pair --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agency", "asked", "code"),
    [
        ({"status": "embargoed"}, {}, "STATUS"),  # why: no new work under embargo
        ({"status": "closed"}, {}, "STATUS"),  # why: it no longer exists
        ({"services": ("respite",)}, {}, "SERVICE"),  # why: sells something else
        ({}, {"needs": ("dementia",)}, "NEEDS"),  # why: H11, no such specialism
        ({"contract": "spot"}, {}, "CONTRACT"),  # why: H10, homecare on the framework
        ({}, {"excluded_providers": ("P-1",)}, "EXCLUDED"),  # why: H15, the person says no
        ({"zones": ("weymouth",)}, {}, "ZONE"),  # why: the person lives in Dorchester
        ({}, {"max_distance_metres": NEAR_METRES - 1}, "RADIUS"),  # why: one metre too far
        ({"max_distance_metres": NEAR_METRES - 1}, {}, "RADIUS"),  # why: too far for the agency
        ({}, {"languages": ("polish",)}, "LANGUAGE"),  # why: S4, nobody speaks it
        ({}, {"carer_gender": "female"}, "CARER_GENDER"),  # why: none on record
        ({"min_weekly_minutes": 211}, {}, "MINIMUM_HOURS"),  # why: the package has 210
    ],
)
def test_each_rule_between_request_and_provider(
    gazetteer: Gazetteer, agency: dict[str, Any], asked: dict[str, Any], code: str
) -> None:
    """A pair that one rule forbids is told by that rule and no other."""
    zone = Zone(zone="weymouth", postcodes=("DT4",))
    things = (provider(**agency), *AGENCY[1:], zone, homecare_request(**asked))
    assert codes(gazetteer, things, visiting()) == [code]


@pytest.mark.parametrize(
    ("agency", "asked"),
    [
        ({"specialisms": ("dementia",)}, {"needs": ("dementia",)}),
        ({"contract": "block"}, {}),
        ({}, {"excluded_providers": ("P-2",)}),
        ({"zones": ("dorchester",)}, {}),
        ({"max_distance_metres": NEAR_METRES}, {"max_distance_metres": NEAR_METRES}),
        ({"languages": ("polish",)}, {"languages": ("polish", "bsl")}),
        ({"female_carers": True}, {"carer_gender": "female"}),
        ({"min_weekly_minutes": 210}, {}),
    ],
)
def test_each_rule_between_request_and_provider_only_just_kept(
    gazetteer: Gazetteer, agency: dict[str, Any], asked: dict[str, Any]
) -> None:
    """The same pairs are accepted at the limit."""
    zone = Zone(zone="dorchester", postcodes=("DT1",))
    things = (provider(**agency), *AGENCY[1:], zone, homecare_request(**asked))
    assert codes(gazetteer, things, visiting()) == []


def test_who_found_a_person_unsuitable_is_not_asked_again(gazetteer: Gazetteer) -> None:
    """An assessment that ended unsuitable stands against that pair alone (H15)."""
    said = offered(request_id="R-1", outcome="unsuitable")
    other = offered(request_id="R-2", outcome="unsuitable")
    assert codes(gazetteer, (*AGENCY, homecare_request(), said), visiting()) == ["EXCLUDED"]
    assert codes(gazetteer, (*AGENCY, homecare_request(), other), visiting()) == []


def test_ratings_below_the_floor_are_told(gazetteer: Gazetteer) -> None:
    """Good is too little where policy asks for outstanding."""
    strict = council_policy(rules__minimum_rating="outstanding")
    things = (*AGENCY, homecare_request())
    assert codes(gazetteer, things, visiting(), policy=strict) == ["RATING"]


def test_specialists_stay_inside_the_budget(gazetteer: Gazetteer) -> None:
    """A specialist agency one penny above the budget is refused, not merely approved (H11)."""
    specialist = (provider(lot="specialist"), *AGENCY[1:])
    tight = homecare_request(personal_budget_pence_per_week=8749)
    enough = homecare_request(personal_budget_pence_per_week=8750)
    dear = visiting(status="needs_approval")
    assert codes(gazetteer, (*specialist, tight), dear) == ["BUDGET"]
    assert codes(gazetteer, (*specialist, enough), visiting()) == []


def test_generic_services_come_first(gazetteer: Gazetteer) -> None:
    """A specialist agency is refused while a generic one could serve the person (H12)."""
    specialist = (provider(lot="specialist"), *AGENCY[1:], homecare_request())
    generic = (provider("P-2"), hours("P-2"))
    assert codes(gazetteer, specialist, visiting()) == []
    assert codes(gazetteer, (*specialist, *generic), visiting()) == ["GENERIC_FIRST"]


# -- when --------------------------------------------------------------------------------------

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


# -- require -----------------------------------------------------------------------------------


def test_require_is_silent_on_good_allocations(gazetteer: Gazetteer) -> None:
    """An allocation in order is accepted without a word."""
    supply = market(gazetteer, *AGENCY, homecare_request())
    require(supply, Allocation(placed=(visiting(),)))


def test_require_lists_what_is_broken(gazetteer: Gazetteer) -> None:
    """A refused allocation names the rule, the request, the value and the limit."""
    supply = market(gazetteer, *AGENCY, homecare_request())
    with pytest.raises(RefereeError) as caught:
        require(supply, Allocation(placed=(visiting("R-1", "10:35"),)))
    assert str(caught.value) == (
        "The referee refused the allocation, 1 rules broken:\n"
        "  WINDOW R-1: visit 1 starts at 10:35, allowed 07:00-10:30 in steps of 5 minutes"
    )
    assert (caught.value.thing, caught.value.value) == ("allocation", 1)


def test_require_lists_ten_at_most(gazetteer: Gazetteer) -> None:
    """Twelve lost requests make one count and ten lines."""
    asked = [homecare_request(request_id=f"R-{n}") for n in range(12)]
    with pytest.raises(RefereeError) as caught:
        require(market(gazetteer, *AGENCY, *asked), Allocation())
    head, *lines = str(caught.value).splitlines()
    assert "12 rules broken" in head
    assert lines == [f"  LOST R-{n}: stands in neither list" for n in (0, 1, 10, 11, *range(2, 8))]


def test_violations_read_as_sentences() -> None:
    """A violation is written as rule, subject and sentence."""
    assert str(Violation("LOST", "R-1", "stands in neither list")) == (
        "LOST R-1: stands in neither list"
    )

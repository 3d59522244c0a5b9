"""The referee on amounts: carers, beds, prices and distances counted anew."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from matcher.allocation import Allocation, Placed
from matcher.geography import Gazetteer
from matcher.model import BedCapacity, CareRequest, Placement
from matcher.payers import PaidBy
from matcher.referee import check
from matcher.vocabulary import CareType, Day
from tests.builders import (
    OUT_OF_TOWN_METRES,
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    visit,
    weekly,
)
from tests.proposals import AGENCY, HOME, codes, staying, visiting

# -- carers ------------------------------------------------------------------------------------

MORNING = (provider(), hours(end="12:00", carers=1), hourly(), ceiling())
TWO = (homecare_request(), homecare_request(request_id="R-2"))


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("09:00", []),
        ("07:45", []),  # the carer leaves at 07:40 and travels 5 minutes
        ("07:40", ["CARERS"]),  # why: no time to travel after the first visit
        ("07:10", ["CARERS"]),  # why: the same carer at the same time
    ],
)
def test_one_carer_serves_one_person_at_a_time(
    gazetteer: Gazetteer, second: str, expected: list[str]
) -> None:
    """Two packages that each fit alone may not fit together; travel counts.

    R-1 keeps the carer from 07:05, when it sets out, until 07:40.
    """
    lines = (visiting("R-1", "07:10"), visiting("R-2", second))
    assert codes(gazetteer, (*MORNING, *TWO), *lines) == expected


def test_double_ups_take_two_carers(gazetteer: Gazetteer) -> None:
    """Two carers free serve one double-handed visit, or two single ones, but not both at once."""
    supply = (provider(), hours(carers=2), hourly(), ceiling())
    double = homecare_request(visit(carers=2))
    single = homecare_request(request_id="R-2")
    pair = visiting("R-1", "07:10", weekly_cost_pence=17_500)
    assert codes(gazetteer, (*supply, double), pair) == []
    both = (*supply, double, single)
    assert codes(gazetteer, both, pair, visiting("R-2", "07:45")) == []
    assert codes(gazetteer, both, pair, visiting("R-2", "07:40")) == ["CARERS"]
    assert codes(gazetteer, (*supply, *TWO), visiting(), visiting("R-2")) == []


def test_two_double_ups_need_four_carers(gazetteer: Gazetteer) -> None:
    """Three carers free are not enough for two double-handed visits at once; four are."""
    asked = [homecare_request(visit(carers=2), request_id=name) for name in ("R-1", "R-2")]
    lines = [visiting(name, weekly_cost_pence=17_500) for name in ("R-1", "R-2")]
    for carers, expected in ((3, ["CARERS"]), (4, [])):
        things = (provider(), hours(carers=carers), hourly(), ceiling(), *asked)
        assert codes(gazetteer, things, *lines) == expected


def test_visits_on_different_days_share_a_carer(gazetteer: Gazetteer) -> None:
    """Monday's and Tuesday's visit at one time need one carer; two on Monday need two."""
    monday, tuesday = (visit(days=(name,)) for name in (Day.MON, Day.TUE))
    once = {"weekly_cost_pence": 1250}
    first = visiting("R-1", start_date=day(5), **once)
    asked = homecare_request(monday)
    apart = (*MORNING, asked, homecare_request(tuesday, request_id="R-2"))
    assert codes(gazetteer, apart, first, visiting("R-2", start_date=day(6), **once)) == []
    together = (*MORNING, asked, homecare_request(monday, request_id="R-2"))
    second = visiting("R-2", start_date=day(5), **once)
    assert codes(gazetteer, together, first, second) == ["CARERS"]


def test_capacity_lines_add_up(gazetteer: Gazetteer) -> None:
    """Two lines of one carer each are two carers where they overlap."""
    supply = (*MORNING, hours(start="07:00", end="08:00", carers=1))
    asked = (*supply, *TWO)
    assert codes(gazetteer, asked, visiting(), visiting("R-2")) == []
    late = visiting("R-1", "07:35"), visiting("R-2", "07:35")
    assert codes(gazetteer, asked, *late) == ["CARERS"]


def test_visits_end_within_capacity(gazetteer: Gazetteer) -> None:
    """A visit whose last minutes lie beyond the carer's hours is told; so is setting out early."""
    short = (provider(), hours(start="07:00", end="08:00", carers=1), hourly(), ceiling())
    things = (*short, homecare_request())
    assert codes(gazetteer, things, visiting("R-1", "07:30")) == []
    assert codes(gazetteer, things, visiting("R-1", "07:35")) == ["CARERS"]
    assert codes(gazetteer, things, visiting("R-1", "07:00")) == ["CARERS"]


def test_a_provider_without_capacity_is_told(gazetteer: Gazetteer) -> None:
    """Nothing on record is no carer and no bed, alone or together."""
    things = (provider(), hourly(), ceiling(), homecare_request())
    assert codes(gazetteer, things, visiting()) == ["CAPACITY", "CARERS"]
    bed = (home(), weekly(), placement_request())
    assert codes(gazetteer, bed, staying()) == ["BEDS", "CAPACITY"]


def test_an_overload_is_told_once_with_its_moment(gazetteer: Gazetteer) -> None:
    """The first overloaded moment of a provider is named, with both counts."""
    supply = market(gazetteer, *MORNING, *TWO)
    allocation = Allocation(placed=(visiting(), visiting("R-2", "07:30")))
    (violation,) = check(supply, allocation)
    assert str(violation) == "CARERS P-1: 2 carers busy on mon at 07:25, 1 free"


def test_agencies_are_counted_apart(gazetteer: Gazetteer) -> None:
    """One overloaded agency does not hide another."""
    names = ("P-1", "P-2")
    supply = [
        thing
        for name in names
        for thing in (provider(name), hours(name, end="12:00", carers=1), hourly(name))
    ]
    asked = [homecare_request(request_id=f"R-{n}") for n in range(1, 5)]
    lines = [visiting(f"R-{n}", provider_id=names[n % 2]) for n in range(1, 5)]
    assert codes(gazetteer, (*supply, ceiling(), *asked), *lines) == ["CARERS", "CARERS"]


# -- beds --------------------------------------------------------------------------------------


def stay(name: str, nights: int, first: int) -> CareRequest:
    """Build a request for nights of respite from one day on."""
    return respite_request(nights, first, first + nights - 1, name)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (14, []),  # R-1 sleeps there on nights 7 to 13
        (13, ["BEDS"]),  # why: both on night 13
        (8, ["BEDS"]),  # why: both on six nights
    ],
)
def test_stays_follow_each_other_in_one_bed(
    gazetteer: Gazetteer, second: int, expected: list[str]
) -> None:
    """A bed frees on the night after the last of a stay."""
    things = (*HOME, stay("R-1", 7, 7), stay("R-2", 7, second))
    assert codes(gazetteer, things, staying("R-1", 7), staying("R-2", second)) == expected


def test_a_bed_for_good_is_never_free_again(gazetteer: Gazetteer) -> None:
    """Nobody sleeps in a bed after somebody moved in, a stay before that is fine."""
    things = (*HOME, placement_request("R-1"), stay("R-2", 7, 7))
    assert codes(gazetteer, things, staying("R-1", 14), staying("R-2", 7)) == []
    assert codes(gazetteer, things, staying("R-1", 13), staying("R-2", 7)) == ["BEDS"]
    assert codes(gazetteer, things, staying("R-1", 3), staying("R-2", 7)) == ["BEDS"]


def test_two_people_need_two_beds(gazetteer: Gazetteer) -> None:
    """Two people for good fill two beds; with one bed the night is named."""
    asked = (placement_request("R-1"), placement_request("R-2"))
    lines = (staying("R-1"), staying("R-2", 5))
    assert codes(gazetteer, (*HOME, beds(), *asked), *lines) == []
    supply = market(gazetteer, *HOME, *asked)
    (violation,) = check(supply, Allocation(placed=lines))
    assert str(violation) == "BEDS H-1: 2 people in 1 beds on the night of 2026-04-06"


def test_a_bed_that_frees_later(gazetteer: Gazetteer) -> None:
    """Admission on the first vacant night is accepted, the night before is not."""
    supply = (home(), beds(available_from=day(9)), weekly(), placement_request())
    assert codes(gazetteer, supply, staying(start=9)) == []
    assert codes(gazetteer, supply, staying(start=8)) == ["BEDS"]


def test_a_bed_that_is_wanted_back(gazetteer: Gazetteer) -> None:
    """A stay ends on the last vacant night at the latest."""
    supply = (home(), beds(available_to=day(13)), weekly())
    wide = respite_request(7, 5, 20)
    assert codes(gazetteer, (*supply, wide), staying(start=7)) == []
    assert codes(gazetteer, (*supply, wide), staying(start=8)) == ["BEDS"]


def test_a_vacancy_that_ends_takes_nobody_for_good(gazetteer: Gazetteer) -> None:
    """A bed for good in a bed for a year is told, by the pair's rule too."""
    supply = (home(), beds(available_to=day(200)), weekly(), placement_request())
    assert codes(gazetteer, supply, staying()) == ["BEDS", "CAPACITY"]


def test_kinds_of_bed_are_counted_apart(gazetteer: Gazetteer) -> None:
    """A residential vacancy does not help somebody who needs nursing with dementia."""
    residential = BedCapacity(
        provider_id="H-1", care_type=CareType.RESIDENTIAL, beds=5, available_from=day(0)
    )
    asked = (placement_request("R-1"), placement_request("R-2"))
    lines = (staying("R-1"), staying("R-2"))
    assert codes(gazetteer, (*HOME, residential, *asked), *lines) == ["BEDS"]


def test_a_stay_until_the_last_day_there_is(gazetteer: Gazetteer) -> None:
    """A vacancy that ends on the calendar's last day is counted like one without an end."""
    things = (home(), beds(), beds(available_to=date.max), weekly())
    asked = (placement_request("R-1"), stay("R-2", 7, 7))
    assert codes(gazetteer, (*things, *asked), staying("R-1"), staying("R-2", 7)) == []


# -- figures -----------------------------------------------------------------------------------


COUNCIL: dict[str, Any] = {"paid_by": PaidBy(council_pence=8750)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"weekly_cost_pence": 8749, **COUNCIL}, "WEEKLY_COST_PENCE"),  # why: a penny short
        ({"weekly_cost_pence": None, **COUNCIL}, "WEEKLY_COST_PENCE"),  # why: it is on file
        ({"paid_by": PaidBy(council_pence=8749)}, "PAID_BY"),  # why: a penny unpaid
        ({"paid_by": PaidBy(own_pence=8750)}, "PAID_BY"),  # why: not the person's to pay
        ({"stay_cost_pence": 8750}, "STAY_COST_PENCE"),  # why: care without an end has no total
        ({"distance_metres": 781}, "DISTANCE_METRES"),  # why: a metre too far
        ({"travel_minutes": 0}, "TRAVEL_MINUTES"),  # why: nobody is there already
        ({"travel_minutes": 10}, "TRAVEL_MINUTES"),  # why: 780 m take five minutes
    ],
)
def test_figures_are_worked_out_anew(
    gazetteer: Gazetteer, changes: dict[str, Any], code: str
) -> None:
    """Cost, distance and travel are the book's and the policy's (H6, H16)."""
    things = (*AGENCY, homecare_request())
    assert codes(gazetteer, things, visiting("R-1", "08:00", **changes)) == [code]


def test_nobody_travels_to_a_bed(gazetteer: Gazetteer) -> None:
    """A placement with travel is told."""
    line = staying(travel_minutes=5)
    assert codes(gazetteer, (*HOME, placement_request()), line) == ["TRAVEL_MINUTES"]


def test_farther_agencies_travel_longer(gazetteer: Gazetteer) -> None:
    """At 4.9 km the visit takes the travel that the policy says, and no less.

    4,949 m x 1.35 are 4.15 road miles: 3.06 + 0.25 x 1.09 = 3.33 count, of which two at 22 mph
    take 5.45 minutes and 1.33 at 30 mph take 2.66: 8.1, rounded up to 10.
    """
    far = (provider(postcode="DT2 7AA"), *AGENCY[1:], homecare_request())
    right = {"distance_metres": OUT_OF_TOWN_METRES, "travel_minutes": 10}
    assert codes(gazetteer, far, visiting("R-1", "08:00", **right)) == []
    wrong = {**right, "travel_minutes": 5}
    assert codes(gazetteer, far, visiting("R-1", "08:00", **wrong)) == ["TRAVEL_MINUTES"]


# -- status ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supply", "asked", "cost"),
    [
        # why: a penny an hour above the framework rate is half a penny a visit, rounded up
        ((hourly(pence=2501), ceiling()), {}, 8757),
        # why: a penny above the personal budget
        ((hourly(), ceiling()), {"personal_budget_pence_per_week": 8749}, 8750),
        # why: no rate on file, so there is no price to agree with
        ((ceiling(),), {}, None),
    ],
)
def test_dear_offers_need_approval(
    gazetteer: Gazetteer, supply: tuple[Any, ...], asked: dict[str, Any], cost: int | None
) -> None:
    """An offer above a ceiling is flagged and never shown as proposed (H9)."""
    things = (provider(), hours(), *supply, homecare_request(**asked))
    right = visiting(weekly_cost_pence=cost, status="needs_approval")
    assert codes(gazetteer, things, right) == []
    wrong = visiting(weekly_cost_pence=cost)
    assert codes(gazetteer, things, wrong) == ["STATUS_PRICE"]


@pytest.mark.parametrize(
    ("ceilings", "asked"),
    [
        ((ceiling(),), {}),
        ((ceiling(2600),), {"personal_budget_pence_per_week": 8750}),
    ],
)
def test_offers_within_the_ceilings_are_proposed(
    gazetteer: Gazetteer, ceilings: tuple[Any, ...], asked: dict[str, Any]
) -> None:
    """An offer at or below every ceiling there is waits for nobody's approval."""
    things = (provider(), hours(), hourly(), *ceilings, homecare_request(**asked))
    assert codes(gazetteer, things, visiting()) == []
    wrong = visiting(status="needs_approval")
    assert codes(gazetteer, things, wrong) == ["STATUS_PRICE"]


def test_a_bed_above_the_budget_needs_approval(gazetteer: Gazetteer) -> None:
    """A fee a penny above the budget is a top-up that somebody must agree to (L1)."""
    tight = placement_request(personal_budget_pence_per_week=99_999, placement=Placement())
    assert codes(gazetteer, (*HOME, tight), staying(status="needs_approval")) == []
    assert codes(gazetteer, (*HOME, tight), staying()) == ["STATUS_PRICE"]


def test_every_fault_of_one_line_is_told(gazetteer: Gazetteer) -> None:
    """A line wrong in four ways is told in four ways."""
    line = Placed(
        request_id="R-1",
        provider_id="P-1",
        status="needs_approval",
        start_date=day(9),
        visit_times=visiting("R-1", "10:35").visit_times,
        weekly_cost_pence=1,
        distance_metres=780,
        travel_minutes=5,
    )
    found = codes(gazetteer, (*AGENCY, homecare_request()), line)
    assert found == ["PAID_BY", "START_DATE", "STATUS_PRICE", "WEEKLY_COST_PENCE", "WINDOW"]

"""Prices on the days of care: rises, zones, days of the week, visits, the framework, and stays."""

from __future__ import annotations

from datetime import date

import pytest

from matcher.allocation import PlacementStatus
from matcher.eligibility import LaterPrice, later_prices, price_notes
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import CareRequest, Frozen, Zone
from matcher.policy import default_policy
from matcher.referee import check
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.tariff import Tariff
from tests.builders import (
    WEYMOUTH,
    beds,
    book,
    ceiling,
    day,
    enquiry,
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

ZONES = (Zone(zone="town", postcodes=("DT1",)), Zone(zone="coast", postcodes=("DT4",)))
RESPITE = {"service_type": "respite", "unit": "night"}


def cost(gazetteer: Gazetteer, request: CareRequest, *things: Frozen) -> int | None:
    """Return the bill at the only provider, once the referee's own sums agree."""
    seller = provider() if request.is_homecare else home()
    found = enquiry(gazetteer, request, seller, *things)
    first, tariff = day(int(found.first_days[0])), Tariff(found.market.book)
    assert found.prices.bill_of(0) == tariff.bill_pence(request, seller.provider_id, first)
    bill = int(found.prices.framework_bill_pence[0])
    assert tariff.limits(request, first)[0] == (None if bill < 0 else bill)
    return found.prices.bill_of(0)


# -- rises -------------------------------------------------------------------------------------


def test_care_costs_what_the_rate_is_on_its_first_day(gazetteer: Gazetteer) -> None:
    """A rate that rises before care begins is the price, though the book's day has the old one."""
    rates = (hourly(pence=2_000, valid_to=day(1)), hourly(pence=3_000, valid_from=day(2)))
    assert cost(gazetteer, homecare_request(), *rates) == 7 * 1_500


def test_a_known_rise_is_said(gazetteer: Gazetteer) -> None:
    """What it will be from the day of the rise stands beside today's price."""
    rates = (hourly(pence=2_000, valid_to=day(29)), hourly(pence=3_000, valid_from=day(30)))
    found = enquiry(gazetteer, homecare_request(), provider(), *rates)
    assert later_prices(found, 0) == (LaterPrice(since=day(30), weekly_cost_pence=10_500),)
    assert price_notes(found, 0) == ("£70.00 until 30 April 2026, then £105.00.",)


def test_a_rate_that_runs_out_is_said(gazetteer: Gazetteer) -> None:
    """From the day after its last there is no rate on file."""
    found = enquiry(gazetteer, homecare_request(), provider(), hourly(valid_to=day(29)))
    assert price_notes(found, 0) == ("£87.50 until 30 April 2026, then no rate on file.",)


def test_another_homes_rise_changes_nothing(gazetteer: Gazetteer) -> None:
    """Only a change of this agency's own price is told."""
    things = (provider("P-2"), hourly("P-2", valid_from=day(30)), hourly())
    assert later_prices(enquiry(gazetteer, homecare_request(), provider(), *things), 0) == ()


def test_a_bed_costs_what_the_rate_is_on_admission(gazetteer: Gazetteer) -> None:
    """The bed is free on day 20, after the rise of day 10: shortlist, plan and referee agree."""
    rates = (weekly(pence=90_000, valid_to=day(9)), weekly(pence=110_000, valid_from=day(10)))
    things = (home(), beds(available_from=day(20)), *rates, placement_request())
    supply = market(gazetteer, *things)
    (option,) = make_shortlist(supply, "R-1").shortlist.options
    assert (option.weekly_cost_pence, option.over_budget_pence) == (110_000, 10_000)
    result = solve(supply)
    (placed,) = result.allocation.placed
    assert (placed.weekly_cost_pence, placed.status) == (110_000, PlacementStatus.NEEDS_APPROVAL)
    assert check(supply, result.allocation) == ()


def test_the_plan_does_not_wait_for_a_lower_price(gazetteer: Gazetteer) -> None:
    """Above the budget until day 10 and inside it from then on: offered now, with an approval."""
    rates = (weekly(pence=110_000, valid_to=day(9)), weekly(pence=90_000, valid_from=day(10)))
    supply = market(gazetteer, home(), beds(), *rates, placement_request())
    result = solve(supply)
    (placed,) = result.allocation.placed
    assert (placed.weekly_cost_pence, placed.status) == (110_000, PlacementStatus.NEEDS_APPROVAL)
    assert placed.start_date < day(10)
    assert check(supply, result.allocation) == ()


# -- zones, days, visits, framework ------------------------------------------------------------


def test_an_agency_charges_each_zone_its_own(gazetteer: Gazetteer) -> None:
    """In town 25.05 pounds an hour, at the coast 25.60: 175.35 and 179.20 for an hour a day."""
    rates = (*ZONES, hourly(pence=2_505, zone="town"), hourly(pence=2_560, zone="coast"))
    asked = homecare_request(visit(minutes=60))
    assert cost(gazetteer, asked, *rates) == 17_535
    coast = asked.model_copy(update={"postcode": Postcode(WEYMOUTH)})
    assert cost(gazetteer, coast, *rates) == 17_920


def test_the_framework_rate_is_never_above_it(gazetteer: Gazetteer) -> None:
    """An agency at the framework rate is as it is in each zone, whatever that rate is there."""
    rates = (ceiling(2_505, zone="town"), ceiling(2_560, zone="coast"))
    things = (
        *ZONES,
        provider(),
        hours(),
        hourly(pence="framework"),
    )
    for postcode, pence in ((None, 17_535), (Postcode(WEYMOUTH), 17_920)):
        changes = {} if postcode is None else {"postcode": postcode}
        asked = homecare_request(visit(minutes=60), **changes)
        found = enquiry(gazetteer, asked, *things, *rates)
        assert found.prices.cost_of(0) == pence
        assert found.needs_approval.tolist() == [False]


def test_at_a_framework_rate_that_is_not_on_file_nothing_is_known(gazetteer: Gazetteer) -> None:
    """The word names a rate; where there is none, no price follows from it."""
    at_framework = hourly(pence="framework")
    assert cost(gazetteer, homecare_request(), at_framework) is None


def test_weekends_have_a_rate_of_their_own(gazetteer: Gazetteer) -> None:
    """Five hours at 25 pounds and two at 28; bank holidays are said, and left out of the week."""
    weekend = hourly(pence=2_800, days=("sat", "sun"))
    holiday = hourly(pence=5_000, days=("bank_holiday",))
    asked = homecare_request(visit(minutes=60))
    assert cost(gazetteer, asked, hourly(), weekend, holiday) == 5 * 2_500 + 2 * 2_800
    assert cost(gazetteer, asked, weekend) is None
    found = enquiry(gazetteer, asked, provider(), hourly(), weekend, holiday)
    (said,) = price_notes(found, 0)
    assert said == "Bank holidays at £50.00 an hour, which a week's cost leaves out."


def test_a_price_by_the_visit(gazetteer: Gazetteer) -> None:
    """Seven visits at 18.85 are 131.95, for each of two carers; a length's own goes first."""
    asked = homecare_request(visit(minutes=45))
    flat = hourly(pence=1_885, unit="visit")
    assert cost(gazetteer, asked, flat) == 13_195
    pair = homecare_request(visit(minutes=45, carers=2))
    assert cost(gazetteer, pair, flat) == 26_390
    long = hourly(pence=2_000, unit="visit", visit_minutes=45)
    assert cost(gazetteer, asked, flat, long) == 14_000
    assert cost(gazetteer, asked, flat, hourly(pence=100)) == 13_195


# -- stays -------------------------------------------------------------------------------------


def test_a_stay_across_a_rise_costs_each_night_its_own(gazetteer: Gazetteer) -> None:
    """Four nights at 120 pounds and ten at 140 are 1,880, against 14 nights of the budget."""
    rates = (weekly(pence=12_000, **RESPITE, valid_to=day(10)),)
    rates += (weekly(pence=14_000, **RESPITE, valid_from=day(11)),)
    asked = respite_request(14, first=7, last=40, personal_budget_pence_per_week=94_000)
    supply = market(gazetteer, home(), beds(), *rates, asked)
    (option,) = make_shortlist(supply, asked).shortlist.options
    assert option.start_date == day(7)
    assert (option.weekly_cost_pence, option.stay_cost_pence) == (84_000, 188_000)
    assert option.later_prices == (LaterPrice(since=day(11), weekly_cost_pence=98_000),)
    assert option.price_notes == (
        "Each night at its day's rate: £840.00 a week until 11 April 2026, then £980.00.",
    )
    assert (option.over_budget_pence, option.needs_approval) == (0, False)


@pytest.mark.parametrize(
    ("rises_on", "told"),
    [
        (14, ()),  # the day after the last of seven nights from day 7
        (13, (day(13),)),  # the last night
        (7, ()),  # the first night: the price is the new one throughout
    ],
)
def test_a_stay_is_told_a_rise_that_it_meets(
    rises_on: int, told: tuple[date, ...], gazetteer: Gazetteer
) -> None:
    """What a home charges once the person is at home again tells her nothing."""
    rates = (weekly(pence=70_000, valid_to=day(rises_on - 1)),)
    rates += (weekly(pence=77_000, valid_from=day(rises_on)),)
    found = enquiry(gazetteer, respite_request(7), home(), beds(), *rates)
    assert tuple(change.since for change in later_prices(found, 0)) == told


def test_a_short_stay_is_held_against_a_weeks_budget(gazetteer: Gazetteer) -> None:
    """Three nights at 140 pounds are 420, inside 500 a week: affordable, no false alarm."""
    asked = respite_request(3, personal_budget_pence_per_week=50_000)
    things = (weekly(pence=14_000, **RESPITE), ceiling(15_000, **RESPITE))
    answer = make_shortlist(market(gazetteer, home(), beds(), *things, asked), asked).shortlist
    assert (answer.affordability, answer.options[0].stay_cost_pence) == (None, 42_000)
    tight = asked.model_copy(update={"personal_budget_pence_per_week": 41_999})
    answer = make_shortlist(market(gazetteer, home(), beds(), *things, tight), tight).shortlist
    assert answer.affordability is not None


@pytest.mark.parametrize(("nights", "expected"), [(7, 70_000), (1, 10_000), (3, 30_000)])
def test_a_weekly_fee_counts_by_the_night(nights: int, expected: int, gazetteer: Gazetteer) -> None:
    """A night is a seventh of the week, rounded once for the whole stay."""
    assert cost(gazetteer, respite_request(nights), weekly(pence=70_000)) == expected
    assert cost(gazetteer, respite_request(3), weekly(pence=70_001)) == 30_000


def test_the_plan_counts_a_stay_by_its_own_nights(gazetteer: Gazetteer) -> None:
    """Nights of Easter cost more: the plan's total is of the nights it chose, as the referee's."""
    usual = weekly(pence=10_000, **RESPITE)
    easter = weekly(pence=30_000, **RESPITE, days=("bank_holiday",))
    asked = respite_request(3, first=3, last=7)
    supply = Market(
        book(home(lead_days=0), beds(), usual, easter, asked), default_policy(), gazetteer
    )
    found = Enquiry(supply, asked)
    good_friday = date(2026, 4, 3)
    within = supply.day_number(good_friday)
    assert found.beginning(within).prices.bill_of(0) == 50_000
    result = solve(supply)
    (placed,) = result.allocation.placed
    assert check(supply, result.allocation) == ()
    assert placed.stay_cost_pence == Tariff(supply.book).bill_pence(asked, "H-1", placed.start_date)

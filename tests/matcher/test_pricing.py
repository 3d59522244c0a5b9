"""Costs worked by hand: lengths, zones, nights, halves, dates, and who must agree to a price."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.eligibility import approval_reasons
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import CareRequest, Frozen, Zone
from matcher.pricing import priced_services, rounded_pence
from matcher.tariff import Tariff
from matcher.vocabulary import RateUnit, ServiceType
from tests.builders import (
    WEYMOUTH,
    ceiling,
    day,
    enquiry,
    home,
    homecare_request,
    hourly,
    placement_request,
    provider,
    respite_request,
    visit,
    weekly,
)

NURSING_DEMENTIA = ServiceType.NURSING_DEMENTIA
TOWN = Zone(zone="town", postcodes=("DT1",))


def priced(gazetteer: Gazetteer, request: CareRequest, *things: Frozen) -> Enquiry:
    """Return prices of care from the book's day on, once the referee's own arithmetic agrees."""
    seller = provider() if request.is_homecare else home()
    asked = enquiry(gazetteer, request, seller, *things).beginning(0)
    tariff = Tariff(asked.market.book)
    assert cost(asked) == tariff.weekly_pence(request, seller.provider_id, day(0))
    bill = int(asked.prices.framework_bill_pence[0])
    assert tariff.limits(request, day(0))[0] == (None if bill < 0 else bill)
    return asked


def cost(asked: Enquiry) -> int | None:
    """Return the weekly cost at the only provider; None where it is not known."""
    return asked.prices.cost_of(0)


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_fractions_of_a_penny_are_rounded_halves_up(numerator: int, denominator: int) -> None:
    """Exact at any size: the nearest whole number, the larger of two equally near."""
    exact = Fraction(numerator, denominator)
    assert abs(rounded_pence(numerator, denominator) - exact) <= Fraction(1, 2)
    assert rounded_pence(numerator, denominator) - exact != Fraction(-1, 2)


# -- homecare ------------------------------------------------------------------------------------


def test_cost_is_rate_times_hours_days_and_carers(gazetteer: Gazetteer) -> None:
    """H6: 30 minutes daily and 45 minutes by two on three days are 480 minutes: 200.00 pounds."""
    request = homecare_request(
        visit(1), visit(2, "lunch", minutes=45, carers=2, days=("mon", "wed", "fri"))
    )
    assert request.package.weekly_minutes == 7 * 30 + 3 * 45 * 2 == 480
    assert cost(priced(gazetteer, request, hourly(pence=2_500))) == 20_000


@pytest.mark.parametrize(
    ("pence", "minutes", "expected"),
    [
        (2_501, 30, 1_251),  # 1,250.5: a half goes up
        (2_499, 30, 1_250),  # 1,249.5: a half goes up
        (2_500, 50, 2_083),  # 2,083.33 goes down
        (2_501, 40, 1_667),  # 1,667.33 goes down
        (2_500, 40, 1_667),  # 1,666.67 goes up
    ],
)
def test_the_total_is_rounded_once_halves_up(
    pence: int, minutes: int, expected: int, gazetteer: Gazetteer
) -> None:
    """One visit a week; the framework cost is rounded the same way."""
    request = homecare_request(visit(minutes=minutes, days=("mon",)))
    asked = priced(gazetteer, request, hourly(pence=pence), ceiling(pence))
    assert cost(asked) == asked.prices.framework_of(0) == expected


def test_two_half_pennies_make_a_penny(gazetteer: Gazetteer) -> None:
    """As an invoice has it, each visit is rounded: 2 x 1,250.5 is 2,502, not 2,501."""
    request = homecare_request(visit(1, days=("mon",)), visit(2, "lunch", days=("mon",)))
    assert cost(priced(gazetteer, request, hourly(pence=2_501))) == 2_502


def test_a_rate_for_the_visits_length_goes_before_the_rate_for_any(gazetteer: Gazetteer) -> None:
    """15.00 for each half hour at 30 pounds, 25.00 for the hour at the usual rate."""
    request = homecare_request(visit(1, days=("mon",)), visit(2, minutes=60, days=("mon",)))
    rates = (hourly(pence=2_500), hourly(pence=3_000, visit_minutes=30))
    assert cost(priced(gazetteer, request, *rates)) == 1_500 + 2_500


def test_a_length_without_any_rate_leaves_the_cost_unknown(gazetteer: Gazetteer) -> None:
    """Half a price is no price."""
    request = homecare_request(visit(1), visit(2, minutes=60))
    assert cost(priced(gazetteer, request, hourly(visit_minutes=30))) is None
    assert cost(priced(gazetteer, request)) is None


def test_the_ceiling_needs_a_rate_for_every_visit(gazetteer: Gazetteer) -> None:
    """One visit without a framework rate leaves nothing to compare with."""
    request = homecare_request(visit(1), visit(2, minutes=60), visit(3, "lunch"))
    asked = priced(gazetteer, request, hourly(), ceiling(visit_minutes=30))
    assert asked.prices.framework_of(0) is None
    assert asked.above_rate_pence.tolist() == [0]


def test_the_zones_own_ceiling_goes_before_everywheres(gazetteer: Gazetteer) -> None:
    """In Dorchester the town's rate holds, elsewhere the rate of all zones."""
    rates = (TOWN, ceiling(2_000), ceiling(3_000, zone="town"))
    request = homecare_request(visit(minutes=60, days=("mon",)))
    assert priced(gazetteer, request, *rates).prices.framework_of(0) == 3_000
    away = request.model_copy(update={"postcode": Postcode(WEYMOUTH)})
    assert priced(gazetteer, away, *rates).prices.framework_of(0) == 2_000


def test_the_zones_rate_for_any_length_goes_before_everywheres_for_that_length(
    gazetteer: Gazetteer,
) -> None:
    """Place is the first question, length the second."""
    request = homecare_request(visit(minutes=60, days=("mon",)))
    lengths = (ceiling(2_000, visit_minutes=60), ceiling(3_000, zone="town"))
    assert priced(gazetteer, request, TOWN, *lengths).prices.framework_of(0) == 3_000
    both = (*lengths, ceiling(4_000, zone="town", visit_minutes=60))
    assert priced(gazetteer, request, TOWN, *both).prices.framework_of(0) == 4_000


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "in_force"),
    [
        (None, None, True),
        (day(0), day(0), True),  # both ends are inclusive
        (day(1), None, False),  # tomorrow's rate
        (None, day(-1), False),  # yesterday's rate
    ],
)
def test_only_rates_in_force_on_the_books_day_count(
    valid_from: object, valid_to: object, in_force: bool, gazetteer: Gazetteer
) -> None:
    """Rates and ceilings alike."""
    dates = {"valid_from": valid_from, "valid_to": valid_to}
    request = homecare_request(visit(minutes=60, days=("mon",)))
    asked = priced(gazetteer, request, hourly(**dates), ceiling(**dates))
    expected = 2_500 if in_force else None
    assert cost(asked) == asked.prices.framework_of(0) == expected


# -- beds ----------------------------------------------------------------------------------------


def test_a_bed_costs_its_weekly_fee_else_seven_nights(gazetteer: Gazetteer) -> None:
    """The weekly rate goes before the nightly one; without either the cost is unknown."""
    nightly = weekly(pence=15_000, unit=RateUnit.NIGHT)
    assert cost(priced(gazetteer, placement_request(), nightly)) == 105_000
    assert cost(priced(gazetteer, placement_request(), nightly, weekly(pence=99_900))) == 99_900
    assert cost(priced(gazetteer, placement_request())) is None


def test_respite_has_a_price_of_its_own_or_that_of_its_bed(gazetteer: Gazetteer) -> None:
    """A nightly respite rate goes before a weekly rate of the care type."""
    respite = weekly(pence=20_000, service_type=ServiceType.RESPITE, unit=RateUnit.NIGHT)
    assert cost(priced(gazetteer, respite_request(), weekly(), respite)) == 140_000
    assert cost(priced(gazetteer, respite_request(), weekly())) == 100_000
    assert cost(priced(gazetteer, placement_request(), respite)) is None
    other = weekly(service_type=ServiceType.RESIDENTIAL)
    assert cost(priced(gazetteer, respite_request(), other)) is None


def test_the_ceiling_of_a_bed_follows_the_same_order(gazetteer: Gazetteer) -> None:
    """Week before night, respite before its care type, the zone before everywhere."""

    def bed(pence: int, service: ServiceType, unit: RateUnit, zone: str | None = None) -> Frozen:
        return ceiling(pence, service_type=service, unit=unit, zone=zone)

    by_night = bed(14_000, NURSING_DEMENTIA, RateUnit.NIGHT)
    by_week = bed(95_000, NURSING_DEMENTIA, RateUnit.WEEK)
    respite = bed(15_000, ServiceType.RESPITE, RateUnit.NIGHT, "town")
    for rates, expected in (
        ((by_night,), 98_000),
        ((by_night, by_week), 95_000),
        ((by_night, by_week, respite, TOWN), 105_000),
        ((by_night, by_week, respite), 95_000),  # R-1 lives in no zone, so the town's is not its
        ((), None),
    ):
        assert priced(gazetteer, respite_request(), *rates).prices.framework_of(0) == expected
    assert priced(gazetteer, placement_request(), by_week).prices.framework_of(0) == 95_000


def test_services_priced_are_the_most_particular_first() -> None:
    """Respite falls back on its care type; everything else stands for itself."""
    assert priced_services(homecare_request()) == (ServiceType.HOMECARE,)
    assert priced_services(placement_request()) == (NURSING_DEMENTIA,)
    assert priced_services(respite_request()) == (ServiceType.RESPITE, NURSING_DEMENTIA)


# -- who must agree ------------------------------------------------------------------------------


def test_a_price_within_rate_and_budget_needs_nobodys_agreement(gazetteer: Gazetteer) -> None:
    """Kept below, kept at both ceilings to the penny, broken one penny above (H9)."""
    request = homecare_request(
        visit(minutes=60, days=("mon",)), personal_budget_pence_per_week=2_500
    )
    for pence, reasons in ((2_400, 0), (2_500, 0), (2_501, 2)):
        asked = priced(gazetteer, request, hourly(pence=pence), ceiling(2_500))
        assert len(approval_reasons(asked, 0)) == reasons
        assert bool(asked.needs_approval[0]) == bool(reasons)


def test_an_offer_above_the_framework_rate_says_by_how_much_an_hour(gazetteer: Gazetteer) -> None:
    """Three and a half hours at 1.20 above are 4.20 a week."""
    asked = priced(gazetteer, homecare_request(), hourly(pence=2_620), ceiling(2_500))
    assert asked.above_rate_pence.tolist() == [420]
    assert approval_reasons(asked, 0) == (
        "£1.20 an hour above the framework rate (£4.20 a week); a budget holder must approve (H9).",
    )


def test_a_dear_home_names_the_top_up(gazetteer: Gazetteer) -> None:
    """A bed is compared by the week, and what exceeds the budget is somebody's top-up."""
    fee = ceiling(95_000, service_type=NURSING_DEMENTIA, unit=RateUnit.WEEK)
    asked = priced(gazetteer, placement_request(), weekly(pence=112_050), fee)
    assert asked.over_budget_pence.tolist() == [12_050]
    assert approval_reasons(asked, 0) == (
        "£170.50 a week above the framework rate; a budget holder must approve (H9).",
        "£120.50 a week above the personal budget: a top-up.",
    )


def test_homecare_over_budget_is_for_a_budget_holder(gazetteer: Gazetteer) -> None:
    """There is no top-up for visits at home."""
    request = homecare_request(personal_budget_pence_per_week=8_000)
    (reason,) = approval_reasons(priced(gazetteer, request, hourly(), ceiling()), 0)
    assert reason == "£7.50 a week above the personal budget: a budget holder must approve."


def test_without_a_rate_a_price_must_be_agreed_first(gazetteer: Gazetteer) -> None:
    """An unknown price is flagged, not taken for nought."""
    asked = priced(gazetteer, homecare_request(personal_budget_pence_per_week=1), ceiling())
    assert approval_reasons(asked, 0) == (
        "Agency P-1 has no rate on file: agree a price before booking.",
    )
    assert asked.above_rate_pence.tolist() == asked.over_budget_pence.tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.sampled_from([15, 30, 45, 60]), st.integers(1, 4), st.integers(1, 7)),
        min_size=1,
        max_size=5,
    ),
    any_length=st.none() | st.integers(1_000, 4_000),
    half_hour=st.none() | st.integers(1_000, 4_000),
)
def test_any_package_costs_what_the_referee_says(
    lines: list[tuple[int, int, int]],
    any_length: int | None,
    half_hour: int | None,
    gazetteer: Gazetteer,
) -> None:
    """Arrays of whole pence and the referee's fractions come to the same."""
    week = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    request = homecare_request(
        *(
            visit(number, minutes=minutes, carers=carers, days=week[:days])
            for number, (minutes, carers, days) in enumerate(lines, start=1)
        )
    )
    rates: list[Frozen] = []
    if any_length is not None:
        rates += [hourly(pence=any_length), ceiling(any_length)]
    if half_hour is not None:
        rates += [hourly(pence=half_hour, visit_minutes=30), ceiling(half_hour, visit_minutes=30)]
    asked = priced(gazetteer, request, *rates)
    assert cost(asked) == asked.prices.framework_of(0)

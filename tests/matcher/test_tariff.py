"""The plain tariff: sums by hand, and agreement with the arrays on books drawn at random."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.eligibility import paid_by
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Book, CareRequest, Frozen, Zone
from matcher.payers import council_pays
from matcher.policy import Policy
from matcher.tariff import Tariff
from matcher.vocabulary import Day, ServiceType
from tests.builders import (
    WEYMOUTH,
    book,
    ceiling,
    day,
    homecare_request,
    hourly,
    placement_request,
    provider,
    request,
    respite_request,
    visit,
    weekly,
)
from tests.pricing_books import priced_books
from tests.strategies import books

WEEKDAYS = tuple(Day)[:5]


def cost(asked: CareRequest, *things: Frozen) -> int | None:
    """Return what a request costs a week at P-1."""
    return Tariff(book(provider(), *things, asked)).weekly_pence(asked, "P-1", day(0))


def limit(asked: CareRequest, *things: Frozen) -> int | None:
    """Return what a request costs at framework rates, a week or the whole stay."""
    return Tariff(book(provider(), *things, asked)).limits(asked, day(0))[0]


# -- sums by hand ------------------------------------------------------------------------------


def test_a_week_of_visits() -> None:
    """Visits times days times carers times hours times rate.

    At 25.05 pounds an hour 45 minutes are 18.7875 pounds, so 18.79, and 30 are 12.525, so 12.53:
    5 x 18.79 and 7 x 2 x 12.53 are 269.37 pounds (H6).
    """
    asked = homecare_request(visit(1, minutes=45, days=WEEKDAYS), visit(2, "tea", carers=2))
    assert cost(asked, hourly(pence=2505)) == 26_937


@pytest.mark.parametrize(
    ("pence", "expected"),
    [
        (2402, 601),  # 600.5: a half goes up
        (2401, 600),  # 600.25
        (2403, 601),  # 600.75
        (2398, 600),  # 599.5: a half goes up, to an even number too
    ],
)
def test_halves_go_up(pence: int, expected: int) -> None:
    """One visit of a quarter of an hour costs a quarter of the rate, halves rounded up."""
    asked = homecare_request(visit(minutes=15, days=(Day.MON,)))
    assert cost(asked, hourly(pence=pence)) == expected
    assert limit(asked, ceiling(pence)) == expected


def test_each_visit_is_rounded() -> None:
    """Two quarters of 24.02 pounds are twice 6.01 on the invoice, not 12.01."""
    visits = [visit(n, minutes=15, days=(Day.MON,)) for n in (1, 2)]
    assert cost(homecare_request(*visits), hourly(pence=2402)) == 1202


def test_a_rate_for_that_length_goes_first() -> None:
    """Half an hour every day at its own 30 pounds an hour, not at the usual 25."""
    rates = (hourly(), hourly(pence=3000, visit_minutes=30), hourly(pence=1, visit_minutes=45))
    assert cost(homecare_request(), *rates) == 10_500


@pytest.mark.parametrize(
    "rates",
    [
        (),  # why: nothing on file
        (hourly(visit_minutes=45),),  # why: only for visits of another length
        (hourly(valid_to=day(-1)),),  # why: ended yesterday
        (hourly(valid_from=day(1)),),  # why: starts tomorrow
        (hourly("P-2"),),  # why: another agency's
    ],
)
def test_no_rate_is_no_cost(rates: tuple[Frozen, ...]) -> None:
    """Without a rate in force the cost is not known, which is not nought (H16)."""
    assert cost(homecare_request(), provider("P-2"), *rates) is None


def test_rates_in_force_on_their_first_and_last_day() -> None:
    """A rate for today alone is in force."""
    assert cost(homecare_request(), hourly(valid_from=day(0), valid_to=day(0))) == 8750


def test_a_week_in_a_bed() -> None:
    """The weekly fee goes before seven nights."""
    night = weekly("P-1", 20_000, unit="night")
    assert cost(placement_request(), weekly("P-1", 100_000), night) == 100_000
    assert cost(placement_request(), night) == 140_000
    assert cost(placement_request()) is None


def test_respite_falls_back_on_the_kind_of_bed() -> None:
    """Respite's own rate goes first, by week or by night; then the bed's."""
    own = weekly("P-1", 15_000, service_type="respite", unit="night")
    bed = weekly("P-1", 100_000)
    assert cost(respite_request(), own, bed) == 105_000
    assert cost(respite_request(), bed) == 100_000
    bare = request(ServiceType.RESPITE)
    assert cost(bare, bed) is None


def test_framework_rates_by_zone_then_by_length() -> None:
    """A zone's rate for any length goes before every zone's rate for that length.

    Half an hour every day is 3.5 hours: 26 pounds make 91.00, 27 make 94.50, 24 make 84.00.
    """
    zone = Zone(zone="dorchester", postcodes=("DT1",))
    here = ceiling(2600, zone="dorchester")
    here_half = ceiling(2700, zone="dorchester", visit_minutes=30)
    half, everywhere = ceiling(2400, visit_minutes=30), ceiling(2500)
    asked = homecare_request()
    assert limit(asked, zone, here, here_half, half, everywhere) == 9450
    assert limit(asked, zone, here, half, everywhere) == 9100
    assert limit(asked, zone, half, everywhere) == 8400
    assert limit(asked, zone, everywhere) == 8750
    assert limit(asked, zone) is None


def test_a_sector_goes_before_its_outward_code() -> None:
    """DT1 1XJ lies in the zone of sector DT1 1, DT1 2 in that of DT1; DT4 in none."""
    zones = (Zone(zone="inner", postcodes=("DT1 1",)), Zone(zone="outer", postcodes=("DT1",)))
    rates = (ceiling(2600, zone="inner"), ceiling(2400, zone="outer"))
    assert limit(homecare_request(), *zones, *rates) == 9100
    assert limit(homecare_request(postcode=Postcode("DT1 2NB")), *zones, *rates) == 8400
    assert limit(homecare_request(postcode=Postcode(WEYMOUTH)), *zones, *rates) is None
    assert limit(homecare_request(postcode=None), *zones, *rates) is None


def test_every_visit_needs_a_ceiling() -> None:
    """Where one of two visits has no framework rate the week has none."""
    half = ceiling(visit_minutes=30)
    asked = homecare_request(visit(1), visit(2, "tea", minutes=45))
    assert limit(asked, half) is None
    assert limit(asked, half, ceiling(visit_minutes=45)) == 2500 * (210 + 315) // 60


def test_beds_have_ceilings_too() -> None:
    """A weekly framework rate for the service, or seven of its nights."""
    week = ceiling(110_000, service_type="nursing_dementia", unit="week")
    night = ceiling(14_500, service_type="respite", unit="night")
    assert limit(placement_request(), week) == 110_000
    assert limit(respite_request(), week, night) == 101_500
    assert limit(respite_request(), week) == 110_000


# -- agreement ---------------------------------------------------------------------------------


def _agree(market: Market) -> None:
    tariff, as_of = Tariff(market.book), market.book.as_of
    for asked in market.book.requests:
        if asked.postcode is None:
            continue
        found = Enquiry(market, asked)
        for number, one in enumerate(market.providers):
            first = as_of + timedelta(days=int(found.first_days[number]))
            for enquiry, on in ((found, first), (found.beginning(2), as_of + timedelta(days=2))):
                prices, name = enquiry.prices, one.provider_id
                assert tariff.weekly_pence(asked, name, on) == prices.cost_of(number)
                assert tariff.bill_pence(asked, name, on) == prices.bill_of(number)
                if asked.stay_nights is None:
                    assert tariff.limits(asked, on)[0] == prices.framework_of(number)
                bill = int(prices.framework_bill_pence[number])
                limits = (None if bill < 0 else bill), enquiry.budget_pence
                if council_pays(asked):
                    assert tariff.limits(asked, on) == limits
                payers = tariff.paid_by(asked, name, on)
                assert payers == paid_by(enquiry, number)
                assert payers is None or payers.price_pence == prices.bill_of(number)


@settings(max_examples=40, deadline=None)
@given(drawn=books(max_requests=3))
def test_the_tariff_agrees_with_the_arrays(
    gazetteer: Gazetteer, policy: Policy, drawn: Book
) -> None:
    """Two ways to price a week, one plain and one over arrays, never differ."""
    _agree(Market(drawn, policy, gazetteer))


@settings(deadline=None)
@given(data=st.data())
def test_the_tariff_agrees_with_the_arrays_on_crowded_price_lists(
    gazetteer: Gazetteer, policy: Policy, data: st.DataObject
) -> None:
    """The same holds where rates of many lengths, units, services and zones compete."""
    _agree(Market(data.draw(priced_books()), policy, gazetteer))


def test_services_are_priced_by_their_own_names() -> None:
    """Residential care is not priced at the rate of nursing care with dementia."""
    asked = request(ServiceType.RESIDENTIAL)
    assert cost(asked, weekly("P-1", 100_000)) is None

"""A price is held against a ceiling, or somebody must agree to it (H9)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from matcher.eligibility import approval_reasons
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, Frozen
from matcher.payers import council_pays
from matcher.policy import default_policy
from matcher.tariff import Tariff
from matcher.vocabulary import RateUnit, ServiceType
from tests.builders import (
    ceiling,
    day,
    enquiry,
    home,
    homecare_request,
    hourly,
    placement_request,
    provider,
    request,
    respite_request,
    weekly,
)
from tests.pricing_books import priced_books

NO_CEILING = "No framework rate is in force to hold the price against (H9)."
BY_WEEK: dict[str, Any] = {"service_type": ServiceType.NURSING_DEMENTIA, "unit": RateUnit.WEEK}
UNBUDGETED: dict[str, Any] = {"personal_budget_pence_per_week": None}


def reasons(asked: Enquiry) -> tuple[str, ...]:
    """Return why the first provider's price needs agreement, once the mask agrees."""
    told = approval_reasons(asked, 0)
    assert bool(asked.needs_approval[0]) == bool(told)
    return told


@pytest.mark.parametrize(
    ("rates", "held"),
    [
        ((ceiling(),), True),
        ((ceiling(valid_to=day(30)),), True),  # still in force when care begins
        ((ceiling(visit_minutes=30),), True),  # the very length asked for
        ((), False),  # nothing on file
        ((ceiling(valid_to=day(-1)),), False),  # ran out yesterday
        ((ceiling(valid_from=day(60)),), False),  # holds from a day after care begins
        ((ceiling(zone="elsewhere"),), False),  # another zone's
        ((ceiling(visit_minutes=45),), False),  # another length's
        ((ceiling(**BY_WEEK),), False),  # a bed's
    ],
)
@pytest.mark.parametrize("budget", [None, 100_000])
def test_homecare_is_held_against_a_framework_rate(
    rates: tuple[Frozen, ...], held: bool, budget: int | None, gazetteer: Gazetteer
) -> None:
    """Kept with a rate in force, broken without; a budget, however ample, is no substitute."""
    asked = homecare_request(personal_budget_pence_per_week=budget)
    found = enquiry(gazetteer, asked, provider(), hourly(), *rates)
    assert found.has_no_ceiling.tolist() == [not held]
    assert reasons(found) == (() if held else (NO_CEILING,))


@pytest.mark.parametrize(
    ("terms", "rates", "expected"),
    [
        ({}, (), ()),  # the budget alone, just enough
        (UNBUDGETED, (ceiling(100_000, **BY_WEEK),), ()),  # the rate alone, just enough
        ({}, (ceiling(100_000, **BY_WEEK),), ()),
        (UNBUDGETED, (), (NO_CEILING,)),  # neither
        (UNBUDGETED, (ceiling(100_000),), (NO_CEILING,)),  # a rate for visits is none for beds
    ],
)
def test_a_bed_is_held_against_a_rate_or_a_budget(
    terms: dict[str, Any],
    rates: tuple[Frozen, ...],
    expected: tuple[str, ...],
    gazetteer: Gazetteer,
) -> None:
    """Beds are often bought on the spot, so a personal budget alone is a ceiling."""
    found = enquiry(gazetteer, placement_request(**terms), home(), weekly(), *rates)
    assert reasons(found) == expected


def test_respite_is_held_like_any_bed(gazetteer: Gazetteer) -> None:
    """With a budget nobody is asked; without budget and rate somebody is."""
    budgeted = enquiry(gazetteer, respite_request(), home(), weekly())
    assert reasons(budgeted) == ()
    assert reasons(enquiry(gazetteer, respite_request(**UNBUDGETED), home(), weekly())) == (
        NO_CEILING,
    )


def test_an_unknown_price_is_the_only_reason_told(gazetteer: Gazetteer) -> None:
    """Where no price is on file there is nothing yet to hold against a ceiling."""
    assert reasons(enquiry(gazetteer, homecare_request(), provider())) == (
        "Agency P-1 has no rate on file: agree a price before booking.",
    )


def test_no_ceiling_stands_beside_a_budget_exceeded(gazetteer: Gazetteer) -> None:
    """Both are told: 87.50 pounds a week are 7.50 above the budget, with no rate on file."""
    asked = homecare_request(personal_budget_pence_per_week=8_000)
    assert reasons(enquiry(gazetteer, asked, provider(), hourly())) == (
        NO_CEILING,
        "£7.50 a week above the personal budget: a budget holder must approve.",
    )


@settings(max_examples=40, deadline=None)
@given(book=priced_books())
def test_the_mask_the_reasons_and_the_tariff_agree(book: Book, gazetteer: Gazetteer) -> None:
    """Whatever the rates: flagged exactly where a reason is told, and where plain sums say so."""
    supply, tariff = Market(book, default_policy(), gazetteer), Tariff(book)
    for asked in book.requests:
        found = Enquiry(supply, asked)
        for number, seller in enumerate(supply.providers):
            first = day(int(found.first_days[number]))
            limit, budget = tariff.limits(asked, first)
            payers = tariff.paid_by(asked, seller.provider_id, first)
            held = None if payers is None else payers.council_pence + payers.own_pence
            told = approval_reasons(found, number)
            assert bool(found.needs_approval[number]) == bool(told)
            lacking = limit is None and (asked.is_homecare or budget is None)
            ceilings = [most for most in (limit, budget) if most is not None]
            agreed = held is not None and not lacking and all(held <= most for most in ceilings)
            assert (agreed or not council_pays(asked)) == (not told)


def test_a_service_without_prices_has_no_ceiling(gazetteer: Gazetteer) -> None:
    """Extra care has neither a rate nor, here, a budget."""
    assert enquiry(gazetteer, request(ServiceType.EXTRA_CARE), home()).has_no_ceiling.tolist() == [
        True
    ]

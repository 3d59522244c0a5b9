"""Who pays: each payer in turn, to the penny, and what of it is held against a ceiling."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from matcher.allocation import PlacementStatus
from matcher.eligibility import approval_reasons, paid_by, price_notes
from matcher.geography import Gazetteer
from matcher.model import CareRequest
from matcher.payers import PaidBy
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from tests.builders import (
    beds,
    ceiling,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    weekly,
)

BED = {"service_type": "nursing_dementia", "unit": "week"}


def paid(gazetteer: Gazetteer, pence: int, request: CareRequest) -> PaidBy | None:
    """Return who pays what of a bed at a weekly price, beside a framework rate of 1,000 pounds."""
    things = (home(), weekly(pence=pence), ceiling(100_000, **BED))
    return paid_by(enquiry(gazetteer, request, *things), 0)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, {"council_pence": 120_000}),
        ({"funding": "health"}, {"health_pence": 120_000}),
        ({"funding": "self_funded"}, {"own_pence": 120_000}),
        (
            {"funding": "self_funded", "nursing_contribution_pence_per_week": 25_406},
            {"health_pence": 25_406, "own_pence": 94_594},
        ),
        ({"funding": "joint"}, {"council_pence": 120_000}),
        (
            {"funding": "joint", "health_share_percent": 33},
            {"health_pence": 39_600, "council_pence": 80_400},
        ),
        (
            {"nursing_contribution_pence_per_week": 25_406},
            {"health_pence": 25_406, "council_pence": 94_594},
        ),
        (
            # Only 150 of the 200 pounds above the rate have been agreed to.
            {"third_party_top_up_pence_per_week": 15_000},
            {"third_party_pence": 15_000, "council_pence": 105_000},
        ),
        (
            # No more than what lies above the rate is asked of anybody.
            {"third_party_top_up_pence_per_week": 30_000},
            {"third_party_pence": 20_000, "council_pence": 100_000},
        ),
        (
            {"own_contribution_pence_per_week": 20_001},
            {"own_pence": 20_001, "council_pence": 99_999},
        ),
        ({"own_contribution_pence_per_week": 900_000}, {"own_pence": 120_000}),
        ({"nursing_contribution_pence_per_week": 900_000}, {"health_pence": 120_000}),
    ],
)
def test_payers_in_turn(
    terms: dict[str, Any], expected: dict[str, int], gazetteer: Gazetteer
) -> None:
    """The NHS first, then a third party above the limits, then the person, then the council."""
    request = placement_request(**terms)
    found = paid(gazetteer, 120_000, request)
    assert found == PaidBy(**expected)
    assert found.price_pence == 120_000


def test_a_nursing_contribution_brings_a_home_inside_the_budget(gazetteer: Gazetteer) -> None:
    """Of 1,254.06 pounds the NHS pays 254.06, so the council keeps to its 1,000: no approval."""
    request = placement_request(nursing_contribution_pence_per_week=25_406)
    supply = market(
        gazetteer, request, home(), beds(), weekly(pence=125_406), ceiling(100_000, **BED)
    )
    answer = make_shortlist(supply, request).shortlist
    (option,) = answer.options
    assert answer.affordability is None
    assert (option.needs_approval, option.over_budget_pence) == (False, 0)
    assert option.paid_by == PaidBy(council_pence=100_000, health_pence=25_406)
    assert option.price_notes == ("Paid by: council £1,000.00, NHS £254.06 a week.",)


@pytest.mark.parametrize(
    "terms",
    [
        {"funding": "self_funded", "personal_budget_pence_per_week": None},
        {"funding": "health", "personal_budget_pence_per_week": None},
        {"third_party_top_up_pence_per_week": 15_000},
        {"funding": "joint", "health_share_percent": 20},
    ],
)
def test_what_others_pay_needs_no_budget_holder(
    terms: dict[str, Any], gazetteer: Gazetteer
) -> None:
    """At 150 pounds above rate and budget the plan places them, and says who pays."""
    request = placement_request(**terms)
    supply = market(
        gazetteer, request, home(), beds(), weekly(pence=115_000), ceiling(100_000, **BED)
    )
    (placed,) = solve(supply).allocation.placed
    assert placed.status is PlacementStatus.PROPOSED
    assert placed.paid_by is not None
    assert placed.paid_by.price_pence == 115_000
    assert any(reason.startswith("Paid by: ") for reason in placed.reasons)


def test_a_top_up_beyond_what_was_agreed_still_waits(gazetteer: Gazetteer) -> None:
    """Of 200 pounds above rate and budget 150 are agreed: 50 are still nobody's."""
    request = placement_request(third_party_top_up_pence_per_week=15_000)
    found = enquiry(gazetteer, request, home(), weekly(pence=120_000), ceiling(100_000, **BED))
    assert found.over_budget_pence.tolist() == found.above_rate_pence.tolist() == [5_000]
    assert found.needs_approval.tolist() == [True]


def test_what_the_person_contributes_is_inside_the_budget(gazetteer: Gazetteer) -> None:
    """The budget holds what both pay (Care Act 2014, section 26): a contribution adds nothing."""
    request = placement_request(own_contribution_pence_per_week=15_000)
    found = enquiry(gazetteer, request, home(), weekly(pence=101_000))
    assert found.over_budget_pence.tolist() == [1_000]
    assert found.parts.of(0) == PaidBy(council_pence=86_000, own_pence=15_000)


def test_who_pays_for_herself_is_told_that_no_price_is_on_file(gazetteer: Gazetteer) -> None:
    """Nobody approves for the council, and the price is still to be agreed."""
    own = homecare_request(funding="self_funded")
    found = enquiry(gazetteer, own, provider())
    assert found.needs_approval.tolist() == [False]
    assert approval_reasons(found, 0) == ()
    assert price_notes(found, 0) == (
        "Agency P-1 has no rate on file: whoever pays agrees a price with it first.",
    )
    assert paid_by(found, 0) is None


def test_homecare_of_a_self_funder_needs_no_framework_rate(gazetteer: Gazetteer) -> None:
    """With no ceiling on file the plan still places who pays for herself."""
    supply = market(
        gazetteer, homecare_request(funding="self_funded"), provider(), hours(), hourly()
    )
    (placed,) = solve(supply).allocation.placed
    assert (placed.status, placed.paid_by) == ("proposed", PaidBy(own_pence=8_750))


def test_a_stay_is_paid_by_the_night(gazetteer: Gazetteer) -> None:
    """Ten nights at 700 pounds a week are 1,000: of 70 pounds a week the NHS pays 100 in all."""
    request = respite_request(10, nursing_contribution_pence_per_week=7_000)
    found = enquiry(gazetteer, request, home(), weekly(pence=70_000))
    assert found.parts.of(0) == PaidBy(council_pence=90_000, health_pence=10_000)


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"health_share_percent": 30}, "health_share_percent"),
        ({"third_party_top_up_pence_per_week": 100}, "top-up"),
        ({"nursing_contribution_pence_per_week": 100}, "nursing"),
    ],
)
def test_payers_fit_the_care(terms: dict[str, Any], what: str) -> None:
    """A share needs joint funding, a top-up a bed, a nursing contribution a nursing home."""
    with pytest.raises(ValidationError, match=what):
        homecare_request(**terms)

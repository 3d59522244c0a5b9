"""Languages and carers' gender: a rule for agencies, a preference for care homes (S4)."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.eligibility import judge
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen
from matcher.shortlist import make_shortlist
from tests.builders import (
    beds,
    council_policy,
    enquiry,
    home,
    homecare_request,
    hours,
    market,
    placement_request,
    provider,
    rank_ids,
    respite_request,
    weekly,
)

WISHES: dict[str, Any] = {"languages": ("polish",), "carer_gender": "female"}
MEETS: dict[str, Any] = {"languages": ("polish",), "female_carers": True}
LACKS: dict[str, Any] = {"languages": ("welsh",), "female_carers": False}


@pytest.mark.parametrize(
    "asked", [placement_request(**WISHES), respite_request(**WISHES)], ids=["for good", "respite"]
)
@pytest.mark.parametrize("terms", [{}, LACKS, MEETS], ids=["unrecorded", "lacking", "met"])
def test_no_home_is_refused_over_language_or_gender(
    asked: CareRequest, terms: dict[str, Any], gazetteer: Gazetteer
) -> None:
    """Homes seldom record either, so neither keeps anybody out of a bed."""
    verdict = judge(enquiry(gazetteer, asked, home(**terms), beds(), weekly()))
    assert verdict.eligible.tolist() == [True]


@pytest.mark.parametrize(
    ("terms", "eligible"),
    [(MEETS, True), ({}, False), ({**MEETS, "languages": ()}, False), ({**LACKS}, False)],
)
def test_an_agency_is_refused_over_either(
    terms: dict[str, Any], eligible: bool, gazetteer: Gazetteer
) -> None:
    """Carers come into the person's home; what is not on record is not there."""
    verdict = judge(enquiry(gazetteer, homecare_request(**WISHES), provider(**terms), hours()))
    assert verdict.eligible.tolist() == [eligible]


def test_the_affordable_home_is_offered_though_nothing_is_on_record(gazetteer: Gazetteer) -> None:
    """L1 is not told falsely: the only home inside the budget has recorded no languages."""
    supply: list[Frozen] = [
        *(home("H-1", **MEETS), beds("H-1"), weekly("H-1", 120_000)),
        *(home("H-2"), beds("H-2"), weekly("H-2", 90_000)),
    ]
    answer = make_shortlist(market(gazetteer, placement_request(**WISHES), *supply), "R-1")
    assert set(rank_ids(answer.shortlist.options)) == {"H-1", "H-2"}
    assert answer.shortlist.affordability is None
    assert answer.shortlist.refused_by == {}


def test_among_equal_homes_the_one_that_meets_the_wishes_goes_first(gazetteer: Gazetteer) -> None:
    """A preference still counts in the score, and only by its weight."""
    supply = [
        *(home("H-1"), beds("H-1"), weekly("H-1")),
        *(home("H-2", **MEETS), beds("H-2"), weekly("H-2")),
    ]
    first = make_shortlist(market(gazetteer, placement_request(**WISHES), *supply), "R-1")
    assert rank_ids(first.shortlist.options) == ["H-2", "H-1"]
    weightless = council_policy(weights__culture=0)
    even = market(gazetteer, placement_request(**WISHES), *supply, policy=weightless)
    totals = [option.total for option in make_shortlist(even, "R-1").shortlist.options]
    assert totals[0] == totals[1]

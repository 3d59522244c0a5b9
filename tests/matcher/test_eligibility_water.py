"""Water between a person and a provider: who is refused for it, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.eligibility import RULES, pair_refusals
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen
from matcher.policy import Policy
from matcher.referee import check
from matcher.report.option import option_facts
from matcher.report.pair import explain_pair
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from tests.builders import (
    beds,
    ceiling,
    council_policy,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    weekly,
)

SOUTHSEA, RYDE = Postcode("PO5 3BA"), Postcode("PO33 2HG")
POOLE, STUDLAND, SWANAGE = Postcode("BH13 7QD"), Postcode("BH19 3BA"), Postcode("BH19 1AA")
BY_FERRY = (
    "Agency P-1 is across the Solent by the Portsmouth-Fishbourne ferry, which no carer takes on "
    "a round."
)


def refusals(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> list[str]:
    """Return what the rules say against a pair, and that mask and sentence agree on water."""
    asked = enquiry(gazetteer, *things, policy=policy)
    rule = next(rule for rule in RULES if rule.rule_id == "WATER")
    told = [r.sentence for r in pair_refusals(asked, 0) if r.rule_id == "WATER"]
    assert bool(rule.mask(asked, asked.ways.barred)[0]) == (not told)
    return told


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        (SOUTHSEA, SOUTHSEA, []),  # trivially kept: nothing lies between
        (RYDE, SOUTHSEA, [BY_FERRY]),  # broken: 8.3 km over the sea
        (SOUTHSEA, RYDE, [BY_FERRY]),  # broken: and the other way
        (POOLE, STUDLAND, []),  # only just kept: a ferry, but one that shuttles all day
        (POOLE, SWANAGE, []),  # only just kept: by that ferry, or round by Wareham
    ],
)
def test_a_ferry_by_timetable_keeps_a_carer_from_a_round(
    gazetteer: Gazetteer, here: Postcode, there: Postcode, told: list[str]
) -> None:
    """An island without a road is not served from the mainland; the water is named."""
    things = (homecare_request(postcode=here), provider(postcode=there))
    assert refusals(gazetteer, *things) == told


def test_a_council_that_sends_carers_by_ferry_refuses_nobody(gazetteer: Gazetteer) -> None:
    """The policy's switch opens the rule, and travel then has the hour on the water."""
    policy = council_policy(travel__ferries_for_homecare=True)
    things = (homecare_request(postcode=RYDE), provider(postcode=SOUTHSEA))
    assert refusals(gazetteer, *things, policy=policy) == []


def test_no_small_change_is_told_of_a_ferry(gazetteer: Gazetteer) -> None:
    """An agency over the water is no near miss, however near as the crow flies."""
    supply = market(gazetteer, *island_care())
    answer = make_shortlist(supply, "R-1").shortlist
    assert answer.options == ()
    assert answer.near_misses == ()
    assert answer.refused_by == {"WATER": 1}


def island_care(**changes: Any) -> tuple[Frozen, ...]:
    """Build an agency in Southsea with room, and somebody in Ryde."""
    agency = provider(postcode=SOUTHSEA)
    return (agency, hours(), hourly(), ceiling(), homecare_request(postcode=RYDE, **changes))


def test_nobody_is_placed_over_a_ferry_and_the_referee_refuses_it(gazetteer: Gazetteer) -> None:
    """The plan leaves the person unplaced; a plan made where ferries are taken is refused here."""
    supply = market(gazetteer, *island_care())
    result = solve(supply).allocation
    assert [line.request_id for line in result.unplaced] == ["R-1"]
    policy = council_policy(travel__ferries_for_homecare=True)
    abroad = market(gazetteer, *island_care(), policy=policy)
    placed = solve(abroad).allocation
    assert [line.travel_minutes for line in placed.placed] == [80]
    assert check(abroad, placed) == ()
    assert [(v.rule, v.sentence) for v in check(supply, placed)] == [("WATER", BY_FERRY)]


@pytest.mark.parametrize(
    "changes",
    [
        {"distance_metres": 8_254},  # the straight line over the sea
        {"travel_minutes": 20},  # the drive without the ferry
    ],
)
def test_the_referee_counts_the_crossing(gazetteer: Gazetteer, changes: dict[str, int]) -> None:
    """A plan that states the straight line, or leaves out the ferry's minutes, is refused."""
    policy = council_policy(travel__ferries_for_homecare=True)
    supply = market(gazetteer, *island_care(), policy=policy)
    plan = solve(supply).allocation
    broken = plan.model_copy(update={"placed": (plan.placed[0].model_copy(update=changes),)})
    assert [v.rule for v in check(supply, broken)] == [name.upper() for name in changes]


def test_a_home_over_the_water_is_shown_with_its_way(gazetteer: Gazetteer) -> None:
    """A care home by ferry is an option; its place, its score and the plan name the crossing."""
    request = placement_request(postcode=POOLE)
    supply = market(gazetteer, home(postcode=STUDLAND), beds(), weekly(), request)
    (option,) = make_shortlist(supply, "R-1").shortlist.options
    assert option.way == "by the Sandbanks Ferry"
    where = dict(option_facts(option, request))["Where"]
    assert where == f"BH19 3BA, {option.distance_metres / 1000:.1f} km away by the Sandbanks Ferry"
    reason = next(c.reason for c in option.criteria if c.name == "distance")
    assert " km by the Sandbanks Ferry of a 40.2 km radius" in reason
    (placed,) = solve(supply).allocation.placed
    assert placed.reasons[0].endswith(" km away by the Sandbanks Ferry")
    assert explain_pair(supply, "R-1", "H-1").way == "by the Sandbanks Ferry"


def test_a_way_round_that_is_too_long_is_told_with_its_crossing(gazetteer: Gazetteer) -> None:
    """From Southend to Sheerness it is 12 km on the map and 75 km by three crossings."""
    asked: Enquiry = enquiry(
        gazetteer,
        homecare_request(postcode=Postcode("SS1 1AA")),
        provider(postcode=Postcode("ME12 1AA")),
    )
    (refusal,) = [r for r in pair_refusals(asked, 0) if r.rule_id == "RADIUS"]
    assert refusal.sentence == (
        "Agency P-1 is 74.8 km away by the Dartford Crossing, then by the Medway Tunnel, then by "
        "the Sheppey Crossing; the radius is 24.1 km."
    )

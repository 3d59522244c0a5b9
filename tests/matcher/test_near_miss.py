"""Near misses have limits: beyond them a change is no longer small."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.eligibility import judge
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen
from matcher.near_miss import near_misses
from matcher.policy import Policy
from tests.builders import (
    OUT_OF_TOWN,
    ceiling,
    council_policy,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
)


def missed(gazetteer: Gazetteer, policy: Policy, **changes: Any) -> list[str]:
    """Return the changes of an agency 4.9 km away, in a market of that agency alone."""
    supply = market(
        gazetteer,
        provider(postcode=Postcode(OUT_OF_TOWN)),
        hours(**changes),
        hourly(),
        ceiling(),
        homecare_request(),
        policy=policy,
    )
    verdict = judge(Enquiry(supply, supply.request("R-1")))
    return [change for miss in near_misses(verdict) for change in miss.changes]


@pytest.mark.parametrize(
    ("limit_km", "found"),
    [
        (10.0, True),  # far within the limit
        (2.0, False),  # 4.9 km away with a radius of 1 mile is 3.3 km beyond it
        (3.4, True),  # only just within
    ],
)
def test_distance_beyond_the_radius(gazetteer: Gazetteer, limit_km: float, found: bool) -> None:
    """An agency is missed nearly only within so many kilometres beyond the radius."""
    policy = council_policy(radius__homecare_miles=1.0, shortlist__near_miss_km=limit_km)
    assert bool(missed(gazetteer, policy)) is found


@pytest.mark.parametrize(
    ("limit_minutes", "found"),
    [
        (600, True),  # far within the limit
        (10, False),  # the first start is 15 minutes after the band ends
        (15, True),  # only just within
    ],
)
def test_minutes_outside_a_band(gazetteer: Gazetteer, limit_minutes: int, found: bool) -> None:
    """A morning visit (to start by 10:30) is nearly possible if 10:45 is not too late."""
    policy = council_policy(shortlist__near_miss_minutes=limit_minutes)
    changes = missed(gazetteer, policy, start="10:35", end="12:00")
    assert changes == (["feasible if the morning visit may start at 10:45"] if found else [])


def test_most_change_knows_the_units_it_limits(policy: Policy) -> None:
    """Metres, minutes and days have limits in the default policy; other changes have none."""
    shortlist = policy.shortlist
    assert shortlist.most_change("metres") == 10_000
    assert shortlist.most_change("minutes") == 90
    assert shortlist.most_change("days") == 28
    assert shortlist.most_change("language") is None


def found_by(gazetteer: Gazetteer, *things: Frozen) -> list[tuple[str, tuple[str, ...]]]:
    """Return the near misses of the usual request, each with its changes."""
    supply = market(gazetteer, *things, ceiling(), homecare_request())
    verdict = judge(Enquiry(supply, supply.request("R-1")))
    return [(miss.provider_id, miss.changes) for miss in near_misses(verdict)]


def test_a_spot_purchase_is_a_change_too(gazetteer: Gazetteer) -> None:
    """Where policy buys on the framework, the agency beside it would do if spot were allowed."""
    spot = (provider(contract="spot"), hours(), hourly())
    assert found_by(gazetteer, *spot) == [("P-1", ("feasible if a spot purchase is allowed",))]


def test_a_closed_provider_is_mended_by_nothing(gazetteer: Gazetteer) -> None:
    """An embargo can be lifted; a closed agency cannot be opened."""
    closed = (provider(status="closed"), hours(), hourly())
    assert found_by(gazetteer, *closed) == []
    embargoed = (provider(status="embargoed"), hours(), hourly())
    assert found_by(gazetteer, *embargoed) == [("P-1", ("feasible if the embargo is lifted",))]


def test_what_a_broker_can_do_most_easily_comes_first(gazetteer: Gazetteer) -> None:
    """Another time far away, before less work or a purchase near by, before lifting an embargo."""
    far = Postcode(OUT_OF_TOWN)
    supply = [
        *(provider("A", status="embargoed"), hours("A"), hourly("A")),
        *(provider("B", contract="spot"), hours("B"), hourly("B")),
        *(provider("C", min_weekly_minutes=600), hours("C"), hourly("C")),
        *(provider("D", postcode=far), hours("D", "10:35", "12:00"), hourly("D")),
    ]
    assert [name for name, _ in found_by(gazetteer, *supply)] == ["D", "C", "B", "A"]

"""Near misses have limits: beyond them a change is no longer small."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.eligibility import judge
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen, Placement
from matcher.near_miss import near_misses
from matcher.policy import Policy
from matcher.shortlist import make_shortlist
from tests.builders import (
    OUT_OF_TOWN,
    beds,
    ceiling,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    visit,
    weekly,
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
    moved = "would do if the morning visit may start at 10:45"
    assert changes == [
        moved if found else "would do if it had one more carer every day 10:20-10:35"
    ]


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
    assert found_by(gazetteer, *spot) == [("P-1", ("would do if a spot purchase is allowed",))]


def test_a_closed_provider_is_mended_by_nothing(gazetteer: Gazetteer) -> None:
    """An embargo can be lifted; a closed agency cannot be opened."""
    closed = (provider(status="closed"), hours(), hourly())
    assert found_by(gazetteer, *closed) == []
    embargoed = (provider(status="embargoed"), hours(), hourly())
    assert found_by(gazetteer, *embargoed) == [("P-1", ("would do if the embargo is lifted",))]


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


def full(name: str, carers: int, **changes: Any) -> list[Frozen]:
    """Return an agency whose carers are all busy but a few in the evening."""
    return [provider(name, **changes), hours(name, "19:00", "22:00", carers), hourly(name)]


def test_more_carers_are_a_change_behind_all_that_need_agreement_only(
    gazetteer: Gazetteer,
) -> None:
    """A full agency next door is named after a move far away, and not if more stands against it."""
    far = Postcode(OUT_OF_TOWN)
    supply = [
        *full("A", 1),
        *full("B", 1, status="embargoed"),
        *(provider("D", postcode=far), hours("D", "10:35", "12:00"), hourly("D")),
    ]
    assert found_by(gazetteer, *supply) == [
        ("D", ("would do if the morning visit may start at 10:45",)),
        ("A", ("would do if it had one more carer every day 08:25-09:00",)),
    ]


def test_one_more_bed_is_a_change_where_later_is_too_late(gazetteer: Gazetteer) -> None:
    """A bed in 60 days is no small change; one free now would be."""
    asked = placement_request(placement=Placement(admit_from=day(5), admit_to=day(9)))
    late = (home(), beds(available_from=day(60)), weekly())
    supply = market(gazetteer, *late, asked)
    (miss,) = near_misses(judge(Enquiry(supply, asked)))
    assert miss.more_capacity
    told = "would do if it had one more nursing dementia bed from 2026-04-06"
    assert miss.changes == (told,)
    answer = make_shortlist(supply, asked).shortlist
    assert answer.notes[0].endswith("nobody else can start, but a small change would help.")


def test_no_small_change_is_said_only_where_none_helps(gazetteer: Gazetteer) -> None:
    """With one visit more carers would do; three visits at once nobody has are no small change."""
    one, three = homecare_request(), homecare_request(visit(1), visit(2, "lunch"), visit(3, "tea"))
    for asked, ends in (
        (one, "but a small change would help."),
        (three, "no small change would help."),
    ):
        supply = market(gazetteer, *full("A", 1), ceiling(), asked)
        answer = make_shortlist(supply, asked).shortlist
        assert answer.notes[0].endswith(ends)

"""Tiers in order and prices known, when everyone is served at once: worked out by hand."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen
from matcher.policy import Policy
from matcher.referee import check
from matcher.result import Limits, Result, Status
from matcher.solvers import solve
from tests.builders import (
    OUT_OF_TOWN,
    OUT_OF_TOWN_METRES,
    ceiling,
    council_policy,
    day,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
)

IN_ORDER = council_policy(rules__tiers_in_order=True)


def place(name: str, pence: int | None = 2500, **terms: object) -> tuple[Frozen, ...]:
    """Build an agency with room for one half-hour visit and its travel each morning."""
    room = (provider(name, **terms), hours(name, start="07:00", end="07:40", carers=1))
    return room if pence is None else (*room, hourly(name, pence))


def best(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Result:
    """Return the proved best allocation of a book of things, which the referee accepts."""
    supply = market(gazetteer, *things, ceiling(2500), policy=policy)
    result = solve(supply, limits=Limits.reproducible())
    assert result.status is Status.OPTIMAL
    assert check(supply, result.allocation) == ()
    return result


def who(result: Result) -> dict[str, str]:
    """Return who serves whom."""
    return {line.request_id: line.provider_id for line in result.allocation.placed}


def stage(result: Result, name: str) -> int:
    """Return the value of one stage."""
    return next(each.value for each in result.stages if each.name == name)


@pytest.mark.parametrize(("policy", "chosen"), [(IN_ORDER, "P-1"), (None, "P-2")])
def test_the_first_tier_goes_before_a_nearer_second(
    gazetteer: Gazetteer, policy: Policy | None, chosen: str
) -> None:
    """Tier 1 at 4,949 m is chosen before tier 2 at 780 m only where policy asks for the order."""
    supply = (*place("P-1", tier=1, postcode=Postcode(OUT_OF_TOWN)), *place("P-2", tier=2))
    result = best(gazetteer, *supply, homecare_request(), policy=policy)
    assert who(result) == {"R-1": chosen}
    assert stage(result, "tier_steps") == 0
    (line,) = result.allocation.placed
    assert (line.distance_metres == OUT_OF_TOWN_METRES) == (chosen == "P-1")


def test_a_lower_tier_serves_whom_the_first_has_no_room_for(gazetteer: Gazetteer) -> None:
    """Two people, one place in tier 1, one in tier 3 and one without a tier: two steps."""
    supply = (*place("P-1"), *place("P-2", tier=3), *place("P-3", tier=1))
    asked = [homecare_request(request_id=name) for name in ("R-1", "R-2")]
    result = best(gazetteer, *supply, *asked, policy=IN_ORDER)
    assert set(who(result).values()) == {"P-2", "P-3"}
    assert stage(result, "tier_steps") == 2


def test_a_known_price_of_a_lower_tier_goes_before_an_approval(gazetteer: Gazetteer) -> None:
    """Tier 1 above the rate leaves the person unplaced, so tier 2 within it serves (H9)."""
    supply = (*place("P-1", 2600, tier=1), *place("P-2", tier=2))
    result = best(gazetteer, *supply, homecare_request(), policy=IN_ORDER)
    assert who(result) == {"R-1": "P-2"}
    assert stage(result, "unplaced_amber") == 0


def test_no_rate_is_no_better_than_a_rate_slightly_above(gazetteer: Gazetteer) -> None:
    """A price that nobody knows is not taken for nought: a penny an hour above goes before it.

    Both await approval (H9). Without a rate nothing would count as above it, a pound begun else.
    """
    supply = (*place("P-1", None), *place("P-2", 2501, postcode=Postcode(OUT_OF_TOWN)))
    result = best(gazetteer, *supply, homecare_request())
    assert who(result) == {"R-1": "P-2"}
    assert (stage(result, "unpriced_offers"), stage(result, "above_rate")) == (0, 1)
    assert stage(result, "unplaced_amber") == 1


def test_an_unknown_price_is_still_an_offer(gazetteer: Gazetteer) -> None:
    """Where nobody else has room the agency without a rate is offered, to be approved first."""
    result = best(gazetteer, *place("P-1", None), homecare_request())
    (line,) = result.allocation.placed
    assert (line.status.value, line.weekly_cost_pence) == ("needs_approval", None)
    assert (stage(result, "unpriced_offers"), stage(result, "without_offer")) == (1, 0)


def test_without_a_framework_rate_every_homecare_offer_awaits_approval(
    gazetteer: Gazetteer,
) -> None:
    """A ceiling that ran out yesterday holds no price: the person is offered, not placed (H9)."""
    supply = market(gazetteer, *place("P-1"), ceiling(valid_to=day(-1)), homecare_request())
    result = solve(supply, limits=Limits.reproducible())
    (line,) = result.allocation.placed
    assert line.status.value == "needs_approval"
    assert stage(result, "unplaced_amber") == 1
    assert check(supply, result.allocation) == ()

"""Each objective's formula, worked out by hand, and their sums over a book."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.allocation import (
    FORMULAE,
    UNITS,
    Allocation,
    Placed,
    arrangeable,
    measure,
    measure_request,
)
from matcher.geography import Gazetteer
from matcher.model import Frozen, Placement
from matcher.policy import Objective
from matcher.vocabulary import ServiceType, TimeNeed
from tests.builders import (
    NEAR_METRES,
    ceiling,
    council_policy,
    day,
    enquiry,
    homecare_request,
    hourly,
    hours,
    market,
    offered,
    placement_request,
    provider,
    request,
    timed_visit,
    visit,
)
from tests.proposals import AGENCY, HOME, left_out, staying, visiting


def value(
    gazetteer: Gazetteer, objective: Objective, placed: Placed | None, *things: Frozen
) -> int:
    """Return what the first request of a book adds to one objective."""
    return FORMULAE[objective](enquiry(gazetteer, *things), placed)


def test_every_objective_has_a_formula_and_a_unit() -> None:
    """Nothing a policy may name is without a formula, and nothing is published without a unit."""
    assert set(FORMULAE) == set(UNITS) == set(Objective)


UNPLACED = (Objective.UNPLACED_RED, Objective.UNPLACED_AMBER, Objective.UNPLACED_GREEN)


@pytest.mark.parametrize("risk", ["red", "amber", "green"])
def test_unplaced_people_count_under_their_own_risk(gazetteer: Gazetteer, risk: str) -> None:
    """Somebody left out counts once, under the risk recorded and no other (S1)."""
    things = (*AGENCY, homecare_request(risk=risk))
    counts = {name: value(gazetteer, name, None, *things) for name in UNPLACED}
    assert counts == {name: int(name.value == f"unplaced_{risk}") for name in UNPLACED}


def test_placed_people_do_not_count_as_unplaced(gazetteer: Gazetteer) -> None:
    """Somebody proposed a provider counts nowhere."""
    things = (*AGENCY, homecare_request(risk="red"))
    assert [value(gazetteer, name, visiting(), *things) for name in UNPLACED] == [0, 0, 0]


def test_offers_that_await_approval_are_not_placed(gazetteer: Gazetteer) -> None:
    """An offer that must be approved leaves the person unplaced and waiting, but not empty-handed.

    As of 1 April, somebody who waits since 22 March has waited 10 days (H9).
    """
    dear = visiting(status="needs_approval")
    things = (*AGENCY, homecare_request(risk="amber", waiting_since=day(-10)))
    assert value(gazetteer, Objective.UNPLACED_AMBER, dear, *things) == 1
    assert value(gazetteer, Objective.WAITING_DAYS, dear, *things) == 10
    assert value(gazetteer, Objective.WITHOUT_OFFER, dear, *things) == 0


@pytest.mark.parametrize(("since", "expected"), [(0, 0), (-1, 1), (-30, 30)])
def test_waiting_days_of_people_left_out(gazetteer: Gazetteer, since: int, expected: int) -> None:
    """The days from the referral to the book's day count while somebody is left out (S1)."""
    things = (*AGENCY, homecare_request(waiting_since=day(since)))
    assert value(gazetteer, Objective.WAITING_DAYS, None, *things) == expected
    assert value(gazetteer, Objective.WAITING_DAYS, visiting(), *things) == 0


def test_no_referral_date_is_no_wait(gazetteer: Gazetteer) -> None:
    """Where no date is recorded no day is counted."""
    things = (*AGENCY, homecare_request(waiting_since=None))
    assert value(gazetteer, Objective.WAITING_DAYS, None, *things) == 0


def test_people_without_an_offer(gazetteer: Gazetteer) -> None:
    """Somebody left out counts once, somebody placed does not."""
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, Objective.WITHOUT_OFFER, None, *things) == 1
    assert value(gazetteer, Objective.WITHOUT_OFFER, visiting(), *things) == 0


@pytest.mark.parametrize(
    ("start_by", "start", "expected"),
    [
        (day(5), 5, 0),
        (day(5), 6, 1),  # why: a day after the day asked for
        (None, 15, 0),  # the service clock: nine working days after the referral, over Easter
        (None, 16, 1),  # why: a day after the clock
    ],
)
def test_clock_breaches(gazetteer: Gazetteer, start_by: Any, start: int, expected: int) -> None:
    """Care that starts after the wanted day, or else after the service clock, counts once (H22)."""
    things = (*AGENCY, homecare_request(start_by=start_by))
    line = visiting(start_date=day(start))
    assert value(gazetteer, Objective.CLOCK_BREACHES, line, *things) == expected
    assert value(gazetteer, Objective.CLOCK_BREACHES, None, *things) == 0


@pytest.mark.parametrize(
    ("pence", "expected"),
    [
        (2400, 0),  # below the ceiling nothing is gained
        (2500, 0),
        (2600, 350),  # one pound an hour above, 3.5 hours a week
        (2501, 4),  # 87.535 pounds are 87.54: half a penny goes up
    ],
)
def test_pence_above_the_framework_rate(gazetteer: Gazetteer, pence: int, expected: int) -> None:
    """What the week costs above the ceiling, both rounded to the penny (H9)."""
    things = (provider(), hours(), hourly(pence=pence), ceiling(), homecare_request())
    assert value(gazetteer, Objective.ABOVE_RATE_PENCE, visiting(), *things) == expected
    assert value(gazetteer, Objective.ABOVE_RATE_PENCE, None, *things) == 0


def test_nothing_is_above_a_rate_that_is_not_on_file(gazetteer: Gazetteer) -> None:
    """Without a ceiling, or without the provider's rate, there is no difference to count."""
    no_ceiling = (provider(), hours(), hourly(), homecare_request())
    no_rate = (provider(), hours(), ceiling(), homecare_request())
    for things in (no_ceiling, no_rate):
        assert value(gazetteer, Objective.ABOVE_RATE_PENCE, visiting(), *things) == 0


def test_minutes_from_preferred_times(gazetteer: Gazetteer) -> None:
    """Early and late minutes add up over preferred visits only.

    Visit 1 is preferred at 08:00 and starts at 07:30: 30 minutes. Visit 2 is critical, visit 3
    has no time. Visit 4 is preferred at 20:00 and starts at 20:25: 25 minutes. Together 55 (S7).
    """
    asked = homecare_request(
        timed_visit(TimeNeed.PREFERRED, "08:00", 1),
        timed_visit(TimeNeed.CRITICAL, "12:00", 2, band="lunch"),
        visit(3, "tea"),
        timed_visit(TimeNeed.PREFERRED, "20:00", 4, band="bed"),
    )
    line = visiting("R-1", "07:30", "12:10", "16:00", "20:25")
    assert value(gazetteer, Objective.PREFERRED_MINUTES, line, *AGENCY, asked) == 55
    assert value(gazetteer, Objective.PREFERRED_MINUTES, None, *AGENCY, asked) == 0


def test_points_of_preference(gazetteer: Gazetteer) -> None:
    """Points short of 100 times the weight, in continuity, preference and culture.

    Continuity weighs 10: P-1 is not the current provider, so 100 points short: 1,000. Preference
    weighs 10: second of two choices scores 50: 500. Culture weighs 5: of language and gender the
    agency has one, 50 points short: 250. Together 1,750 (S4, S5, S9).
    """
    agency = provider(languages=("polish",))
    asked = homecare_request(
        current_provider_id="P-9",
        preferred_providers=("P-9", "P-1"),
        languages=("polish",),
        carer_gender="male",
    )
    things = (agency, *AGENCY[1:], asked)
    assert value(gazetteer, Objective.PREFERENCE_POINTS, visiting(), *things) == 1750
    assert value(gazetteer, Objective.PREFERENCE_POINTS, None, *things) == 0


def test_nothing_asked_for_loses_no_points(gazetteer: Gazetteer) -> None:
    """Where nobody states a preference there is nothing to fall short of."""
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, Objective.PREFERENCE_POINTS, visiting(), *things) == 0


def test_points_of_value(gazetteer: Gazetteer) -> None:
    """Points short of 100 times the weight, in cost and quality.

    Cost weighs 25: at the framework rate it scores 50, so 1,250. Quality weighs 20: a fresh Good
    scores 80, so 400. Together 1,650 (S2).
    """
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, Objective.VALUE_POINTS, visiting(), *things) == 1650
    assert value(gazetteer, Objective.VALUE_POINTS, None, *things) == 0


def test_days_to_the_start(gazetteer: Gazetteer) -> None:
    """A start on 3 April lies two days after 1 April (S6)."""
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, Objective.START_DAYS, visiting(), *things) == 2
    assert value(gazetteer, Objective.START_DAYS, None, *things) == 0


def test_metres(gazetteer: Gazetteer) -> None:
    """The straight line from the agency to the person counts (S11)."""
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, Objective.DISTANCE_METRES, visiting(), *things) == NEAR_METRES
    assert value(gazetteer, Objective.DISTANCE_METRES, None, *things) == 0


def test_recent_offers(gazetteer: Gazetteer) -> None:
    """Two of three offers lie within the last 90 days, both ends included (S3)."""
    ledger = (offered(days_ago=0), offered(days_ago=90), offered(days_ago=91))
    things = (*AGENCY, *ledger, homecare_request())
    assert value(gazetteer, Objective.RECENT_OFFERS, visiting(), *things) == 2
    assert value(gazetteer, Objective.RECENT_OFFERS, None, *things) == 0


@pytest.mark.parametrize(
    ("tier", "in_order", "expected"),
    [
        (1, True, 0),
        (2, True, 1),  # one step below the first
        (None, True, 8),  # no tier counts as the ninth
        (9, True, 8),
        (2, False, 0),  # nobody asks for the order of tiers
    ],
)
def test_tier_steps(gazetteer: Gazetteer, tier: int | None, in_order: bool, expected: int) -> None:
    """Steps below the first tier, where policy asks tiers in order."""
    policy = council_policy(rules__tiers_in_order=in_order)
    things = (provider(tier=tier), *AGENCY[1:], homecare_request())
    asked = enquiry(gazetteer, *things, policy=policy)
    assert FORMULAE[Objective.TIER_STEPS](asked, visiting()) == expected
    assert FORMULAE[Objective.TIER_STEPS](asked, None) == 0


def test_unpriced_offers(gazetteer: Gazetteer) -> None:
    """A rate in force is kept; none, one that ran out, and one for other lengths count once."""
    bare = (provider(), hours(), ceiling(), homecare_request())
    for rate, expected in (
        ((hourly(),), 0),
        ((hourly(pence=9_900),), 0),  # dear, but known
        ((), 1),
        ((hourly(valid_to=day(-1)),), 1),
        ((hourly(visit_minutes=45),), 1),  # the visit lasts 30 minutes
    ):
        offer = visiting(status="needs_approval")
        assert value(gazetteer, Objective.UNPRICED_OFFERS, offer, *bare, *rate) == expected
        assert value(gazetteer, Objective.UNPRICED_OFFERS, None, *bare, *rate) == 0


def test_specialist_use(gazetteer: Gazetteer) -> None:
    """A specialist counts where a generic agency could serve, not where none could (H12)."""
    special = (provider(lot="specialist"), *AGENCY[1:], homecare_request())
    generic = (provider("P-2"), hours("P-2"), hourly("P-2"))
    closed = (provider("P-2", status="closed"), hours("P-2"), hourly("P-2"))
    assert value(gazetteer, Objective.SPECIALIST_USE, visiting(), *special) == 0
    assert value(gazetteer, Objective.SPECIALIST_USE, visiting(), *special, *closed) == 0
    assert value(gazetteer, Objective.SPECIALIST_USE, visiting(), *special, *generic) == 1
    assert value(gazetteer, Objective.SPECIALIST_USE, None, *special, *generic) == 0
    spared = visiting(provider_id="P-2")
    assert value(gazetteer, Objective.SPECIALIST_USE, spared, *special, *generic) == 0


def test_only_requests_that_may_be_searched_for_are_measured(gazetteer: Gazetteer) -> None:
    """Incomplete requests and those of other panels count under no objective (H2, H27)."""
    supply = market(
        gazetteer,
        *AGENCY,
        homecare_request(request_id="R-2"),
        homecare_request(request_id="R-1"),
        homecare_request(request_id="R-3", funding=None),
        request(ServiceType.EXTRA_CARE, "R-4"),
    )
    assert list(arrangeable(supply)) == ["R-1", "R-2"]


def test_measure_sums_over_requests(gazetteer: Gazetteer) -> None:
    """The objectives of a book are the sums of its requests' values.

    R-1 is placed with P-1, R-2 (red, 4 days) is left out, R-3 (green) gets a bed on the fifth
    day. Distance 780 + 780, start 2 + 5, value 1,650 for R-1; for R-3 cost is at the budget:
    1,650 too. R-4 lacks its funding and counts nowhere.
    """
    supply = market(
        gazetteer,
        *AGENCY,
        *HOME,
        homecare_request(request_id="R-1"),
        homecare_request(request_id="R-2", risk="red", waiting_since=day(-4)),
        placement_request("R-3", risk="green", placement=Placement()),
        homecare_request(request_id="R-4", funding=None),
    )
    allocation = Allocation(
        placed=(visiting("R-1"), staying("R-3", 5)),
        unplaced=(left_out("R-2"), left_out("R-4")),
    )
    found = measure(arrangeable(supply), allocation)
    assert {objective: count for objective, count in found.items() if count} == {
        Objective.UNPLACED_RED: 1,
        Objective.WAITING_DAYS: 4,
        Objective.WITHOUT_OFFER: 1,
        Objective.START_DAYS: 7,
        Objective.DISTANCE_METRES: 2 * NEAR_METRES,
        Objective.VALUE_POINTS: 3300,
    }
    assert set(found) == set(Objective)


def test_measure_of_nobody(gazetteer: Gazetteer) -> None:
    """A book without requests has nothing to count."""
    found = measure(arrangeable(market(gazetteer, *AGENCY)), Allocation())
    assert set(found.values()) == {0}


def test_weights_are_the_policys(gazetteer: Gazetteer) -> None:
    """A weight of nought takes a criterion out: only quality's 20 x 20 points stay."""
    policy = council_policy(weights__cost=0)
    asked = enquiry(gazetteer, *AGENCY, homecare_request(), policy=policy)
    assert measure_request(asked, visiting())[Objective.VALUE_POINTS] == 400

"""Each objective's formula, worked out by hand, and their sums over a book."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.allocation import Allocation, Placed
from matcher.geography import Gazetteer
from matcher.model import Frozen, Placement
from matcher.objectives import arrangeable, known, measure, objective
from matcher.policy import Policy
from matcher.vocabulary import ServiceType, TimeNeed
from tests.builders import (
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
)
from tests.proposals import AGENCY, HOME, left_out, staying, visiting


def value(
    gazetteer: Gazetteer,
    name: str,
    placed: Placed | None,
    *things: Frozen,
    policy: Policy | None = None,
) -> int:
    """Return what the first request of a book adds to one objective."""
    return objective(name).of_placed(enquiry(gazetteer, *things, policy=policy), placed)


def test_every_objective_has_its_words() -> None:
    """Nothing a policy may name is published without a title, a unit and a drawback."""
    for name, each in known().items():
        assert each.name == name
        assert all([each.title, each.unit, each.drawback, each.__doc__])


UNPLACED = ("unplaced_red", "unplaced_amber", "unplaced_green")


@pytest.mark.parametrize("risk", ["red", "amber", "green"])
def test_unplaced_people_count_under_their_own_risk(gazetteer: Gazetteer, risk: str) -> None:
    """Somebody left out counts once, under the risk recorded and no other (S1)."""
    things = (*AGENCY, homecare_request(risk=risk))
    counts = {name: value(gazetteer, name, None, *things) for name in UNPLACED}
    assert counts == {name: int(name == f"unplaced_{risk}") for name in UNPLACED}


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
    assert value(gazetteer, "unplaced_amber", dear, *things) == 1
    assert value(gazetteer, "waiting_days", dear, *things) == 10
    assert value(gazetteer, "without_offer", dear, *things) == 0


@pytest.mark.parametrize(("since", "expected"), [(0, 0), (-1, 1), (-30, 30)])
def test_waiting_days_of_people_left_out(gazetteer: Gazetteer, since: int, expected: int) -> None:
    """The days from the referral to the book's day count while somebody is left out (S1)."""
    things = (*AGENCY, homecare_request(waiting_since=day(since)))
    assert value(gazetteer, "waiting_days", None, *things) == expected
    assert value(gazetteer, "waiting_days", visiting(), *things) == 0


def test_no_referral_date_is_no_wait(gazetteer: Gazetteer) -> None:
    """Where no date is recorded no day is counted."""
    things = (*AGENCY, homecare_request(waiting_since=None))
    assert value(gazetteer, "waiting_days", None, *things) == 0


def test_people_without_an_offer(gazetteer: Gazetteer) -> None:
    """Somebody left out counts once, somebody placed does not."""
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, "without_offer", None, *things) == 1
    assert value(gazetteer, "without_offer", visiting(), *things) == 0


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
    assert value(gazetteer, "clock_breaches", line, *things) == expected
    assert value(gazetteer, "clock_breaches", None, *things) == 0


@pytest.mark.parametrize(
    ("pence", "expected"),
    [
        (2400, 0),  # below the ceiling nothing is gained
        (2500, 0),
        (2600, 4),  # one pound an hour above, 3.5 hours a week: 3.50 pounds
        (2501, 1),  # four pence are a pound begun
    ],
)
def test_pounds_above_the_framework_rate(gazetteer: Gazetteer, pence: int, expected: int) -> None:
    """What the week costs above the ceiling in whole pounds, rounded up (H9)."""
    things = (provider(), hours(), hourly(pence=pence), ceiling(), homecare_request())
    assert value(gazetteer, "above_rate", visiting(), *things) == expected
    assert value(gazetteer, "above_rate", None, *things) == 0


def test_nothing_is_above_a_rate_that_is_not_on_file(gazetteer: Gazetteer) -> None:
    """Without a ceiling, or without the provider's rate, there is no difference to count."""
    no_ceiling = (provider(), hours(), hourly(), homecare_request())
    no_rate = (provider(), hours(), ceiling(), homecare_request())
    for things in (no_ceiling, no_rate):
        assert value(gazetteer, "above_rate", visiting(), *things) == 0


def test_fit_is_what_the_score_is_short_of(gazetteer: Gazetteer) -> None:
    """Weight x hundredths short of 100, summed over the criteria that apply.

    Cost weighs 25: at the framework rate it scores 50: 125,000. Distance weighs 20: 780 m of
    24,140 leave 96.77: 6,460. Quality weighs 20: a fresh Good scores 80: 40,000. A start on time
    loses nothing. Times of visits weigh 10: at 07:10 five of the eight steps from 08:30 are lost:
    62,500. Nothing else is asked for.
    """
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, "fit", visiting(), *things) == 125_000 + 6_460 + 40_000 + 62_500
    assert value(gazetteer, "fit", None, *things) == 0


def test_fit_counts_what_people_prefer(gazetteer: Gazetteer) -> None:
    """What the person asked for and does not get adds to what everybody is short of.

    Continuity weighs 10: P-1 is not the current provider: 100,000. Preference weighs 10: second of
    two choices scores 50: 50,000. Culture weighs 5: of language and gender the agency has one, 50
    points short: 25,000 (S4, S5, S9). Times of visits weigh 10: 30 minutes off are two of the
    eight steps of one of three visits, 4.17 points each: 8,340 (S7).
    """
    agency = provider(languages=("polish",))
    asked = homecare_request(
        timed_visit(TimeNeed.PREFERRED, "08:00", 1),
        timed_visit(TimeNeed.CRITICAL, "12:00", 2, band="lunch"),
        timed_visit(TimeNeed.PREFERRED, "20:00", 3, band="bed"),
        current_provider_id="P-9",
        preferred_providers=("P-9", "P-1"),
        languages=("polish",),
        carer_gender="male",
    )
    things = (agency, *AGENCY[1:], asked)
    line = visiting("R-1", "07:30", "12:10", "20:10")
    plain = 125_000 + 6_460 + 40_000
    expected = plain + 100_000 + 50_000 + 25_000 + 8_340
    assert value(gazetteer, "fit", line, *things) == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [(15, 0), (16, 358), (17, 716), (60, 10_000)],  # days late of 28, whole hundredths each
)
def test_fit_counts_days_of_admission(gazetteer: Gazetteer, start: int, expected: int) -> None:
    """Each day after the wanted one counts the same, up to all that the criterion weighs (S6)."""
    asked = placement_request(placement=Placement())
    on_time = value(gazetteer, "fit", staying("R-1", 3), *HOME, asked)
    late = value(gazetteer, "fit", staying("R-1", start), *HOME, asked)
    assert late - on_time == 5 * expected


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("distance", visiting(), 0),  # 780 m are less than a step of 2 km
        ("cost", visiting(), 5),  # 50 points short, in steps of 10
        ("quality", visiting(), 2),
        ("earliest_start", visiting(start_date=day(17)), 2),  # days after the fifteenth
        ("preference", visiting(), 0),  # nobody named
        ("visit_times", visiting("R-1", "08:44"), 2),  # 44 minutes: two steps of 15
    ],
)
def test_a_criterion_of_its_own_counts_in_coarse_steps(
    gazetteer: Gazetteer, name: str, line: Placed, expected: int
) -> None:
    """Whatever is less than a step is no difference; nobody placed is short of nothing."""
    times = "08:45" if name == "visit_times" else "07:10"
    line = visiting("R-1", times, start_date=line.start_date)
    asked = homecare_request(timed_visit(TimeNeed.PREFERRED, "08:10"))
    plain = homecare_request()
    request_of = asked if name == "visit_times" else plain
    assert value(gazetteer, name, line, *AGENCY, request_of) == expected
    assert value(gazetteer, name, None, *AGENCY, request_of) == 0


@pytest.mark.parametrize(
    ("contract", "order", "expected"),
    [
        ("block", None, 0),
        ("framework", None, 1),
        ("spot", None, 2),
        ("spot", ("spot", "block"), 0),  # a council's own order
        ("framework", ("spot", "block"), 2),  # not named: after all that are
    ],
)
def test_contract_steps(
    gazetteer: Gazetteer, contract: str, order: tuple[str, ...] | None, expected: int
) -> None:
    """What is paid for anyway is used first (S13)."""
    figures = {} if order is None else {"allocation__contracts_in_order": order}
    things = (provider(contract=contract), *AGENCY[1:], homecare_request())
    policy = council_policy(**figures)
    assert value(gazetteer, "contract_steps", visiting(), *things, policy=policy) == expected
    assert value(gazetteer, "contract_steps", None, *things, policy=policy) == 0


def test_recent_offers(gazetteer: Gazetteer) -> None:
    """Two of three offers lie within the last 90 days, both ends included (S3)."""
    ledger = (offered(days_ago=0), offered(days_ago=90), offered(days_ago=91))
    things = (*AGENCY, *ledger, homecare_request())
    assert value(gazetteer, "recent_offers", visiting(), *things) == 2
    assert value(gazetteer, "recent_offers", None, *things) == 0


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
    assert objective("tier_steps").of_placed(asked, visiting()) == expected
    assert objective("tier_steps").of_placed(asked, None) == 0


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
        assert value(gazetteer, "unpriced_offers", offer, *bare, *rate) == expected
        assert value(gazetteer, "unpriced_offers", None, *bare, *rate) == 0


def test_specialist_use(gazetteer: Gazetteer) -> None:
    """A specialist counts where a generic agency could serve, not where none could (H12)."""
    special = (provider(lot="specialist"), *AGENCY[1:], homecare_request())
    generic = (provider("P-2"), hours("P-2"), hourly("P-2"))
    closed = (provider("P-2", status="closed"), hours("P-2"), hourly("P-2"))
    assert value(gazetteer, "specialist_use", visiting(), *special) == 0
    assert value(gazetteer, "specialist_use", visiting(), *special, *closed) == 0
    assert value(gazetteer, "specialist_use", visiting(), *special, *generic) == 1
    assert value(gazetteer, "specialist_use", None, *special, *generic) == 0
    spared = visiting(provider_id="P-2")
    assert value(gazetteer, "specialist_use", spared, *special, *generic) == 0


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
    day. Both are on the framework, a step after block. R-4 lacks its funding and counts nowhere.
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
    order = [
        objective(name) for name in known() if name not in {"fit", "cost", "quality", "visit_times"}
    ]
    found = measure(arrangeable(supply), allocation, order)
    assert {name: count for name, count in found.items() if count} == {
        "unplaced_red": 1,
        "waiting_days": 4,
        "without_offer": 1,
        "contract_steps": 2,
    }
    assert [*found] == [each.name for each in order]


def test_measure_of_nobody(gazetteer: Gazetteer) -> None:
    """A book without requests has nothing to count."""
    supply = arrangeable(market(gazetteer, *AGENCY))
    assert set(measure(supply, Allocation(), known().values()).values()) == {0}


def test_weights_are_the_policys(gazetteer: Gazetteer) -> None:
    """A weight of nought takes a criterion out: distance and quality stay."""
    policy = council_policy(weights__cost=0)
    things = (*AGENCY, homecare_request())
    assert value(gazetteer, "fit", visiting(), *things, policy=policy) == 6_460 + 40_000 + 62_500

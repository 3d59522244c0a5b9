"""Today's way and the start by risk: worked by hand, and nobody left out who still fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Frozen, Placement
from matcher.referee import check
from matcher.solvers.baseline import by_risk, polished, todays_way
from matcher.solvers.instance.candidates import Plan, Problem
from matcher.solvers.instance.diary import Diary
from matcher.solvers.instance.read_back import allocation_of
from matcher.vocabulary import TimeNeed
from tests.builders import (
    OUT_OF_TOWN,
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    respite_request,
    timed_visit,
    visit,
    weekly,
)
from tests.contests import contests, policies

Method = Callable[[Problem], Plan]
ONE_VISIT: dict[str, Any] = {"start": "07:00", "end": "07:40", "carers": 1}
"""Room for one half-hour visit and its travel, at 780 m or at 4.9 km."""


def placed(gazetteer: Gazetteer, method: Method, *things: Frozen) -> dict[str, str]:
    """Return who serves whom."""
    problem = Problem(market(gazetteer, *things))
    lines = (problem.placed(choice) for choice in method(problem).values())
    return {line.request_id: line.provider_id for line in lines}


def agency(name: str = "P-1", pence: int = 2500, **changes: object) -> tuple[Frozen, ...]:
    """Build an agency with room for one morning visit."""
    return provider(name, **changes), hours(name, **ONE_VISIT), hourly(name, pence)


def test_first_come_first_served(gazetteer: Gazetteer) -> None:
    """Today the longest wait goes first, whatever the risk; by risk red goes first."""
    green = homecare_request(request_id="R-1", risk="green", waiting_since=day(-9))
    red = homecare_request(request_id="R-2", risk="red", waiting_since=day(-8))
    things = (*agency(), ceiling(), red, green)
    assert placed(gazetteer, todays_way, *things) == {"R-1": "P-1"}
    assert placed(gazetteer, by_risk, *things) == {"R-2": "P-1"}


def test_equal_waits_go_by_id(gazetteer: Gazetteer) -> None:
    """Of two people who wait since one day the smaller id goes first, by either way."""
    things = (*agency(), homecare_request(request_id="R-2"), homecare_request(request_id="R-1"))
    for method in (todays_way, by_risk):
        assert placed(gazetteer, method, *things) == {"R-1": "P-1"}


def test_the_nearest_free_provider(gazetteer: Gazetteer) -> None:
    """The first takes the nearer agency although it has the larger id, the second the other."""
    far = agency("P-1", postcode=Postcode(OUT_OF_TOWN))
    asked = (homecare_request(request_id="R-1"), homecare_request(request_id="R-2"))
    things = (*far, *agency("P-2"), ceiling(), *asked)
    assert placed(gazetteer, todays_way, *things) == {"R-1": "P-2", "R-2": "P-1"}


def test_equally_near_providers_go_by_id(gazetteer: Gazetteer) -> None:
    """Of two agencies at one place the smaller id is asked first."""
    things = (*agency("P-2"), *agency("P-1"), homecare_request())
    assert placed(gazetteer, todays_way, *things) == {"R-1": "P-1"}


def test_offers_within_the_rate_go_first(gazetteer: Gazetteer) -> None:
    """A nearer agency above the rate is asked only when the others are full (H9)."""
    far = agency("P-1", postcode=Postcode(OUT_OF_TOWN))
    dear = agency("P-2", 2600)
    asked = (homecare_request(request_id="R-1"), homecare_request(request_id="R-2"))
    things = (*far, *dear, ceiling(), *asked)
    assert placed(gazetteer, todays_way, *things) == {"R-1": "P-1", "R-2": "P-2"}


def test_by_risk_serves_those_with_few_options_first(gazetteer: Gazetteer) -> None:
    """R-2 has one agency, R-1 two: taken in turn R-1 would use up the nearer one for nothing."""
    far = agency("P-1", postcode=Postcode(OUT_OF_TOWN))
    asked = (
        homecare_request(request_id="R-1"),
        homecare_request(request_id="R-2", excluded_providers=("P-1",)),
    )
    things = (*far, *agency("P-2"), ceiling(), *asked)
    assert placed(gazetteer, todays_way, *things) == {"R-1": "P-2"}
    assert placed(gazetteer, by_risk, *things) == {"R-1": "P-1", "R-2": "P-2"}


def test_times_that_are_taken_are_not_offered_again(gazetteer: Gazetteer) -> None:
    """Two people prefer 08:00: the second gets the nearest time that one carer has left.

    R-1 keeps the carer from 07:55 to 08:30. R-2 could end by 07:55, so start at 07:25, or start
    at 08:35: both lie 35 minutes away, and the earlier goes first.
    """
    asked = [
        homecare_request(timed_visit(TimeNeed.PREFERRED, "08:00"), request_id=name)
        for name in ("R-1", "R-2")
    ]
    problem = Problem(market(gazetteer, provider(), hours(carers=1), hourly(), *asked))
    times = [choice.times for _, choice in sorted(todays_way(problem).items())]
    assert times == [(96,), (89,)]


def test_beds_are_taken_from_the_first_day_on(gazetteer: Gazetteer) -> None:
    """R-1 takes the only bed for good; R-2, who came later, finds none; R-3 had it before.

    R-3 waits longest and sleeps there on nights 7 to 13, so the bed is free for good from 14 on.
    """
    supply = (home(), beds(), weekly())
    asked = (
        placement_request("R-1", waiting_since=day(-5)),
        placement_request("R-2", waiting_since=day(-4)),
        respite_request(7, 7, 13, "R-3", waiting_since=day(-6)),
    )
    problem = Problem(market(gazetteer, *supply, *asked))
    starts = {number: choice.times for number, choice in todays_way(problem).items()}
    assert starts == {0: (14,), 2: (7,)}


def test_stays_in_a_bed_one_after_another(gazetteer: Gazetteer) -> None:
    """Two stays of seven nights fit into one bed between days 7 and 20; a third does not."""
    supply = (home(), beds(), weekly())
    asked = [respite_request(7, 7, 20, f"R-{n}") for n in (1, 2, 3)]
    problem = Problem(market(gazetteer, *supply, *asked))
    starts = [choice.times for _, choice in sorted(todays_way(problem).items())]
    assert starts == [(7,), (14,)]


def test_a_bed_for_good_after_the_horizon(gazetteer: Gazetteer) -> None:
    """An admission in two years takes the bed on its day."""
    asked = placement_request(placement=Placement(admit_from=day(730)))
    problem = Problem(market(gazetteer, home(), beds(), weekly(), asked))
    assert todays_way(problem)[0].times == (730,)


def test_two_carers_are_taken_for_a_double_up(gazetteer: Gazetteer) -> None:
    """After a double-handed visit in a window for one nobody is left for another person."""
    supply = (provider(), hours(start="07:00", end="07:40", carers=2), hourly())
    asked = (homecare_request(visit(carers=2)), homecare_request(request_id="R-2"))
    assert placed(gazetteer, todays_way, *supply, *asked) == {"R-1": "P-1"}


@pytest.mark.parametrize("method", [todays_way, by_risk])
def test_nobody_waits(gazetteer: Gazetteer, method: Method) -> None:
    """Without requests, or without providers, nobody is placed."""
    assert placed(gazetteer, method, *agency()) == {}
    assert placed(gazetteer, method, homecare_request()) == {}


@pytest.mark.parametrize("method", [todays_way, by_risk])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nobody_is_left_out_who_still_fits(
    gazetteer: Gazetteer, method: Method, data: st.DataObject
) -> None:
    """The referee accepts the plan, and no option of anybody left out fits into what is left."""
    market = Market(data.draw(contests()), data.draw(policies()), gazetteer)
    problem = Problem(market)
    plan = method(problem)
    assert check(market, allocation_of(problem, plan)) == ()
    diary = Diary(problem)
    for choice in plan.values():
        diary.take(choice)
    for request, options in enumerate(problem.options):
        if request not in plan:
            assert [diary.fit(option) for option in options] == [None] * len(options)


def test_a_plan_cut_short_is_polished(gazetteer: Gazetteer) -> None:
    """Of three left out, the red one gets the last place at the rate and one an offer above it.

    P-1 has room for one visit at the rate, P-2 for one above it. R-3 is red, so goes first and
    takes P-1; then R-1 (the smaller id of two amber) takes P-2; for R-2 nothing is left.
    """
    asked = [
        homecare_request(request_id=name, risk=risk)
        for name, risk in (("R-1", "amber"), ("R-2", "amber"), ("R-3", "red"))
    ]
    problem = Problem(market(gazetteer, *agency(), *agency("P-2", pence=2600), ceiling(), *asked))
    plan = polished(problem, {})
    lines = (problem.placed(choice) for choice in plan.values())
    assert {line.request_id: line.provider_id for line in lines} == {"R-3": "P-1", "R-1": "P-2"}
    assert check(problem.market, allocation_of(problem, plan)) == ()


def test_a_full_plan_is_left_as_it_is(gazetteer: Gazetteer) -> None:
    """Nothing is added where nothing is free, and nobody already placed is moved."""
    asked = [homecare_request(request_id=name) for name in ("R-1", "R-2")]
    problem = Problem(market(gazetteer, *agency(), ceiling(), *asked))
    plan = todays_way(problem)
    assert polished(problem, plan) == plan

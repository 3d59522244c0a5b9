"""Improvement by planning a few providers anew: what it returns is sound and never worse."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import Objective, Policy, default_policy
from matcher.referee import check
from matcher.result import Limits, Progress
from matcher.solvers import exact, solve
from matcher.solvers.answer import allocation_of
from matcher.solvers.greedy import by_risk, todays_way
from matcher.solvers.improve import improve
from matcher.solvers.options import Problem
from matcher.solvers.search import Budget, Effort
from matcher.synthetic import CountySpec, generate
from tests.contests import contests, policies

EFFORT = Effort(Limits.reproducible(), 0, Progress())
COUNTY = CountySpec(
    agencies=40, homes=0, waiting_homecare=80, waiting_placements=0, running=0, zones=2
)
ORDER = default_policy().allocation.order.value


@pytest.fixture(scope="module")
def county(gazetteer: Gazetteer) -> Problem:
    """Return a small county's night, scarce enough to be worth improving."""
    return Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_replanning_neighbourhoods_keeps_every_rule(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """From any start, for any stage: the referee accepts it and no earlier objective suffers."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    stages = data.draw(st.integers(1, len(ORDER)))
    order = market.policy.allocation.order.value[:stages]
    for requests in problem.parts:
        part = problem.part(requests)
        start = {r: c for r, c in todays_way(problem).items() if r in part.options}
        plan = improve(part, start, order, floor=0, budget=Budget(None, 5.0), effort=EFFORT)
        others = {r: c for r, c in todays_way(problem).items() if r not in part.options}
        assert check(market, allocation_of(problem, others | plan)) == ()
        assert problem.rank_of(plan, requests)[:stages] <= problem.rank_of(start, requests)[:stages]


def test_people_are_placed_whom_the_start_left_out(county: Problem) -> None:
    """On a scarce county night fewer people are unplaced than in the plan to start from."""
    part = county.part(max(county.parts, key=len))
    start = {r: c for r, c in todays_way(county).items() if r in part.options}
    order = (Objective.UNPLACED_RED, Objective.UNPLACED_AMBER, Objective.UNPLACED_GREEN)
    before = county.totals(start, part.requests)
    plan = start
    for stage in (1, 2, 3):
        plan = improve(part, plan, order[:stage], floor=0, budget=Budget(None, 2.0), effort=EFFORT)
    after = county.totals(plan, part.requests)
    assert [after[o] for o in order] < [before[o] for o in order]


def test_nothing_is_done_at_the_bound_or_without_time(county: Problem) -> None:
    """The plan given comes back when its value meets the floor, or nothing may be spent."""
    part = county.part(max(county.parts, key=len))
    start = {r: c for r, c in by_risk(county).items() if r in part.options}
    order = (Objective.UNPLACED_GREEN,)
    floor = county.totals(start, part.requests)[Objective.UNPLACED_GREEN]
    at_floor = improve(part, start, order, floor=floor, budget=Budget(None, 2.0), effort=EFFORT)
    no_time = improve(part, start, order, floor=0, budget=Budget(None, 0.0), effort=EFFORT)
    assert at_floor is start
    assert no_time is start


def test_cancelling_stops_improvement(county: Problem) -> None:
    """A run that was cancelled before keeps what it has."""
    part = county.part(max(county.parts, key=len))
    start = {r: c for r, c in by_risk(county).items() if r in part.options}
    progress = Progress()
    progress.cancel()
    effort = Effort(Limits.reproducible(), 0, progress)
    budget = Budget(None, 2.0)
    assert improve(part, start, ORDER, floor=0, budget=budget, effort=effort) is start


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_large_parts_are_improved_before_they_are_searched(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """With every part taken for a large one, the answer is as good and as well proved."""
    market = Market(data.draw(contests(most_people=5)), data.draw(policies()), gazetteer)
    whole = solve(market, limits=Limits.reproducible())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "SMALL", 0)
        improved = solve(market, limits=Limits.reproducible())
    assert [stage.value for stage in improved.stages] == [stage.value for stage in whole.stages]
    assert [stage.bound for stage in improved.stages] == [stage.bound for stage in whole.stages]


def test_same_seed_same_answer_on_a_large_part(gazetteer: Gazetteer, policy: Policy) -> None:
    """Improvement draws its neighbourhoods from the seed alone."""
    market = Market(generate(COUNTY, gazetteer), policy, gazetteer)
    assert max(len(part) for part in Problem(market).parts) > exact.SMALL
    answers = [solve(market, limits=Limits.reproducible(0.3), seed=3).allocation for _ in range(2)]
    assert answers[0] == answers[1]


def test_neighbourhoods_hold_only_what_they_may_change(county: Problem) -> None:
    """A smaller part leaves out people served by others, and options of providers outside it."""
    part = county.part(max(county.parts, key=len))
    plan = {r: c for r, c in by_risk(county).items() if r in part.options}
    resources = {county.resource(o) for options in part.options.values() for o in options}
    inside = set(Random(0).sample(sorted(resources, key=str), 3))
    near = part.within(inside, plan)
    for request, options in near.options.items():
        assert {county.resource(option) for option in options} <= inside
        choice = plan.get(request)
        assert choice is None or county.resource(choice.option) in inside

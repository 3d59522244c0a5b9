"""Improvement by planning a few blocks anew: what it returns is sound and never worse."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import Policy, default_policy
from matcher.referee import check
from matcher.result import Limits, Progress
from matcher.solvers import solve
from matcher.solvers.baseline import by_risk, todays_way
from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Lock, Packing, Pick, single
from matcher.solvers.instance.assignment import Plan as Picks
from matcher.solvers.instance.candidates import Plan, Problem
from matcher.solvers.instance.compiling import Part, compile_part
from matcher.solvers.instance.read_back import allocation_of
from matcher.solvers.search import neighbourhoods as improve
from matcher.solvers.search import stages
from matcher.solvers.search.neighbourhoods import Improvement
from matcher.synthetic import CountySpec, generate
from tests.contests import contests, policies
from tests.packings import (
    EFFORT,
    aims,
    best_change,
    is_sound,
    keeps,
    locks,
    packing_of,
    packings,
    plans,
)

SIDE_BY_SIDE = Effort(Limits(seconds=None, deterministic_time=20.0, workers=3), 0, Progress())
COUNTY = CountySpec(
    agencies=40, homes=0, waiting_homecare=80, waiting_placements=0, running=0, zones=2
)
ORDER = default_policy().allocation.order.value


@pytest.fixture(scope="module")
def county(gazetteer: Gazetteer) -> Problem:
    """Return a small county's night, scarce enough to be worth improving."""
    return Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))


@pytest.fixture(scope="module")
def largest(county: Problem) -> Part:
    """Return the county's largest part."""
    return compile_part(county, max(county.parts, key=len))


def improved(
    packing: Packing, start: Picks, stage: int, budget: Budget, effort: Effort = EFFORT
) -> dict[int, Pick]:
    """Return a plan improved in one stage, those before it held where they are."""
    change = packing.value_of(start.values())
    held: list[Lock] = [(single(packing, s), int(change[s])) for s in range(stage)]
    return Improvement(packing, single(packing, stage), held, effort=effort).run(start, budget)


# -- a night of care ---------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_replanning_neighbourhoods_keeps_every_rule(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """From any start, for any stage: the referee accepts it and no earlier objective suffers."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    count = data.draw(st.integers(1, len(ORDER)))
    today = todays_way(problem)
    for requests in problem.parts:
        part = compile_part(problem, requests)
        picks = improved(part.packing, part.picks(today), count - 1, Budget(None, 5.0))
        plan, start = part.choices(picks), part.choices(part.picks(today))
        others = {r: c for r, c in today.items() if r not in requests}
        assert check(market, allocation_of(problem, others | plan)) == ()
        assert problem.rank_of(plan, requests)[:count] <= problem.rank_of(start, requests)[:count]


def test_people_are_placed_whom_the_start_left_out(
    county: Problem, largest: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a scarce county night fewer people are unplaced than in the plan to start from."""
    monkeypatch.setattr(improve, "PATIENCE", 5)
    picks = largest.picks(todays_way(county))
    order = ("unplaced_red", "unplaced_amber", "unplaced_green")
    before = largest.packing.values(picks)
    for stage in range(3):
        picks = improved(largest.packing, picks, stage, Budget(None, 0.5))
    after = largest.packing.values(picks)
    assert ORDER[:3] == order
    assert after[:3] < before[:3]
    plan: Plan = largest.choices(picks)
    assert county.rank_of(plan, largest.packing.requests) == after


def test_nothing_is_done_without_time(county: Problem, largest: Part) -> None:
    """The plan given comes back when nothing may be spent."""
    start = largest.picks(by_risk(county))
    assert improved(largest.packing, start, 2, Budget(None, 0.0)) == start
    assert improved(largest.packing, start, 2, Budget(0.0, None)) == start


def test_cancelling_stops_improvement(county: Problem, largest: Part) -> None:
    """A run that was cancelled before keeps what it has."""
    start = largest.picks(by_risk(county))
    progress = Progress()
    progress.cancel()
    effort = Effort(Limits.reproducible(), 0, progress)
    assert improved(largest.packing, start, 2, Budget(None, 2.0), effort) == start


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_large_parts_are_improved_before_they_are_searched(
    gazetteer: Gazetteer, data: st.DataObject
) -> None:
    """With every part taken for a large one, the answer is as good and as well proved."""
    market = Market(data.draw(contests(most_people=5)), data.draw(policies()), gazetteer)
    whole = solve(market, limits=Limits.reproducible())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "SMALL", 0)
        better = solve(market, limits=Limits.reproducible())
    assert [stage.value for stage in better.stages] == [stage.value for stage in whole.stages]
    assert [stage.bound for stage in better.stages] == [stage.bound for stage in whole.stages]


def test_same_seed_same_answer_on_a_large_part(gazetteer: Gazetteer, policy: Policy) -> None:
    """Improvement draws its neighbourhoods from the seed alone."""
    market = Market(generate(COUNTY, gazetteer), policy, gazetteer)
    assert max(len(part) for part in Problem(market).parts) > stages.SMALL
    answers = [solve(market, limits=Limits.reproducible(0.02), seed=3).allocation for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("seed", range(8))
def test_neighbourhoods_hold_only_what_they_may_change(
    county: Problem, largest: Part, seed: int
) -> None:
    """They leave out people served by others, and options of providers outside, and never meet."""
    packing, plan = largest.packing, largest.picks(by_risk(county))
    improvement = Improvement(packing, single(packing, 2), [], effort=SIDE_BY_SIDE)
    drawn = improvement._draw(plan, 60.0, Random(seed))
    assert len(drawn) > 1
    for near in drawn:
        options = [*improvement._options(near)]
        assert options
        assert {int(packing.block[option]) for option in options} <= near.blocks
        assert {int(packing.request[option]) for option in options} == near.requests
        for request in near.requests & plan.keys():
            assert int(packing.block[plan[request].option]) in near.blocks
    assert sum(len(near.blocks) for near in drawn) == len({b for n in drawn for b in n.blocks})
    assert sum(len(near.requests) for near in drawn) == len({r for n in drawn for r in n.requests})


# -- any packing -------------------------------------------------------------------------------


@pytest.mark.parametrize("effort", [EFFORT, SIDE_BY_SIDE])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_improvement_is_sound_and_never_worse(effort: Effort, data: st.DataObject) -> None:
    """From any plan, under any aim and locks it keeps: rows and locks are kept, every word true."""
    packing = data.draw(packings())
    aim, start = data.draw(aims(packing)), data.draw(plans(packing))
    held = [lock for lock in data.draw(locks(packing)) if keeps(packing, start, [lock])]
    told: list[int] = []

    def value(plan: Picks) -> int:
        return int(aim @ packing.value_of(plan.values()))

    def hear(plan: Picks) -> None:
        assert is_sound(packing, plan)
        assert keeps(packing, plan, held)
        told.append(value(plan))

    before = dict(start)
    improvement = Improvement(packing, aim, held, effort=effort, told=hear)
    found = improvement.run(start, Budget(None, 5.0))
    assert start == before
    assert is_sound(packing, found)
    assert keeps(packing, found, held)
    assert [value(start), *told] == sorted({value(start), *told}, reverse=True)
    assert value(found) == min([value(start), *told])
    assert value(found) >= best_change(packing, aim, held)


def test_people_who_cost_more_served_than_not_are_drawn_too() -> None:
    """An aim under which serving costs, as distance alone does, is improved like any other."""
    # Serving 0 is 5 cheaper in the other room; 1 is not served, and better so.
    packing = packing_of([(0, 0, (7,)), (0, 1, (2,)), (1, 0, (30,))], [], (0,))
    locked = np.array([1], np.int64)
    for seed in range(6):
        effort = Effort(Limits.reproducible(), seed, Progress())
        improvement = Improvement(packing, locked, [], effort=effort)
        improvement._record = {"costly": 1.0}
        assert improvement.run({0: Pick(0)}, Budget(None, 5.0)) == {}
        assert improvement.run({}, Budget(None, 5.0)) == {}


def test_a_way_that_helps_is_drawn_more_often() -> None:
    """The record of a way rises when it helped, fades when not, and never dies out."""
    packing = packing_of([(0, 0, (-1,))])
    improvement = Improvement(packing, np.array([1]), [], effort=EFFORT)
    for _ in range(100):
        improvement._remember("any", helped=False)
    low = improvement._record["any"]
    assert 0 < low < improvement._record["costly"]
    improvement._remember("any", helped=True)
    assert improvement._record["any"] > low

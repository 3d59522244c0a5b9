"""Rows and bounds: every feasible plan keeps the rows, and none beats the bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.math_opt.python import mathopt

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import Objective, default_policy
from matcher.result import Limits
from matcher.solvers import solve
from matcher.solvers.bound import Relaxation
from matcher.solvers.greedy import by_risk, todays_way
from matcher.solvers.options import Plan, Problem
from matcher.solvers.rows import Row, _u, window_rows
from matcher.solvers.timelines import timelines
from matcher.synthetic import CountySpec, generate
from tests.contests import contests, policies

COUNTY = CountySpec(agencies=12, homes=8, waiting_homecare=40, waiting_placements=20, running=0)


def rows_of(problem: Problem, requests: tuple[int, ...]) -> list[Row]:
    """Return every row of one part."""
    return window_rows(timelines(problem.part(requests)))


def keeps(row: Row, plan: Plan) -> bool:
    """Say whether a plan keeps a row."""
    taken = [choice.option for choice in plan.values()]
    return sum(row.coefficients.get(option, 0) for option in taken) <= row.limit


@given(
    stretch=st.integers(1, 288),
    pieces=st.integers(1, 8),
    shares=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=12),
)
def test_counts_never_refuse_what_fits(stretch: int, pieces: int, shares: list[float]) -> None:
    """Lengths that fit one after another never count for more than the whole stretch."""
    left, total = stretch, 0
    for share in shares:
        length = max(round(left * share), 1)
        if length <= left:
            left -= length
            total += _u(pieces, length, stretch)
    assert total <= pieces * stretch


def test_counts_refuse_what_does_not_fit() -> None:
    """Three visits of 45 minutes in two hours: 135 of 120 minutes, and one too many by count."""
    # 120 minutes are 24 slots, 45 are 9: two fit, for three u(1) gives 3 x 24 > 24 x 1 only
    # when each is longer than half the stretch; with u(2), floor(3 x 9 / 24) = 1 piece of 2.
    assert _u(1, 9, 24) == 0
    assert _u(2, 9, 24) == 24
    assert 3 * _u(2, 9, 24) > 2 * 24


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_plan_keeps_every_row(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Rows cut off no plan that the diary of greedy answers finds room for."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    for requests in problem.parts:
        rows = rows_of(problem, requests)
        for plan in (todays_way(problem), by_risk(problem)):
            assert all(keeps(row, plan) for row in rows)


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_county_cut_off_no_plan(gazetteer: Gazetteer, seed: int) -> None:
    """The same on a county night, where calendars are crowded and rows do bind."""
    spec = CountySpec(**{**vars(COUNTY), "seed": seed})
    problem = Problem(Market(generate(spec, gazetteer), default_policy(), gazetteer))
    rows = [row for requests in problem.parts for row in rows_of(problem, requests)]
    taken = [sum(row.coefficients.values()) > row.limit for row in rows]
    assert rows
    assert all(taken)  # a row that could not bind would be no row
    for plan in (todays_way(problem), by_risk(problem)):
        assert all(keeps(row, plan) for row in rows)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_answer_beats_the_relaxation(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """The bound of every stage holds for the proved best answer, with and without time for it."""
    market = Market(data.draw(contests(most_people=6)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    result = solve(market, limits=Limits.reproducible())
    best = {stage.name: stage.value for stage in result.stages}
    alone = problem.totals({}, tuple(n for n, options in enumerate(problem.options) if not options))
    first = market.policy.allocation.order.value[0]
    parts = [problem.part(requests) for requests in problem.parts]
    for seconds in (None, 0.0):
        bounds = [
            Relaxation(part, rows_of(problem, part.requests)).bound(first, seconds)
            for part in parts
        ]
        assert sum(bounds) + alone[first] <= best[first]


def test_relaxation_sees_that_capacity_is_short(gazetteer: Gazetteer) -> None:
    """On a scarce night its bound is above what the options alone would allow."""
    problem = Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))
    part = problem.part(max(problem.parts, key=len))
    relaxation = Relaxation(part, rows_of(problem, part.requests))
    objective = Objective.WITHOUT_OFFER
    assert relaxation.bound(objective, 0.0) == 0
    assert relaxation.bound(objective, None) > 0


def test_no_prices_found_still_gives_a_bound(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the relaxation ends without prices, the bound is that of prices of zero."""
    problem = Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))
    part = problem.part(max(problem.parts, key=len))
    relaxation = Relaxation(part, rows_of(problem, part.requests))
    objective = Objective.DISTANCE_METRES
    plain = relaxation.bound(objective, 0.0)
    monkeypatch.setattr(mathopt.SolveResult, "has_dual_feasible_solution", lambda self: False)
    assert relaxation.bound(objective, None) == plain

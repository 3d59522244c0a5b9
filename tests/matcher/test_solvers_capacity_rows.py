"""Rows and bounds: every feasible plan keeps the rows, and none beats the bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import default_policy
from matcher.result import Limits
from matcher.solvers import solve
from matcher.solvers.baseline import by_risk, todays_way
from matcher.solvers.instance.assignment import single
from matcher.solvers.instance.calendars import Timing
from matcher.solvers.instance.candidates import Plan, Problem
from matcher.solvers.instance.capacity_rows import Row, _u, window_rows
from matcher.solvers.instance.compiling import Part, compile_part
from matcher.solvers.relaxation import dual_bound as solvers_bound
from matcher.solvers.relaxation import linear
from matcher.solvers.relaxation.dual_bound import Relaxation
from matcher.synthetic import CountySpec, generate
from tests.contests import contests, policies

COUNTY = CountySpec(agencies=12, homes=8, waiting_homecare=40, waiting_placements=20, running=0)
ORDER = default_policy().allocation.order.value


def parts_of(problem: Problem) -> list[Part]:
    """Return every part of a problem as a packing."""
    return [compile_part(problem, requests) for requests in problem.parts]


def rows_of(part: Part) -> list[Row]:
    """Return every row of one part."""
    timing = part.packing.details
    assert isinstance(timing, Timing)
    return window_rows(timing.lines)


def keeps(row: Row, part: Part, plan: Plan) -> bool:
    """Say whether a plan keeps a row."""
    taken = [pick.option for pick in part.picks(plan).values()]
    return sum(row.coefficients.get(option, 0) for option in taken) <= row.limit


def bound(part: Part, objective: str, seconds: float | None) -> int:
    """Return what the relaxation proves of one objective over a part."""
    alone = single(part.packing, ORDER.index(objective))
    change = Relaxation(part.packing).prices(alone, seconds).bound
    return change + int(alone @ part.packing.without)


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
            total += int(_u(pieces, np.array([length]), stretch)[0])
    assert total <= pieces * stretch


def test_counts_refuse_what_does_not_fit() -> None:
    """Three visits of 45 minutes in two hours: 135 of 120 minutes, and one too many by count."""
    # 120 minutes are 24 slots, 45 are 9: two fit, for three u(1) gives 3 x 24 > 24 x 1 only
    # when each is longer than half the stretch; with u(2), floor(3 x 9 / 24) = 1 piece of 2.
    lengths = np.array([9, 9, 9])
    assert _u(1, lengths, 24).sum() == 0
    assert _u(2, lengths, 24).tolist() == [24, 24, 24]
    assert _u(2, lengths, 24).sum() > 2 * 24


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_plan_keeps_every_row(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """Rows cut off no plan that the diary of greedy answers finds room for."""
    market = Market(data.draw(contests(most_people=8)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    for part in parts_of(problem):
        for plan in (todays_way(problem), by_risk(problem)):
            assert all(keeps(row, part, plan) for row in rows_of(part))
            assert part.packing.fits(part.picks(plan))


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_county_cut_off_no_plan(gazetteer: Gazetteer, seed: int) -> None:
    """The same on a county night, where calendars are crowded and rows do bind."""
    spec = CountySpec(**{**vars(COUNTY), "seed": seed})
    problem = Problem(Market(generate(spec, gazetteer), default_policy(), gazetteer))
    rows = [(row, part) for part in parts_of(problem) for row in rows_of(part)]
    taken = [sum(row.coefficients.values()) > row.limit for row, _ in rows]
    assert rows
    assert all(taken)  # a row that could not bind would be no row
    for plan in (todays_way(problem), by_risk(problem)):
        assert all(keeps(row, part, plan) for row, part in rows)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_answer_beats_the_relaxation(gazetteer: Gazetteer, data: st.DataObject) -> None:
    """The bound of every stage holds for the proved best answer, with and without time for it."""
    market = Market(data.draw(contests(most_people=6)), data.draw(policies()), gazetteer)
    problem = Problem(market)
    result = solve(market, limits=Limits.reproducible())
    best = {stage.name: stage.value for stage in result.stages}
    alone = problem.rank_of(
        {}, tuple(n for n, options in enumerate(problem.options) if not options)
    )
    for seconds in (None, 0.0):
        for stage, objective in enumerate(market.policy.allocation.order.value):
            bounds = []
            for part in parts_of(problem):
                aim = single(part.packing, stage)
                change = Relaxation(part.packing).prices(aim, seconds).bound
                bounds.append(change + int(part.packing.without[stage]))
            # Alone, without regard to the stages before it, no stage can be lower than this.
            assert sum(bounds) + alone[stage] <= best[objective]


def test_relaxation_sees_that_capacity_is_short(gazetteer: Gazetteer) -> None:
    """On a scarce night its bound is above what the options alone would allow."""
    problem = Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))
    part = compile_part(problem, max(problem.parts, key=len))
    assert bound(part, "without_offer", 0.0) == 0
    assert bound(part, "without_offer", None) > 0


def test_no_prices_found_still_gives_a_bound(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the relaxation ends without prices, the bound is that of prices of zero."""
    problem = Problem(Market(generate(COUNTY, gazetteer), default_policy(), gazetteer))
    part = compile_part(problem, max(problem.parts, key=len))
    objective = "without_offer"
    plain = bound(part, objective, 0.0)
    assert bound(part, objective, None) > plain
    solve_linear = linear.solve_linear

    def without_prices(*facts: Any, **more: Any) -> linear.Answer:
        return solve_linear(*facts, **more)._replace(duals=None)

    monkeypatch.setattr(solvers_bound, "solve_linear", without_prices)
    assert bound(part, objective, None) == plain

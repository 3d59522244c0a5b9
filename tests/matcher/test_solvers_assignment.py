"""The abstract packing: what it counts, what fits, and stages put into one whole number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import (
    Packing,
    Pick,
    can_be_weighed,
    first_fit,
    single,
    uncontested,
    weighted,
)
from tests.packings import (
    aims,
    best_change,
    every_plan,
    is_sound,
    packing_of,
    packings,
    plan_at,
    plans,
)

TWO_ROOMS = packing_of(
    [(1, 0, (-2, 3)), (1, 4, (-2, 1)), (2, 0, (-1, 5)), (7, 4, (1, -1))],
    [({0: 2, 2: 2}, 3), ({1: 1, 3: 1}, 2)],
    (10, 20),
)


# -- what it holds -----------------------------------------------------------------------------


def test_numbers_of_requests_and_blocks() -> None:
    """Requests and blocks keep their numbers, whatever gaps there are between them."""
    assert len(TWO_ROOMS) == 4
    assert TWO_ROOMS.stages == 2
    assert TWO_ROOMS.requests == (1, 2, 7)
    assert TWO_ROOMS.blocks == (0, 4)
    assert {r: o.tolist() for r, o in TWO_ROOMS.options_of.items()} == {1: [0, 1], 2: [2], 7: [3]}
    assert {b: o.tolist() for b, o in TWO_ROOMS.options_in.items()} == {0: [0, 2], 4: [1, 3]}
    assert {b: r.tolist() for b, r in TWO_ROOMS.rows_in.items()} == {0: [0], 4: [1]}
    assert TWO_ROOMS.row_of_entry.tolist() == [0, 0, 1, 1]
    assert [each.tolist() for each in TWO_ROOMS.entries(1)] == [[1, 3], [1, 1]]


def test_rows_that_nobody_uses() -> None:
    """A row without entries belongs to no block, and is never exceeded."""
    packing = packing_of([(0, 5, (-1,))], [({}, 0), ({0: 1}, 1), ({}, 3)])
    assert {block: rows.tolist() for block, rows in packing.rows_in.items()} == {5: [1]}
    assert packing.fits({0: Pick(0)})
    assert packing.fits({})


def test_a_packing_of_nothing() -> None:
    """Without options there is one plan, and the stages are what they are without it."""
    packing = packing_of([], [], (3, 4))
    assert (packing.requests, packing.blocks) == ((), ())
    assert (packing.options_of, packing.options_in, packing.rows_in) == ({}, {}, {})
    assert packing.values({}) == (3, 4)
    assert packing.fits({})
    assert packing.most.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("plan", "values", "fits"),
    [
        ({}, (10, 20), True),  # why: nobody served
        ({1: 0}, (8, 23), True),
        ({1: 0, 2: 2}, (7, 28), False),  # why: 4 of a row of 3
        ({1: 1, 2: 2}, (7, 26), True),  # why: in different rooms
        ({1: 1, 2: 2, 7: 3}, (8, 25), True),  # why: the second row is just full
    ],
)
def test_values_and_fit(plan: dict[int, int], values: tuple[int, ...], fits: bool) -> None:
    """Stages start from what they are without anybody, and every row is held."""
    picks = {request: Pick(option) for request, option in plan.items()}
    assert TWO_ROOMS.values(picks) == values
    assert TWO_ROOMS.fits(picks) is fits


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_values_and_fit_by_plain_counting(data: st.DataObject) -> None:
    """Any choice of options, fitting or not, is counted as one would by hand."""
    packing = data.draw(packings())
    plan = {}
    for request, options in packing.options_of.items():
        option = data.draw(st.sampled_from([None, *options.tolist()]))
        if option is not None:
            plan[request] = Pick(option)
    assert packing.fits(plan) == is_sound(packing, plan)
    by_hand = [
        int(packing.without[stage])
        + sum(int(packing.costs[stage, p.option]) for p in plan.values())
        for stage in range(packing.stages)
    ]
    assert packing.values(plan) == tuple(by_hand)


@settings(max_examples=50, deadline=None)
@given(packing=packings())
def test_no_two_plans_differ_by_more_than_is_said(packing: Packing) -> None:
    """For each stage, all plans lie within the span."""
    values = every_plan(packing) @ packing.costs.T
    assert (values.max(axis=0) - values.min(axis=0) <= packing.most).all()


# -- aims --------------------------------------------------------------------------------------


def some_stages(packing: Packing) -> st.SearchStrategy[range]:
    """Draw stages that follow one another."""
    first = st.integers(0, packing.stages - 1)
    return first.flatmap(
        lambda one: st.integers(one + 1, packing.stages).map(lambda stop: range(one, stop))
    )


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_an_aim_orders_plans_by_its_stages(data: st.DataObject) -> None:
    """The smaller sum is the smaller tuple of stages, for any two plans, and equal means equal."""
    packing = data.draw(packings())
    stages = data.draw(some_stages(packing))
    aim = weighted(packing, stages)
    assert (aim > 0).tolist() == [stage in stages for stage in range(packing.stages)]
    values = every_plan(packing) @ packing.costs.T
    keys = [tuple(row) for row in values[:, stages.start : stages.stop].tolist()]
    sums = (values @ aim).tolist()
    assert [keys[n] for n in np.argsort(sums, kind="stable")] == sorted(keys)
    assert len(set(zip(keys, sums, strict=True))) == len(set(keys)) == len(set(sums))


@settings(max_examples=50, deadline=None)
@given(data=st.data(), limit=st.sampled_from([1, 40, 900]))
def test_what_can_be_weighed_stays_small(data: st.DataObject, limit: int) -> None:
    """The weighted sum of stages that may be taken together spans no more than the limit."""
    packing = data.draw(packings())
    stages = data.draw(some_stages(packing))
    if can_be_weighed(packing, stages, limit):
        assert int(weighted(packing, stages) @ packing.most) < limit
    else:
        assert int(weighted(packing, stages) @ packing.most) + 1 > limit


@settings(max_examples=50, deadline=None)
@given(packing=packings())
def test_uncontested_is_without_rows(packing: Packing) -> None:
    """What a stage comes to when nobody has to give way is the best of the same without rows."""
    free = packing_of(
        [
            (int(packing.request[o]), int(packing.block[o]), packing.costs[:, o].tolist())
            for o in range(len(packing))
        ],
        [],
        packing.without.tolist(),
    )
    for stage in range(packing.stages):
        assert uncontested(packing, stage) == best_change(free, single(packing, stage))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_first_fit_serves_whom_the_rows_let_in(data: st.DataObject) -> None:
    """What was served stays; others are added where it pays; nobody is left whom rows let in."""
    packing = data.draw(packings())
    start, aim = data.draw(plans(packing)), data.draw(aims(packing))
    before = dict(start)
    fuller = first_fit(packing, start, aim)
    assert start == before
    assert is_sound(packing, fuller)
    assert {request: fuller[request] for request in start} == start
    costs = aim @ packing.costs
    assert all(costs[pick.option] < 0 for r, pick in fuller.items() if r not in start)
    for request in {*packing.requests} - {*fuller}:
        for option in packing.options_of[request].tolist():
            served = {**fuller, request: Pick(option)}
            assert costs[option] >= 0 or not is_sound(packing, served)


def test_a_stage_alone() -> None:
    """The aim of one stage counts it once, and the others not at all."""
    assert single(TWO_ROOMS, 1).tolist() == [0, 1]


def test_a_plan_reads_as_picks() -> None:
    """What the oracle takes for a plan names each request's own option."""
    rows = every_plan(TWO_ROOMS)
    assert all(is_sound(TWO_ROOMS, plan_at(TWO_ROOMS, row)) for row in rows)
    assert len(rows) == (3 * 2 - 1) * 2  # all choices but both in the first room

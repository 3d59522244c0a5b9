"""The abstract packing: what it counts, what fits, and stages put into one whole number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.packing import Packing, Pick, ordered_aims, single
from tests.packings import every_plan, is_sound, packing_of, packings, plan_at

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


@settings(max_examples=50, deadline=None)
@given(packing=packings(), limit=st.sampled_from([1, 40, 900, 1 << 40]))
def test_aims_put_stages_in_their_order(packing: Packing, limit: int) -> None:
    """One weighted sum after the other finds exactly the plans that stages in turn find."""
    every = every_plan(packing)
    values = every @ packing.costs.T
    by_aims, by_stages = np.arange(len(every)), np.arange(len(every))
    for _, aim in ordered_aims(packing, limit):
        sums = values[by_aims] @ aim
        by_aims = by_aims[sums == sums.min()]
    for stage in range(packing.stages):
        column = values[by_stages, stage]
        by_stages = by_stages[column == column.min()]
    assert by_aims.tolist() == by_stages.tolist()


@settings(max_examples=50, deadline=None)
@given(packing=packings(), limit=st.sampled_from([1, 40, 900, 1 << 40]))
def test_aims_order_any_two_plans_of_a_group(packing: Packing, limit: int) -> None:
    """Within a group, the smaller sum is the smaller tuple of stages, and equal means equal."""
    values = every_plan(packing)[:60] @ packing.costs.T
    for stages, aim in ordered_aims(packing, limit):
        inside = values[:, stages.start : stages.stop]
        sums = values @ aim
        keys = [tuple(row) for row in inside.tolist()]
        assert (
            sorted(range(len(keys)), key=keys.__getitem__)
            == np.argsort(sums, kind="stable").tolist()
        )
        assert len(set(keys)) == len(set(sums.tolist()))


@settings(max_examples=50, deadline=None)
@given(packing=packings(), limit=st.sampled_from([1, 40, 900]))
def test_aims_cover_every_stage_once_within_the_limit(packing: Packing, limit: int) -> None:
    """Groups follow one another without a gap, and several stages never exceed the limit."""
    groups = ordered_aims(packing, limit)
    assert [stage for stages, _ in groups for stage in stages] == [*range(packing.stages)]
    for stages, aim in groups:
        assert (aim > 0).tolist() == [stage in stages for stage in range(packing.stages)]
        assert len(stages) == 1 or int(aim @ packing.most) <= limit


def test_a_stage_alone() -> None:
    """The aim of one stage counts it once, and the others not at all."""
    assert single(TWO_ROOMS, 1).tolist() == [0, 1]


def test_a_plan_reads_as_picks() -> None:
    """What the oracle takes for a plan names each request's own option."""
    rows = every_plan(TWO_ROOMS)
    assert all(is_sound(TWO_ROOMS, plan_at(TWO_ROOMS, row)) for row in rows)
    assert len(rows) == (3 * 2 - 1) * 2  # all choices but both in the first room

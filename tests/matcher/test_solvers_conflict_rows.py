"""What one block cannot hold together, against trying every set of times."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.exact.cp_sat import Budget
from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.calendars import Timeline, timing_of
from matcher.solvers.search import conflict_rows as engine
from matcher.solvers.search.conflict_rows import conflict_among
from tests.packings import EFFORT, budget, packing_of
from tests.visit_blocks import is_sound, timed, visit_blocks, visit_of

BLOCKS = visit_blocks(most_requests=4) | visit_blocks(most_free=2, apart=False, most_requests=4)


def can_hold(packing: Packing, block: int, options: Sequence[int]) -> bool:
    """Say whether a block can hold options together, by trying all times."""
    ways = [
        [
            Pick(option, times)
            for times in product(
                *(np.flatnonzero(row).tolist() for row in timing_of(packing).domains[option])
            )
        ]
        for option in options
    ]
    return any(is_sound(packing, block, picks) for picks in product(*ways))


def one_each(packing: Packing, block: int) -> list[int]:
    """Return an option of each request that the block could serve."""
    first: dict[int, int] = {}
    for option in packing.options_in[block].tolist():
        first.setdefault(int(packing.request[option]), option)
    return [*first.values()]


@settings(max_examples=50, deadline=None)
@given(packing=BLOCKS, checks=st.sampled_from([0, 8]))
def test_no_block_holds_more_of_a_conflict_than_it_says(packing: Packing, checks: int) -> None:
    """Options are in conflict exactly where they cannot all be held; then no plan breaks it."""
    for block in packing.blocks:
        options = one_each(packing, block)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "MOST_CHECKS", checks)
            conflict = conflict_among(packing, options, budget(), EFFORT)
        assert (conflict is None) == can_hold(packing, block, options)
        if conflict is not None:
            assert len({*conflict.options} & {*options}) > conflict.most
            assert {*packing.block[[*conflict.options]].tolist()} == {block}
            for several in combinations(conflict.options, conflict.most + 1):
                one_option_each = len({*packing.request[[*several]].tolist()}) == len(several)
                assert not one_option_each or not can_hold(packing, block, several)


def crowd(lengths: Sequence[int], carers: int, positions: int) -> Packing:
    """Return people with one visit each, any time, for some carers."""
    options = [(request, 0, (-1,)) for request in range(len(lengths))]
    starts = [range(positions - length + 1) for length in lengths]
    domains = [np.isin(np.arange(positions), [*own])[None, :] for own in starts]
    visits = [
        visit_of(option, 0, starts[option], length=length) for option, length in enumerate(lengths)
    ]
    line = Timeline(0, (0,), np.full(positions, carers), tuple(visits))
    return timed(packing_of(options), [line], domains, {})


def test_what_is_as_hard_is_taken_in() -> None:
    """Of 6, 6 and 4 two carers can do two in 9 positions; 7 fits no better, but 5 goes with 4."""
    packing = crowd((6, 6, 4, 7, 5, 1), 2, 9)
    conflict = conflict_among(packing, [0, 1, 2], budget(), EFFORT)
    assert conflict is not None
    assert (conflict.options, conflict.most) == ((0, 1, 2, 3), 2)


def test_what_is_not_needed_is_left_out() -> None:
    """A short visit has no part in what long ones are too many for."""
    conflict = conflict_among(crowd((6, 6, 4, 1), 2, 9), [0, 1, 2, 3], budget(), EFFORT)
    assert conflict is not None
    assert (conflict.options, conflict.most) == ((0, 1, 2), 2)


def test_without_time_there_is_no_conflict() -> None:
    """What is not proved impossible is not ruled out."""
    packing = crowd((6, 6, 4), 2, 9)
    assert conflict_among(packing, [0, 1, 2], Budget(None, 0.0), EFFORT) is None

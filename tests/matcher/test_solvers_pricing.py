"""The best round of a block: by dynamic programming, by the exact model, by trying every one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import Ints, Packing
from matcher.solvers.search import pricing
from matcher.solvers.search.pricing import NEVER, Offer, Pricer
from tests.packings import EFFORT, aims, budget, packing_of, packings, sub_rounds

SACK = packing_of(
    [(0, 0, (-6,)), (1, 0, (-5,)), (2, 0, (-4,)), (3, 0, (1,))],
    [({0: 5, 1: 4, 2: 3, 3: 8}, 7)],
)
"""A row of 7 for amounts 5, 4, 3 and 8: the second and third together are the best."""


def charges_of(packing: Packing) -> st.SearchStrategy[dict[int, int]]:
    """Draw what serving each request that may be served has to pay; some may not be."""
    return st.dictionaries(st.sampled_from(packing.requests), st.integers(0, 30))


def full_charges(packing: Packing) -> st.SearchStrategy[dict[int, int]]:
    """Draw what serving each request has to pay, all of them open."""
    return st.fixed_dictionaries({r: st.integers(0, 30) for r in packing.requests})


def value_of(
    packing: Packing, options: tuple[int, ...], weights: Ints, charges: dict[int, int]
) -> int:
    """Return what a set of options comes to at some prices."""
    paid = sum(charges[int(packing.request[option])] for option in options)
    return int((weights @ packing.costs)[list(options)].sum()) + paid


def best_round(
    packing: Packing,
    block: int,
    weights: Ints,
    charges: dict[int, int],
    having: int | None = None,
) -> int | None:
    """Return the best of every round of a block that serves open requests only, by trying."""
    values = [
        value_of(packing, options, weights, charges)
        for options in sub_rounds(packing, block)
        if all(int(packing.request[option]) in charges for option in options)
        and (having is None or having in options)
    ]
    return min(values, default=None)


def assert_in_order(
    packing: Packing, block: int, weights: Ints, charges: dict[int, int], offer: Offer
) -> None:
    """Assert that an offer is of its block and its open requests, and worth what it says."""
    options = tuple(pick.option for pick in offer.round.picks)
    requests = [int(packing.request[option]) for option in options]
    assert offer.round.block == block
    assert {int(packing.block[option]) for option in options} <= {block}
    assert len(set(requests)) == len(requests)
    assert set(requests) <= charges.keys()
    assert packing.fits(dict(zip(requests, offer.round.picks, strict=True)))
    assert offer.bound <= offer.value <= 0
    assert offer.value == value_of(packing, options, weights, charges)


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_best_round_is_that_of_trying_every_one(data: st.DataObject) -> None:
    """By dynamic programming or by the exact model, with some requests closed."""
    packing = data.draw(packings(most_requests=4))
    weights = data.draw(aims(packing))
    charges = data.draw(charges_of(packing))
    pricer = Pricer(packing, EFFORT)
    for block in packing.blocks:
        offer = pricer.best(block, weights, charges, budget())
        assert_in_order(packing, block, weights, charges, offer)
        assert offer.value == offer.bound == best_round(packing, block, weights, charges)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_both_ways_to_price_a_knapsack_agree(data: st.DataObject) -> None:
    """The exact model finds what dynamic programming finds."""
    packing = data.draw(packings(knapsacks=True))
    weights = data.draw(aims(packing))
    charges = data.draw(charges_of(packing))
    quick, exact = Pricer(packing, EFFORT), Pricer(packing, EFFORT)
    for block in packing.blocks:
        by_table = quick.best(block, weights, charges, budget())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pricing, "LARGEST_TABLE", -1)
            assert not exact.is_knapsack(block)
            by_model = exact.best(block, weights, charges, budget())
        assert_in_order(packing, block, weights, charges, by_model)
        assert (by_table.value, by_table.bound) == (by_model.value, by_model.bound)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_it_costs_to_force_an_option(data: st.DataObject) -> None:
    """The best round with an option less the best of all, or never for what does not fit."""
    packing = data.draw(packings(knapsacks=True, most_requests=6))
    weights = data.draw(aims(packing))
    charges = data.draw(full_charges(packing))
    pricer = Pricer(packing, EFFORT)
    for block in filter(pricer.is_knapsack, packing.blocks):
        best = best_round(packing, block, weights, charges)
        assert best is not None
        dearer = pricer.forced(block, weights, charges)
        for place, option in enumerate(packing.options_in[block].tolist()):
            forced = best_round(packing, block, weights, charges, having=option)
            assert dearer[place] == (NEVER if forced is None else forced - best)


def test_a_knapsack_by_hand() -> None:
    """Amounts 4 and 3 fill the row of 7 and gain 9; the first alone would gain 6."""
    pricer, weights = Pricer(SACK, EFFORT), np.array([1], np.int64)
    free = dict.fromkeys(range(4), 0)
    offer = pricer.best(0, weights, free, budget())
    assert [pick.option for pick in offer.round.picks] == [1, 2]
    assert offer.value == offer.bound == -9
    assert pricer.forced(0, weights, free).tolist() == [3, 0, 0, NEVER]
    closed = {0: 0, 2: 1}  # the second may not be served, and the third has to pay
    assert pricer.best(0, weights, closed, budget()).value == -6


def test_nothing_is_offered_where_nothing_pays() -> None:
    """A block whose requests cost more than they gain offers the empty round, at nothing."""
    pricer, weights = Pricer(SACK, EFFORT), np.array([1], np.int64)
    offer = pricer.best(0, weights, dict.fromkeys(range(4), 9), budget())
    assert (offer.round.picks, offer.value, offer.bound) == ((), 0, 0)
    assert pricer.best(0, weights, {}, budget()).round.picks == ()


@pytest.mark.parametrize(
    ("packing", "is_knapsack"),
    [
        (SACK, True),
        (packing_of([(0, 0, (-1,))]), False),  # why: no row at all
        (packing_of([(0, 0, (-1,))], [({0: 1}, 1), ({0: 2}, 3)]), False),  # why: two rows
        (packing_of([(0, 0, (-1,))] * 2, [({0: 1, 1: 2}, 2)]), False),  # why: twice one request
        (packing_of([(0, 0, (-1,))], [({0: 1}, 10**8)]), False),  # why: too large a table
        (packing_of([(0, 0, (-1,)), (1, 0, (-1,))], [({0: 1}, 1)]), True),  # why: one uses nothing
    ],
)
def test_what_is_a_knapsack(packing: Packing, is_knapsack: bool) -> None:
    """One row of a moderate limit, and one option a request."""
    assert Pricer(packing, EFFORT).is_knapsack(0) is is_knapsack


def test_a_knapsack_with_times_is_none() -> None:
    """Where times are to be decided, one row does not say everything."""
    details = packing_of([(0, 0, (-1,))], [({0: 1}, 1)])
    pricer = Pricer(replace(details, details=object()), EFFORT)  # type: ignore[arg-type]
    assert not pricer.is_knapsack(0)

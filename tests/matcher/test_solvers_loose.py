"""Blocks priced by their rows alone: what they prove holds for every choice that keeps the rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.bound import SAFE_BITS
from matcher.solvers.loose import FINE, Loose
from matcher.solvers.packing import Ints, Packing
from tests.packings import aims, packing_of, packings

SACK = packing_of(
    [(0, 0, (-6,)), (1, 0, (-5,)), (2, 0, (-4,)), (3, 1, (-9,))],
    [({0: 6, 1: 5, 2: 4}, 9), ({3: 5}, 4), ({0: 1, 1: 1}, 1)],
)
"""A block of two rows, the first by measure and the last by count, and one with the row between."""
ANY = st.floats(allow_nan=True, allow_infinity=True)


@dataclass(frozen=True)
class Asked:
    """Loose blocks of a packing, and what is still to be decided."""

    packing: Packing
    loose: Loose
    blocks: set[int]
    requests: set[int]

    def is_open(self, option: int) -> bool:
        """Say whether an option of the loose blocks may still be taken."""
        block = int(self.packing.block[option])
        is_loose = block in self.loose.blocks and block in self.blocks
        return is_loose and int(self.packing.request[option]) in self.requests

    @property
    def open(self) -> list[int]:
        """The options that may still be taken, by block."""
        options = sorted(range(len(self.packing)), key=lambda o: (int(self.packing.block[o]), o))
        return [option for option in options if self.is_open(option)]

    @property
    def matrix(self) -> Ints:
        """What each open option uses of each row of the loose blocks, told plainly."""
        packing, places = self.packing, {option: n for n, option in enumerate(self.open)}
        matrix = np.zeros((len(self.loose.rows), len(places)), np.int64)
        for number, row in enumerate(self.loose.rows.tolist()):
            for entry in range(int(packing.row_start[row]), int(packing.row_start[row + 1])):
                option = int(packing.row_option[entry])
                if option in places:
                    matrix[number, places[option]] += packing.row_amount[entry]
        return matrix


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    """Draw a packing of which some blocks are loose, some decided, and some requests closed."""
    packing = draw(packings(most_requests=4, most_blocks=3))
    loose = draw(st.sets(st.sampled_from(packing.blocks), min_size=1))
    decided = draw(st.sets(st.sampled_from(packing.blocks), max_size=1))
    served = draw(st.sets(st.sampled_from(packing.requests), max_size=2))
    blocks, requests = {*packing.blocks} - decided, {*packing.requests} - served
    return Asked(packing, Loose(packing, loose), blocks, requests)


def whole(most: int, count: int) -> st.SearchStrategy[Ints]:
    """Draw prices of rows in whole numbers."""
    prices = st.lists(st.integers(0, most), min_size=count, max_size=count)
    return prices.map(lambda drawn: np.array(drawn, np.int64))


def least_of_all(drawn: Asked, weights: Ints, charges: dict[int, int]) -> int:
    """Return the least that any choice of open options costs which keeps the rows."""
    options = drawn.open
    choices = np.array([*product((0, 1), repeat=len(options))], np.int64)
    kept = choices[(choices @ drawn.matrix.T <= drawn.loose.limits).all(axis=1)]
    costs = weights @ drawn.packing.costs[:, options] + np.array(
        [charges[int(drawn.packing.request[option])] for option in options], np.int64
    )
    return int((kept @ costs).min())


# -- bounds ------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(drawn=asked(), data=st.data(), most=st.sampled_from([0, 3, 40]))
def test_no_choice_beats_the_bound(drawn: Asked, data: st.DataObject, most: int) -> None:
    """At whatever prices, with some blocks decided and some requests closed."""
    weights = data.draw(aims(drawn.packing))
    charges = {r: data.draw(st.integers(-5, 30)) for r in sorted(drawn.requests)}
    prices = data.draw(whole(most, len(drawn.loose.rows)))
    bound = drawn.loose.bound(weights, charges, prices, drawn.blocks)
    assert bound <= least_of_all(drawn, weights, charges) <= 0


@settings(max_examples=60, deadline=None)
@given(drawn=asked(), data=st.data())
def test_without_prices_all_that_pays_is_taken(drawn: Asked, data: st.DataObject) -> None:
    """Where rows are worth nothing, the bound is the sum of what options gain by themselves."""
    weights = data.draw(aims(drawn.packing))
    charges = {r: data.draw(st.integers(0, 20)) for r in sorted(drawn.requests)}
    nothing = np.zeros(len(drawn.loose.rows), np.int64)
    gains = [
        min(0, int(weights @ drawn.packing.costs[:, o]) + charges[int(drawn.packing.request[o])])
        for o in drawn.open
    ]
    assert drawn.loose.bound(weights, charges, nothing, drawn.blocks) == sum(gains)


@settings(max_examples=60, deadline=None)
@given(drawn=asked(), data=st.data())
def test_bounds_of_blocks_add_up(drawn: Asked, data: st.DataObject) -> None:
    """What all blocks prove together is what they prove one by one, decided ones nothing."""
    weights = data.draw(aims(drawn.packing))
    charges = {r: data.draw(st.integers(0, 20)) for r in sorted(drawn.requests)}
    prices = data.draw(whole(20, len(drawn.loose.rows)))
    each = [drawn.loose.bound(weights, charges, prices, {block}) for block in drawn.blocks]
    assert drawn.loose.bound(weights, charges, prices, drawn.blocks) == sum(each)
    assert drawn.loose.bound(weights, charges, prices, set()) == 0


def test_a_bound_by_hand() -> None:
    """At 1 for each unit of the row of 9, no option pays any more, and the row is worth 9."""
    loose, weights = Loose(SACK, {0}), np.array([1], np.int64)
    free = dict.fromkeys(range(4), 0)
    assert loose.bound(weights, free, np.array([1, 0], np.int64), {0, 1}) == -9
    assert loose.bound(weights, free, np.array([0, 0], np.int64), {0, 1}) == -15
    assert loose.bound(weights, free, np.array([0, 5], np.int64), {0, 1}) == -5 - 5
    assert loose.bound(weights, {0: 2, 2: 0}, np.array([0, 0], np.int64), {0}) == -8
    assert loose.bound(weights, free, np.array([7, 7], np.int64), {1}) == 0


# -- entries -----------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(drawn=asked())
def test_entries_are_those_of_the_packing(drawn: Asked) -> None:
    """Open options and what they use of the loose blocks' rows, each entry once."""
    options, rows, places, amounts = drawn.loose.entries(drawn.blocks, drawn.requests)
    assert options.tolist() == drawn.open
    told = list(zip(rows.tolist(), places.tolist(), strict=True))
    assert len({*told}) == len(told)
    matrix = np.zeros_like(drawn.matrix)
    matrix[rows, places] = amounts
    assert (matrix == drawn.matrix).all()


def test_entries_by_hand() -> None:
    """With the first person served, the second and third move up a place."""
    options, rows, places, amounts = Loose(SACK, {0}).entries({0, 1}, {1, 2, 3})
    assert options.tolist() == [1, 2]
    entries = zip(rows.tolist(), places.tolist(), amounts.tolist(), strict=True)
    assert sorted(entries) == [(0, 0, 5), (0, 1, 4), (1, 0, 1)]
    assert Loose(SACK, {0, 1}).rows.tolist() == [0, 2, 1]
    assert Loose(SACK, {0, 1}).entries({1}, {0, 1, 2, 3})[1].tolist() == [2]


@settings(max_examples=60, deadline=None)
@given(drawn=asked())
def test_options_and_rows_are_those_of_the_blocks(drawn: Asked) -> None:
    """All options and rows of the loose blocks, in the order of the blocks, with their limits."""
    packing, loose = drawn.packing, drawn.loose
    blocks = sorted(loose.blocks)
    assert len(loose) == sum(int(block) in loose.blocks for block in packing.block)
    assert loose.options.tolist() == [o for b in blocks for o in packing.options_in[b].tolist()]
    assert loose.rows.tolist() == [
        row for b in blocks if b in packing.rows_in for row in packing.rows_in[b].tolist()
    ]
    assert loose.limits.tolist() == packing.limits[loose.rows].tolist()


def test_nothing_is_loose() -> None:
    """Without blocks there are no options and no rows, and nothing is proved of them."""
    loose = Loose(SACK, set())
    assert (len(loose), loose.blocks) == (0, frozenset())
    assert [len(each) for each in loose.entries({0, 1}, {0, 1, 2, 3})] == [0, 0, 0, 0]
    assert loose.bound(np.array([1], np.int64), {0: 1}, np.zeros(0, np.int64), {0, 1}) == 0
    assert loose.tightened({0: 0.5}).tolist() == []
    assert loose.safe(np.zeros(0)).tolist() == []


# -- limits ------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(drawn=asked(), data=st.data())
def test_only_rows_that_measure_are_lowered(drawn: Asked, data: st.DataObject) -> None:
    """By the share asked of their block where amounts are fine; rows that count stay."""
    share = st.floats(0, 1, allow_nan=False)
    shares = data.draw(st.dictionaries(st.sampled_from(drawn.packing.blocks), share))
    loose, packing = drawn.loose, drawn.packing
    for row, limit, lowered in zip(
        loose.rows.tolist(), loose.limits.tolist(), loose.tightened(shares).tolist(), strict=True
    ):
        options, amounts = packing.entries(row)
        asked_for = shares.get(int(packing.block[options[0]]), 0.0)
        if min(amounts.tolist()) >= FINE * gcd(*amounts.tolist()):
            assert lowered == limit - int(asked_for * limit)
        else:
            assert lowered == limit
    assert loose.limits.tolist() == packing.limits[loose.rows].tolist()


@pytest.mark.parametrize(
    ("shares", "limits"),
    [
        ({}, [9, 1, 4]),
        ({0: 0.25}, [7, 1, 4]),  # why: the second row only counts two people
        ({0: 0.1}, [9, 1, 4]),  # why: less than one unit
        ({1: 0.5}, [9, 1, 4]),  # why: one option alone is counted, in units of its amount
        ({0: 1.0, 1: 1.0, 7: 1.0}, [0, 1, 4]),
    ],
)
def test_limits_lowered_by_hand(shares: dict[int, float], limits: list[int]) -> None:
    """A quarter of 9 is two units."""
    assert Loose(SACK, {0, 1}).tightened(shares).tolist() == limits


@pytest.mark.parametrize(("least", "is_lowered"), [(FINE, True), (FINE - 1, False)])
def test_one_small_amount_keeps_a_row_as_it_is(least: int, is_lowered: bool) -> None:
    """The least amount decides, however large the others are."""
    packing = packing_of([(0, 0, (-1,)), (1, 0, (-1,))], [({0: 91, 1: least}, 91)])
    assert Loose(packing, {0}).tightened({0: 0.5}).tolist() == [46 if is_lowered else 91]


# -- prices ------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(drawn=asked(), data=st.data())
def test_prices_are_made_safe(drawn: Asked, data: st.DataObject) -> None:
    """From anything whatever: whole, not negative, and with sums that are still exact."""
    count = len(drawn.loose.rows)
    told = np.array(data.draw(st.lists(ANY, min_size=count, max_size=count)), float)
    prices = drawn.loose.safe(told)
    every = Asked(drawn.packing, drawn.loose, {*drawn.packing.blocks}, {*drawn.packing.requests})
    used = every.matrix.sum(axis=1) + drawn.loose.limits
    assert prices.dtype == np.int64
    assert (prices >= 0).all()
    total = sum(p * u for p, u in zip(prices.tolist(), used.tolist(), strict=True))
    assert total <= 1 << SAFE_BITS
    for price, before in zip(prices.tolist(), told.tolist(), strict=True):
        if np.isnan(before) or before <= 0:
            assert price == 0
        elif before <= 1 << 30:
            assert abs(price - before) <= 0.5
        else:
            assert price >= 1 << 30


def test_prices_without_end_by_hand() -> None:
    """Beyond all bounds is cut, no number is nothing, and what is small is rounded."""
    loose = Loose(SACK, {0, 1})
    prices = loose.safe(np.array([np.inf, np.nan, -np.inf]))
    most = (1 << SAFE_BITS) // ((15 + 9 + 1) * 3)
    assert prices.tolist() == [most, 0, 0]
    assert loose.safe(np.array([1e300, -2.0, 2.6])).tolist() == [most, 0, 3]
    assert loose.safe(np.array([7, 0, 1 << 40])).tolist() == [7, 0, 1 << 40]


@settings(max_examples=60, deadline=None)
@given(drawn=asked(), data=st.data())
def test_safe_prices_of_anything_prove_what_is_true(drawn: Asked, data: st.DataObject) -> None:
    """Whatever a solver tells, the bound at the prices made of it holds."""
    count = len(drawn.loose.rows)
    told = np.array(data.draw(st.lists(ANY, min_size=count, max_size=count)), float)
    weights = data.draw(aims(drawn.packing)) << 20
    charges = {r: data.draw(st.integers(0, 1 << 24)) for r in sorted(drawn.requests)}
    bound = drawn.loose.bound(weights, charges, drawn.loose.safe(told), drawn.blocks)
    assert bound <= least_of_all(drawn, weights, charges)

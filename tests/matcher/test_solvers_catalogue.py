"""All rounds of a block: what they come to, and which are the cheapest, against plain Python."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.catalogue import NONE, SIZES, Catalogue, cost_beyond, rank_of
from matcher.solvers.packing import Ints

Rounds = list[tuple[int, ...]]
"""Rounds by the places of their options, those of fewer options first."""


def catalogue_of(rounds: Rounds) -> Catalogue:
    """Return rounds as the solver takes them; of each, all that hold less are rounds too."""
    levels = [[each for each in rounds if len(each) == size] for size in sizes(rounds)]
    parents = [
        [NONE if size == 1 else levels[size - 2].index(each[:-1]) for each in level]
        for size, level in enumerate(levels, 1)
    ]
    return Catalogue(
        tuple(np.array(own, np.int32) for own in parents),
        tuple(np.array([each[-1] for each in level], np.int32) for level in levels),
    )


def sizes(rounds: Rounds) -> range:
    """Return the numbers of options that rounds have."""
    return range(1, max(map(len, rounds), default=0) + 1)


@st.composite
def catalogues(draw: st.DrawFn, *, fewest: int = 1) -> Rounds:
    """Draw rounds of up to five options: with each round also what is left without an option."""
    largest = st.sets(st.integers(0, 4), min_size=1)
    found = {
        part
        for each in draw(st.lists(largest, min_size=fewest, max_size=4))
        for size in range(1, len(each) + 1)
        for part in combinations(sorted(each), size)
    }
    return sorted(found, key=lambda each: (len(each), each))


def costs_of_five() -> st.SearchStrategy[Ints]:
    """Draw what each of five options comes to; many rounds come to the same."""
    return st.lists(st.integers(-4, 4), min_size=5, max_size=5).map(
        lambda costs: np.array(costs, np.int64)
    )


def value(costs: Ints, chosen: tuple[int, ...]) -> int:
    """Return what a round comes to."""
    return sum(int(costs[place]) for place in chosen)


def joined(levels: list[Ints]) -> list[int]:
    """Return numbers by the number of options in one list."""
    return [number for level in levels for number in level.tolist()]


# -- values ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(rounds=catalogues(fewest=0), costs=costs_of_five())
def test_values_are_sums(rounds: Rounds, costs: Ints) -> None:
    """Every round comes to what its options come to together."""
    catalogue = catalogue_of(rounds)
    assert catalogue.size == len(rounds)
    assert [len(level) for level in catalogue.values(costs)] == [
        sum(len(each) == size for each in rounds) for size in sizes(rounds)
    ]
    assert joined(catalogue.values(costs)) == [value(costs, each) for each in rounds]


@settings(max_examples=100, deadline=None)
@given(rounds=catalogues(fewest=0), costs=costs_of_five())
def test_the_cheapest_round(rounds: Rounds, costs: Ints) -> None:
    """It comes to the least of all, and is none at all where none comes to less than nothing."""
    least, chosen = catalogue_of(rounds).cheapest(costs)
    assert least == min([0, *(value(costs, each) for each in rounds)])
    assert (chosen == []) == (least == 0)
    if chosen:
        assert tuple(chosen) in rounds
        assert value(costs, tuple(chosen)) == least


def test_the_cheapest_by_hand() -> None:
    """The first with the third, though the second alone is cheaper than either."""
    catalogue = catalogue_of([(0,), (1,), (2,), (0, 2)])
    assert catalogue.cheapest(np.array([-2, -3, -2], np.int64)) == (-4, [0, 2])
    assert catalogue.cheapest(np.array([-2, -5, -2], np.int64)) == (-5, [1])
    assert catalogue.cheapest(np.array([0, 1, 2], np.int64)) == (0, [])


def test_nothing_to_list() -> None:
    """A block that can do nothing has no rounds, and its cheapest is none."""
    catalogue = catalogue_of([])
    assert catalogue.size == 0
    assert catalogue.values(np.array([-1], np.int64)) == []
    assert catalogue.cheapest(np.array([-1], np.int64)) == (0, [])
    ranks = catalogue.ranks(np.array([-1], np.int64))
    assert [*catalogue.up_to(ranks, SIZES, 9)] == ranks == []


# -- ranks -------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(rounds=catalogues(), costs=costs_of_five())
def test_ranks_go_by_cost_then_by_size(rounds: Rounds, costs: Ints) -> None:
    """The cheaper of two rounds has the lesser rank; of two that cost the same, the larger."""
    ranks = joined(catalogue_of(rounds).ranks(costs))
    keys = [(value(costs, each), -len(each)) for each in rounds]
    for (one, first), (other, second) in combinations(zip(keys, ranks, strict=True), 2):
        assert (one < other) == (first < second)
        assert (one == other) == (first == second)
    assert min(ranks) >= 0


@settings(max_examples=100, deadline=None)
@given(rounds=catalogues(), costs=costs_of_five(), more=st.integers(0, 30))
def test_a_rank_up_to_which_rounds_cost_so_much_more(
    rounds: Rounds, costs: Ints, more: int
) -> None:
    """Up to it lie exactly the rounds that cost at most so much more than the cheapest."""
    catalogue = catalogue_of(rounds)
    least, _ = catalogue.cheapest(costs)
    last = rank_of(more)
    for each, rank in zip(rounds, joined(catalogue.ranks(costs)), strict=True):
        assert (rank <= last) == (value(costs, each) - least <= more)
    assert cost_beyond(last) == more + 1


@settings(max_examples=100, deadline=None)
@given(rounds=catalogues(), costs=costs_of_five(), data=st.data())
def test_what_lies_beyond_a_rank_costs_more(
    rounds: Rounds, costs: Ints, data: st.DataObject
) -> None:
    """No round beyond a rank costs less than is said, and the next rank costs just that."""
    catalogue = catalogue_of(rounds)
    ranks, (least, _) = joined(catalogue.ranks(costs)), catalogue.cheapest(costs)
    last = data.draw(st.sampled_from([-1, *ranks]) | st.integers(0, max(ranks)))
    dearer = [
        (rank, value(costs, each) - least)
        for each, rank in zip(rounds, ranks, strict=True)
        if rank > last
    ]
    assert all(cost >= cost_beyond(last) for _, cost in dearer)
    assert all(cost == cost_beyond(last) for rank, cost in dearer if rank == last + 1)


def test_ranks_of_rounds_larger_than_they_tell_apart() -> None:
    """From sixteen options on, rounds that cost the same have the same rank."""
    chain = [tuple(range(size)) for size in range(1, 20)]
    costs = np.zeros(20, np.int64)
    ranks = joined(catalogue_of(chain).ranks(costs))
    assert ranks == [*range(SIZES - 1, 0, -1), *([0] * (len(chain) - SIZES + 1))]
    dearer = np.array([0] * 16 + [1] * 3, np.int64)
    assert joined(catalogue_of(chain).ranks(dearer))[SIZES:] == [SIZES, 2 * SIZES, 3 * SIZES]
    assert [rank_of(cost) for cost in (0, 1, 2)] == [SIZES - 1, 2 * SIZES - 1, 3 * SIZES - 1]


# -- those of the least ranks ------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    rounds=catalogues(),
    costs=costs_of_five(),
    most=st.integers(1, 12),
    data=st.data(),
)
def test_rounds_up_to_a_rank(rounds: Rounds, costs: Ints, most: int, data: st.DataObject) -> None:
    """All below the rank, some of the rank itself if there are any, and each but once."""
    catalogue = catalogue_of(rounds)
    levels = catalogue.ranks(costs)
    rank = dict(zip(rounds, joined(levels), strict=True))
    last = data.draw(st.sampled_from([-1, *rank.values(), max(rank.values()) + 5]))
    found = [tuple(each) for each in catalogue.up_to(levels, last, most)]
    at_last = [each for each in rounds if rank[each] == last]
    assert len({*found}) == len(found)
    assert {each for each in found if rank[each] != last} == {
        each for each in rounds if rank[each] < last
    }
    shown = [each for each in found if rank[each] == last]
    assert {*shown} <= {*at_last}
    assert min(len(at_last), 1) <= len(shown) <= most
    if len(at_last) <= most:
        assert {*shown} == {*at_last}


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (1, [0]),
        (2, [0, 5]),
        (3, [0, 4, 8]),
        (4, [0, 3, 6, 9]),
        (9, [0, 2, 4, 6, 8]),  # why: every second, as every one would be too many
        (10, [*range(10)]),
        (99, [*range(10)]),
    ],
)
def test_those_of_the_last_rank_are_spread_evenly(most: int, shown: list[int]) -> None:
    """Of ten rounds that cost the same, every so many in the list."""
    catalogue = catalogue_of([(place,) for place in range(10)])
    ranks = catalogue.ranks(np.full(10, -1, np.int64))
    assert [*catalogue.up_to(ranks, SIZES - 1, most)] == [[place] for place in shown]

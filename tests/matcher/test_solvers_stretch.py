"""A stretch of one carer's day: all sets of visits she can do there, by trying every time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers import stretch as stretches
from matcher.solvers.stretch import Stretch, TooManyError


@dataclass(frozen=True)
class Visits:
    """Kinds of visits in a stretch, told plainly.

    Parameters
    ----------
    begins
        Where a visit of each kind may begin.
    lengths
        For how many positions it keeps its carer busy.
    days
        On which calendars it takes place.
    positions, calendars
        How many there are.
    """

    begins: tuple[frozenset[int], ...]
    lengths: tuple[int, ...]
    days: tuple[frozenset[int], ...]
    positions: int
    calendars: int

    def stretch(self) -> Stretch:
        """Return them as the solver takes them."""
        nexts = [
            [
                min((begin for begin in own if begin >= place), default=self.positions)
                for place in range(self.positions + 1)
            ]
            for own in self.begins
        ]
        return Stretch(
            np.array(nexts, np.int64),
            np.array(self.lengths, np.int64),
            np.array([[day in own for day in range(self.calendars)] for own in self.days]),
        )

    def cells(self, kind: int, begin: int) -> set[tuple[int, int]]:
        """Return the calendars and positions that a visit keeps busy."""
        busy = range(begin, begin + self.lengths[kind])
        return {(day, place) for day in self.days[kind] for place in busy}

    def ways(self, kind: int) -> list[int]:
        """Return where a visit of a kind may begin to be done in time."""
        return [b for b in sorted(self.begins[kind]) if b + self.lengths[kind] <= self.positions]

    def can_do(self, kinds: Sequence[int]) -> bool:
        """Say whether one carer can do visits of some kinds, by trying every way."""
        return self._can_do([*kinds], frozenset())

    def _can_do(self, kinds: list[int], busy: frozenset[tuple[int, int]]) -> bool:
        if not kinds:
            return True
        kind, *others = kinds
        return any(
            self._can_do(others, busy | cells)
            for begin in self.ways(kind)
            if not busy & (cells := self.cells(kind, begin))
        )

    def every_set(self) -> set[tuple[int, ...]]:
        """Return all sets of visits that one carer can do, each as its kinds in order."""
        found: set[tuple[int, ...]] = set()
        more: set[tuple[int, ...]] = {()}
        while more:
            found |= more
            wider = {tuple(sorted((*each, kind))) for each in more for kind in self.kinds}
            more = {each for each in wider if self.can_do(each)}
        return found

    @property
    def kinds(self) -> range:
        """The numbers of the kinds."""
        return range(len(self.lengths))


@st.composite
def visits(draw: st.DrawFn) -> Visits:
    """Draw up to three kinds of visits, some of which may begin too late to be done."""
    positions, calendars = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    kinds = draw(st.integers(1, 3))
    begins = st.frozensets(st.integers(0, positions - 1), max_size=3)
    days = st.frozensets(st.integers(0, calendars - 1), min_size=1)
    return Visits(
        tuple(draw(begins) for _ in range(kinds)),
        tuple(draw(st.integers(1, 3)) for _ in range(kinds)),
        tuple(draw(days) for _ in range(kinds)),
        positions,
        calendars,
    )


MORNING = Visits((frozenset({0, 2}), frozenset({1, 4})), (2, 1), (frozenset({0}),) * 2, 5, 1)
"""A visit of two positions from 0 or 2, and one of one position from 1 or 4, on the same day."""


def followed(moves: np.ndarray, kinds: Sequence[int]) -> int:
    """Return the set that adding visits one after another leads to; -1 where it cannot be done."""
    place = 0
    for kind in kinds:
        place = int(moves[place, kind])
        if place < 0:
            break
    return place


def walked(moves: np.ndarray, kinds: int) -> Iterator[tuple[int, tuple[int, ...], int, int]]:
    """Yield each set that can be reached, what it holds, one more kind, and where that leads."""
    seen = {0}
    left: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    while left:
        place, held = left.pop()
        for kind in range(kinds):
            onward = int(moves[place, kind])
            yield place, held, kind, onward
            if onward >= 0 and onward not in seen:
                seen.add(onward)
                left.append((onward, tuple(sorted((*held, kind)))))


# -- sets --------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(drawn=visits())
def test_every_set_that_can_be_done_is_reached_and_no_other(drawn: Visits) -> None:
    """One more visit leads on exactly where some times exist, always to the same set."""
    moves, possible = drawn.stretch().moves(), drawn.every_set()
    assert moves.shape == (len(possible), len(drawn.kinds) + 1)
    holds: dict[int, tuple[int, ...]] = {0: ()}
    for _, held, kind, onward in walked(moves, len(drawn.kinds)):
        wider = tuple(sorted((*held, kind)))
        assert (onward >= 0) == (wider in possible)
        if onward >= 0:
            assert holds.setdefault(onward, wider) == wider
    assert {*holds.values()} == possible
    assert {*holds} == {*range(len(moves))}


@settings(max_examples=60, deadline=None)
@given(drawn=visits())
def test_no_visit_leaves_a_set_as_it_is(drawn: Visits) -> None:
    """The last column is for options without a visit in the stretch."""
    moves = drawn.stretch().moves()
    assert moves[:, -1].tolist() == [*range(len(moves))]


@settings(max_examples=60, deadline=None)
@given(drawn=visits(), data=st.data())
def test_the_order_of_adding_does_not_matter(drawn: Visits, data: st.DataObject) -> None:
    """Whichever visit is added first, the same set is reached, or none."""
    kinds = data.draw(st.lists(st.sampled_from(drawn.kinds), max_size=4))
    moves = drawn.stretch().moves()
    ends = {followed(moves, order) for order in permutations(kinds)}
    assert len(ends) == 1
    assert (ends != {-1}) == drawn.can_do(kinds)


@settings(max_examples=60, deadline=None)
@given(drawn=visits(), data=st.data())
def test_how_kinds_are_numbered_does_not_matter(drawn: Visits, data: st.DataObject) -> None:
    """With kinds in another order, just as many sets can be done, of just as many visits."""
    order = data.draw(st.permutations(drawn.kinds))
    other = Visits(
        tuple(drawn.begins[kind] for kind in order),
        tuple(drawn.lengths[kind] for kind in order),
        tuple(drawn.days[kind] for kind in order),
        drawn.positions,
        drawn.calendars,
    )
    moves, moved = drawn.stretch().moves(), other.stretch().moves()
    assert moves.shape == moved.shape
    for _, held, kind, onward in walked(moves, len(order)):
        renamed = [order.index(each) for each in (*held, kind)]
        assert (followed(moved, renamed) >= 0) == (onward >= 0)


def test_sets_of_a_morning_by_hand() -> None:
    """Sets are numbered by their size, then by their kinds."""
    moves = MORNING.stretch().moves()
    # Sets: none, {0}, {1}, {0, 0}, {0, 1}, {1, 1}, {0, 0, 1}, {0, 1, 1}.
    assert moves.tolist() == [
        [1, 2, 0],
        [3, 4, 1],
        [4, 5, 2],
        [-1, 6, 3],
        [6, 7, 4],
        [7, -1, 5],
        [-1, -1, 6],
        [-1, -1, 7],
    ]


def test_visits_on_different_days_do_not_hinder_each_other() -> None:
    """Two visits at the same time fit on two days; one on both days then fits no more."""
    drawn = Visits(
        (frozenset({0}),) * 3,
        (2,) * 3,
        (frozenset({0}), frozenset({1}), frozenset({0, 1})),
        2,
        2,
    )
    moves = drawn.stretch().moves()
    assert followed(moves, [0, 1]) >= 0
    assert followed(moves, [2]) >= 0
    assert followed(moves, [0, 2]) == followed(moves, [2, 1]) == -1


def test_a_kind_that_nobody_can_do() -> None:
    """A visit that may begin nowhere, or never in time, is in no set."""
    drawn = Visits((frozenset(), frozenset({3})), (1, 2), (frozenset({0}),) * 2, 4, 1)
    assert drawn.stretch().moves().tolist() == [[-1, -1, 0]]


def test_a_stretch_without_kinds() -> None:
    """Where there are no visits there is one set, of none."""
    empty = Stretch(np.zeros((0, 4), np.int64), np.zeros(0, np.int64), np.zeros((0, 1), np.bool_))
    assert (len(empty), empty.positions) == (0, 3)
    assert empty.moves().tolist() == [[0]]
    assert empty.begins([]) == []


# -- times -------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(drawn=visits(), data=st.data())
def test_times_are_found_where_there_are_any(drawn: Visits, data: st.DataObject) -> None:
    """Each visit begins where it may, is done in time, and overlaps no other on its days."""
    kinds = data.draw(st.lists(st.sampled_from(drawn.kinds), max_size=5))
    begins = drawn.stretch().begins(kinds)
    assert (begins is not None) == drawn.can_do(kinds)
    if begins is not None:
        busy = [drawn.cells(kind, begin) for kind, begin in zip(kinds, begins, strict=True)]
        assert all(b in drawn.ways(kind) for kind, b in zip(kinds, begins, strict=True))
        assert len(set().union(*busy)) == sum(map(len, busy))


def test_times_of_a_morning_by_hand() -> None:
    """The short visit at 1 would leave the long ones no room, so it goes last, at 4."""
    stretch = MORNING.stretch()
    assert stretch.begins([1, 0, 0]) in ([4, 0, 2], [4, 2, 0])
    assert stretch.begins([0, 0, 0]) is None
    assert stretch.begins([]) == []


# -- too many ----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(drawn=visits())
def test_more_sets_than_may_be_listed(drawn: Visits) -> None:
    """As many as may be listed are; with one more, none."""
    count = len(drawn.every_set())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "MOST_STATES", count)
        assert len(drawn.stretch().moves()) == count
        patch.setattr(stretches, "MOST_STATES", count - 1)
        with pytest.raises(TooManyError, match="sets of visits in one stretch"):
            assert drawn.stretch().moves().size


def test_more_visits_than_numbers_tell_apart() -> None:
    """A set of 63 visits of one kind has no number of its own in 64 bits."""
    long = Visits((frozenset(range(70)),), (1,), (frozenset({0}),), 70, 1)
    with pytest.raises(TooManyError, match="sets of 63 visits"):
        assert long.stretch().moves().size
    shorter = Visits((frozenset(range(62)),), (1,), (frozenset({0}),), 62, 1)
    assert len(shorter.stretch().moves()) == 63


def test_an_early_visit_told_last_is_soon_found() -> None:
    """A dozen visits in an order that leads astray are not tried in every order."""
    count, positions = 12, 15
    nexts = np.array([[*range(positions), positions], [0] + [positions] * positions])
    stretch = Stretch(nexts, np.array([1, 1]), np.array([[True], [True]]))
    begins = stretch.begins([0] * (count - 1) + [1])
    assert begins is not None
    assert begins[-1] == 0
    assert sorted(begins) == [*range(count)]

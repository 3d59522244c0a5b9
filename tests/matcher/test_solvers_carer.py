"""One carer's rounds: exactly those that the exact model lets her do, each with times."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from matcher.solvers import carer as carers
from matcher.solvers import stretch as stretches
from matcher.solvers.carer import Carer, carer_of
from matcher.solvers.catalogue import Catalogue
from matcher.solvers.model import model_of
from matcher.solvers.packing import Packing, Pick
from matcher.solvers.timing import Door, Task, Timeline
from tests.packings import packing_of
from tests.visit_blocks import (
    POSITIONS,
    is_sound,
    on_positions,
    rounds_by_trying,
    timed,
    timing_of,
    visit_blocks,
    visit_of,
)

FREE = np.ones(POSITIONS, np.int64)


def carer_in(packing: Packing, block: int) -> Carer | None:
    """Return the one carer of a block of a packing."""
    timing = timing_of(packing)
    return carer_of(timing.lines_of[block], timing.domains, packing.options_in[block])


def listed(catalogue: Catalogue) -> list[tuple[int, ...]]:
    """Return every round of a catalogue by the places of its options, read plainly."""
    found: list[tuple[int, ...]] = []
    level: list[tuple[int, ...]] = []
    for parents, options in zip(catalogue.parents, catalogue.options, strict=True):
        pairs = list(zip(parents.tolist(), options.tolist(), strict=True))
        level = [(*(level[parent] if level else ()), option) for parent, option in pairs]
        found += level
    return found


def meets_herself(packing: Packing, block: int) -> bool:
    """Say whether two visits of one option lie in one stretch of the day that no visit leaves."""
    tasks = {task for line in timing_of(packing).lines_of[block] for task in line.tasks}
    inside = np.zeros(POSITIONS + 1, np.bool_)
    for task in tasks:
        inside[task.first + 1 : task.stop] = True  # edges that a visit may reach across
    stretch = np.cumsum(~inside)
    return max(Counter((task.option, int(stretch[task.first])) for task in tasks).values()) > 1


def one_day(*starts: set[int], length: int = 2, free: np.ndarray = FREE) -> Packing:
    """Return a packing of one visit a person, all on one day and in one block."""
    tasks = tuple(visit_of(n, 0, own, length=length) for n, own in enumerate(starts))
    rough = packing_of([(n, 0, (-1,)) for n in range(len(starts))])
    domains = [on_positions(own)[None, :] for own in starts]
    return timed(rough, [Timeline(0, (0,), free, tasks)], domains, {})


# -- lists -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(packing=visit_blocks())
def test_all_rounds_are_listed_and_no_others(packing: Packing) -> None:
    """Exactly the sets of options for which some times exist, each once, smaller ones first."""
    for block in packing.blocks:
        carer = carer_in(packing, block)
        if meets_herself(packing, block):
            assert carer is None
            continue
        assert carer is not None
        assert carer.options.tolist() == packing.options_in[block].tolist()
        rounds = [tuple(carer.options[[*places]].tolist()) for places in listed(carer.catalogue)]
        assert len({*rounds}) == len(rounds) == carer.catalogue.size
        assert {*rounds} == rounds_by_trying(packing, block)
        assert [len(each) for each in rounds] == sorted(map(len, rounds))
        assert all(each == tuple(sorted(each)) for each in rounds)


@settings(max_examples=60, deadline=None)
@given(packing=visit_blocks())
def test_lists_agree_with_the_exact_model(packing: Packing) -> None:
    """What is listed, with doors and rows besides, is what the exact model lets be taken whole."""
    for block in packing.blocks:
        carer = carer_in(packing, block)
        if carer is None:
            continue
        known = {tuple(carer.options[[*each]].tolist()) for each in listed(carer.catalogue)}
        options = carer.options.tolist()
        for size in range(1, len(options) + 1):
            for chosen in combinations(options, size):
                assert (chosen in known) == can_all_be_taken(packing, chosen)


def can_all_be_taken(packing: Packing, options: tuple[int, ...]) -> bool:
    """Say whether the exact model takes all of some options."""
    model = model_of(packing, options)
    for option in options:
        model.model.add(model.taken[option] == 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    return solver.solve(model.model) in {cp_model.OPTIMAL, cp_model.FEASIBLE}


@settings(max_examples=60, deadline=None)
@given(packing=visit_blocks(apart=False))
def test_visits_of_one_person_may_lie_anywhere(packing: Packing) -> None:
    """Where visits of one option share a stretch nothing is listed; elsewhere the list holds."""
    for block in packing.blocks:
        carer = carer_in(packing, block)
        assert (carer is None) == meets_herself(packing, block)
        if carer is not None:
            rounds = {tuple(carer.options[[*each]].tolist()) for each in listed(carer.catalogue)}
            assert rounds == rounds_by_trying(packing, block)


def test_a_morning_by_hand() -> None:
    """Two of three fit: the one that must start at 2 leaves the others only 0 and 4."""
    carer = carer_in(one_day({0}, {2}, {0, 4}), 0)
    assert carer is not None
    assert listed(carer.catalogue) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    crowded = carer_in(one_day({0}, {1}, {0, 4}), 0)
    assert crowded is not None
    assert listed(crowded.catalogue) == [(0,), (1,), (2,), (0, 2), (1, 2)]


def test_visits_that_touch_lie_in_stretches_of_their_own() -> None:
    """A visit that ends where another begins leaves it a stretch of its own."""
    carer = carer_in(one_day({0}, {2}), 0)
    assert carer is not None
    assert [len(stretch) for stretch in carer.stretches] == [1, 1]
    assert carer.starts.tolist() == [[0, -1], [-1, 2]]


def test_visits_that_are_alike_are_of_one_kind() -> None:
    """Two people with the same times and length take up one kind of visit, a third another."""
    carer = carer_in(one_day({0, 3}, {0, 3}, {0}), 0)
    assert carer is not None
    (stretch,) = carer.stretches
    assert len(stretch) == 2
    assert carer.kinds[0] == carer.kinds[1] != carer.kinds[2]
    assert listed(carer.catalogue) == [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]


def test_what_nobody_can_do_is_in_no_round() -> None:
    """A visit for which the carer is never free long enough is left out of the list."""
    free = np.array([1, 1, 0, 1] + [0] * (POSITIONS - 4), np.int64)
    carer = carer_in(one_day({0}, {1, 3}, free=free), 0)
    assert carer is not None
    assert listed(carer.catalogue) == [(0,)]


# -- times -------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(packing=visit_blocks(), data=st.data())
def test_rounds_have_times_and_nothing_else_has(packing: Packing, data: st.DataObject) -> None:
    """Times lie where they may, on free calendars, and nobody's visits overlap at her door."""
    block = data.draw(st.sampled_from(packing.blocks))
    carer = carer_in(packing, block)
    assume(carer is not None)
    assert carer is not None
    places = data.draw(st.lists(st.integers(0, len(carer.options) - 1), unique=True))
    options = sorted(carer.options[places].tolist())
    if not places or tuple(sorted(places)) in listed(carer.catalogue):
        picks = carer.picks(places)
        assert [pick.option for pick in picks] == options
        domains = timing_of(packing).domains
        assert all(len(pick.details) == len(domains[pick.option]) for pick in picks)
        assert is_sound(packing, block, picks)
    else:
        with pytest.raises(ValueError, match="one carer cannot do"):
            carer.picks(places)


def test_travel_comes_before_a_visit() -> None:
    """With one position of travel, a visit starts one later than it keeps the carer busy."""
    task = visit_of(0, 0, {3, 5}, lead=1, length=2)
    free = np.array([0, 0, 0, 0, 1, 1, 1] + [0] * (POSITIONS - 7), np.int64)
    line = Timeline(0, (0, 3), free, (task,))
    packing = timed(packing_of([(0, 0, (-1,))]), [line], [on_positions({3, 5})[None, :]], {})
    carer = carer_in(packing, 0)
    assert carer is not None
    assert carer.picks([0]) == (Pick(0, (5,)),)
    assert carer.picks([]) == ()


def test_times_come_in_the_order_of_visits() -> None:
    """An evening visit numbered before a morning one keeps its place among the times."""
    tasks = (visit_of(0, 0, {9}, length=1), visit_of(0, 1, {2}, length=1))
    domains = [np.array([on_positions({9}), on_positions({2})])]
    lines = [Timeline(0, (0,), FREE, tasks)]
    packing = timed(packing_of([(0, 0, (-1,))]), lines, domains, {0: Door((1, 1), ((0, 1),))})
    carer = carer_in(packing, 0)
    assert carer is not None
    assert carer.picks([0]) == (Pick(0, (9, 2)),)


def test_picks_come_in_the_order_of_options() -> None:
    """However a round is told, whoever comes first among the options is told first."""
    carer = carer_in(one_day({4}, {0}, {2}), 0)
    assert carer is not None
    picks = (Pick(0, (4,)), Pick(1, (0,)), Pick(2, (2,)))
    assert carer.picks([0, 1, 2]) == carer.picks([2, 0, 1]) == picks
    crowded = carer_in(one_day({0}, {1}), 0)
    assert crowded is not None
    with pytest.raises(ValueError, match=r"options \[0, 1\]"):
        crowded.picks([0, 1])


# -- nothing listed ----------------------------------------------------------------------------


def test_two_carers_are_not_listed() -> None:
    """As soon as two carers are free at any moment of any calendar, there is no list."""
    packing = one_day({0}, {2})
    timing = timing_of(packing)
    (line,) = timing.lines
    busier = replace(line, profile=FREE + on_positions({11}))
    for lines in ([busier], [line, busier], [busier, line]):
        assert carer_of(lines, timing.domains, packing.options_in[0]) is None
    assert carer_of([line], timing.domains, packing.options_in[0]) is not None


def test_beds_are_not_listed() -> None:
    """Stays in a bed, for some nights or for good, are no carer's round."""
    for length in (2, None):
        stay = Task(0, 0, 0, POSITIONS, 0, length, 1, 2)
        nights = Timeline(0, (), FREE, (stay,))
        domain = on_positions({0})[None, :]
        assert carer_of([nights], [domain], np.array([0], np.int64)) is None


def test_someone_served_twice_is_not_listed() -> None:
    """A block with two options of one request has no list; with one of each it has."""
    packing = one_day({0}, {4})
    timing = timing_of(packing)
    assert timing.carer(packing, 0) is not None
    twice = replace(packing, request=np.zeros(2, np.int64))
    assert timing.carer(twice, 0) is None


@settings(max_examples=40, deadline=None)
@given(packing=visit_blocks())
def test_more_rounds_than_may_be_listed(packing: Packing) -> None:
    """As many as may be listed are; with one more, none is."""
    for block in packing.blocks:
        carer = carer_in(packing, block)
        if carer is not None and carer.catalogue.size:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(carers, "MOST_TRIED", 1_000)
                patch.setattr(carers, "MOST_ROUNDS", carer.catalogue.size)
                assert carer_in(packing, block) is not None
                patch.setattr(carers, "MOST_ROUNDS", carer.catalogue.size - 1)
                assert carer_in(packing, block) is None


@pytest.mark.parametrize(("people", "is_listed"), [(3, True), (4, False)])
def test_more_rounds_than_may_be_tried(
    monkeypatch: pytest.MonkeyPatch, people: int, is_listed: bool
) -> None:
    """Three people make three pairs to try, and four six, of which none can be served."""
    monkeypatch.setattr(carers, "MOST_ROUNDS", people)
    monkeypatch.setattr(carers, "MOST_TRIED", 1)
    packing = one_day({0}, *[{0, 1}] * (people - 1), free=FREE * (np.arange(POSITIONS) < 3))
    assert (carer_in(packing, 0) is not None) is is_listed


@pytest.mark.parametrize(("most", "is_listed"), [(10, True), (9, False)])
def test_more_sets_of_visits_than_may_be_listed(
    monkeypatch: pytest.MonkeyPatch, most: int, is_listed: bool
) -> None:
    """Three kinds, any two at a time, make ten sets: none, three of one, six of two."""
    monkeypatch.setattr(stretches, "MOST_STATES", most)
    free = FREE * (np.arange(POSITIONS) < 5)
    packing = one_day({0, 3}, {1, 3}, {0, 1, 3}, free=free)
    assert (carer_in(packing, 0) is not None) is is_listed

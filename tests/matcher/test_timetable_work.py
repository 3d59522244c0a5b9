"""Tests of the work a search does: bounded for any package, never at the price of the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.timetable import (
    PackageShape,
    Use,
    can_schedule,
    find_times,
    smallest_change,
    times_many,
)
from matcher.timetable import search as searching
from matcher.timetable.search import MOST_STATES, Search
from matcher.timetable.shape import IntArray
from tests.matcher.test_timetable_exact import all_fitting, cases, fits, windows

MORNING = slice(7 * 12, 12 * 12)
HARD_DAYS = (
    (range(7), 4, 1), (range(7), 5, 1), ([1], 6, 1), ([5, 2], 6, 1), ([4, 0], 3, 2),
    ([6, 3], 3, 1), ([3], 4, 1), (range(7), 3, 1), ([2], 6, 1), ([1], 5, 2),
    ([0, 6, 1], 4, 2), ([3], 3, 1), ([6], 5, 1),
)  # fmt: skip
"""Days, slots and carers of thirteen visits which could all take place at the same times."""


def hard_package() -> PackageShape:
    """Return a package of many visits in one band, on ever other days."""
    count = len(HARD_DAYS)
    return PackageShape(
        visit_nos=tuple(range(1, count + 1)),
        unit_of=tuple(range(count)),
        offset_slots=(0,) * count,
        first_slot=np.full(count, MORNING.start, np.int16),
        last_slot=np.full(count, MORNING.stop, np.int16),
        target_slot=np.zeros(count, np.int16),
        is_critical=np.zeros(count, np.bool_),
        uses=tuple((Use(tuple(days), carers, 0, slots),) for days, slots, carers in HARD_DAYS),
    )


def week(begin: int, end: int, at_weekends: int, carers: int) -> IntArray:
    """Return so many carers free from one slot to another, which is earlier at weekends."""
    free = np.zeros((7, 288), dtype=np.int16)
    free[:5, begin:end] = free[5:, begin:at_weekends] = carers
    return free


HARD_WEEKS = [week(81, end, at_weekends, 2) for end, at_weekends in ((115, 108), (112, 109))]


@pytest.mark.parametrize("free", HARD_WEEKS)
@pytest.mark.parametrize("travel", [1, 2, 3])
def test_any_package_is_answered_with_bounded_work(
    free: IntArray, travel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However hard, each search ends; and where times are given they fit."""
    looks = 0
    begins = Search.begins

    def counted(search: Search, kind: int, levels: searching.Levels) -> int:
        nonlocal looks
        looks += 1
        return begins(search, kind, levels)

    monkeypatch.setattr(Search, "begins", counted)
    shape = hard_package()
    found = find_times(free, shape, travel)
    # A look at each kind for each state, and one for each visit that is put.
    assert looks <= (MOST_STATES + 1) * len(shape)
    if found is not None:
        assert fits(free, shape, travel, dict(enumerate(found)))
    assert can_schedule(free, shape, travel) == (found is not None)


def test_some_of_them_take_all_the_work_there_is() -> None:
    """The packages above are as hard as they are said to be."""
    spent = []
    for free in HARD_WEEKS:
        for travel in (1, 2, 3):
            search = Search(free, hard_package(), travel)
            search.placed(tuple(sorted(search.kind_of)), search.levels)
            spent.append(search.states_left == 0)
    assert any(spent)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=cases(), most=st.integers(0, 12))
def test_with_little_work_nothing_untrue_is_said(
    monkeypatch: pytest.MonkeyPatch, case: tuple[IntArray, PackageShape, int], most: int
) -> None:
    """Times that are found fit, nothing is found where there is none, and a change helps."""
    free, shape, travel = case
    with monkeypatch.context() as patch:
        patch.setattr(searching, "MOST_STATES", most)
        patch.setattr(searching, "MOST_TRIALS", most)
        found = find_times(free, shape, travel)
        change = smallest_change(free, shape, travel)
        many = times_many(free[None], shape, np.array([travel]))
    if found is not None:
        assert fits(free, shape, travel, dict(enumerate(found)))
    if many.ok[0]:
        assert fits(free, shape, travel, dict(enumerate(many.starts[0].tolist())))
    if change is not None:
        wider = [*windows(shape)]
        wider[change.unit] = range(change.start_slot, change.start_slot + 1)
        assert any(all_fitting(free, shape, travel, wider))


def test_work_for_the_exact_answer_gives_it() -> None:
    """What is left of the work is what the answer did not need."""
    shape = hard_package()
    search = Search(week(72, 200, 200, 5), shape, 2)
    places = search.placed(tuple(sorted(search.kind_of)), search.levels)
    assert places is not None
    assert sorted(kind for kind, _ in places) == sorted(search.kind_of)
    assert 0 < MOST_STATES - search.states_left <= 2 * len(shape)

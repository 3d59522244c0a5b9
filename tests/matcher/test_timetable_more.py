"""More carers: as few as let a package fit, and never said where they would not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.model import Visit
from matcher.timetable import (
    MoreCarers,
    can_schedule,
    carers_lacking,
    far_from_fitting,
    smallest_change,
)
from matcher.timetable.shape import SLOTS_PER_DAY, IntArray
from matcher.vocabulary import GRID_MINUTES
from tests.builders import early_shape, minute, visit

TRAVEL = 1
"""Slots of five minutes."""


def free_between(*stretches: tuple[str, str, int]) -> IntArray:
    """Return carers free every day between times."""
    free = np.zeros((7, SLOTS_PER_DAY), np.int16)
    for start, end, carers in stretches:
        free[:, minute(start) // GRID_MINUTES : minute(end) // GRID_MINUTES] += carers
    return free


def lacking(free: IntArray, *visits: Visit) -> tuple[MoreCarers, ...] | None:
    """Return what a package lacks, once it is seen that with it the package fits."""
    shape = early_shape(*visits)
    found = carers_lacking(free, shape, TRAVEL)
    more = free
    for each in found or ():
        more = each.added_to(more)
    assert found is None or can_schedule(more, shape, TRAVEL)
    return found


@pytest.mark.parametrize(
    ("carers", "stretch", "more"),
    [
        (1, ("08:00", "08:25"), 10),  # ten minutes too short for 30 minutes and travel
        (2, ("07:00", "12:00"), 35 * 1),  # three at once: one more for the whole of it
        (1, ("07:00", "12:00"), 35 * 2),
    ],
)
def test_the_least_that_lacks(carers: int, stretch: tuple[str, str], more: int) -> None:
    """What is there already counts: the stretch is as short, and the carers as few, as can be."""
    wanted = visit(days=("mon",), carers=1 if more == 10 else 3)
    found = lacking(free_between((*stretch, carers)), wanted)
    assert found is not None
    assert sum(each.carer_minutes for each in found) == more


def test_two_visits_may_lack_carers_and_three_may_not() -> None:
    """Two stretches are a small change; a package that nobody serves at all is none."""
    two = (visit(1), visit(2, "lunch"))
    found = lacking(free_between(), *two)
    assert found is not None
    assert [(each.carers, len(each.days)) for each in found] == [(1, 7), (1, 7)]
    three = (*two, visit(3, "tea"))
    assert lacking(free_between(), *three) is None
    nobody = free_between()[None]
    assert far_from_fitting(nobody, early_shape(*three), np.array([TRAVEL])).tolist() == [True]
    assert far_from_fitting(nobody, early_shape(*two), np.array([TRAVEL])).tolist() == [False]


def test_visits_that_fit_one_by_one_lack_one_more_carer() -> None:
    """One carer for one hour cannot make two visits of it; another beside it can."""
    alike = (visit(1, minutes=45), visit(2, minutes=45))
    found = lacking(free_between(("08:00", "09:00", 1)), *alike)
    assert found is not None
    (only,) = found
    assert only.carers == 1


@settings(max_examples=40, deadline=None)
@given(
    stretches=st.lists(
        st.tuples(st.integers(72, 250), st.integers(2, 40), st.integers(1, 2)), max_size=3
    ),
    bands=st.lists(st.sampled_from(["morning", "lunch", "tea", "bed"]), min_size=1, max_size=4),
    carers=st.integers(1, 2),
)
def test_what_is_told_always_helps_and_is_needed(
    stretches: list[tuple[int, int, int]], bands: list[str], carers: int
) -> None:
    """With it the package fits; without the last of it, it does not fit at that start."""
    free = np.zeros((7, SLOTS_PER_DAY), np.int16)
    for start, length, number in stretches:
        free[:, start : start + length] += np.int16(number)
    visits = [visit(n, band, carers=carers) for n, band in enumerate(bands, 1)]
    shape = early_shape(*visits)
    if can_schedule(free, shape, TRAVEL):
        return
    found = lacking(free, *visits)
    if far_from_fitting(free[None], shape, np.array([TRAVEL]))[0]:
        assert found is None
        assert smallest_change(free, shape, TRAVEL) is None
    if found is not None:
        assert 1 <= len(found) <= 2
        assert all(0 < each.carers <= carers for each in found)

"""Rows of calendars, by hand: those who stay for good, and what all amounts have in common."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.geography import Gazetteer
from matcher.result import Limits
from matcher.solvers import solve
from matcher.solvers.instance.calendars import Task, Tasks, Timeline
from matcher.solvers.instance.capacity_rows import Row, Window, open_stretch, window_rows
from tests import builders


def stay(option: int, first: int, stop: int, length: int | None, least: int = 1) -> Task:
    """Build a stay in a bed under one option."""
    return Task(option, 0, first, stop, 0, length, 1, least)


def visit(option: int, first: int, stop: int, length: int, carers: int = 1) -> Task:
    """Build a visit under one option."""
    return Task(option, 0, first, stop, 0, length, carers, length)


def rows(profile: list[int], *tasks: Task, days: tuple[int, ...] = ()) -> list[Row]:
    """Return the rows of one calendar."""
    return window_rows([Timeline(0, days, np.array(profile), tasks)])


def for_good(*found: Row) -> list[Row]:
    """Return the rows that count those who stay for good."""
    return [row for row in found if row.window.for_good]


@pytest.mark.parametrize(
    ("profile", "first"),
    [
        ([1, 1, 1, 1, 1], 0),  # free from the start
        ([0, 0, 1, 1, 1], 2),  # frees later
        ([3, 0, 2, 1, 1], 2),  # other beds come and go
    ],
)
def test_one_bed_for_good_is_one_persons(profile: list[int], first: int) -> None:
    """Whenever two people come, both are there on the last night, and one bed is too few."""
    two = stay(0, 2, 5, None), stay(1, 3, 5, None)
    (row,) = for_good(*rows(profile, *two))
    assert row.coefficients == {0: 1, 1: 1}
    assert row.limit == 1
    assert (row.window.first, row.window.stop) == (first, 5)


def test_enough_beds_for_good_bind_nobody() -> None:
    """Two beds for two people, or a guest whose stay ends, make no such row."""
    two = stay(0, 0, 5, None), stay(1, 0, 5, None)
    assert for_good(*rows([2] * 5, *two)) == []
    guest = stay(1, 0, 4, 2, 2)
    assert for_good(*rows([1] * 5, two[0], guest)) == []


def test_limits_go_down_to_what_amounts_have_in_common() -> None:
    """Of visits of 7 slots one fits into 12: the row says 7, which no fraction gets around."""
    two = visit(0, 84, 96, 7), visit(1, 84, 96, 7)
    profile = [0] * 84 + [1] * 12 + [0] * 192
    (row,) = rows(profile, *two, days=(0,))
    assert row.coefficients == {0: 7, 1: 7}
    assert row.limit == 7
    assert row.window.pieces == 0  # counting them says the same, so it is said once


def test_unlike_amounts_keep_their_limit() -> None:
    """Visits of 7 and 8 slots have nothing in common, so their area stays as it is."""
    two = visit(0, 84, 96, 7), visit(1, 84, 96, 8)
    profile = [0] * 84 + [1] * 12 + [0] * 192
    area = next(row for row in rows(profile, *two, days=(0,)) if not row.window.pieces)
    assert area.limit == 12


def test_an_amount_is_what_must_lie_inside_the_window() -> None:
    """A visit counts with the less of what lies in a window at its earliest and at its latest."""
    tasks = Tasks.of(
        [
            visit(0, 84, 96, 7, carers=2),
            visit(0, 83, 96, 7),
            visit(0, 84, 98, 7),
            visit(0, 77, 96, 7),
            visit(0, 80, 100, 20, carers=2),
        ]
    )
    assert Window(0, (0,), 84, 96).amounts(tasks, 12).tolist() == [14, 6, 5, 0, 24]
    one = Tasks.of([visit(0, 84, 96, 7)])
    assert Window(0, (0,), 84, 96, pieces=1).amounts(one, 12).tolist() == [12]
    assert Window(0, (0,), 84, 96, pieces=1).unit(12) == 12


@pytest.mark.parametrize(("carers", "area"), [(2, None), (3, 13), (4, None), (5, None), (7, None)])
def test_double_ups_need_pairs_of_carers(carers: int, area: int | None) -> None:
    """Three carers are one pair: double-ups that two of them could do in turn are too many."""
    double_ups = [visit(option, 0, 13, length, carers=2) for option, length in enumerate((7, 8, 9))]
    found = rows([carers] * 13, *double_ups, days=(0,))
    pairs = [row for row in found if row.window.carers == 2 and not row.window.pieces]
    assert [row.limit for row in pairs] == ([] if area is None else [area])
    assert [dict(row.coefficients) for row in pairs] == [{0: 7, 1: 8, 2: 9}] * len(pairs)


def test_the_open_stretch_leaves_closed_ends_out() -> None:
    """From the first to the last position with anything free, gaps between them included."""
    assert open_stretch(np.array([0, 1, 0, 2, 0])) == (1, 4)
    assert open_stretch(np.array([1])) == (0, 1)
    assert open_stretch(np.array([0, 0])) == (0, 0)


def test_a_contested_bed_is_proved_without_a_search(gazetteer: Gazetteer) -> None:
    """One bed for good and three people: the answer is proved, at a red person placed."""
    people = [builders.placement_request(f"R-{n}", risk="red") for n in range(3)]
    things = builders.home(), builders.beds(), builders.weekly()
    result = solve(builders.market(gazetteer, *things, *people), limits=Limits.reproducible())
    assert (result.stages[0].value, result.stages[0].bound) == (2, 2)


def test_days_on_which_the_same_is_asked_are_told_together() -> None:
    """Rows alike but for their days are one row of all these days, other hours are not."""
    profile = np.array([0] * 84 + [1] * 12 + [0] * 192)
    early = np.array([0] * 80 + [1] * 16 + [0] * 192)
    two = visit(0, 84, 96, 7), visit(1, 84, 96, 7)
    wide = visit(2, 80, 96, 12), visit(3, 80, 96, 12)
    lines = [
        Timeline(0, (1, 3), profile, two),
        Timeline(0, (0, 2), profile, two),
        Timeline(0, (4,), early, wide),
    ]
    assert [row.window.days for row in window_rows(lines)] == [(0, 1, 2, 3), (4,)]

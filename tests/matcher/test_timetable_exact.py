"""The week against brute force: exactness and the choice of times on small random instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.timetable import (
    SLOTS_PER_DAY,
    Gap,
    PackageShape,
    Use,
    blocking_units,
    can_schedule,
    find_times,
    occupy,
    smallest_change,
    start_masks,
    start_ranges,
    time_key,
    times_many,
    ways_of,
)
from matcher.timetable.bits import slots_of
from matcher.timetable.search import starts_alone
from matcher.timetable.shape import IntArray
from matcher.wish import Wish

SPAN = 40
"""Free carers lie within so many slots, at the beginning, in the middle or at the end of a day."""


@st.composite
def free_weeks(draw: st.DrawFn, base: int) -> IntArray:
    """Draw free carers with steps and holes, on up to three different kinds of day."""
    height = draw(st.integers(1, 3))
    piece = st.tuples(st.integers(1, 9), st.integers(0, height) | st.just(height))
    days = []
    for pieces in draw(st.lists(st.lists(piece, min_size=2, max_size=9), min_size=1, max_size=3)):
        profile = np.repeat([carers for _, carers in pieces], [length for length, _ in pieces])
        row = np.zeros(SLOTS_PER_DAY, dtype=np.int8)
        row[base : base + min(len(profile), SPAN)] = profile[:SPAN]
        days.append(row)
    return np.stack([days[day % len(days)] for day in range(7)])


@st.composite
def shapes(draw: st.DrawFn, base: int, most_units: int = 5) -> PackageShape:
    """Draw a package with narrow windows, some of them empty, on random days; some have gaps."""
    count = draw(st.integers(1, most_units))

    def each(values: st.SearchStrategy[int]) -> IntArray:
        column = draw(st.lists(values, min_size=count, max_size=count))
        return np.array(column, dtype=np.int16)

    first = base + each(st.integers(0, 22))
    shape = PackageShape(
        visit_nos=tuple(range(1, count + 1)),
        unit_of=tuple(range(count)),
        offset_slots=(0,) * count,
        first_slot=first,
        last_slot=np.minimum(first + each(st.integers(-1, 6)), SLOTS_PER_DAY - 1),
        target_slot=base + each(st.integers(0, 28)),
        is_critical=each(st.sampled_from([0, 0, 1])) == 1,
        uses=tuple(draw(_uses()) for _ in range(count)),
        soft_gap_slots=draw(st.sampled_from([0, 0, 3])),
    )
    shape = replace(shape, wishes=tuple(draw(_wish(u, shape)) for u in range(count)))
    pairs = [(i, j) for i in range(count) for j in range(i) if shape.share_day[i, j]]
    if not pairs:
        return shape
    gaps = draw(st.lists(st.sampled_from(pairs).flatmap(_gap), max_size=draw(st.integers(0, 2))))
    return replace(shape, gaps=tuple(gaps))


@st.composite
def _uses(draw: st.DrawFn) -> tuple[Use, ...]:
    """Draw a visit, alone or with another that starts with it or right after it."""
    masks = [0b1111111, 0b1111111, 0b0011111, 0b1, 0b10, 0b101, 0b110, 0b11]
    mask, carers = draw(st.sampled_from(masks)), draw(st.sampled_from([1, 1, 2]))
    days = tuple(day for day in range(7) if mask >> day & 1)
    lead = Use(days, carers, 0, draw(st.integers(1, 9)))
    some, span = days[: draw(st.sampled_from([1, 7]))], draw(st.integers(1, 5))
    together, stays = Use(some, 1, 0, span), Use(some, 1, lead.length, span, travels=False)
    comes = Use(some, draw(st.sampled_from([1, 2])), lead.length, span)
    more = draw(st.sampled_from([(), (), (), (together,), (stays,), (comes,), (stays, comes)]))
    return (lead, *more)


def _wish(unit: int, shape: PackageShape) -> st.SearchStrategy[Wish]:
    """Draw what a visit is short of, mostly by its distance from the unit's target."""
    target = int(shape.target_slot[unit])
    return st.builds(
        Wish,
        visit=st.just(unit),
        target=st.sampled_from([target, target, target + 4]),
        step=st.sampled_from([1, 1, 3]),
        per_step=st.sampled_from([1, 2, 5]),
        most=st.sampled_from([6, 15, 40]),
        both_ways=st.just(value=True),
    )


def _gap(pair: tuple[int, int]) -> st.SearchStrategy[Gap]:
    """Draw a prescribed gap between two units."""
    limits = [(4, None), (9, None), (4, 12), (None, 10), (1, 3)]
    return st.builds(
        lambda shift, limit: Gap(*pair, shift, *limit),
        st.integers(-1, 1),
        st.sampled_from(limits),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[IntArray, PackageShape, int]:
    """Draw free carers, a package and its travel."""
    base = draw(st.sampled_from([0, 100, SLOTS_PER_DAY - SPAN]))
    return draw(free_weeks(base)), draw(shapes(base)), draw(st.integers(0, 3))


def windows(shape: PackageShape) -> list[range]:
    """Return the allowed starts of each visit."""
    bounds = zip(shape.first_slot.tolist(), shape.last_slot.tolist(), strict=True)
    return [range(first, last + 1) for first, last in bounds]


def fits(free: IntArray, shape: PackageShape, travel: int, starts: dict[int, int]) -> bool:
    """Say slot by slot whether some units of a package fit at their starts (the oracle).

    No slot may lack carers, travel included, nor hold two units to the person, travel left out.
    """
    left = free.astype(np.int64)
    at_door = np.zeros((7, 2 * SLOTS_PER_DAY), dtype=np.int64)
    for unit, start in starts.items():
        there = np.zeros_like(at_door)
        for use in shape.uses[unit]:
            begin = start + use.offset - (travel if use.travels else 0)
            end = start + use.offset + use.length
            if begin < 0 or end > SLOTS_PER_DAY:
                return False
            left[list(use.days), begin:end] -= use.carers
            there[list(use.days), start : end + shape.kept_gap_slots] = 1
        at_door += there
        if left.min() < 0 or (at_door > 1).any():
            return False
    for gap in shape.gaps:
        if gap.one in starts and gap.other in starts:
            between = abs(starts[gap.other] + gap.shift - starts[gap.one])
            if between < (gap.least or 0) or (gap.most is not None and between > gap.most):
                return False
    return True


def all_fitting(
    free: IntArray,
    shape: PackageShape,
    travel: int,
    allowed: list[range],
    chosen: tuple[int, ...] = (),
) -> Iterator[tuple[int, ...]]:
    """Try combinations of starts; yield those that fit."""
    visit = len(chosen)
    if visit == len(shape):
        yield chosen
        return
    for start in allowed[visit]:
        if fits(free, shape, travel, dict(enumerate((*chosen, start)))):
            yield from all_fitting(free, shape, travel, allowed, (*chosen, start))


def short_of(shape: PackageShape, starts: tuple[int, ...]) -> int:
    """Return what all visits are short of the best together."""
    visits = [starts[unit] for unit in shape.unit_of]
    return sum(wish.amount(visits[wish.visit]) for wish in shape.wishes)


def best_by_law(
    free: IntArray, shape: PackageShape, travel: int, *, by_wishes: bool
) -> tuple[int, ...] | None:
    """Return the least short of all that fit; of those as good, unit by unit the nearest."""
    targets = shape.target_slot.tolist()

    def law(starts: tuple[int, ...]) -> tuple[object, ...]:
        places = [
            (wish.amount(start), abs(start - target), start)
            for start, target, wish in zip(starts, targets, shape.wishes, strict=True)
        ]
        return short_of(shape, starts) * by_wishes, places

    return min(all_fitting(free, shape, travel, windows(shape)), key=law, default=None)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_times_are_the_best_of_all_that_fit(case: tuple[IntArray, PackageShape, int]) -> None:
    """They keep the soft gap where any times do, and no others suit better; None if none fit."""
    free, shape, travel = case
    softly = best_by_law(free, shape.softened, travel, by_wishes=True)
    kept_somewhere = len(ways_of(shape)) > 1
    plainly = best_by_law(free, shape, travel, by_wishes=not kept_somewhere)
    found = find_times(free, shape, travel)
    assert found == (plainly if softly is None else softly)
    assert can_schedule(free, shape, travel) is (plainly is not None)
    if found is not None:
        broken, short, _ = time_key(shape, found)
        assert broken is (softly is None and kept_somewhere)
        assert short == short_of(shape, found)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_masks_and_blocking_units_agree_with_trying(
    case: tuple[IntArray, PackageShape, int],
) -> None:
    """A visit's mask holds exactly the starts of its window at which it fits alone."""
    free, shape, travel = case
    masks = start_masks(free, shape, travel)
    expected = [
        [start for start in window if fits(free, shape, travel, {visit: start})]
        for visit, window in enumerate(windows(shape))
    ]
    assert [np.flatnonzero(mask).tolist() for mask in masks] == expected
    bits = [starts_alone(free, shape, visit, travel) for visit in range(len(shape))]
    assert [slots_of(each) for each in bits] == expected
    empty = tuple(visit for visit, starts in enumerate(expected) if not starts)
    assert blocking_units(free, shape, travel) == empty


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_many_providers_get_what_each_would_alone(data: st.DataObject) -> None:
    """The array form equals one provider at a time, whatever travel and capacity they have."""
    base = data.draw(st.sampled_from([0, 100, SLOTS_PER_DAY - SPAN]))
    shape = data.draw(shapes(base))
    free = np.stack(data.draw(st.lists(free_weeks(base), min_size=1, max_size=6)))
    travel = np.array([data.draw(st.integers(0, 3)) for _ in free])
    before = free.copy()
    many = times_many(free, shape, travel)
    expected = [find_times(*one) for one in zip(free, [shape] * 6, travel.tolist(), strict=False)]
    assert many.ok.tolist() == [starts is not None for starts in expected]
    found = [tuple(row) for row in many.starts[many.ok].tolist()]
    assert found == [starts for starts in expected if starts is not None]
    assert (free == before).all()


@settings(max_examples=100, deadline=None)
@given(cases())
def test_taking_the_carers_and_moving_one_visit(
    case: tuple[IntArray, PackageShape, int],
) -> None:
    """Times found leave no slot short, come back undone, and move as far as the ranges say."""
    free, shape, travel = case
    starts = find_times(free, shape, travel)
    if starts is None:
        return
    left = occupy(free, shape, travel, starts)
    assert left.min() >= 0
    assert (occupy(left, shape, travel, starts, sign=1) == free).all()
    ranges = start_ranges(free, shape, travel, starts)
    for unit, (earliest, latest) in enumerate(ranges):
        others = {u: s for u, s in enumerate(starts) if u != unit}
        allowed = windows(shape)[unit]
        good = {
            s
            for s in allowed
            if fits(free, shape, travel, {**others, unit: s})
            and all(
                _are_clear(shape.softened, unit, s, other, there)
                for other, there in others.items()
                if _are_clear(shape.softened, unit, starts[unit], other, there)
            )
        }
        assert good >= set(range(earliest, latest + 1))
        assert starts[unit] in range(earliest, latest + 1)
        assert not good & {earliest - 1, latest + 1}


def _are_clear(shape: PackageShape, one: int, start: int, other: int, there: int) -> bool:
    """Say whether the soft gap lies between two units wherever they share a day."""
    free = np.full((7, SLOTS_PER_DAY), 99)
    return fits(free, replace(shape, gaps=()), 0, {one: start, other: there})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_smallest_change_is_the_smallest(data: st.DataObject) -> None:
    """No smaller move of one non-critical visit makes the package fit, and none is missed."""
    free = data.draw(free_weeks(100))
    shape = data.draw(shapes(100, 3))
    change = smallest_change(free, shape, 1)
    expected = None
    if not any(all_fitting(free, shape, 1, windows(shape))):
        moves = [
            (max(window.start - start, start - window.stop + 1), visit, start)
            for visit, window in enumerate(windows(shape))
            for start in range(101, 100 + SPAN)
            if not shape.is_critical[visit] and start not in window
        ]
        for beyond, visit, start in sorted(moves):
            allowed = windows(shape)
            allowed[visit] = range(start, start + 1)
            if any(all_fitting(free, shape, 1, allowed)):
                expected = (visit, start, 5 * beyond)
                break
    assert (change and (change.unit, change.start_slot, change.minutes_beyond)) == expected

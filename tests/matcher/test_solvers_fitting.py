"""Options put into calendars one after another: nothing overfilled, nothing left needlessly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.calendars import Apart, Door, Task, Timeline, timing_of
from matcher.solvers.instance.fitting import Calendars, fitted
from tests.packings import packing_of
from tests.visit_blocks import (
    POSITIONS,
    is_sound,
    keeps_door,
    on_positions,
    timed,
    visit_blocks,
    visit_of,
)

FREE = np.ones(POSITIONS, np.int64)


@st.composite
def bed_blocks(draw: st.DrawFn) -> Packing:
    """Draw people who want a bed, for some nights or for good, in one home."""
    nights = 8
    tasks, domains = [], []
    for number in range(draw(st.integers(1, 6))):
        length = draw(st.none() | st.integers(1, 4))
        last = nights - (length or 1)
        starts = draw(st.sets(st.integers(0, last), min_size=1, max_size=3))
        stop = nights if length is None else max(starts) + length
        least = nights - max(starts) if length is None else length
        tasks.append(Task(number, 0, min(starts), stop, 0, length, 1, least))
        domains.append(on_positions(starts, nights)[None, :])
    profile = np.array(draw(st.lists(st.integers(0, 2), min_size=nights, max_size=nights)))
    rough = packing_of([(number, 0, (-1,)) for number in range(len(tasks))])
    return timed(rough, [Timeline(0, (), profile, tuple(tasks))], domains, {})


BLOCKS = (
    visit_blocks()
    | visit_blocks(most_free=2, most_requests=6)
    | visit_blocks(most_free=2, apart=False, most_requests=6)
    | bed_blocks()
)


def doors_of(packing: Packing, block: int) -> dict[int, Door | None]:
    """Return what must hold at the door of the person of each option of a block."""
    doors, options = timing_of(packing).doors, packing.options_in[block].tolist()
    return {option: doors.get(int(packing.request[option])) for option in options}


def calendars(packing: Packing, block: int) -> Calendars:
    """Return the calendars of a block, nobody in them yet."""
    timing = timing_of(packing)
    return Calendars(timing.lines_of[block], timing.domains)


def in_some_order(packing: Packing, data: st.DataObject) -> tuple[int, list[int]]:
    """Draw a block, and some of its options in any order."""
    block = data.draw(st.sampled_from(packing.blocks))
    options = st.lists(st.sampled_from(packing.options_in[block].tolist()), unique=True)
    return block, data.draw(options)


def fitted_plainly(
    packing: Packing, block: int, options: Sequence[int], doors: Mapping[int, Door | None]
) -> list[Pick]:
    """Return what fits when each visit takes the first time at which everything is kept."""
    held: list[Pick] = []
    for option in options:
        domain = timing_of(packing).domains[option]
        times: dict[int, int] = {}
        for visit in sorted(range(len(domain)), key=lambda v: (int(domain[v].sum()), v)):
            for time in np.flatnonzero(domain[visit]).tolist():
                wider = times | {visit: time}
                if has_room(packing, block, held, option, wider) and keeps_those(
                    doors[option], wider
                ):
                    times = wider
                    break
        if len(times) == len(domain):
            held.append(Pick(option, tuple(times[visit] for visit in range(len(domain)))))
    return held


def has_room(
    packing: Packing, block: int, held: Sequence[Pick], option: int, times: Mapping[int, int]
) -> bool:
    """Say whether calendars have room for some visits of an option beside picks, plainly."""
    known = {(pick.option, v): time for pick in held for v, time in enumerate(pick.details)}
    known |= {(option, visit): time for visit, time in times.items()}
    for line in timing_of(packing).lines_of[block]:
        free = line.profile.tolist()
        for task in line.tasks:
            if (task.option, task.visit) in known:
                begin = known[task.option, task.visit] - task.lead
                end = len(free) if task.length is None else begin + task.length
                for place in range(begin, end):
                    free[place] -= task.demand
        if min(free) < 0:
            return False
    return True


def keeps_those(door: Door | None, times: Mapping[int, int]) -> bool:
    """Say whether those visits of a person that have times keep her door."""
    if door is None:
        return True
    shared = tuple(tuple(v for v in day if v in times) for day in door.shared)
    every = [times.get(visit, 0) for visit in range(len(door.lengths))]
    gaps = door.gaps if len(times) == len(every) else ()
    return keeps_door(Door(door.lengths, shared, gaps), every)


# -- drawn -------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_nothing_is_overfilled(packing: Packing, data: st.DataObject) -> None:
    """What fits keeps every calendar, starts where it may, and does not overlap at any door."""
    block, options = in_some_order(packing, data)
    picks = calendars(packing, block).fit(options, doors_of(packing, block))
    assert is_sound(packing, block, picks)
    fitted = [pick.option for pick in picks]
    assert fitted == [option for option in options if option in fitted]
    domains = timing_of(packing).domains
    assert all(len(pick.details) == len(domains[pick.option]) for pick in picks)


@settings(max_examples=150, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_each_visit_is_as_early_as_it_fits(packing: Packing, data: st.DataObject) -> None:
    """Visits take the first time that leaves all rules kept; without one, the option is left."""
    block, options = in_some_order(packing, data)
    doors = doors_of(packing, block)
    picks = calendars(packing, block).fit(options, doors)
    assert picks == fitted_plainly(packing, block, options, doors)


@settings(max_examples=100, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_what_is_left_out_does_not_fit(packing: Packing, data: st.DataObject) -> None:
    """An option of one visit or stay is left only where no time has room beside those before."""
    block, options = in_some_order(packing, data)
    picks = calendars(packing, block).fit(options, doors_of(packing, block))
    fitted, domains = {pick.option: pick for pick in picks}, timing_of(packing).domains
    for place, option in enumerate(options):
        if option not in fitted and len(domains[option]) == 1:
            before = [fitted[each] for each in options[:place] if each in fitted]
            for time in np.flatnonzero(domains[option][0]).tolist():
                assert not has_room(packing, block, before, option, {0: time})


@settings(max_examples=100, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_what_fails_leaves_no_trace(packing: Packing, data: st.DataObject) -> None:
    """Without the options that did not fit, the others have the very same times."""
    block, options = in_some_order(packing, data)
    doors = doors_of(packing, block)
    picks = calendars(packing, block).fit(options, doors)
    fitted = [pick.option for pick in picks]
    assert calendars(packing, block).fit(fitted, doors) == picks


@settings(max_examples=60, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_calendars_remember_what_was_put_in(packing: Packing, data: st.DataObject) -> None:
    """Options fitted in two turns are fitted as in one, and the profiles given stay as they are."""
    block, options = in_some_order(packing, data)
    doors, cut = doors_of(packing, block), data.draw(st.integers(0, len(options)))
    lines = timing_of(packing).lines_of[block]
    before = [line.profile.copy() for line in lines]
    both = calendars(packing, block)
    turns = [both.fit(part, doors) for part in (options[:cut], options[cut:])]
    assert [*turns[0], *turns[1]] == calendars(packing, block).fit(options, doors)
    for line, profile in zip(lines, before, strict=True):
        assert line.profile.tolist() == profile.tolist()


@settings(max_examples=60, deadline=None)
@given(packing=BLOCKS, data=st.data())
def test_details_fit_by_their_own_calendars(packing: Packing, data: st.DataObject) -> None:
    """Asked of a packing's details, the block and the doors are found from the options."""
    block, options = in_some_order(packing, data)
    if options:
        picks = calendars(packing, block).fit(options, doors_of(packing, block))
        assert fitted(packing, options) == picks


# -- by hand -----------------------------------------------------------------------------------


def one_line(tasks: Sequence[Task], starts: Sequence[Sequence[set[int]]]) -> Calendars:
    """Return one free day, with visits that may start at some positions, by option and visit."""
    domains = [np.array([on_positions(own) for own in option]) for option in starts]
    return Calendars([Timeline(0, (0,), FREE, tuple(tasks))], domains)


def test_a_visit_of_an_option_that_fails_is_taken_out_again() -> None:
    """The second visit of the first option never fits, so the first gives up its time."""
    tasks = [
        visit_of(0, 0, {2}, length=3),
        visit_of(0, 1, {8, 9}, length=2),
        visit_of(1, 0, {8}, length=3),
        visit_of(2, 0, {2}, length=3),
    ]
    diary = one_line(tasks, [[{2}, {8, 9}], [{8}], [{2}]])
    nobody = dict.fromkeys(range(3))
    assert diary.fit([1, 0, 2], nobody) == [Pick(1, (8,)), Pick(2, (2,))]
    assert diary.fit([0], nobody) == []


def test_visits_with_the_fewest_times_go_first() -> None:
    """The first visit could take the only time of the second, but has to wait for it."""
    tasks = [visit_of(0, 0, {4, 6}, length=2), visit_of(0, 1, {4}, length=2)]
    diary = one_line(tasks, [[{4, 6}, {4}]])
    assert diary.fit([0], {0: None}) == [Pick(0, (6, 4))]


def test_visits_follow_one_another_at_a_door_however_many_carers_are_free() -> None:
    """On calendars of their own, only the door keeps two visits of one person apart."""
    tasks = [visit_of(0, 0, {3, 4, 5, 6}, length=2), visit_of(0, 1, {5}, length=1)]
    lines = [Timeline(0, (day,), FREE, (task,)) for day, task in enumerate(tasks)]

    def fitted(door: Door | None, first: set[int]) -> list[Pick]:
        own = [np.array([on_positions(first), on_positions({5})])]
        return Calendars(lines, own).fit([0], {0: door})

    door = Door((2, 1), ((0, 1),))
    assert fitted(None, {4, 5, 6}) == [Pick(0, (4, 5))]
    assert fitted(Door((2, 1), ()), {4, 5, 6}) == [Pick(0, (4, 5))]
    assert fitted(door, {4, 5, 6}) == [Pick(0, (6, 5))]
    assert fitted(door, {3, 5, 6}) == [Pick(0, (3, 5))]
    assert fitted(door, {4, 5}) == []


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (Apart(0, 1, 2, 1), 3),  # after the one at 5 by one, or before it by two
        (Apart(0, 1, 4, 4), 1),
        (Apart(0, 1, 1, 1, 0, 1), 4),  # no farther away than one
        (Apart(0, 1, 1, 1, 2, 1), 6),  # on a clock that is two ahead: 6 stands for 4
        (Apart(0, 1, 9, 9), None),
    ],
)
def test_gaps_are_kept_between_visits_of_one_person(gap: Apart, expected: int | None) -> None:
    """Neither too near nor too far, on calendars that would hold any time."""
    tasks = [visit_of(0, 0, set(range(1, 9)), length=1), visit_of(0, 1, {5}, length=1)]
    lines = [Timeline(0, (day,), FREE, (task,)) for day, task in enumerate(tasks)]
    own = [np.array([on_positions(range(1, 9)), on_positions({5})])]
    fitted = Calendars(lines, own).fit([0], {0: Door((1, 1), (), (gap,))}, {0: (4, 5)})
    assert fitted == ([] if expected is None else [Pick(0, (expected, 5))])


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ({}, [1, 3]),  # as early as can be
        ({0: (4,), 1: (4,)}, [4, 2]),  # the best time, then the nearest that is left
        ({0: (2,), 1: (9,)}, [2, 8]),
    ],
)
def test_visits_are_put_near_their_best_times(
    targets: dict[int, tuple[int, ...]], expected: list[int]
) -> None:
    """One carer for two visits of two positions."""
    tasks = [visit_of(n, 0, range(1, 9), length=2) for n in range(2)]
    diary = one_line(tasks, [[set(range(1, 9))], [set(range(1, 9))]])
    picks = diary.fit([0, 1], {0: None, 1: None}, targets)
    assert [pick.details[0] for pick in picks] == expected


def test_nobody_is_left_out_for_a_better_time() -> None:
    """In the middle of three free positions one would be in the way of the other two."""
    tasks = [visit_of(n, 0, {4, 5}, length=1) for n in range(2)]
    wide = Task(1, 0, 5, 7, 0, 2, 1, 2)
    diary = one_line([tasks[0], wide], [[{4, 5}], [{5}]])
    picks = diary.fit([0, 1], {0: None, 1: None}, {0: (5,), 1: (5,)})
    assert picks == [Pick(0, (4,)), Pick(1, (5,))]


def test_visits_of_one_unit_need_their_carers_together() -> None:
    """Two carers at once where only one is free until position 5."""
    free = np.array([1] * 6 + [2] * 6)
    tasks = [visit_of(0, 0, {3, 4, 5, 6, 7}, length=2), visit_of(0, 0, {3, 4, 5, 6, 7}, length=1)]
    diary = Calendars(
        [Timeline(0, (0,), free, tuple(tasks))], [np.array([on_positions({3, 4, 5, 6, 7})])]
    )
    assert diary.fit([0], {0: None}) == [Pick(0, (6,))]


def test_travel_is_kept_free_before_a_visit() -> None:
    """A visit with travel of one position follows another only after a gap."""
    tasks = [visit_of(0, 0, {2}, length=2), visit_of(1, 0, {4, 5}, lead=1, length=2)]
    assert one_line(tasks, [[{2}], [{4, 5}]]).fit([0, 1], {0: None, 1: None}) == [
        Pick(0, (2,)),
        Pick(1, (5,)),
    ]


def test_a_bed_for_good_is_kept_to_the_end() -> None:
    """Whoever stays for good leaves no bed to anyone who comes later, but one to who left."""
    for_good = Task(0, 0, 3, 8, 0, None, 1, 5)
    tasks = (for_good, Task(1, 0, 5, 7, 0, 2, 1, 2), Task(2, 0, 0, 4, 0, 3, 1, 3))
    domains = [on_positions(own, 8)[None, :] for own in ({3}, {5}, {0, 1})]
    diary = Calendars([Timeline(0, (), np.ones(8, np.int64), tasks)], domains)
    nobody = dict.fromkeys(range(3))
    assert diary.fit([0, 1, 2], nobody) == [Pick(0, (3,)), Pick(2, (0,))]


def test_two_carers_at_once_need_two_free() -> None:
    """A visit of two carers waits until both are free."""
    profile = np.array([2, 2, 1, 1] + [2] * (POSITIONS - 4), np.int64)
    tasks = (visit_of(0, 0, {1, 2, 3, 4, 6}, length=2, demand=2), visit_of(1, 0, {5}, length=1))
    domains = [on_positions({1, 2, 3, 4, 6})[None, :], on_positions({5})[None, :]]
    nobody = dict.fromkeys(range(2))
    lines = [Timeline(0, (0,), profile, tasks)]
    assert Calendars(lines, domains).fit([0, 1], nobody) == [Pick(0, (4,))]
    assert Calendars(lines, domains).fit([1, 0], nobody) == [Pick(1, (5,)), Pick(0, (6,))]

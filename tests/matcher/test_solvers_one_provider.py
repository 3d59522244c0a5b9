"""What one block can hold of some options, against trying every set of times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.exact.cp_sat import Budget
from matcher.solvers.exact.one_provider import all_of, most_of, topped_up
from matcher.solvers.instance.assignment import Pick
from matcher.solvers.instance.calendars import Door, Task, Timeline, Timing
from matcher.wish import Wish
from tests.packings import EFFORT, aims, budget, packing_of
from tests.timed_packings import TimedPacking, timed_packings


def chosen_in(drawn: TimedPacking, data: st.DataObject) -> list[int]:
    """Draw some options of one block, one a request."""
    block = data.draw(st.sampled_from(drawn.packing.blocks))
    options = drawn.packing.options_in[block].tolist()
    return data.draw(st.lists(st.sampled_from(options), min_size=1, unique=True).map(sorted))


def ways(drawn: TimedPacking, options: list[int]) -> list[list[Pick]]:
    """Return every sound set of picks of some options."""
    requests = drawn.packing.request[options].tolist()
    blocks = {*drawn.packing.block[options].tolist()}
    return [*drawn.every_plan(requests, blocks)]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_all_options_are_held_if_they_can_be_and_with_the_best_times(data: st.DataObject) -> None:
    """Nothing is found only where there is nothing, and details add as little as they can."""
    drawn = data.draw(timed_packings(most_requests=5))
    options, aim = chosen_in(drawn, data), data.draw(aims(drawn.packing))
    whole = [picks for picks in ways(drawn, options) if len(picks) == len(options)]
    found = all_of(drawn.packing, options, aim, budget(), EFFORT)
    assert (found is None) == (not whole)
    if found is not None:
        assert sorted(pick.option for pick in found) == options
        assert drawn.is_sound(found)
        least = min(int(aim @ drawn.packing.extra_of(picks)) for picks in whole)
        assert int(aim @ drawn.packing.extra_of(found)) == least


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_those_worth_most_together_are_held(data: st.DataObject) -> None:
    """No other set that a block can hold is worth more."""
    drawn = data.draw(timed_packings(most_requests=5))
    options = chosen_in(drawn, data)
    worth = {option: data.draw(st.integers(1, 9)) for option in options}
    found = most_of(drawn.packing, worth, budget(), EFFORT)
    assert drawn.is_sound(found)
    best = max(sum(worth[p.option] for p in picks) for picks in ways(drawn, options))
    assert sum(worth[pick.option] for pick in found) == best


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_without_time_what_is_held_is_still_sound(data: st.DataObject) -> None:
    """What fits one after another is held even when there is no time to search."""
    drawn = data.draw(timed_packings(most_requests=5))
    options, spent = chosen_in(drawn, data), Budget(None, 0.0)
    aim = np.ones(drawn.packing.stages, np.int64)
    found = all_of(drawn.packing, options, aim, spent, EFFORT)
    assert found is None or (drawn.is_sound(found) and len(found) == len(options))
    assert drawn.is_sound(most_of(drawn.packing, dict.fromkeys(options, 1), spent, EFFORT))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_who_was_left_out_beside_free_capacity_is_added(data: st.DataObject) -> None:
    """All who were served stay as they are, what is added fits, and makes the whole better."""
    drawn = data.draw(timed_packings(most_requests=5))
    packing, request = drawn.packing, drawn.packing.request
    every = [*drawn.every_plan(packing.requests, packing.blocks)]
    before = {int(request[p.option]): p for p in data.draw(st.sampled_from(every))}
    after = topped_up(packing, before)
    assert before.items() <= after.items()
    assert drawn.is_sound(after.values())
    assert packing.values(after) < packing.values(before) or after == before
    # Of those still left out nobody would have fitted whose times add nothing.
    for picks in every:
        (pick,) = picks if len(picks) == 1 else (None,)
        if pick is not None and int(request[pick.option]) not in after:
            own = {int(request[pick.option]): pick}
            is_better = packing.values(own) < packing.values({})
            is_first = pick.details[0] == int(drawn.timing.domains[pick.option][0].argmax())
            if is_better and is_first and not packing.extra_of([pick]).any():
                assert not drawn.is_sound([*after.values(), pick])


AFTER_ALL = (0, Wish(0, 1, 1, 5, 50, both_ways=False))


@pytest.mark.parametrize("wishes", [(), (AFTER_ALL,)], ids=["no wish", "a wish for the same time"])
def test_whom_times_would_serve_badly_stands_in_nobodys_way(
    wishes: tuple[tuple[int, Wish], ...],
) -> None:
    """The first of two fits, but misses a wish that counts more; so the other has its time."""
    only, either = np.array([[False, True, False]]), np.array([[False, True, True]])
    timing = Timing(
        domains=(only, either),
        lines=(Timeline(1, (0,), np.array([0, 1, 1]), (task(0, 2), task(1, 3))),),
        doors={0: Door((1,), ()), 2: Door((1,), ())},
        wishes={0: ((0, Wish(0, 0, 1, 2, 50, both_ways=True)),), 2: wishes},
        request=np.array([0, 2]),
        stages=1,
    )
    rows = [({0: 1, 1: 1}, 2)]
    packing = replace(packing_of([(0, 1, (-1,)), (2, 1, (-1,))], rows), details=timing)
    assert topped_up(packing, {}) == {2: Pick(1, (1,))}


def task(option: int, stop: int) -> Task:
    """Return one visit of one slot, to start in the second slot or later."""
    return Task(option, 0, 1, stop, 0, 1, 1, 1)


def test_nothing_is_held_of_nothing() -> None:
    """Of no options the most is none."""
    drawn = packing_of([(0, 0, (-1,))], [({0: 1}, 1)])
    with pytest.raises(TypeError, match="without details"):
        most_of(drawn, {0: 1}, budget(), EFFORT)
    assert most_of(drawn, {}, budget(), EFFORT) == []

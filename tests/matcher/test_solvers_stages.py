"""Stages in their order: the best plan, what is proved of it, and when to stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers.instance.assignment import Packing, Pick, Plan
from matcher.solvers.search import plans as made
from matcher.solvers.search import stages
from matcher.solvers.search import turns as large
from matcher.solvers.search.incumbent import Solved, State
from matcher.solvers.search.stages import solve_packing, untold
from matcher.solvers.search.turns import ByRounds
from tests.packings import (
    EFFORT,
    best_values,
    crowded_packing,
    every_plan,
    is_sound,
    packing_of,
    packings,
    plans,
)
from tests.timed_packings import TimedPacking, timed_packings

LIMITS = Limits.reproducible(0.2)
HARDLY = Limits.reproducible(1e-9)


@contextmanager
def engine(**constants: object) -> Iterator[None]:
    """Run the engine with other constants, so that small packings take the ways of large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "LAST_BLOCKS", 1)
        for name, value in constants.items():
            patch.setattr(large if name in vars(large) else stages, name, value)
        yield


ONE_BY_ONE: dict[str, object] = {"can_be_weighed": lambda _, several, *most: len(several) <= 1}
TOGETHER: dict[str, object] = {"uncontested": lambda *_: 1 << 60}
WAYS: dict[str, dict[str, object]] = {
    "whole": {},
    "whole, stage by stage": ONE_BY_ONE,
    "whole, all stages together": TOGETHER,
    "large": {"SMALL": 0},
    "large, stage by stage": {"SMALL": 0, **ONE_BY_ONE},
    "large, all stages together": {"SMALL": 0, **TOGETHER},
    "large, whole at the end": {"SMALL": 0, "WHOLE_FIRST": 0},
    "large, never whole": {"SMALL": 0, "WHOLE_OPTIONS": 0, **ONE_BY_ONE},
    "large, never whole, together": {"SMALL": 0, "WHOLE_OPTIONS": 0, **TOGETHER},
}
"""Constants under which the engine takes each of its ways."""
PROVING = [name for name in WAYS if "never whole" not in name]


class Listener:
    """Notes all that is told of a run, and holds it against the packing."""

    def __init__(self, packing: Packing) -> None:
        self.packing = packing
        self.told: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def __call__(self, plan: Plan, bounds: Sequence[int]) -> None:
        assert is_sound(self.packing, plan)
        self.told.append((self.packing.values(plan), tuple(bounds)))

    def assert_honest(self, best: tuple[int, ...]) -> None:
        """Assert that plans only got better and that no bound ever lay above what is true."""
        values = [value for value, _ in self.told]
        assert values == sorted(values, reverse=True)
        for value, bounds in self.told:
            assert all(bound <= each for bound, each in zip(bounds, value, strict=True))
            for stage, bound in enumerate(bounds):
                # A bound holds for plans that are no worse in the stages before.
                assert value[:stage] != best[:stage] or bound <= best[stage]
                if value[:stage] != best[:stage]:
                    break


def solved(
    packing: Packing, way: str, limits: Limits = LIMITS, start: Plan | None = None
) -> tuple[Solved, Listener]:
    """Return what the engine makes of a packing in one of its ways, and what it told."""
    listener = Listener(packing)
    with engine(**WAYS[way]):
        found = solve_packing(packing, limits=limits, start=start, told=listener)
    assert is_sound(packing, found.plan)
    return found, listener


# -- the best of all ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", PROVING)
@settings(max_examples=25, deadline=None)
@given(packing=packings())
def test_every_stage_is_the_best_and_proved(way: str, packing: Packing) -> None:
    """Whichever way is taken, all stages are those of trying every plan, and known to be."""
    found, listener = solved(packing, way)
    best = best_values(packing)
    assert packing.values(found.plan) == best
    assert tuple(found.bounds) == best
    listener.assert_honest(best)


@pytest.mark.parametrize("way", PROVING)
@pytest.mark.parametrize(("seed", "stages"), [(1, 1), (2, 3), (3, 2), (4, 2), (5, 3)])
def test_crowded_packings_are_solved_too(way: str, seed: int, stages: int) -> None:
    """Where no first plan is the best, searching finds it all the same."""
    packing = crowded_packing(seed, stages=stages)
    found, listener = solved(packing, way)
    best = best_values(packing)
    assert packing.values(found.plan) == tuple(found.bounds) == best
    listener.assert_honest(best)


@pytest.mark.parametrize("way", PROVING)
@settings(max_examples=15, deadline=None)
@given(timed=timed_packings())
def test_start_times_are_found_with_the_plan(way: str, timed: TimedPacking) -> None:
    """With calendars to keep, the stages are those of trying every time of every option."""
    told: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def hear(plan: Plan, bounds: Sequence[int]) -> None:
        assert timed.is_sound(plan.values())
        told.append((timed.packing.values(plan), tuple(bounds)))

    with engine(**WAYS[way]):
        found = solve_packing(timed.packing, limits=LIMITS, told=hear)
    assert timed.is_sound(found.plan.values())
    best = timed.best_values()
    assert timed.packing.values(found.plan) == tuple(found.bounds) == best
    assert [pair for pair in told if any(b > v for v, b in zip(*pair, strict=True))] == []


@pytest.mark.parametrize("way", [name for name in WAYS if name not in PROVING])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_never_searched_whole_is_honest(way: str, seed: int) -> None:
    """Without a last search of everything, values are sound and bounds hold, gap or no gap."""
    packing = crowded_packing(seed)
    found, listener = solved(packing, way)
    best = best_values(packing)
    listener.assert_honest(best)
    assert packing.values(found.plan) >= best
    assert "core" not in found.how


@pytest.mark.parametrize("large", [1_000, 1 << 20, 1 << 34])
@pytest.mark.parametrize("way", PROVING)
def test_large_figures_lose_nothing(way: str, large: int) -> None:
    """Costs in the millions and beyond are solved as exactly as small ones."""
    packing = crowded_packing(3, stages=3, large=large)
    found, listener = solved(packing, way)
    best = best_values(packing)
    assert packing.values(found.plan) == tuple(found.bounds) == best
    listener.assert_honest(best)


# -- what is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=15, deadline=None)
@given(data=st.data(), limits=st.sampled_from([HARDLY, Limits.reproducible(1e-4)]))
def test_bounds_hold_however_little_is_done(way: str, data: st.DataObject, limits: Limits) -> None:
    """Cut short from any start, each bound is true and no better plan was lost."""
    packing = data.draw(packings())
    start = data.draw(plans(packing))
    found, listener = solved(packing, way, limits, start)
    best = best_values(packing)
    listener.told.append((packing.values(found.plan), tuple(found.bounds)))
    listener.assert_honest(best)
    assert best <= packing.values(found.plan) <= packing.values(start)


def test_a_stage_that_hardly_varies_proves_nothing_of_the_one_before() -> None:
    """A later stage of 50 whatever is done is no reason to call the first stage proved."""
    # By shares 2.67 of the four people fit: no better than 12 - 8 is proved, and 6 can be had.
    packing = packing_of(
        [(n, 0, (-3, 0)) for n in range(4)], [(dict.fromkeys(range(4), 3), 8)], (12, 50)
    )
    idle: dict[str, object] = {"first_fit": lambda _packing, plan, _aim: dict(plan)}
    with engine(**TOGETHER, **idle), pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages.StageSolver, "_whole", lambda _self, _state, _aim, floor, _b: floor)
        found = solve_packing(packing, limits=LIMITS)
    assert packing.values(found.plan) == (12, 50)
    assert found.bounds == [4, 50]
    assert best_values(packing) == (6, 50)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), is_raised=st.booleans())
def test_no_option_of_a_better_plan_is_ruled_out(data: st.DataObject, is_raised: bool) -> None:
    """What could help holds every option of every better plan, wherever the bound came from."""
    packing = data.draw(packings(most_stages=1))
    aim = np.array([1], np.int64)
    state = State(packing, EFFORT, {}, untold)
    searching = ByRounds(state, range(1), state.relaxation.prices(aim, None))
    every = every_plan(packing)
    changes = every @ packing.costs[0]
    if is_raised:
        searching._raise_to(int(changes.min()))
    value = int(changes.min()) + data.draw(st.integers(1, 6))
    needed = every[changes < value].any(axis=0)
    assert not (needed & ~searching._could_help(value)).any()


def test_what_was_done_is_said() -> None:
    """Nothing where the start is the best there is; the means taken where there was work."""
    free = packing_of([(0, 0, (-1,))])
    found, listener = solved(free, "whole", start={0: Pick(0)})
    assert (found.how, found.bounds) == ([], [-1])
    assert listener.told[-1] == ((-1,), (-1,))
    found, _ = solved(crowded_packing(1, stages=1), "whole")
    assert found.how == ["whole"]
    found, _ = solved(crowded_packing(1, stages=1), "large")
    assert found.how[0] == "settling"
    assert "whole" not in found.how


def test_a_packing_of_nothing_is_solved() -> None:
    """Without options the stages are what they are without anybody, and that is proved."""
    packing = packing_of([], [], (3, 4))
    for way in WAYS:
        found, _ = solved(packing, way)
        assert (found.plan, found.bounds) == ({}, [3, 4])


# -- when to stop ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), after=st.integers(0, 6))
def test_cancelled_at_any_word_a_sound_plan_is_kept(
    way: str, data: st.DataObject, after: int
) -> None:
    """However early a run is cancelled, its plan fits and is no worse than its start."""
    packing = data.draw(packings())
    start, progress = data.draw(plans(packing)), Progress()
    listener = Listener(packing)

    def hear(plan: Plan, bounds: Sequence[int]) -> None:
        listener(plan, bounds)
        if len(listener.told) > after:
            progress.cancel()

    if not after:
        progress.cancel()
    with engine(**WAYS[way]):
        found = solve_packing(packing, limits=LIMITS, start=start, progress=progress, told=hear)
    assert is_sound(packing, found.plan)
    assert packing.values(found.plan) <= packing.values(start)
    listener.told.append((packing.values(found.plan), tuple(found.bounds)))
    listener.assert_honest(best_values(packing))


@pytest.mark.parametrize("seed", range(4))
def test_near_enough_is_near_enough(seed: int) -> None:
    """With a gap allowed, a large part stops where its first stage is that near, or the best."""
    packing = crowded_packing(seed, stages=1)
    exact, _ = solved(packing, "large")
    limits = LIMITS.model_copy(update={"gap": 0.5})
    found, listener = solved(packing, "large", limits)
    (value,), (bound,) = packing.values(found.plan), found.bounds
    listener.assert_honest(best_values(packing))
    assert value - bound <= 0.5 * max(abs(value), 1)
    assert len(found.how) <= len(exact.how)


def test_a_gap_that_any_plan_keeps_ends_the_search() -> None:
    """With nearly any distance near enough, nothing comes after the first plan."""
    packing = crowded_packing(6, stages=1)
    found, _ = solved(packing, "large", LIMITS.model_copy(update={"gap": 0.99}))
    assert {"neighbourhoods", "core"} & set(found.how) == set()


# -- starts and seeds --------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_start_is_never_made_worse(way: str, data: st.DataObject) -> None:
    """From any plan to start from, each value told is at least as good, stage after stage."""
    packing = data.draw(packings())
    start = data.draw(plans(packing))
    before = dict(start)
    found, listener = solved(packing, way, start=start)
    assert start == before
    assert all(values <= packing.values(start) for values, _ in listener.told)
    assert packing.values(found.plan) <= packing.values(start)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_seed_gives_the_same_plan(way: str, seed: int) -> None:
    """Under reproducible limits a run tells the same twice, word by word."""
    packing = crowded_packing(11, stages=3)
    runs = []
    for _ in range(2):
        listener = Listener(packing)
        with engine(**WAYS[way]):
            found = solve_packing(
                packing, limits=Limits.reproducible(0.02), seed=seed, told=listener
            )
        runs.append((found, listener.told))
    assert runs[0] == runs[1]

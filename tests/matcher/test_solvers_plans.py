"""Plans made of rounds: whichever way they are made, they fit, and what they prove is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Lock, Pick
from matcher.solvers.search import plans as engine
from matcher.solvers.search.plans import Plans
from tests.packings import (
    TWO_SACKS,
    aims,
    best_change,
    budget,
    change,
    is_sound,
    keeps,
    locks,
    packing_of,
    packings,
    plans,
    rounds_for,
)


@pytest.fixture(autouse=True)
def _diving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small packings be dived into, not left to the exact model at once."""
    monkeypatch.setattr(engine, "LAST_BLOCKS", 1)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.integers(0, 3))
def test_every_plan_made_of_rounds_fits(data: st.DataObject, seed: int) -> None:
    """Settling, diving and combining give each request at most one option and keep every row."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, _ = rounds_for(packing, aim, held)
    made = Plans(rounds)
    start = data.draw(plans(packing))
    settled = made.settle(budget())
    rounds.learn(settled)
    rounds.learn(start)
    rounds.generate(rounds.everything(), budget(), 4)
    dived = made.dive(budget(), seed)
    best = best_change(packing, aim, held)
    for plan in (settled, dived):
        assert is_sound(packing, plan)
        assert not keeps(packing, plan, held) or change(packing, plan, aim) >= best


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_combining_is_never_worse(data: st.DataObject) -> None:
    """The best of known rounds fits, keeps the locks, and is no worse than the plan given."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, _ = rounds_for(packing, aim, held)
    made = Plans(rounds)
    known = [data.draw(plans(packing)) for _ in range(data.draw(st.integers(0, 3)))]
    for plan in known:
        rounds.learn(plan)
    start = data.draw(plans(packing))
    held_at_start = keeps(packing, start, held)
    combined = made.combine(start, budget())
    assert is_sound(packing, combined)
    assert change(packing, combined, aim) <= change(packing, start, aim)
    assert keeps(packing, combined, held) or (combined == start and not held_at_start)
    for plan in known:
        if keeps(packing, plan, held) and held_at_start:
            assert change(packing, combined, aim) <= change(packing, plan, aim)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cancelled_or_out_of_time_plans_still_fit(data: st.DataObject) -> None:
    """Without time, or once cancelled, what comes back is sound, if perhaps empty."""
    packing = data.draw(packings())
    aim, progress = data.draw(aims(packing)), Progress()
    rounds, _ = rounds_for(packing, aim, (), Effort(Limits.reproducible(), 0, progress))
    made = Plans(rounds)
    start = data.draw(plans(packing))
    for spent in (Budget(None, 0.0), Budget(0.0, None)):
        assert is_sound(packing, made.settle(spent))
        assert is_sound(packing, made.dive(spent))
        assert is_sound(packing, made.combine(start, spent))
    progress.cancel()
    bound = rounds.bound
    rounds.generate(rounds.everything(), budget())
    assert bound <= rounds.bound <= best_change(packing, aim)
    assert is_sound(packing, made.dive(budget()))


def test_a_dive_whose_fixings_break_the_locks_ends() -> None:
    """Where no known round keeps the locks beside what is fixed, the dive gives up its way."""
    # The second stage pulls 0 and 1 into rooms where the first stage cannot be kept.
    packing = packing_of(
        [(0, 0, (0, -9)), (0, 1, (-1, 0)), (1, 0, (-1, 0)), (1, 2, (0, -9)), (2, 3, (0, -5))],
        [({0: 1, 2: 1}, 1), ({1: 1}, 1), ({3: 1}, 1), ({4: 1}, 1)],
        (2, 30),
    )
    held: list[Lock] = [(np.array([1, 0], np.int64), -2)]
    for seed in range(4):
        rounds, _ = rounds_for(packing, np.array([0, 1], np.int64), held)
        rounds.learn({0: Pick(1), 1: Pick(2)})
        plan = Plans(rounds).dive(budget(), seed)
        assert is_sound(packing, plan)


def test_a_dive_finds_the_best_of_two_rooms() -> None:
    """All four people fit in only one way or its mirror image, and the dive finds one of them."""
    rounds, _ = rounds_for(TWO_SACKS, np.array([1], np.int64))
    assert change(TWO_SACKS, Plans(rounds).dive(budget()), rounds.aim) == -22

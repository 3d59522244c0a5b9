"""The bound: weak duality in whole numbers holds for any prices, weights and locks."""

from __future__ import annotations

from itertools import count

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import Ints, Lock, Packing, weighted
from matcher.solvers.relaxation import dual_bound as bound
from matcher.solvers.relaxation.dual_bound import Prices, Relaxation, scale_of
from tests.packings import aims, best_change, every_plan, keeping, locks, packing_of, packings

HUGE = 1 << 40
Duals = npt.NDArray[np.float64]
CROWD = packing_of(
    [(n, block, (-(2 + n),)) for n in range(8) for block in (0, 1)],
    [({2 * n + block: 3 + n % 3 for n in range(8)}, 10) for block in (0, 1)],
)
"""Eight people for two rooms that hold two or three of them each."""


def prices_of(
    packing: Packing, aim: Ints, held: list[Lock], seconds: float | None = None
) -> Prices:
    """Return the prices of a packing under an aim and locks."""
    relaxation = Relaxation(packing)
    for weights, most in held:
        relaxation.lock(weights, most)
    return relaxation.prices(aim, seconds)


def assert_sound(packing: Packing, aim: Ints, held: list[Lock], prices: Prices) -> None:
    """Assert that prices prove no more than is true, of all plans and of those with an option."""
    every = keeping(packing, every_plan(packing), held)
    changes = every @ (aim @ packing.costs)
    assert prices.bound <= changes.min()
    assert (prices.bound - 1) * prices.scale < prices.exact <= prices.bound * prices.scale
    assert (prices.rows >= 0).all()
    assert (prices.locks >= 0).all()
    assert min(prices.requests.values()) >= 0
    assert (prices.reduced >= 0).all()
    for option in range(len(packing)):
        containing = changes[every[:, option] == 1]
        if len(containing):
            least = prices.exact + int(prices.reduced[option])
            assert least <= int(containing.min()) * prices.scale


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_plan_that_keeps_a_cut_beats_the_bound(data: st.DataObject) -> None:
    """With a row learnt on the way, bounds are of the plans that keep it."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    some = st.lists(st.integers(0, len(packing) - 1), min_size=1, unique=True)
    options, most = data.draw(some), data.draw(st.integers(0, 2))
    relaxation = Relaxation(packing)
    for weights, limit in held:
        relaxation.lock(weights, limit)
    before = relaxation.prices(aim, None)
    relaxation.cut(options, most)
    every = keeping(packing, every_plan(packing), held)
    every = every[every[:, options].sum(axis=1) <= most]
    for seconds in (None, 0.0):
        prices = relaxation.prices(aim, seconds)
        if len(every):
            assert prices.bound <= (every @ (aim @ packing.costs)).min()
        if seconds is None and prices.solved:
            assert prices.bound >= before.bound


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_plan_beats_the_bound(data: st.DataObject) -> None:
    """For any aim, with and without time for the relaxation."""
    packing = data.draw(packings())
    aim = data.draw(aims(packing))
    for seconds in (None, 0.0):
        assert_sound(packing, aim, [], prices_of(packing, aim, [], seconds))


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_plan_that_keeps_the_locks_beats_the_bound(data: st.DataObject) -> None:
    """Locks may raise the bound, never above what can still be reached."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    assert_sound(packing, aim, held, prices_of(packing, aim, held))


@settings(max_examples=30, deadline=None)
@given(data=st.data(), weight=st.sampled_from([HUGE, HUGE * 1_000, (1 << 56) + 1]))
def test_huge_weights_lose_nothing(data: st.DataObject, weight: int) -> None:
    """Sums of stages with enormous weights are as exact as small ones."""
    packing = data.draw(packings(most_requests=3))
    aim = np.array([weight, *range(1, packing.stages)], np.int64)
    assert_sound(packing, aim, [], prices_of(packing, aim, []))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_ordered_stages_are_bounded(data: st.DataObject) -> None:
    """The aim of all stages in their order has sound prices too."""
    packing = data.draw(packings())
    aim = weighted(packing, range(packing.stages))
    assert_sound(packing, aim, [], prices_of(packing, aim, []))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_first_order_method_proves_no_more(data: st.DataObject) -> None:
    """Prices of the method for large relaxations are rough, and prove what is true all the same."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bound, "FIRST_ORDER_ENTRIES", 0)
        rough = prices_of(packing, aim, held)
    assert_sound(packing, aim, held, rough)


def test_both_methods_agree_where_capacity_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The method for large relaxations comes near the exact one, far above prices of zero."""
    aim = np.array([1000], np.int64)
    exact = prices_of(CROWD, aim, []).bound
    nothing = prices_of(CROWD, aim, [], 0.0).bound
    monkeypatch.setattr(bound, "FIRST_ORDER_ENTRIES", 0)
    rough = prices_of(CROWD, aim, []).bound
    assert nothing < rough <= exact + 1
    assert exact - rough <= (exact - nothing) // 50
    assert exact <= best_change(CROWD, aim)


def test_prices_are_those_of_the_scarce_room() -> None:
    """Two who gain 5 and 3 ask for the one place: it is worth 3 to 5, and the bound is -5."""
    packing = packing_of([(0, 0, (-5,)), (1, 0, (-3,))], [({0: 1, 1: 1}, 1)])
    prices = prices_of(packing, np.array([1]), [])
    assert prices.solved
    assert prices.bound == -5
    assert 3 * prices.scale <= prices.rows[0] <= 5 * prices.scale
    assert prices.requests[0] == 5 * prices.scale - prices.rows[0]
    assert prices.requests[1] == 0


def test_a_lock_has_a_price() -> None:
    """Where serving somebody costs the second stage, the lock on the first makes it pay."""
    packing = packing_of([(0, 0, (-1, 4))], [], (1, 0))
    second = np.array([0, 1], np.int64)
    first = np.array([1, 0], np.int64)
    assert prices_of(packing, second, []).bound == 0
    locked = prices_of(packing, second, [(first, -1)])
    assert locked.bound == 4
    assert locked.locks[0] == 4 * locked.scale


def test_without_options_nothing_changes() -> None:
    """A packing of nothing has no prices and the bound zero."""
    prices = prices_of(packing_of([]), np.array([1]), [])
    assert (prices.bound, prices.exact, prices.solved) == (0, 0, False)
    assert prices.requests == {}


@pytest.mark.parametrize("wrong", [1e-9, -3.0, 1e6, float(1 << 45)])
def test_wrong_prices_prove_nothing_false(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far off the relaxation's answer is, the bound worked out from it is true."""
    aim = np.array([1], np.int64)
    entries = len(CROWD.requests) + len(CROWD.limits)
    solve_linear = Relaxation._duals

    def misled(relaxation: Relaxation, aim: Ints, seconds: float | None) -> Duals:
        told = solve_linear(relaxation, aim, seconds)
        assert told is not None
        assert len(told) == entries
        return np.full(entries, wrong)

    monkeypatch.setattr(Relaxation, "_duals", misled)
    prices = prices_of(CROWD, aim, [])
    assert prices.bound <= best_change(CROWD, aim)
    assert prices.bound >= prices_of(CROWD, aim, [], 0.0).bound


def test_scales_are_powers_of_two_that_leave_room() -> None:
    """Prices are as fine as sums of scaled costs allow."""
    powers = {1 << bits for bits in range(bound.MOST_SCALE_BITS + 1)}
    for bits in range(0, 60, 3):
        aim = np.array([1 << bits], np.int64)
        scale = scale_of(packing_of([(0, 0, (-1,))]), aim)
        assert scale in powers
        assert scale == 1 or scale << bits < 1 << bound.SAFE_BITS
    fine = (scale_of(CROWD, np.array([1 << bits], np.int64)) for bits in count())
    assert next(fine) == 1 << bound.MOST_SCALE_BITS

"""Rounds: the bounds they prove hold, and every plan made of them fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Effort
from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.search.master import Guide, Master, Open, rounds_of
from matcher.solvers.search.pricing import Round
from matcher.solvers.search.rounds import Rounds
from tests.packings import (
    EFFORT,
    TWO_SACKS,
    aims,
    best_change,
    budget,
    every_plan,
    is_sound,
    keeping,
    keeps,
    locks,
    packing_of,
    packings,
    plans,
    rounds_for,
)

SIDE_BY_SIDE = Effort(Limits(seconds=None, deterministic_time=20.0, workers=3), 0, Progress())


def guides(rounds: Rounds, packing: Packing) -> st.SearchStrategy[Guide]:
    """Draw any prices whatever, none of them negative."""
    most = 40 * rounds.master.scale
    count = len(rounds.master.locks)
    return st.builds(
        lambda requests, held: Guide(requests, np.array(held, np.int64)),
        st.fixed_dictionaries({r: st.integers(0, most) for r in packing.requests}),
        st.lists(st.integers(0, most), min_size=count, max_size=count),
    )


# -- bounds ------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_prices_prove_what_is_true(data: st.DataObject) -> None:
    """At whatever prices blocks are asked, no plan that keeps the locks beats what they prove."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, _ = rounds_for(packing, aim, held)
    guide = data.draw(guides(rounds, packing))
    told, _, offers = rounds.price(guide, rounds.everything(), budget())
    assert told.proved is not None
    assert told.proved <= best_change(packing, aim, held) * rounds.master.scale
    assert sorted(offer.round.block for offer in offers) == sorted(packing.blocks)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_prices_of_what_is_open_prove_of_it(data: st.DataObject) -> None:
    """With some rounds fixed, the bound is of all plans that have them, less what they bring."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, _ = rounds_for(packing, aim, held)
    open_ = rounds.everything()
    known = [*rounds_of(packing, data.draw(plans(packing))).values()]
    for found in known[: data.draw(st.integers(0, len(known)))]:
        open_.fix(packing, found)
    guide = data.draw(guides(rounds, packing))
    within = Guide({r: guide.requests[r] for r in open_.requests}, guide.locks)
    told, _, _ = rounds.price(within, open_, budget())
    every = keeping(packing, every_plan(packing), held)
    for pick in open_.plan.values():
        every = every[every[:, pick.option] == 1]
    closed = [o for o in range(len(packing)) if int(packing.block[o]) not in open_.blocks]
    fixed = {pick.option for pick in open_.plan.values()}
    every = every[every[:, [o for o in closed if o not in fixed]].sum(axis=1) == 0]
    if len(every):
        least = int((every @ (aim @ packing.costs)).min()) - int(aim @ open_.spent)
        assert told.proved is not None
        assert told.proved <= least * rounds.master.scale


@pytest.mark.parametrize("effort", [EFFORT, SIDE_BY_SIDE])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_generated_bounds_hold(effort: Effort, data: st.DataObject) -> None:
    """Looking for better prices never lowers the bound, nor lifts it above the best plan."""
    packing = data.draw(packings())
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, prices = rounds_for(packing, aim, held, effort)
    best, start = best_change(packing, aim, held), data.draw(plans(packing))
    assert rounds.bound == prices.bound <= best
    if keeps(packing, start, held):
        rounds.learn(start)
    rounds.generate(rounds.everything(), budget())
    assert prices.bound <= rounds.bound <= best
    for known in rounds.master.rounds.values():
        assert all(is_sound(packing, as_plan(packing, picks)) for picks in known)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), reach=st.sampled_from([0.5, 3.0, 40.0]))
def test_subgradients_climb_no_higher_than_is_true(data: st.DataObject, reach: float) -> None:
    """Whatever is hoped for, the bound rises and stays below the best plan."""
    packing = data.draw(packings(knapsacks=True))
    aim, held = data.draw(aims(packing)), data.draw(locks(packing))
    rounds, prices = rounds_for(packing, aim, held)
    rounds.climb(reach * prices.scale, budget())
    assert prices.bound <= rounds.bound <= best_change(packing, aim, held)


def test_rounds_close_a_gap_that_single_options_leave() -> None:
    """Three of 5 for a row of 9: by shares 1.8 fit, by rounds one, and one is the best."""
    packing = packing_of(
        [(r, b, (-10,)) for r in range(3) for b in (0, 1)],
        [({2 * r + b: 5 for r in range(3)}, 9) for b in (0, 1)],
    )
    aim = np.array([1], np.int64)
    rounds, prices = rounds_for(packing, aim)
    assert best_change(packing, aim) == -20
    assert prices.bound == -30
    rounds.generate(rounds.everything(), budget())
    assert rounds.bound == -20


def as_plan(packing: Packing, picks: tuple[Pick, ...]) -> dict[int, Pick]:
    """Return picks by their requests, asserting that no request has two."""
    plan = {int(packing.request[pick.option]): pick for pick in picks}
    assert len(plan) == len(picks)
    return plan


# -- the master ------------------------------------------------------------------------------


def test_a_master_without_a_way_to_keep_its_locks_has_no_shares() -> None:
    """A lock that no known round keeps leaves neither prices nor shares."""
    packing = packing_of([(0, 0, (-1,)), (1, 1, (-1,))], [], (2,))
    master = Master(packing, np.array([1], np.int64), [(np.array([1], np.int64), -2)], 1)
    master.add(Round(0, (Pick(0),)))
    everything = Open({0, 1}, {0, 1}, np.zeros(1, np.int64))
    relaxed = master.solve(everything)
    assert relaxed.shares == []
    assert min(relaxed.guide.requests.values()) >= 0
    master.add(Round(1, (Pick(1),)))
    relaxed = master.solve(everything)
    assert sorted(found.block for _, found in relaxed.shares) == [0, 1]


def test_rounds_of_a_plan() -> None:
    """A plan falls into one round for each block that it uses, requests in their order."""
    plan = {3: Pick(7), 0: Pick(1), 1: Pick(2)}
    found = rounds_of(TWO_SACKS, plan)
    assert found == {0: Round(0, (Pick(2),)), 1: Round(1, (Pick(1), Pick(7)))}
    master = Master(TWO_SACKS, np.array([1], np.int64), [], 1)
    assert master.add(found[1])
    assert not master.add(found[1])  # known by now
    assert not master.add(Round(0, ()))  # a round of nobody is none
    open_ = Open({0, 1}, {0, 1, 2, 3}, np.zeros(1, np.int64))
    open_.fix(TWO_SACKS, found[1])
    assert (open_.blocks, open_.requests) == ({0}, {1, 2})
    assert open_.spent.tolist() == [-11]
    assert open_.plan == {0: Pick(1), 3: Pick(7)}

"""Small abstract packings: built by hand, drawn at random, and tried out plan by plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Ints, Lock, Packing, Pick, Plan
from matcher.solvers.relaxation.dual_bound import Prices, Relaxation
from matcher.solvers.search.pricing import Pricer
from matcher.solvers.search.rounds import Rounds

EFFORT = Effort(Limits.reproducible(), 0, Progress())
Row = tuple[Mapping[int, int], int]
"""What each option uses of a row, and how much of it there is."""


def budget() -> Budget:
    """Return time enough for anything small."""
    return Budget(None, 5.0)


def packing_of(
    options: Sequence[tuple[int, int, Sequence[int]]],
    rows: Sequence[Row] = (),
    without: Sequence[int] = (0,),
) -> Packing:
    """Return a packing of options (request, block, costs by stage), requests ascending."""
    lengths = [len(amounts) for amounts, _ in rows]
    return Packing(
        request=np.array([request for request, _, _ in options], np.int64),
        block=np.array([block for _, block, _ in options], np.int64),
        costs=np.array([costs for _, _, costs in options], np.int64)
        .reshape(len(options), len(without))
        .T.copy(),
        without=np.array(without, np.int64),
        row_start=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        row_option=np.array([o for amounts, _ in rows for o in amounts], np.int64),
        row_amount=np.array([a for amounts, _ in rows for a in amounts.values()], np.int64),
        limits=np.array([limit for _, limit in rows], np.int64),
    )


# -- drawn -------------------------------------------------------------------------------------


@st.composite
def packings(
    draw: st.DrawFn,
    *,
    most_requests: int = 5,
    most_blocks: int = 4,
    most_stages: int = 3,
    knapsacks: bool | None = None,
) -> Packing:
    """Draw a packing in which requests compete; numbers of requests and blocks have gaps.

    Parameters
    ----------
    knapsacks
        Whether all blocks are a single row of one option a request; ``None`` for either.
    """
    stages = draw(st.integers(1, most_stages))
    blocks = [2 + 3 * n for n in range(draw(st.integers(1, most_blocks)))]
    plain = draw(st.booleans()) if knapsacks is None else knapsacks
    options: list[tuple[int, int, list[int]]] = []
    for number in range(draw(st.integers(1, most_requests))):
        several = st.lists(st.sampled_from(blocks), min_size=1, max_size=3, unique=plain)
        for block in draw(several):
            # Taking an option mostly pays in the first stage, as placing somebody does.
            first = draw(st.integers(-9, 2))
            costs = [first, *(draw(st.integers(-6, 9)) for _ in range(stages - 1))]
            options.append((1 + 2 * number, block, costs))
    rows = [row for block in blocks for row in draw(_rows(options, block, plain))]
    return packing_of(options, rows, [draw(st.integers(-5, 40)) for _ in range(stages)])


@st.composite
def _rows(
    draw: st.DrawFn, options: Sequence[tuple[int, int, Sequence[int]]], block: int, plain: bool
) -> list[Row]:
    inside = [number for number, option in enumerate(options) if option[1] == block]
    rows: list[Row] = []
    for _ in range(1 if plain else draw(st.integers(0, 2))):
        amounts = {option: draw(st.integers(0, 6)) for option in inside}
        used = {option: amount for option, amount in amounts.items() if amount}
        rows.append((used, draw(st.integers(0, max(sum(used.values()), 1)))))
    return rows


def crowded_packing(seed: int, *, stages: int = 2, large: int = 1) -> Packing:
    """Return seven requests for four crowded blocks: hard enough that no first plan is the best.

    Parameters
    ----------
    seed
        Where chance begins.
    stages
        How many stages there are.
    large
        By how much costs are multiplied.
    """
    chance = Random(seed)
    plain = chance.random() < 0.5
    options: list[tuple[int, int, list[int]]] = []
    for request in range(1, 15, 2):
        count = chance.randint(1, 3)
        blocks = chance.sample(range(4), count) if plain else chance.choices(range(4), k=count)
        for block in blocks:
            costs = [chance.randint(-12, 2), *(chance.randint(-9, 9) for _ in range(stages - 1))]
            options.append((request, 3 * block + 1, [large * cost for cost in costs]))
    rows: list[Row] = []
    for block in (1, 4, 7, 10):
        inside = [number for number, option in enumerate(options) if option[1] == block]
        for _ in range(1 if plain else chance.randint(1, 2)):
            amounts = {option: chance.randint(2, 8) for option in inside}
            rows.append((amounts, max(chance.randint(0, 9), int(0.4 * sum(amounts.values())))))
    return packing_of(options, rows, [chance.randint(-20, 60) for _ in range(stages)])


def aims(packing: Packing, most: int = 6) -> st.SearchStrategy[Ints]:
    """Draw weights of the stages, none of them negative."""
    weight = st.integers(0, most)
    return st.lists(weight, min_size=packing.stages, max_size=packing.stages).map(
        lambda weights: np.array(weights, np.int64)
    )


def plans(packing: Packing) -> st.SearchStrategy[dict[int, Pick]]:
    """Draw a plan that fits."""
    every = every_plan(packing)
    return st.integers(0, len(every) - 1).map(lambda number: plan_at(packing, every[number]))


def locks(packing: Packing) -> st.SearchStrategy[list[Lock]]:
    """Draw locks that some plan keeps: each stage of it may get no worse, or none is locked."""

    def at(plan: Plan, stages: int) -> list[Lock]:
        change = packing.value_of(plan.values())
        rows = np.eye(packing.stages, dtype=np.int64)[:stages]
        return [(row, int(row @ change)) for row in rows]

    return st.tuples(plans(packing), st.integers(0, packing.stages)).map(lambda pair: at(*pair))


# -- tried out ---------------------------------------------------------------------------------


def every_plan(packing: Packing) -> Ints:
    """Return all plans that fit, [plans, options]: 1 for what is taken; counted plainly."""
    groups: dict[int, list[int]] = {}
    for option, request in enumerate(packing.request.tolist()):
        groups.setdefault(request, []).append(option)
    chosen = list(product(*([None, *group] for group in groups.values())))
    taken = np.zeros((len(chosen), len(packing)), np.int64)
    for number, options in enumerate(chosen):
        taken[number, [option for option in options if option is not None]] = 1
    uses = np.zeros((len(packing.limits), len(packing)), np.int64)
    for row in range(len(packing.limits)):
        for entry in range(packing.row_start[row], packing.row_start[row + 1]):
            uses[row, packing.row_option[entry]] += packing.row_amount[entry]
    return np.asarray(taken[(taken @ uses.T <= packing.limits).all(axis=1)], np.int64)


def keeping(packing: Packing, every: Ints, held: Sequence[Lock]) -> Ints:
    """Return those plans that keep every lock."""
    kept = np.ones(len(every), np.bool_)
    for weights, most in held:
        kept &= every @ (weights @ packing.costs) <= most
    return every[kept]


def plan_at(packing: Packing, taken: Ints) -> dict[int, Pick]:
    """Return a row of zeros and ones as a plan."""
    return {int(packing.request[o]): Pick(o) for o in np.flatnonzero(taken).tolist()}


def best_change(packing: Packing, aim: Ints, held: Sequence[Lock] = ()) -> int:
    """Return the least by which any plan changes an aim."""
    return int((keeping(packing, every_plan(packing), held) @ (aim @ packing.costs)).min())


def best_values(packing: Packing) -> tuple[int, ...]:
    """Return the values of the best plan, stage after stage."""
    return min(map(tuple, (every_plan(packing) @ packing.costs.T + packing.without).tolist()))


def is_sound(packing: Packing, plan: Plan) -> bool:
    """Say whether each request has an option of its own and no row is exceeded, plainly."""
    loads = [0] * len(packing.limits)
    for row in range(len(packing.limits)):
        options, amounts = packing.entries(row)
        uses = dict(zip(options.tolist(), amounts.tolist(), strict=True))
        loads[row] = sum(uses.get(pick.option, 0) for pick in plan.values())
    own = all(int(packing.request[pick.option]) == request for request, pick in plan.items())
    return own and all(
        load <= limit for load, limit in zip(loads, packing.limits.tolist(), strict=True)
    )


def keeps(packing: Packing, plan: Plan, held: Sequence[Lock]) -> bool:
    """Say whether a plan keeps every lock."""
    change = packing.value_of(plan.values())
    return all(int(weights @ change) <= most for weights, most in held)


def sub_rounds(packing: Packing, block: int) -> Iterator[tuple[int, ...]]:
    """Yield every set of options that one block could take on together."""
    inside = np.flatnonzero(packing.block == block).tolist()
    alone = replace(packing, request=packing.request.copy())
    for taken in every_plan(alone):
        options = np.flatnonzero(taken).tolist()
        if set(options) <= set(inside):
            yield tuple(options)


# -- set up ------------------------------------------------------------------------------------


def rounds_for(
    packing: Packing, aim: Ints, held: Sequence[Lock] = (), effort: Effort = EFFORT
) -> tuple[Rounds, Prices]:
    """Return rounds that set out from the prices of the relaxation, and these."""
    relaxation = Relaxation(packing)
    for weights, most in held:
        relaxation.lock(weights, most)
    prices = relaxation.prices(aim, None)
    rounds = Rounds(
        packing, aim, [*held], prices=prices, pricer=Pricer(packing, effort), effort=effort
    )
    return rounds, prices


def change(packing: Packing, plan: Plan, aim: Ints) -> int:
    """Return by how much a plan changes an aim."""
    return int(aim @ packing.value_of(plan.values()))


TWO_SACKS = packing_of(
    [(r, b, (-value,)) for r, value in enumerate((7, 6, 5, 4)) for b in (0, 1)],
    [({2 * r + b: amount for r, amount in enumerate((6, 5, 4, 3))}, 9) for b in (0, 1)],
)
"""Four people for two rooms of 9: 7 and 4 in the one, 6 and 5 in the other, or the like."""

"""The best options that one block could take at given prices: by knapsack or exact model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.exact.assignment_model import PackingModel
from matcher.solvers.exact.cp_sat import Budget, Effort, search
from matcher.solvers.instance.assignment import Ints, Packing, Pick

LARGEST_TABLE = 10_000_000
"""Options times capacity up to which a block of one row is priced by dynamic programming."""

NEVER = 1 << 60
"""Stands in arrays for an option that can never be taken; never leaves them."""
CLOSED = 1 << 54
"""Cost of options that must not be taken: more than all others together could bring in."""
NO_ROWS = np.array([], np.int64)


@dataclass(frozen=True)
class Round:
    """What one block could take on together: its picks, by request."""

    block: int
    picks: tuple[Pick, ...]


@dataclass(frozen=True)
class Offer:
    """The best round of a block at some prices, or the best found.

    Parameters
    ----------
    round
        The round; one without picks when nothing pays.
    value, bound
        What it comes to at the prices, and what no round of the block can beat, at most 0.
    """

    round: Round
    value: int
    bound: int


@dataclass
class Pricer:
    """Finds the best round of any block.

    Parameters
    ----------
    packing
        The problem.
    effort
        Threads, seed and progress.
    """

    packing: Packing
    effort: Effort
    _knapsacks: dict[int, bool] = field(default_factory=dict)

    def best(self, block: int, weights: Ints, charges: Mapping[int, int], budget: Budget) -> Offer:
        """Return the best round of a block when each request costs its charge besides.

        Parameters
        ----------
        block
            The block.
        weights
            Weight of each stage, scaled to whole fractions and not negative, [stages].
        charges
            What has to be paid for serving each request that may be served, scaled.
        budget
            Time for this.
        """
        options, costs = self.priced(block, weights, charges)
        if not (costs < 0).any():
            return Offer(Round(block, ()), 0, 0)
        if self.is_knapsack(block):
            return self._knapsack(block, options, costs)
        return self._searched(block, costs, budget)

    def unasked(self, block: int, weights: Ints, charges: Mapping[int, int]) -> Offer:
        """Return no round, and what none can beat: all that pays by itself taken together."""
        _, costs = self.priced(block, weights, charges)
        return Offer(Round(block, ()), 0, int(np.minimum(costs, 0).sum()))

    def priced(self, block: int, weights: Ints, charges: Mapping[int, int]) -> tuple[Ints, Ints]:
        """Return the options of a block and what each comes to at some prices."""
        options = self.packing.options_in[block]
        costs = weights @ self.packing.costs[:, options]
        for place, request in enumerate(self.packing.request[options].tolist()):
            # What may not be served is made to cost, so that no round holds it.
            costs[place] = costs[place] + charges[request] if request in charges else CLOSED
        return options, costs

    # -- knapsacks -------------------------------------------------------------------------

    def is_knapsack(self, block: int) -> bool:
        """Say whether a block is one row without details, each request having one option."""
        if block not in self._knapsacks:
            self._knapsacks[block] = self._looks_like_one(block)
        return self._knapsacks[block]

    def _looks_like_one(self, block: int) -> bool:
        packing, options = self.packing, self.packing.options_in[block]
        rows = packing.rows_in.get(block, NO_ROWS)
        return (
            packing.details is None
            and len(rows) == 1
            and int(packing.limits[rows[0]]) * len(options) <= LARGEST_TABLE
            and len(set(packing.request[options].tolist())) == len(options)
        )

    def amounts(self, block: int) -> tuple[Ints, int]:
        """Return what each option of a knapsack uses, in the block's order, and its limit."""
        row = int(self.packing.rows_in[block][0])
        used = np.zeros(len(self.packing), np.int64)
        options, amounts = self.packing.entries(row)
        used[options] = amounts
        return used[self.packing.options_in[block]], int(self.packing.limits[row])

    def _knapsack(self, block: int, options: Ints, costs: Ints) -> Offer:
        amounts, limit = self.amounts(block)
        items = np.flatnonzero((costs < 0) & (amounts <= limit))
        best = np.zeros(limit + 1, np.int64)
        takes = np.zeros((len(items), limit + 1), np.bool_)
        for place, item in enumerate(items.tolist()):
            used = int(amounts[item])
            with_it = best[: limit + 1 - used] - costs[item]
            takes[place, used:] = with_it > best[used:]
            best[used:] = np.maximum(with_it, best[used:])
        chosen, left = [], limit
        for place in range(len(items) - 1, -1, -1):
            if takes[place, left]:
                chosen.append(int(items[place]))
                left -= int(amounts[items[place]])
        picks = tuple(Pick(int(options[item])) for item in sorted(chosen))
        value = -int(best[limit])
        return Offer(Round(block, picks), value, value)

    def forced(self, block: int, weights: Ints, charges: Mapping[int, int]) -> Ints:
        """Return by how much a knapsack gets dearer when each of its options must be taken.

        In the block's order, scaled; a very large number for options that never fit.
        """
        options, costs = self.priced(block, weights, charges)
        amounts, limit = self.amounts(block)
        items = np.flatnonzero((costs < 0) & (amounts <= limit)).tolist()
        before = np.zeros((len(items) + 1, limit + 1), np.int64)
        after = np.zeros((len(items) + 1, limit + 1), np.int64)
        for place, item in enumerate(items):
            before[place + 1] = _with_item(before[place], int(amounts[item]), int(costs[item]))
        for place in range(len(items) - 1, -1, -1):
            item = items[place]
            after[place] = _with_item(after[place + 1], int(amounts[item]), int(costs[item]))
        best, dearer = int(before[-1][limit]), np.full(len(options), NEVER, np.int64)
        for item in np.flatnonzero(amounts <= limit).tolist():
            left = limit - int(amounts[item])
            if item in items:
                place = items.index(item)
                others = int((before[place][: left + 1] + after[place + 1][left::-1]).max())
            else:
                others = int(before[-1][left])
            dearer[item] = best - others + int(costs[item])
        return dearer

    # -- models ----------------------------------------------------------------------------

    def _searched(self, block: int, costs: Ints, budget: Budget) -> Offer:
        """Return the best round by the exact model of the block's rows, or the best found."""
        # What does not pay by itself never pays beside others.
        options = self.packing.options_in[block][costs < 0].tolist()
        paid = dict(zip(options, costs[costs < 0].tolist(), strict=True))
        model = PackingModel(self.packing, options)
        taken = [model.taken[option] for option in options]
        model.model.minimize(cp_model.LinearExpr.weighted_sum(taken, [*paid.values()]))
        found = search(model, budget, self.effort, workers=1, is_brief=True, is_linear=True)
        budget.charge(found.work)
        least = sum(paid.values())
        bound = least if found.bound is None else max(found.bound, least)
        plan = found.plan or {}
        picks = tuple(plan[request] for request in sorted(plan))
        value = sum(paid[pick.option] for pick in picks)
        return Offer(Round(block, picks), value, min(bound, value))


def _with_item(best: Ints, amount: int, cost: int) -> Ints:
    """Return a knapsack's best gains, by what it may use, once one more item may be taken."""
    wider = best.copy()
    wider[amount:] = np.maximum(best[amount:], best[: len(best) - amount] - cost)
    return wider

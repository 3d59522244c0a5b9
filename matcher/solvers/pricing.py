"""The best options that one block could take at given prices: by knapsack, list or exact model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.carer import Carer
from matcher.solvers.model import PackingModel, model_of
from matcher.solvers.packing import Ints, Packing, Pick
from matcher.solvers.search import Budget, Effort, search

LARGEST_TABLE = 10_000_000
"""Options times capacity up to which a block of one row is priced by dynamic programming."""

NEVER = 1 << 60
"""Stands in arrays for an option that can never be taken; never leaves them."""
CLOSED = 1 << 54
"""Cost of options that must not be taken: more than all others together could bring in."""
SHORT_SHARE = 0.3
"""Share of what is left of a block's time for its exact model."""
LISTING_WORK = 1e-7
"""Solver work units counted for each round of a block that is listed or looked through."""

NO_ROWS = np.array([], np.int64)
MOST_KNOWN = 50
"""Rounds of a block, the latest, among which one is looked for to start from."""


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
    _found: dict[int, list[Round]] = field(default_factory=lambda: defaultdict(list))
    _carers: dict[int, Carer | None] = field(default_factory=dict)
    _knapsacks: dict[int, bool] = field(default_factory=dict)

    def is_quick(self, block: int) -> bool:
        """Say whether the best round of a block is looked up rather than searched for."""
        return self.is_knapsack(block) or self.carer(block) is not None

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
        carer, details = self.carer(block), self.packing.details
        if carer is None or details is None:
            return self._searched(block, weights, costs, budget)
        listed = self._listed(block, carer, costs, budget)
        if not weights @ details.most_extra:
            return listed
        # Details count: the list only says what no round can beat.
        offer = self._searched(block, weights, costs, budget)
        return replace(offer, bound=max(offer.bound, listed.bound))

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

    # -- lists -----------------------------------------------------------------------------

    def carer(self, block: int) -> Carer | None:
        """Return the carer of a block whose rounds are listed, if there is one."""
        if block not in self._carers:
            details = self.packing.details
            self._carers[block] = details.carer(self.packing, block) if details else None
        return self._carers[block]

    def _listed(self, block: int, carer: Carer, costs: Ints, budget: Budget) -> Offer:
        """Return the best round of a list, whatever its details come to."""
        value, chosen = carer.catalogue.cheapest(costs)
        budget.charge(LISTING_WORK * carer.catalogue.size)
        return Offer(Round(block, carer.picks(chosen)), value, value)

    def whole(
        self, block: int, options: Sequence[int], aim: Ints, budget: Budget
    ) -> tuple[Pick, ...] | None:
        """Return options of a block, all of them, with the details best by an aim, if there are.

        Parameters
        ----------
        block
            The block.
        options
            Its options, which its rows let in together.
        aim
            Weight of each stage, [stages].
        budget
            Time for this.
        """
        carer = self.carer(block)
        if carer is not None:
            places = np.searchsorted(carer.options, np.sort(np.array(options))).tolist()
            picks = carer.picks(places)
            if not aim @ self.packing.extra_of(picks) or budget.spent:
                return picks
        costs = (aim @ self.packing.costs[:, options]).tolist()
        paid = dict(zip(options, costs, strict=True))
        offer = self._with_details(block, [*options], aim, paid, budget)
        if offer is not None:
            return offer.round.picks
        return None if carer is None else picks

    def most_of(self, block: int, worth: Mapping[int, int], budget: Budget) -> tuple[Pick, ...]:
        """Return those options of a block with details that are worth most together.

        Parameters
        ----------
        block
            The block.
        worth
            What each of some options is worth, at least 1.
        budget
            Time for this.
        """
        details = self.packing.details
        options = sorted(worth, key=lambda option: (-worth[option], option))
        fitted = details.fit(self.packing, options) if details else []
        model = model_of(self.packing, options)
        taken = [model.taken[option] for option in options]
        model.model.maximize(
            cp_model.LinearExpr.weighted_sum(taken, [worth[option] for option in options])
        )
        model.hint({int(self.packing.request[pick.option]): pick for pick in fitted})
        found = search(model, budget, self.effort, workers=1, is_brief=True)
        budget.charge(found.work)
        picks = fitted if found.plan is None else found.plan.values()
        return tuple(sorted(picks, key=lambda pick: int(self.packing.request[pick.option])))

    # -- models ----------------------------------------------------------------------------

    def _searched(self, block: int, weights: Ints, costs: Ints, budget: Budget) -> Offer:
        """Return the best round by the rows, with details if they let it; else by both.

        The rows are all but exact: what they take for the best has details more often than not.
        """
        # What does not pay by itself never pays beside others.
        options = self.packing.options_in[block][costs < 0].tolist()
        paid = dict(zip(options, costs[costs < 0].tolist(), strict=True))
        loose = self._solve(PackingModel(self.packing, options), block, weights, paid, budget)
        details = self.packing.details
        if details is None:
            return loose
        if not weights @ details.most_extra:
            chosen = [pick.option for pick in loose.round.picks]
            timed = self._with_details(block, chosen, weights, paid, budget.share(SHORT_SHARE))
            if timed is not None:
                return Offer(timed.round, timed.value, min(loose.bound, timed.value))
        model = model_of(self.packing, options)
        model.hint({int(self.packing.request[p.option]): p for p in self._known(block, paid)})
        offer = self._solve(model, block, weights, paid, budget.share(SHORT_SHARE))
        self._found[block].append(offer.round)
        return Offer(offer.round, offer.value, min(max(offer.bound, loose.bound), offer.value))

    def _known(self, block: int, paid: Mapping[int, int]) -> tuple[Pick, ...]:
        """Return what still pays of the best round that was found for a block."""

        def value(found: Round) -> int:
            return sum(paid.get(pick.option, 0) for pick in found.picks)

        best = min(self._found[block][-MOST_KNOWN:], key=value, default=Round(block, ()))
        return tuple(pick for pick in best.picks if pick.option in paid)

    def _with_details(
        self,
        block: int,
        chosen: list[int],
        weights: Ints,
        paid: Mapping[int, int],
        budget: Budget,
    ) -> Offer | None:
        """Return the round of some options with details, if there are any that fit."""
        if not chosen:
            return Offer(Round(block, ()), 0, 0)
        model = model_of(self.packing, chosen)
        for option in chosen:
            model.model.add(model.taken[option] == 1)
        offer = self._solve(model, block, weights, paid, budget)
        return offer if len(offer.round.picks) == len(chosen) else None

    def _solve(
        self,
        model: PackingModel,
        block: int,
        weights: Ints,
        paid: Mapping[int, int],
        budget: Budget,
    ) -> Offer:
        """Return the best round of a model, or none where none that pays was found.

        ``paid`` is what each option comes to at the prices, before its details.
        """
        options = model.options.tolist()
        own = (weights @ self.packing.costs[:, options]).tolist()
        charges = {o: paid[o] - cost for o, cost in zip(options, own, strict=True)}
        taken = [model.taken[option] for option in options]
        charged = cp_model.LinearExpr.weighted_sum(taken, [charges[option] for option in options])
        model.model.minimize(sum([model.expression(weights), charged]))
        found = search(model, budget, self.effort, workers=1, is_brief=True, is_linear=True)
        budget.charge(found.work)
        least = sum(paid[option] for option in options)
        bound = least if found.bound is None else max(found.bound, least)
        plan = found.plan or {}
        picks = tuple(plan[request] for request in sorted(plan))
        value = int(weights @ self.packing.value_of(picks))
        value += sum(charges[pick.option] for pick in picks)
        return Offer(Round(block, picks), value, min(bound, value))


def _with_item(best: Ints, amount: int, cost: int) -> Ints:
    """Return a knapsack's best gains, by what it may use, once one more item may be taken."""
    wider = best.copy()
    wider[amount:] = np.maximum(best[amount:], best[: len(best) - amount] - cost)
    return wider

"""Rounds: each block proposes what it could take on together, and prices make them agree.

The problem is rewritten with one unknown for each round of each block (Dantzig and Wolfe, 1960).
Its relaxation is far tighter than that of single options, because a round keeps everything that
must hold within its block; and rounds fixed one after another lead to good plans (diving).
"""

from __future__ import annotations

import numpy as np

from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Ints, Lock, Packing, Plan
from matcher.solvers.relaxation.dual_bound import Prices
from matcher.solvers.search.master import Guide, Master, Open, rounds_of
from matcher.solvers.search.pricing import Offer, Pricer

CENTRED = 0.6
"""How far near prices stay with the best known ones; the rest follows the master's."""
WIDTH, WIDENED, NARROWED = 0.2, 1.5, 1.2
"""How far prices may move at first, as a share of what serving a request is worth; by how much
that grows with a better bound, and shrinks without."""
MOST_EACH = 1.0
"""Seconds, or solver work units, for the best round of one block."""
PATIENCE = 20
"""Turns without a better bound after which prices are left as they are."""
WORTHWHILE = 1e-5
"""Share by which a bound has to rise for a turn not to count as one without a better bound."""
LP_WORK = 1e-7
"""Solver work units counted for each entry of a linear problem."""
STEPS = 250
"""Most steps along the subgradient where rounds are found at once."""
SHORTENED, FRUITLESS = 0.6, 8
"""By how much steps are shortened, after so many that did not help."""
PATIENT = 4
"""Times its fair share that a single block may take of what is left, as most take far less."""


class Rounds:
    """Column generation over rounds, with prices that move step by step.

    Parameters
    ----------
    packing, aim, locks
        The problem, of which rows say everything; what is minimised, and what must not get worse.
    prices
        Prices of the relaxation over single options, from which the search for better ones sets
        out.
    pricer
        Finds the best round of a block.
    effort
        Threads, seed and progress.
    """

    def __init__(
        self,
        packing: Packing,
        aim: Ints,
        locks: list[Lock],
        *,
        prices: Prices,
        pricer: Pricer,
        effort: Effort,
    ) -> None:
        self.packing, self.aim, self.effort = packing, aim, effort
        self.master = Master(packing, aim, locks, prices.scale)
        self.guide = Guide(prices.requests, prices.locks, prices.exact)
        self.pricer, self._is_near = pricer, False
        costs = aim @ packing.costs
        self._worth = {
            request: prices.scale * max(int(-costs[options].min()), int(np.ptp(costs[options])), 1)
            for request, options in packing.options_of.items()
        }

    @property
    def bound(self) -> int:
        """The least by which any plan changes the aim."""
        return -(-(self.guide.proved or 0) // self.master.scale)

    def everything(self) -> Open:
        """Return all blocks and requests, nothing fixed."""
        return Open(
            set(self.packing.blocks),
            set(self.packing.requests),
            np.zeros(self.packing.stages, np.int64),
        )

    def learn(self, plan: Plan) -> None:
        """Add the rounds of a plan."""
        for found in rounds_of(self.packing, plan).values():
            self.master.add(found)

    def stopped(self, budget: Budget) -> bool:
        """Say whether there is nothing left to spend, or the run was cancelled."""
        return self.effort.stops(budget)

    # -- prices ----------------------------------------------------------------------------

    def price(self, guide: Guide, open_: Open, budget: Budget) -> tuple[Guide, bool, list[Offer]]:
        """Ask every open block for its best round.

        Returns
        -------
        tuple
            The guide with the bound it proves of what is open, whether any round is new, and the
            offers.
        """
        weights = self.weights(guide)
        charges = {request: guide.requests[request] for request in sorted(open_.requests)}
        fair = min(PATIENT * self.effort.workers / max(len(open_.blocks), 1), 1.0)

        def best(block: int) -> Offer:
            if self.stopped(budget):
                return self.pricer.unasked(block, weights, charges)
            each = budget.share(fair, MOST_EACH)
            return self.pricer.best(block, weights, charges, each)

        # Those to be searched first, so that the others are done beside them.
        blocks = sorted(open_.blocks, key=lambda b: (self.pricer.is_knapsack(b), b))
        offers = self.effort.spread(best, blocks)
        new = [self.master.add(offer.round) for offer in offers]
        proved = sum(offer.bound for offer in offers) - sum(charges.values())
        for price, (lock, most) in zip(guide.locks.tolist(), self.master.locks, strict=True):
            proved -= price * (most - int(lock @ open_.spent))
        return Guide(guide.requests, guide.locks, proved), any(new), offers

    def generate(self, open_: Open, budget: Budget, turns: int | None = None) -> None:
        """Look for prices with a better bound, and for rounds that go together at them.

        Prices far from the best are looked for in a box around the best known, which moves with
        them and shrinks when nothing better lies inside; near ones between the best known and
        the master's. Ends when no block has a better round, when the bound has not risen for
        some turns, or after a number of turns.

        References
        ----------
        Marsten, R. E., Hogan, W. W. and Blankenship, J. W. (1975). The boxstep method for
        large-scale optimization. Operations Research 23(3), 389-405. Wentges, P. (1997).
        Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming. International
        Transactions in Operational Research 4(2), 151-162.
        """
        now = self.guide
        centre = Guide({r: now.requests[r] for r in open_.requests}, now.locks)
        best, _, _ = self.price(centre, open_, budget)
        fruitless, turn, width = 0, 1, WIDTH
        while not self.stopped(budget) and fruitless < PATIENCE and turn != turns:
            box = None if self._is_near else self._box(best, width)
            target = self.master.solve(open_, box, budget.seconds_left()).guide
            budget.charge(LP_WORK * self.master.size)
            tried, new, _ = self.price(
                _between(best, target) if self._is_near else target, open_, budget
            )
            rise = (tried.proved or 0) - (best.proved or 0)
            if rise > 0:
                is_much = rise >= abs(best.proved or 0) * WORTHWHILE
                best, width = tried, width * WIDENED
                fruitless = 0 if is_much else fruitless + 1
            else:
                fruitless, width = fruitless + 1, width / NARROWED
                if not new and (not self._is_near or not self.price(target, open_, budget)[1]):
                    break
            turn += 1
        self._keep(best, open_)
        self._is_near = True

    def _box(self, centre: Guide, width: float) -> dict[int, tuple[int, int]]:
        """Return the least and the most that each price may be."""
        box = {}
        for request, price in centre.requests.items():
            worth = self._worth[request]
            box[request] = (max(round(price - width * worth), 0), round(price + width * worth))
        return box

    def _keep(self, best: Guide, open_: Open) -> None:
        """Remember prices; their bound only where it is of the whole problem."""
        whole = len(open_.requests) == len(self.packing.requests) and not open_.plan
        requests = {**self.guide.requests, **best.requests}
        proved = self.guide.proved
        if whole and (best.proved or 0) > (proved or 0):
            self.guide = Guide(requests, best.locks, best.proved)

    def climb(self, reach: float, budget: Budget) -> None:
        """Raise the bound along subgradients, for problems whose rounds are found at once.

        Parameters
        ----------
        reach
            How far the best bound may lie above the first, in fractions: an estimate.
        budget
            Time for this.

        References
        ----------
        Polyak, B. T. (1969). Minimization of unsmooth functionals. USSR Computational
        Mathematics and Mathematical Physics 9(3), 14-29: the length of steps.
        """
        open_ = self.everything()
        requests = np.array(self.packing.requests)
        here = np.array([self.guide.requests[r] for r in requests.tolist()], np.float64)
        best, best_prices, length, fruitless = self.guide.proved or 0, here, 1.0, 0
        for _ in range(STEPS):
            if self.stopped(budget) or length < 1e-3:
                break
            prices = np.rint(here).astype(np.int64).tolist()
            charges = dict(zip(requests.tolist(), prices, strict=True))
            guide = Guide(charges, self.guide.locks)
            told, _, offers = self.price(guide, open_, budget)
            proved = told.proved or 0
            if proved > best:
                best, best_prices, fruitless = proved, here, 0
                self.guide = told
            else:
                fruitless += 1
            if fruitless >= FRUITLESS:
                here, length, fruitless = best_prices, length * SHORTENED, 0
                continue
            served = np.zeros(len(requests))
            picked = [self.packing.request[p.option] for o in offers for p in o.round.picks]
            np.add.at(served, np.searchsorted(requests, picked), 1)
            slope = served - 1
            slope[(here <= 0) & (slope < 0)] = 0
            square = float(slope @ slope)
            if not square:
                break
            step = length * (reach + best - proved) / square
            here = np.maximum(here + step * slope, 0)
        self._is_near = True

    def weights(self, guide: Guide) -> Ints:
        """Return the weight of each stage at some prices, in fractions, [stages]."""
        weights = self.aim * self.master.scale
        for price, (lock, _) in zip(guide.locks.tolist(), self.master.locks, strict=True):
            weights = weights + price * lock
        return np.asarray(weights, np.int64)


def _between(best: Guide, target: Guide) -> Guide:
    """Return prices between the best known and the master's."""

    def mixed(one: int, other: int) -> int:
        return round(CENTRED * one + (1 - CENTRED) * other)

    requests = {r: mixed(best.requests[r], price) for r, price in target.requests.items()}
    locks = np.rint(CENTRED * best.locks + (1 - CENTRED) * target.locks)
    return Guide(requests, locks.astype(np.int64))

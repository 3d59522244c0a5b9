"""Rounds: each block proposes what it could take on together, and prices make them agree.

The problem is rewritten with one unknown for each round of each block (Dantzig and Wolfe, 1960).
Its relaxation is far tighter than that of single options, because a round keeps everything that
must hold within its block; and rounds fixed one after another lead to good plans (diving).
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from random import Random
from time import monotonic

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.bound import Prices
from matcher.solvers.master import Guide, Lock, Master, Open, rounds_of
from matcher.solvers.model import model_of
from matcher.solvers.packing import Ints, Packing, Pick, Plan
from matcher.solvers.pricing import Offer, Pricer
from matcher.solvers.search import Budget, Effort, search, solve_plainly

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
YIELDING = 0.9
"""Share of its price for which a request is taken on when blocks settle one after another."""
DIVE_SHARE = 0.7
"""Of a dive's time, the share for pricing between fixings."""
DIVE_TURNS = 8
"""Turns of pricing between two fixings of a dive."""
LAST_BLOCKS = 5
"""Blocks that are left to the exact model at the end of a dive."""
FANNED = 4
"""Rounds among which a dive by chance chooses."""
SURE = 0.9
"""Shares of rounds from which on they are fixed together."""


class Rounds:
    """Column generation over rounds, with prices that move step by step.

    Parameters
    ----------
    packing, aim, locks
        The problem, what is minimised, and what must not get worse.
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
        self._pricer, self._is_near = pricer, False
        self._elsewhere: int | None = None
        costs = aim @ packing.costs
        self._worth = {
            request: prices.scale * max(int(-costs[options].min()), int(np.ptp(costs[options])), 1)
            for request, options in packing.options_of.items()
        }

    @property
    def bound(self) -> int:
        """The least by which any plan changes the aim."""
        own = -(-(self.guide.proved or 0) // self.master.scale)
        return own if self._elsewhere is None else max(own, self._elsewhere)

    def raise_to(self, bound: int) -> None:
        """Take note of a bound that was proved elsewhere: the guide's prices do not prove it."""
        self._elsewhere = max(bound, self.bound)

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
        weights = self._weights(guide)
        charges = {request: guide.requests[request] for request in sorted(open_.requests)}

        fair = min(PATIENT * self.effort.workers / max(len(open_.blocks), 1), 1.0)

        def best(block: int) -> Offer:
            if self.stopped(budget):
                return self._pricer.unasked(block, weights, charges)
            each = budget.share(fair, MOST_EACH)
            return self._pricer.best(block, weights, charges, each)

        # Those to be searched first, so that the others are done beside them.
        blocks = sorted(open_.blocks, key=lambda b: (self._pricer.is_quick(b), b))
        if self.effort.workers == 1:
            offers = [best(block) for block in blocks]
        else:
            with ThreadPoolExecutor(self.effort.workers) as threads:
                offers = list(threads.map(best, blocks))
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
        centre = Guide({r: self.guide.requests[r] for r in open_.requests}, self.guide.locks)
        best, _, _ = self.price(centre, open_, budget)
        fruitless, turn, width = 0, 1, WIDTH
        while not self.stopped(budget) and fruitless < PATIENCE and turn != turns:
            box = None if self._is_near else self._box(best, width)
            target, _ = self.master.solve(open_, box, budget.seconds_left())
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
                if not new and not self.price(target, open_, budget)[1]:
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
            guide = Guide(dict(zip(requests.tolist(), prices, strict=True)), self.guide.locks)
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

    # -- plans -----------------------------------------------------------------------------

    def settle(self, budget: Budget, open_: Open | None = None) -> dict[int, Pick]:
        """Return a plan: blocks one after another take their best round at the prices known."""
        open_ = open_ or self.everything()
        weights = self._weights(self.guide)
        requests = {r: int(YIELDING * price) for r, price in self.guide.requests.items()}
        for block in sorted(open_.blocks):
            if self.stopped(budget):
                break
            charges = {request: requests[request] for request in sorted(open_.requests)}
            each = budget.share(1 / len(open_.blocks), MOST_EACH)
            offer = self._pricer.best(block, weights, charges, each)
            open_.fix(self.packing, offer.round)
        return open_.plan

    def _weights(self, guide: Guide) -> Ints:
        """Return the weight of each stage at some prices, in fractions, [stages]."""
        weights = self.aim * self.master.scale
        for price, (lock, _) in zip(guide.locks.tolist(), self.master.locks, strict=True):
            weights = weights + price * lock
        return np.asarray(weights, np.int64)

    def combine(self, plan: Plan, budget: Budget) -> dict[int, Pick]:
        """Return the best plan made of known rounds, or the given one where none is better."""
        self.learn(plan)
        model, taken = cp_model.CpModel(), []
        users: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        now = {found.picks for found in rounds_of(self.packing, plan).values()}
        for block, known in sorted(self.master.rounds.items()):
            here: list[cp_model.IntVar] = []
            for picks, value in known.items():
                variable = model.new_bool_var(f"round_{block}_{len(here)}")
                model.add_hint(variable, picks in now)
                here.append(variable)
                taken.append((variable, picks, value))
                for pick in picks:
                    users[int(self.packing.request[pick.option])].append(variable)
            model.add_at_most_one(here)
        for request in sorted(users):
            model.add_at_most_one(users[request])
        variables = [variable for variable, _, _ in taken]
        for lock, most in self.master.locks:
            changes = [int(lock @ value) for _, _, value in taken]
            model.add(cp_model.LinearExpr.weighted_sum(variables, changes) <= most)
        costs = [int(self.aim @ value) for _, _, value in taken]
        model.minimize(cp_model.LinearExpr.weighted_sum(variables, costs))
        chosen = solve_plainly(model, variables, budget, self.effort)
        if chosen is None:
            return dict(plan)
        combined = {
            int(self.packing.request[pick.option]): pick
            for (_, picks, _), is_taken in zip(taken, chosen, strict=True)
            if is_taken
            for pick in picks
        }
        change = [int(self.aim @ self.packing.value_of(p.values())) for p in (combined, plan)]
        return combined if change[0] < change[1] else dict(plan)

    def dive(self, budget: Budget, seed: int = 0) -> dict[int, Pick]:
        """Return a plan: rounds are fixed one after another, prices adapt, the exact model ends.

        Parameters
        ----------
        budget
            Time for this; what is open when it is spent settles at the prices known.
        seed
            0 follows the largest shares, any other number a chance way near them.

        References
        ----------
        Sadykov, R., Vanderbeck, F., Pessoa, A., Tahiri, I. and Uchoa, E. (2019). Primal
        heuristics for branch and price: the assets of diving methods. INFORMS Journal on
        Computing 31(2), 251-267.
        """
        open_, random, turns = self.everything(), Random(seed), DIVE_TURNS
        together = max(len(open_.blocks) // 20, 1)
        while len(open_.blocks) > LAST_BLOCKS and open_.requests and not self.stopped(budget):
            _, shares = self.master.solve(open_, None, budget.seconds_left())
            budget.charge(LP_WORK * self.master.size)
            if not shares:
                break
            # The first dive follows the largest share, later ones a large one.
            lead = 0 if not seed else random.randrange(min(len(shares), FANNED))
            for number, (share, found) in enumerate(shares[: max(together, lead + 1)]):
                requests = {int(self.packing.request[p.option]) for p in found.picks}
                is_open = found.block in open_.blocks and requests <= open_.requests
                if is_open and (number == lead or share > SURE):
                    open_.fix(self.packing, found)
            began = monotonic()
            self.generate(open_, budget, turns)
            turns = self._affordable(budget, open_, (monotonic() - began) / turns)
        return self._finished(open_, budget)

    def _affordable(self, budget: Budget, open_: Open, pace: float) -> int:
        """Return how many turns of pricing there is time for at each fixing still to come."""
        left = budget.seconds_left()
        if left is None:
            return DIVE_TURNS
        each = left * DIVE_SHARE / max(len(open_.blocks), 1)
        return int(min(max(each / max(pace, 1e-6), 1), DIVE_TURNS))

    def _finished(self, open_: Open, budget: Budget) -> dict[int, Pick]:
        """Return a dive's plan with what it left open decided by the exact model."""
        options = [
            option
            for block in sorted(open_.blocks)
            for option in self.packing.options_in[block].tolist()
            if int(self.packing.request[option]) in open_.requests
        ]
        if self.stopped(budget):
            brief = Budget(1.0, None) if self.effort.limits.seconds else Budget(None, 0.1)
            return self.settle(brief, open_)
        if not options:
            return open_.plan
        model = model_of(self.packing, options)
        for lock, most in self.master.locks:
            model.forbid_worse(lock, most - int(lock @ open_.spent))
        model.model.minimize(model.expression(self.aim))
        found = search(model, budget.share(0.5), self.effort)
        budget.charge(found.work)
        return open_.plan | (found.plan or {})


def _between(best: Guide, target: Guide) -> Guide:
    """Return prices between the best known and the master's."""

    def mixed(one: int, other: int) -> int:
        return round(CENTRED * one + (1 - CENTRED) * other)

    requests = {r: mixed(best.requests[r], price) for r, price in target.requests.items()}
    locks = np.rint(CENTRED * best.locks + (1 - CENTRED) * target.locks).astype(np.int64)
    return Guide(requests, locks)

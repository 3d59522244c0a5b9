"""Plans made of rounds: settled one after another, combined, or dived into."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from time import monotonic

from ortools.sat.python import cp_model

from matcher.solvers.exact.cp_sat import Budget, search, solve_plainly
from matcher.solvers.exact.subproblem import Subproblem
from matcher.solvers.instance.assignment import Pick, Plan
from matcher.solvers.search.master import Open, Relaxed, rounds_of
from matcher.solvers.search.rounds import LP_WORK, MOST_EACH, Rounds

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
STEPS = 20
"""Fixings that a dive takes about."""
SURE = 0.9
"""Share of a round from which on it is fixed together with others."""
EXACT_SHARE = 0.5
"""Of the time left, the share for the exact model at the end of a dive."""


class Plans:
    """Plans made of the rounds that are known.

    Parameters
    ----------
    rounds
        The rounds, and prices that make them agree.
    """

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self.packing, self.aim, self.effort = rounds.packing, rounds.aim, rounds.effort

    def settle(self, budget: Budget, open_: Open | None = None) -> dict[int, Pick]:
        """Return a plan: blocks one after another take their best round at the prices known."""
        open_ = open_ or self.rounds.everything()
        weights = self.rounds.weights(self.rounds.guide)
        requests = {r: int(YIELDING * price) for r, price in self.rounds.guide.requests.items()}
        for block in sorted(open_.blocks):
            if self.rounds.stopped(budget):
                break
            charges = {request: requests[request] for request in sorted(open_.requests)}
            each = budget.share(1 / len(open_.blocks), MOST_EACH)
            offer = self.rounds.pricer.best(block, weights, charges, each)
            open_.fix(self.packing, offer.round)
        return open_.plan

    def combine(self, plan: Plan, budget: Budget) -> dict[int, Pick]:
        """Return the best plan made of known rounds, or the given one where none is better."""
        self.rounds.learn(plan)
        model, taken = cp_model.CpModel(), []
        users: dict[int, list[cp_model.IntVar]] = defaultdict(list)
        now = {found.picks for found in rounds_of(self.packing, plan).values()}
        for block, known in sorted(self.rounds.master.rounds.items()):
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
        for lock, most in self.rounds.master.locks:
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
        return combined if self._change(combined) < self._change(plan) else dict(plan)

    def dive(self, budget: Budget, seed: int = 0) -> dict[int, Pick]:
        """Return a plan: rounds are fixed one after another, and what is left is decided whole.

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
        open_, random, turns = self.rounds.everything(), Random(seed), DIVE_TURNS
        together = max(len(open_.blocks) // STEPS, 1)
        relaxed = self._relaxed(open_, budget)
        while relaxed.shares and self._is_deep(open_) and not self.rounds.stopped(budget):
            # The first dive follows the largest share, later ones a large one.
            lead = 0 if not seed else random.randrange(min(len(relaxed.shares), FANNED))
            for number, (share, found) in enumerate(relaxed.shares[: max(together, lead + 1)]):
                requests = {int(self.packing.request[p.option]) for p in found.picks}
                is_open = found.block in open_.blocks and requests <= open_.requests
                if is_open and (number == lead or share > SURE):
                    open_.fix(self.packing, found)
            # What was fixed is in the way of others: other rounds may go with it better.
            began = monotonic()
            self.rounds.generate(open_, budget, turns)
            turns = self._affordable(budget, open_, (monotonic() - began) / turns)
            relaxed = self._relaxed(open_, budget)
        return self._finished(open_, budget)

    def _relaxed(self, open_: Open, budget: Budget) -> Relaxed:
        budget.charge(LP_WORK * self.rounds.master.size)
        return self.rounds.master.solve(open_, None, budget.seconds_left())

    def _affordable(self, budget: Budget, open_: Open, pace: float) -> int:
        """Return how many turns of pricing there is time for at each fixing still to come."""
        left = budget.seconds_left()
        if left is None:
            return DIVE_TURNS
        each = left * DIVE_SHARE / max(len(open_.blocks), 1)
        return int(min(max(each / max(pace, 1e-6), 1), DIVE_TURNS))

    def _is_deep(self, open_: Open) -> bool:
        """Say whether a dive has blocks left to fix rounds of."""
        return bool(open_.requests) and len(open_.blocks) > LAST_BLOCKS

    def _finished(self, open_: Open, budget: Budget) -> dict[int, Pick]:
        """Return a dive's plan with what it left open decided as a whole."""
        if self.rounds.stopped(budget):
            brief = Budget(1.0, None) if self.effort.limits.seconds else Budget(None, 0.1)
            return self.settle(brief, open_)
        options = [
            option
            for block in sorted(open_.blocks)
            for option in self.packing.options_in[block].tolist()
            if int(self.packing.request[option]) in open_.requests
        ]
        if not options:
            return open_.plan
        locks = [(lock, most - int(lock @ open_.spent)) for lock, most in self.rounds.master.locks]
        problem = Subproblem(self.packing, options, self.aim, locks)
        found = search(problem.model(), budget.share(EXACT_SHARE), self.effort)
        budget.charge(found.work)
        return open_.plan | (found.plan or {})

    def _change(self, plan: Plan) -> int:
        return int(self.aim @ self.packing.value_of(plan.values()))

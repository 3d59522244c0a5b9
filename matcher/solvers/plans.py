"""Plans made of rounds: settled one after another, combined, dived into, or chosen as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from random import Random
from time import monotonic

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.master import Open, Relaxed, rounds_of
from matcher.solvers.model import model_of
from matcher.solvers.packing import Pick, Plan
from matcher.solvers.pricing import Round
from matcher.solvers.rounds import LP_WORK, MOST_EACH, Rounds
from matcher.solvers.search import Budget, search, solve_plainly

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
STEPS, STEPS_LISTED = 20, 6
"""Fixings that a dive takes about; fewer where blocks are listed, as those soon agree."""
LOST = 1e-3
"""By how much a relaxation with loose blocks may get worse before other rounds are looked for."""
SURE, HALF = 0.9, 0.5
"""Shares of rounds from which on they are fixed together; lower where blocks are listed."""
CHOICE_SHARE, EXACT_SHARE = 0.55, 0.5
"""Of the time left, the share for a choice of rounds as a whole, and for exact models after it."""
ATTEMPTS, TIGHTENED = 5, 0.02
"""How often rounds are chosen anew, and by what share rows that promised too much are lowered."""
LEVELS = 1_000
"""Steps from what is worth least to what is worth most, where not all can be served."""
WHOLE_SHARE = 0.2
"""Of the time left, the most for the details of one block."""
LISTED_LAST = 500
"""Listed rounds to choose from at the end of a dive."""


class Plans:
    """Plans made of the rounds that are known or listed.

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
        loose = self.rounds.master.loose.blocks
        together = max(len(open_.blocks - loose) // (STEPS_LISTED if loose else STEPS), 1)
        relaxed = self._relaxed(open_, budget)
        while relaxed.shares and self._is_deep(open_) and not self.rounds.stopped(budget):
            # The first dive follows the largest share, later ones a large one.
            lead = 0 if not seed else random.randrange(min(len(relaxed.shares), FANNED))
            for number, (share, found) in enumerate(relaxed.shares[: max(together, lead + 1)]):
                requests = {int(self.packing.request[p.option]) for p in found.picks}
                is_open = found.block in open_.blocks and requests <= open_.requests
                if is_open and (number == lead or share > (HALF if loose else SURE)):
                    open_.fix(self.packing, found)
            after = self._relaxed(open_, budget) if loose else None
            if after is None or after.value > relaxed.value + LOST:
                # What was fixed is in the way of others: other rounds may go with it better.
                began = monotonic()
                self.rounds.generate(open_, budget, turns)
                turns = self._affordable(budget, open_, (monotonic() - began) / turns)
                after = self._relaxed(open_, budget)
            relaxed = after
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
        loose = self.rounds.master.loose.blocks
        return bool(open_.requests) and len(open_.blocks - loose) > (0 if loose else LAST_BLOCKS)

    def _finished(self, open_: Open, budget: Budget) -> dict[int, Pick]:
        """Return a dive's plan with what it left open decided as a whole."""
        if self.rounds.stopped(budget):
            brief = Budget(1.0, None) if self.effort.limits.seconds else Budget(None, 0.1)
            return self.settle(brief, open_)
        if self.rounds.master.loose.blocks:
            known = self.rounds.master.known(open_)
            listed, _ = self.rounds.listed(open_, LISTED_LAST, 1 << 40)
            chosen, _ = self._selected(open_, [*known, *listed], budget, proves=False)
            return self.settle(budget, open_) if chosen is None else chosen
        return self._exact(open_, open_.blocks, {}, budget.share(EXACT_SHARE))

    # -- as a whole ------------------------------------------------------------------------

    def choose(self, plan: Plan, most: int, budget: Budget) -> dict[int, Pick]:
        """Return the best plan of the listed rounds that cost least at the prices known.

        Whatever holds another round costs more than those, so this proves a bound as well.

        Parameters
        ----------
        plan
            A plan whose rounds may be chosen too; returned where nothing else is found, or rounds
            are not listed.
        most
            How many listed rounds to choose from.
        budget
            Time for this.
        """
        rounds, open_ = self.rounds, self.rounds.everything()
        if not rounds.are_listed:
            return dict(plan)
        listed, beyond = rounds.listed(open_, most, self._change(plan))
        own = rounds_of(self.packing, plan)
        listed += [own[block] for block in sorted(own.keys() - rounds.master.loose.blocks)]
        chosen, bound = self._selected(open_, listed, budget, proves=True)
        if bound is not None:
            rounds.raise_to(min(bound, beyond))
        return dict(plan) if chosen is None else chosen

    def _selected(
        self, open_: Open, listed: Sequence[Round], budget: Budget, *, proves: bool
    ) -> tuple[dict[int, Pick] | None, int | None]:
        """Return the best plan of some rounds with details, and what none of them can beat.

        Loose blocks whose rows promised more than they can hold serve whom they can; then they
        are asked for less.
        """
        tightness: dict[int, float] = {}
        best: dict[int, Pick] | None = None
        bound: int | None = None
        for attempt in range(ATTEMPTS):
            each = budget.share(CHOICE_SHARE)
            selection = self.rounds.master.select(open_, listed, each, tightness, proves)
            bound = selection.bound if attempt == 0 else bound
            if selection.chosen is None:
                break
            filled = open_.copy()
            lacking = self._fill(filled, selection.chosen, budget)
            if not lacking:
                return filled.plan, bound
            plan = self._completed(filled, lacking, budget)
            if best is None or self._change(plan) < self._change(best):
                best = plan
            if self.rounds.stopped(budget) or not _leaves_another(budget, attempt + 1):
                break
            tightness |= {block: tightness.get(block, 0.0) + TIGHTENED for block in lacking}
        return best, bound

    def _fill(
        self, open_: Open, chosen: Mapping[int, Sequence[int]], budget: Budget
    ) -> dict[int, Sequence[int]]:
        """Fix what was chosen, with details; return what of it has none, by block."""

        def whole(block: int) -> tuple[Pick, ...] | None:
            each = budget.share(WHOLE_SHARE, MOST_EACH)
            return self.rounds.pricer.whole(block, chosen[block], self.aim, each)

        blocks = sorted(chosen)
        found = dict(zip(blocks, self.effort.spread(whole, blocks), strict=True))
        for block, picks in found.items():
            if picks is not None:
                open_.fix(self.packing, Round(block, picks))
        return {block: chosen[block] for block, picks in found.items() if picks is None}

    def _completed(
        self, open_: Open, lacking: Mapping[int, Sequence[int]], budget: Budget
    ) -> dict[int, Pick]:
        """Return a plan in which blocks serve whom they can of those chosen, then others too."""

        def most(block: int) -> tuple[Pick, ...]:
            each = budget.share(WHOLE_SHARE, MOST_EACH)
            return self.rounds.pricer.most_of(block, self._worth(lacking[block]), each)

        found = [pick for picks in self.effort.spread(most, sorted(lacking)) for pick in picks]
        held = {int(self.packing.request[pick.option]): pick for pick in found}
        return self._exact(open_, {*lacking}, held, budget.share(EXACT_SHARE, MOST_EACH))

    def _worth(self, options: Sequence[int]) -> dict[int, int]:
        """Return what it is worth to take each of some options: most where a lock needs it."""
        own = np.maximum(-(self.aim @ self.packing.costs[:, options]), 0)
        for lock, _ in self.rounds.master.locks:
            own = own + (lock @ self.packing.costs[:, options] < 0) * (int(own.max()) + 1)
        shares = np.rint(LEVELS * own / max(int(own.max()), 1)).astype(np.int64)
        return dict(zip(options, (1 + shares).tolist(), strict=True))

    def _change(self, plan: Plan) -> int:
        return int(self.aim @ self.packing.value_of(plan.values()))

    def _exact(self, open_: Open, blocks: Set[int], hint: Plan, budget: Budget) -> dict[int, Pick]:
        """Return what is fixed with the best of some blocks for whom is open, by the exact model.

        Parameters
        ----------
        open_
            What is fixed and what is not.
        blocks
            Blocks to plan.
        hint
            A plan of theirs to start from, taken where nothing better is found.
        budget
            Time for this.
        """
        options = [
            option
            for block in sorted(blocks)
            for option in self.packing.options_in[block].tolist()
            if int(self.packing.request[option]) in open_.requests
        ]
        if not options:
            return open_.plan | dict(hint)
        model = model_of(self.packing, options)
        for lock, most in self.rounds.master.locks:
            model.forbid_worse(lock, most - int(lock @ open_.spent))
        model.model.minimize(model.expression(self.aim))
        model.hint(hint)
        found = search(model, budget, self.effort)
        budget.charge(found.work)
        return open_.plan | (dict(hint) if found.plan is None else found.plan)


def _leaves_another(budget: Budget, attempts: int) -> bool:
    """Say whether what is left of a budget is enough for another attempt like those before."""
    left = budget.seconds_left()
    return budget.seconds is None or left is None or left > (budget.seconds - left) / attempts

"""A packing solved stage by stage: what is found, what is proved, and how it was gone about."""

from __future__ import annotations

from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Budget, Effort, search
from matcher.solvers.exact.subproblem import Subproblem
from matcher.solvers.instance.assignment import (
    Ints,
    Packing,
    Plan,
    can_be_weighed,
    first_fit,
    single,
    uncontested,
    weighted,
)
from matcher.solvers.relaxation.dual_bound import Prices
from matcher.solvers.search.incumbent import Solved, State, Told
from matcher.solvers.search.turns import ByChoice, ByRounds

SMALL = 25
"""Requests up to which a part is searched whole at once."""
FIRST_SHARE, LATER_SHARE = 0.9, 0.3
"""Of the time left, the share of the first aim, and of each that follows but the last."""
PROOF_SHARE = 0.3
"""Of all the time left, the most for bounds of an aim's stages one by one, which are soon had."""
BOUNDS_SHARE = 0.08
"""Share of the time kept for bounds of stages that there is no time to search."""
TOPPED = 4
"""Stages from the first before which people are added whom a search left out beside free capacity:
later, that would undo what was bounded by then."""
TOGETHER = 1 << 20
"""Stages are minimised together in any case while their weighted sum cannot exceed this."""
LP_SHARE = 0.2
"""Of an aim's time, the most that its linear relaxation may take."""


def untold(plan: Plan, bounds: object) -> None:
    """Tell nobody."""


class StageSolver:
    """Solves one packing by its ordered stages, choosing the means by its size.

    Parameters
    ----------
    packing
        The problem.
    effort
        Limits, seed and progress.
    told
        Told of better plans and bounds.
    """

    def __init__(self, packing: Packing, effort: Effort, told: Told = untold) -> None:
        self.packing, self.effort, self._told = packing, effort, told
        self.is_small = len(packing.requests) <= SMALL or len(packing.blocks) == 1

    def solve(self, start: Plan, budget: Budget) -> Solved:
        """Return the best plan by the ordered stages.

        Aim by aim: minimise, then lock the value of each stage, so that no later stage can undo
        an earlier one. What is not proved by then is bounded stage by stage.

        Parameters
        ----------
        start
            A plan to start from.
        budget
            Time for the whole.
        """
        state = State(self.packing, self.effort, self._fuller(start), self._told)
        first, whole = 0, budget
        budget = whole.share(1 - BOUNDS_SHARE)
        while first < self.packing.stages and not state.stopped(budget):
            share = FIRST_SHARE if first == 0 else LATER_SHARE
            stages, prices = self._next_aim(state, first, budget.share(LP_SHARE))
            time = budget if stages.stop == self.packing.stages else budget.share(share)
            bound = self._minimise(state, stages, prices, time)
            if first < TOPPED and not self.is_small:
                state.top_up()
            self._prove(state, stages, bound, whole.share(PROOF_SHARE))
            state.tell()
            change = self.packing.value_of(state.plan.values())
            for stage in stages:
                state.lock(single(self.packing, stage), int(change[stage]))
            first = stages.stop
        self._bound_rest(state, first, whole)
        return state.solved

    def _bound_rest(self, state: State, first: int, budget: Budget) -> None:
        """Bound the stages that there was no time to search, by their relaxations alone."""
        values, bounds = state.values, state.solved.bounds
        change = self.packing.value_of(state.plan.values())
        for stage in range(first, self.packing.stages):
            if bounds[stage] < values[stage] and not self.effort.progress.cancelled:
                prices = state.relaxation.prices(single(self.packing, stage), budget.seconds_left())
                reached = int(self.packing.without[stage]) + prices.bound
                bounds[stage] = max(bounds[stage], min(reached, values[stage]))
            state.lock(single(self.packing, stage), int(change[stage]))
        state.tell()

    def _fuller(self, start: Plan) -> Plan:
        """Return the start with whom the rows let in besides, where they say everything."""
        if self.packing.details is not None or not self.packing.stages:
            return start
        stages = range(self.packing.stages)
        while len(stages) > 1 and not can_be_weighed(self.packing, stages):
            stages = stages[:-1]
        return first_fit(self.packing, start, weighted(self.packing, stages))

    def _next_aim(self, state: State, first: int, budget: Budget) -> tuple[range, Prices]:
        """Return the stages to minimise together, and prices under their weighted sum.

        Stages in which by the relaxation nobody has to give way are taken together with the
        first one in which somebody has to, and with those that weigh little beside it.
        """
        last, relaxation, kept = first, state.relaxation, len(state.locks)
        while True:
            prices = relaxation.prices(single(self.packing, last), budget.seconds_left())
            everyone = uncontested(self.packing, last)
            is_last = last + 1 == self.packing.stages
            if prices.bound > everyone or not prices.solved or is_last:
                break
            if not can_be_weighed(self.packing, range(first, last + 2)):
                break
            # Whether anybody has to give way is asked where nobody does in the stages before.
            state.lock(single(self.packing, last), everyone)
            last += 1
        state.unlock(kept)
        while last + 1 < self.packing.stages:
            if not can_be_weighed(self.packing, range(first, last + 2), TOGETHER):
                break
            last += 1
        stages = range(first, last + 1)
        if len(stages) > 1:
            aim = weighted(self.packing, stages)
            prices = relaxation.prices(aim, budget.seconds_left())
        return stages, prices

    def _minimise(self, state: State, stages: range, prices: Prices, budget: Budget) -> int:
        """Improve the plan in one aim; return the least by which any plan changes it."""
        aim, bound = weighted(self.packing, stages), prices.bound
        if state.change(state.plan, aim) > bound and not state.stopped(budget):
            if self.is_small:
                bound = self._whole(state, aim, bound, budget)
            else:
                kind = ByRounds if self.packing.details is None else ByChoice
                bound = kind(state, stages, prices).run(budget)
        return max(bound, prices.bound)

    def _whole(self, state: State, aim: Ints, floor: int, budget: Budget) -> int:
        """Search all options at once; return the bound reached."""
        options = range(len(self.packing))
        problem = Subproblem(self.packing, options, aim, state.locks, state.plan, floor)
        found = search(problem.model(), budget, self.effort)
        budget.charge(found.work)
        state.did("whole")
        state.take(found.plan, aim)
        return floor if found.bound is None else found.bound

    # -- bounds ----------------------------------------------------------------------------

    def _prove(self, state: State, stages: range, bound: int, budget: Budget) -> None:
        """Bound each stage of an aim, given that the stages before it are no worse.

        Parameters
        ----------
        state
            What is known of the run.
        stages
            The stages of the aim.
        bound
            The least by which any plan changes the aim.
        budget
            Time for bounds of single stages.
        """
        aim, values, bounds = weighted(self.packing, stages), state.values, state.solved.bounds
        if state.change(state.plan, aim) <= bound:
            for stage in stages:
                bounds[stage] = values[stage]
            return
        state.raise_first(stages, aim, bound)
        kept = len(state.locks)
        change = self.packing.value_of(state.plan.values())
        for stage in stages:
            if bounds[stage] < values[stage] and not state.stopped(budget):
                turn = budget.share(1 / (stages[-1] + 1 - stage))
                reached = int(self.packing.without[stage]) + self._alone(state, stage, turn)
                bounds[stage] = max(bounds[stage], min(reached, values[stage]))
            state.lock(single(self.packing, stage), int(change[stage]))
        state.unlock(kept)

    def _alone(self, state: State, stage: int, budget: Budget) -> int:
        """Return the least by which any plan that keeps all locks changes one stage."""
        aim = single(self.packing, stage)
        prices = state.relaxation.prices(aim, budget.seconds_left())
        is_met = state.change(state.plan, aim) <= prices.bound
        if self.is_small or self.packing.details is not None or is_met:
            return prices.bound
        rounds = state.rounds(aim, prices)
        guide, _, _ = rounds.price(rounds.guide, rounds.everything(), budget)
        return max(prices.bound, -(-(guide.proved or 0) // prices.scale))


def solve_packing(
    packing: Packing,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    start: Plan | None = None,
    told: Told = untold,
) -> Solved:
    """Return the best plan found for a packing of any origin, with its bounds.

    Parameters
    ----------
    packing
        The problem.
    limits
        When to stop; 60 seconds when not given.
    seed
        The solver's seed.
    progress
        How to cancel.
    start
        A plan to start from; nobody served when not given.
    told
        Told of better plans and bounds.
    """
    limits = limits or Limits()
    effort = Effort(limits, seed, progress or Progress())
    budget = Budget(limits.seconds, limits.deterministic_time)
    return StageSolver(packing, effort, told).solve(start or {}, budget)

"""A packing solved stage by stage: what is found, what is proved, and how it was gone about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from matcher.result import Limits, Progress
from matcher.solvers.bound import Prices, Relaxation
from matcher.solvers.improve import Improvement
from matcher.solvers.master import Lock
from matcher.solvers.model import model_of
from matcher.solvers.packing import (
    Ints,
    Packing,
    Pick,
    Plan,
    can_be_weighed,
    first_fit,
    single,
    uncontested,
    weighted,
)
from matcher.solvers.pricing import Pricer
from matcher.solvers.rounds import Rounds
from matcher.solvers.search import Budget, Effort, search

SMALL = 25
"""Requests up to which a part is searched whole at once."""
WHOLE_FIRST = 2_500
"""Options up to which that is tried early."""
WHOLE_OPTIONS = 6_000
"""Options up to which the whole of a large part is searched once it has been improved."""
FIRST_SHARE, LATER_SHARE = 0.65, 0.25
"""Of the time left, the share of the first aim, and of each that follows but the last."""
SEARCH_SHARE = 0.85
"""Of an aim's time left, the share for finding a plan; the rest is for bounds stage by stage."""
LP_SHARE = 0.2
"""Of an aim's time, the most that its linear relaxation may take."""
SETTLE_SHARE, CLIMB_SHARE = 0.4, 0.2
"""Of an aim's time left, the most for a first plan, and for prices along subgradients."""
SLICES = 4
"""Slices of an aim's time, which finding rounds and planning blocks anew take in turn; dives
take two at once."""
REACH = 0.1
"""Share of the cost of everyone's second choice by which a bound may be hoped to rise."""
IMPROVE_SHARE = 0.7
"""Of an aim's time left, the share for improvement before the whole is searched."""

Told = Callable[[Plan, Sequence[int]], None]
"""Told of every better plan, and of the bounds known, by stage."""


@dataclass
class Solved:
    """The best plan found for a packing, and what no plan can beat at each stage.

    Parameters
    ----------
    plan
        The plan.
    bounds
        For each stage what no plan can beat that is no worse in the stages before.
    how
        What was done, in the order in which it was done.
    """

    plan: dict[int, Pick]
    bounds: list[int]
    how: list[str] = field(default_factory=list)


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

    def __init__(
        self, packing: Packing, effort: Effort, told: Told = lambda plan, bounds: None
    ) -> None:
        self.packing, self.effort = packing, effort
        self.relaxation = Relaxation(packing)
        self.pricer = Pricer(packing, effort)
        self.locks: list[Lock] = []
        self._told = told
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
        bare = [self._without(stage) + self._bare(stage) for stage in range(self.packing.stages)]
        if self.packing.details is None and self.packing.stages:
            everything = range(self.packing.stages)
            while not can_be_weighed(self.packing, everything):
                everything = everything[:-1]
            start = first_fit(self.packing, start, weighted(self.packing, everything))
        solved = Solved(dict(start), bare)
        first = 0
        while first < self.packing.stages and not self._stopped(budget):
            share = FIRST_SHARE if first == 0 else LATER_SHARE
            stages, prices = self._next_aim(first, budget.share(LP_SHARE))
            time = budget if stages.stop == self.packing.stages else budget.share(share)
            self._minimise(solved, stages, prices, time)
            change = self.packing.value_of(solved.plan.values())
            for stage in stages:
                self._lock(single(self.packing, stage), int(change[stage]))
            first = stages.stop
        return solved

    def _next_aim(self, first: int, budget: Budget) -> tuple[range, Prices]:
        """Return the stages to minimise together, and prices under their weighted sum.

        Stages in which by the relaxation nobody has to give way are taken together with the
        first one in which somebody has to.
        """
        last = first
        while True:
            prices = self.relaxation.prices(single(self.packing, last), budget.seconds_left())
            further = range(first, last + 2)
            is_contested = prices.bound > uncontested(self.packing, last)
            is_last = last + 1 == self.packing.stages
            if is_contested or is_last or not can_be_weighed(self.packing, further):
                break
            last += 1
        stages = range(first, last + 1)
        if len(stages) > 1:
            aim = weighted(self.packing, stages)
            prices = self.relaxation.prices(aim, budget.seconds_left())
        return stages, prices

    def _bare(self, stage: int) -> int:
        return self.relaxation.prices(single(self.packing, stage), 0.0).bound

    def _without(self, stage: int) -> int:
        return int(self.packing.without[stage])

    def _lock(self, aim: Ints, most: int) -> None:
        self.locks.append((aim, most))
        self.relaxation.lock(aim, most)

    def _stopped(self, budget: Budget) -> bool:
        return budget.spent or self.effort.progress.cancelled

    def _change(self, plan: Plan, aim: Ints) -> int:
        return int(aim @ self.packing.value_of(plan.values()))

    def _tell(self, solved: Solved) -> None:
        self._told(solved.plan, solved.bounds)

    # -- one aim ---------------------------------------------------------------------------

    def _minimise(self, solved: Solved, stages: range, prices: Prices, budget: Budget) -> None:
        """Improve the plan in one aim, and raise the bounds of its stages."""
        aim = weighted(self.packing, stages)
        bound = prices.bound
        if self._change(solved.plan, aim) > bound and not self._stopped(budget):
            if self.is_small:
                bound = max(bound, self._whole(solved, aim, bound, budget))
            else:
                large = budget.share(SEARCH_SHARE)
                bound = max(bound, self._large(solved, stages, aim, prices, large))
        self._prove(solved, stages, aim, bound, budget)
        self._tell(solved)

    def _whole(self, solved: Solved, aim: Ints, floor: int, budget: Budget) -> int:
        """Search all options at once; return the bound reached."""
        model = model_of(self.packing, range(len(self.packing)))
        for lock, most in self.locks:
            model.forbid_worse(lock, most)
        expression = model.expression(aim)
        model.model.add(expression >= floor)
        model.model.minimize(expression)
        model.hint(solved.plan)
        found = search(model, budget, self.effort)
        budget.charge(found.work)
        solved.how.append("whole")
        self._take(solved, found.plan, aim)
        return floor if found.bound is None else max(found.bound, floor)

    def _take(self, solved: Solved, plan: Plan | None, aim: Ints) -> bool:
        """Keep a plan that is better in the aim, and say whether it is."""
        if plan is None or self._change(plan, aim) >= self._change(solved.plan, aim):
            return False
        if not self._keeps(plan, self.locks):
            return False
        solved.plan = dict(plan)
        self._tell(solved)
        return True

    # -- large parts -----------------------------------------------------------------------

    def _large(
        self, solved: Solved, stages: range, aim: Ints, prices: Prices, budget: Budget
    ) -> int:
        """Improve the plan by rounds and neighbourhoods, then search what may still matter."""
        rounds, steps = self._rounds(aim, prices), [self._neighbourhoods, self._seek_rounds]
        is_whole_tried = len(self.packing) <= WHOLE_FIRST
        self._settle(solved, stages, rounds, budget)
        if self._are_knapsacks:
            rounds.climb(self._reach(prices), budget.share(CLIMB_SHARE))
            solved.how.append("subgradients")
            steps.reverse()
        search, turn = budget.share(IMPROVE_SHARE), 0
        slice_ = search.share(2 / SLICES if self._are_knapsacks else 1 / SLICES)
        while not self._stopped(search) and not self._done(solved, aim, rounds.bound):
            step = search.share(1.0, slice_.seconds if search.work is None else slice_.work)
            if is_whole_tried and turn == len(steps):
                rounds.raise_to(self._core(solved, stages, rounds, prices, step))
                is_whole_tried = False
                continue
            steps[turn % 2](solved, stages, rounds, step, turn // 2)
            self._raise_first(solved, stages, aim, rounds.bound)
            turn += 1
        if self._done(solved, aim, rounds.bound) or self._stopped(budget):
            return rounds.bound
        return max(rounds.bound, self._core(solved, stages, rounds, prices, budget))

    def _settle(self, solved: Solved, stages: range, rounds: Rounds, budget: Budget) -> None:
        """Look for a plan by letting blocks settle at the prices known.

        A plan that serves more requests is worth improving even where it fails a weightier
        stage: neighbourhoods soon mend that.
        """
        plan = rounds.settle(budget.share(SETTLE_SHARE))
        solved.how.append("settling")
        if self._take(solved, plan, rounds.aim) or len(plan) <= len(solved.plan):
            return
        if self._keeps(plan, self.locks):
            improvement = Improvement(self.packing, rounds.aim, self.locks, effort=self.effort)
            plan = improvement.run(plan, budget.share(SETTLE_SHARE), turn=-1)
            self._take(solved, plan, rounds.aim)

    def _neighbourhoods(
        self, solved: Solved, stages: range, rounds: Rounds, budget: Budget, turn: int
    ) -> None:
        """Improve the plan by planning a few blocks anew at a time."""
        locks, rest = self._focused(solved, stages, rounds.aim, rounds.bound)

        def told(plan: Plan) -> None:
            self._take(solved, plan, rounds.aim)

        improvement = Improvement(
            self.packing,
            rest,
            locks,
            effort=self.effort,
            told=told,
        )
        improvement.run(solved.plan, budget, turn=turn)
        solved.how.append("neighbourhoods")

    def _seek_rounds(
        self, solved: Solved, stages: range, rounds: Rounds, budget: Budget, turn: int
    ) -> None:
        """Raise the bound by prices of rounds, and look for plans among them."""
        aim = rounds.aim
        rounds.learn(solved.plan)
        if turn == 0 or not self._are_knapsacks:
            rounds.generate(rounds.everything(), budget.share(0.7))
            solved.how.append("rounds")
        if self._are_knapsacks and not self._stopped(budget):
            plan = rounds.dive(budget, seed=turn)
            solved.how.append("dive")
            rounds.learn(plan)
            self._take(solved, plan, aim)
        if not self._stopped(budget):
            self._take(solved, rounds.combine(solved.plan, budget), aim)

    @cached_property
    def _are_knapsacks(self) -> bool:
        return all(self.pricer.is_knapsack(block) for block in self.packing.blocks)

    def _rounds(self, aim: Ints, prices: Prices) -> Rounds:
        return Rounds(
            self.packing, aim, self.locks, prices=prices, pricer=self.pricer, effort=self.effort
        )

    def _reach(self, prices: Prices) -> float:
        """Return a guess of how far the bound can rise: by a share of all second choices."""
        several = [options for options in self.packing.options_of.values() if len(options) > 1]
        seconds = [float(np.partition(prices.reduced[options], 1)[1]) for options in several]
        return REACH * sum(seconds) + prices.scale

    def _focused(
        self, solved: Solved, stages: range, aim: Ints, bound: int
    ) -> tuple[list[Lock], Ints]:
        """Return locks on the stages of an aim that are proved, and the aim of the others."""
        self._raise_first(solved, stages, aim, bound)
        locks, rest = list(self.locks), aim.copy()
        change = self.packing.value_of(solved.plan.values())
        values = self.packing.values(solved.plan)
        for stage in stages[:-1]:
            if solved.bounds[stage] < values[stage]:
                break
            locks.append((single(self.packing, stage), int(change[stage])))
            rest[stage] = 0
        return locks, rest

    def _keeps(self, plan: Plan, locks: list[Lock]) -> bool:
        change = self.packing.value_of(plan.values())
        return all(int(lock @ change) <= most for lock, most in locks)

    def _done(self, solved: Solved, aim: Ints, bound: int) -> bool:
        """Say whether the gap is closed, or as small as the run's limits ask for."""
        value, gap = self._change(solved.plan, aim), self.effort.limits.gap
        if value <= bound:
            return True
        whole = int(aim @ self.packing.without)
        return gap is not None and value - bound <= gap * max(abs(whole + value), 1)

    def _core(
        self, solved: Solved, stages: range, rounds: Rounds, prices: Prices, budget: Budget
    ) -> int:
        """Search, among options that a better plan could hold, for one; return the bound."""
        aim = rounds.aim
        value = self._change(solved.plan, aim)
        could_help = self._could_help(value, rounds, prices)
        if not could_help.any():
            return value
        could_help[[pick.option for pick in solved.plan.values()]] = True
        options = np.flatnonzero(could_help)
        if len(options) > WHOLE_OPTIONS:
            return rounds.bound
        locks, rest = self._focused(solved, stages, aim, rounds.bound)
        fixed = value - self._change(solved.plan, rest)
        model = model_of(self.packing, options.tolist())
        for lock, most in locks:
            model.forbid_worse(lock, most)
        expression = model.expression(rest)
        model.model.minimize(expression)
        model.hint(solved.plan)
        found = search(model, budget, self.effort)
        budget.charge(found.work)
        solved.how.append("core")
        self._take(solved, found.plan, aim)
        if found.proved:
            return self._change(solved.plan, aim)
        return rounds.bound if found.bound is None else max(found.bound + fixed, rounds.bound)

    def _could_help(self, value: int, rounds: Rounds, prices: Prices) -> np.ndarray:
        """Return which options a plan better than a value could hold, [options].

        Each option taken adds at least its reduced cost to the bound (variable fixing).
        """
        room = (value - 1) * prices.scale - prices.exact
        could = prices.reduced <= room
        proved = rounds.guide.proved
        if proved is not None and not self.locks:
            room = (value - 1) * prices.scale - proved
            weights = rounds.aim * prices.scale
            for block in self.packing.blocks:
                if self.pricer.is_knapsack(block):
                    dearer = self.pricer.forced(block, weights, rounds.guide.requests)
                    could[self.packing.options_in[block]] &= dearer <= room
        return np.asarray(could, np.bool_)

    # -- bounds ----------------------------------------------------------------------------

    def _raise_first(self, solved: Solved, stages: range, aim: Ints, bound: int) -> None:
        """Raise bounds by what is proved of the aim: exact up to the first stage not met."""
        left = bound + int(aim @ self.packing.without)
        values = self.packing.values(solved.plan)
        for stage in stages:
            reached = left // int(aim[stage])
            solved.bounds[stage] = max(solved.bounds[stage], min(reached, values[stage]))
            if reached < values[stage]:
                break
            left -= values[stage] * int(aim[stage])
        self._tell(solved)

    def _prove(self, solved: Solved, stages: range, aim: Ints, bound: int, budget: Budget) -> None:
        """Bound each stage of an aim, given that the stages before it are no worse."""
        values = self.packing.values(solved.plan)
        if self._change(solved.plan, aim) <= bound:
            for stage in stages:
                solved.bounds[stage] = values[stage]
            return
        self._raise_first(solved, stages, aim, bound)
        kept = len(self.locks)
        change = self.packing.value_of(solved.plan.values())
        for stage in stages:
            alone = single(self.packing, stage)
            if solved.bounds[stage] < values[stage] and not self._stopped(budget):
                turn = budget.share(1 / (stages[-1] + 1 - stage))
                prices = self.relaxation.prices(alone, turn.seconds_left())
                reached = prices.bound
                if self._without(stage) + reached < values[stage] and not self.is_small:
                    rounds = self._rounds(alone, prices)
                    guide, _, _ = rounds.price(rounds.guide, rounds.everything(), turn)
                    reached = max(reached, -(-(guide.proved or 0) // prices.scale))
                reached = min(self._without(stage) + reached, values[stage])
                solved.bounds[stage] = max(solved.bounds[stage], reached)
            self._lock(alone, int(change[stage]))
        del self.locks[kept:]
        del self.relaxation.locks[kept:]


def solve_packing(
    packing: Packing,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    start: Plan | None = None,
    told: Told = lambda plan, bounds: None,
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

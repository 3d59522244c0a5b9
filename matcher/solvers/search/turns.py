"""The search for plans of a packing too large to be searched whole at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from matcher.solvers.exact.cp_sat import Budget, search
from matcher.solvers.exact.subproblem import Subproblem
from matcher.solvers.instance.assignment import Ints, Lock, Plan, single, weighted
from matcher.solvers.relaxation.dual_bound import Prices
from matcher.solvers.search.assign_by_mip import Choice
from matcher.solvers.search.incumbent import State
from matcher.solvers.search.neighbourhoods import Improvement
from matcher.solvers.search.plans import Plans

WHOLE_FIRST = 2_500
"""Options up to which that is tried early."""
WHOLE_OPTIONS = 6_000
"""Options up to which the whole of a large part is searched once it has been improved."""
SETTLE_SHARE, CLIMB_SHARE = 0.4, 0.2
"""Of an aim's time left, the most for a first plan, and for prices along subgradients."""
SLICES, DIVE_SLICES = 4, 2.5
"""Slices of an aim's time, which finding rounds and planning blocks anew take in turn; dives
take longer ones."""
CHOICE_SHARE, ANEW_SHARE = 0.8, 0.5
"""Where options have details: of an aim's time left, the most for a choice, and for planning
blocks anew or for either behind locks."""
REACH = 0.1
"""Share of the cost of everyone's second choice by which a bound may be hoped to rise."""
FRUITLESS = 12
"""Turns in a row that changed neither plan nor bound after which only the whole is left."""
IMPROVE_SHARE = 0.7
"""Of an aim's time left, the share for improvement before the whole is searched."""
Step = Callable[[Budget, int], None]
"""A way to improve, told its time and how often it was taken before."""


class LargeSearch:
    """One aim of a large packing: several ways to improve in turn, then what may still matter.

    Parameters
    ----------
    state
        What is known of the run.
    stages
        The stages of the aim.
    prices
        Prices of the relaxation over single options under the aim.
    """

    def __init__(self, state: State, stages: range, prices: Prices) -> None:
        self.state, self.stages, self.prices = state, stages, prices
        self.packing, self.effort = state.packing, state.effort
        self.aim = weighted(state.packing, stages)
        self._proved = prices.bound

    @property
    def bound(self) -> int:
        """The least by which any plan changes the aim."""
        return self._proved

    def run(self, budget: Budget) -> int:
        """Improve the plan, and return the least by which any plan changes the aim."""
        raise NotImplementedError

    def _take_turns(
        self, steps: Sequence[Step], time: Callable[[int], Budget], budget: Budget
    ) -> None:
        """Improve the plan in several ways, each for its time, until none helps."""
        turn, fruitless = 0, 0
        failures, rests, done = ([0] * len(steps) for _ in range(3))
        while fruitless < FRUITLESS and not self.state.stopped(budget) and not self._is_done():
            which, turn = turn % len(steps), turn + 1
            if rests[which]:
                # What did not help sits out the more turns the more often it did not.
                rests[which] -= 1
                continue
            before = self._standing()
            steps[which](time(which), done[which])
            done[which] += 1
            if done == [1] * len(steps):
                self._after_all(budget)
            helped = self._standing() != before
            fruitless = 0 if helped else fruitless + 1
            failures[which] += not helped
            rests[which] = 0 if helped else failures[which]
            self.state.raise_first(self.stages, self.aim, self.bound)

    def _after_all(self, budget: Budget) -> None:
        """Do what is to be done once every way to improve has been tried once."""

    def _standing(self) -> tuple[int, int]:
        """Return the value of the aim, as a change, and its bound."""
        return self.state.change(self.state.plan, self.aim), self.bound

    def _is_done(self) -> bool:
        """Say whether the gap is closed, or as small as the run's limits ask for."""
        gap = self.effort.limits.gap
        if self.state.change(self.state.plan, self.aim) <= self.bound:
            return True
        if gap is None:
            return False
        self.state.raise_first(self.stages, self.aim, self.bound)
        values, bounds = self.state.values, self.state.solved.bounds
        return all(values[s] - bounds[s] <= gap * max(abs(values[s]), 1) for s in self.stages)

    # -- ways to improve -------------------------------------------------------------------

    def _plan_anew(self, budget: Budget, turn: int) -> None:
        """Improve the plan by planning a few blocks anew at a time."""
        locks, rest = self._focused()

        def told(plan: Plan) -> None:
            self.state.take(plan, self.aim)

        improvement = Improvement(self.packing, rest, locks, effort=self.effort, told=told)
        improvement.run(self.state.plan, budget, turn=turn)
        self.state.did("neighbourhoods")

    def _focused(self) -> tuple[list[Lock], Ints]:
        """Return locks on the stages of the aim that are proved, and the aim of the others."""
        self.state.raise_first(self.stages, self.aim, self.bound)
        locks, rest = list(self.state.locks), self.aim.copy()
        change = self.packing.value_of(self.state.plan.values())
        values = self.state.values
        for stage in self.stages[:-1]:
            if self.state.solved.bounds[stage] < values[stage]:
                break
            locks.append((single(self.packing, stage), int(change[stage])))
            rest[stage] = 0
        return locks, rest

    def _raise_to(self, bound: int) -> None:
        self._proved = max(self._proved, bound)

    # -- the core --------------------------------------------------------------------------

    def _ended(self, budget: Budget) -> int:
        """Search the core of what is not too large, if anything is open; return the bound."""
        has_core = len(self.packing) <= WHOLE_OPTIONS
        if has_core and not self._is_done() and not self.state.stopped(budget):
            self._search_core(budget)
        return self.bound

    def _search_core(self, budget: Budget) -> None:
        """Search, among options that a better plan could hold, for one; raise the bound."""
        value = self.state.change(self.state.plan, self.aim)
        could_help = self._could_help(value)
        if not could_help.any():
            self._raise_to(value)
            return
        could_help[[pick.option for pick in self.state.plan.values()]] = True
        options = np.flatnonzero(could_help)
        if len(options) > WHOLE_OPTIONS:
            return
        locks, rest = self._focused()
        fixed = value - self.state.change(self.state.plan, rest)
        problem = Subproblem(self.packing, options.tolist(), rest, locks, self.state.plan)
        found = search(problem.model(), budget, self.effort)
        budget.charge(found.work)
        self.state.did("core")
        self.state.take(found.plan, self.aim)
        if found.proved:
            self._raise_to(self.state.change(self.state.plan, self.aim))
        elif found.bound is not None:
            self._raise_to(found.bound + fixed)

    def _could_help(self, value: int) -> np.ndarray:
        """Return which options a plan better than a value could hold, [options].

        Each option taken adds at least its reduced cost to the bound (variable fixing).
        """
        prices = self.prices
        could = prices.reduced <= (value - 1) * prices.scale - prices.exact
        return np.asarray(could, np.bool_)


class ByChoice(LargeSearch):
    """The search where options have details: they are chosen as a whole, then blocks improved."""

    def __init__(self, state: State, stages: range, prices: Prices) -> None:
        super().__init__(state, stages, prices)
        self.choice = Choice(state, self.aim)

    def run(self, budget: Budget) -> int:
        """Improve the plan, and return the least by which any plan changes the aim."""
        steps, shares = [self._choose, self._plan_anew], [CHOICE_SHARE, ANEW_SHARE]
        if self.state.locks:
            # Behind locks a choice seldom finds a way.
            steps, shares = steps[::-1], [ANEW_SHARE, ANEW_SHARE]
        self._take_turns(steps, lambda which: budget.share(shares[which]), budget)
        return self._ended(budget)

    def _choose(self, budget: Budget, turn: int) -> None:
        """Choose options as a whole; from the second time on, to prove a bound as well."""
        plan, bound = self.choice.run(budget, proves=turn > 0)
        self.state.did("choice")
        if bound is not None:
            self._raise_to(bound)
        self.state.take(plan, self.aim)


class ByRounds(LargeSearch):
    """The search where rows say everything: rounds of each block are found and combined."""

    def __init__(self, state: State, stages: range, prices: Prices) -> None:
        super().__init__(state, stages, prices)
        self.rounds = state.rounds(self.aim, prices)
        self.plans = Plans(self.rounds)
        self._is_core_tried = len(self.packing) > WHOLE_FIRST

    @property
    def bound(self) -> int:
        """The least by which any plan changes the aim."""
        return max(self._proved, self.rounds.bound)

    def run(self, budget: Budget) -> int:
        """Improve the plan, and return the least by which any plan changes the aim."""
        self._settle(budget)
        if self._are_knapsacks:
            self.rounds.climb(self._reach(), budget.share(CLIMB_SHARE))
            self.state.did("subgradients")
        has_core = len(self.packing) <= WHOLE_OPTIONS
        turns = budget.share(IMPROVE_SHARE if has_core else 1.0)
        slice_ = turns.share((DIVE_SLICES if self._are_knapsacks else 1) / SLICES)
        most = slice_.seconds if turns.work is None else slice_.work
        steps = [self._plan_anew, self._seek_rounds]
        if self._are_knapsacks:
            steps = steps[::-1]
        self._take_turns(steps, lambda _: turns.share(1.0, most), turns)
        return self._ended(budget)

    def _after_all(self, budget: Budget) -> None:
        """Try the core early where the whole is not too large."""
        if not self._is_core_tried:
            self._search_core(budget.share(1 / SLICES))

    def _settle(self, budget: Budget) -> None:
        """Look for a plan by letting blocks settle at the prices known."""
        plan = self.plans.settle(budget.share(SETTLE_SHARE))
        self.state.did("settling")
        self._take(plan, budget.share(SETTLE_SHARE))

    def _take(self, plan: Plan, budget: Budget) -> None:
        """Keep a plan if it is better, at once or after some improvement.

        A plan that serves more requests is worth improving even where it fails a weightier
        stage: neighbourhoods soon mend that.
        """
        if self.state.take(plan, self.aim) or len(plan) <= len(self.state.plan):
            return
        if self.state.keeps(plan):
            locks = self.state.locks
            improvement = Improvement(self.packing, self.aim, locks, effort=self.effort)
            self.state.take(improvement.run(plan, budget, turn=-1), self.aim)

    def _seek_rounds(self, budget: Budget, turn: int) -> None:
        """Raise the bound by prices of rounds, and look for plans among them."""
        rounds, state = self.rounds, self.state
        rounds.learn(state.plan)
        if turn == 0 or not self._are_knapsacks:
            # Dives price for themselves; elsewhere this is what rounds come from.
            rounds.generate(rounds.everything(), budget.share(0.2 if self._are_knapsacks else 0.7))
            state.did("rounds")
        if self._are_knapsacks and not state.stopped(budget):
            plan = self.plans.dive(budget, seed=turn)
            state.did("dive")
            rounds.learn(plan)
            state.take(plan, self.aim)
        if not state.stopped(budget):
            state.take(self.plans.combine(state.plan, budget), self.aim)

    @cached_property
    def _are_knapsacks(self) -> bool:
        return all(self.state.pricer.is_knapsack(block) for block in self.packing.blocks)

    def _reach(self) -> float:
        """Return a guess of how far the bound can rise: by a share of all second choices."""
        reduced = self.prices.reduced
        several = [options for options in self.packing.options_of.values() if len(options) > 1]
        seconds = [float(np.partition(reduced[options], 1)[1]) for options in several]
        return REACH * sum(seconds) + self.prices.scale

    def _could_help(self, value: int) -> np.ndarray:
        """Return which options a plan better than a value could hold, [options].

        Knapsacks say how much dearer they get with each option.
        """
        could, guide, scale = super()._could_help(value), self.rounds.guide, self.prices.scale
        if guide.proved is not None and not self.state.locks:
            room = (value - 1) * scale - guide.proved
            for block in self.packing.blocks:
                if self.state.pricer.is_knapsack(block):
                    dearer = self.state.pricer.forced(block, self.aim * scale, guide.requests)
                    could[self.packing.options_in[block]] &= dearer <= room
        return could

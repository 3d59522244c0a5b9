"""The search for plans of a packing too large to be searched whole at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from matcher.solvers.bound import Prices
from matcher.solvers.improve import Improvement
from matcher.solvers.master import Lock
from matcher.solvers.model import model_of
from matcher.solvers.packing import Ints, Plan, single, weighted
from matcher.solvers.plans import Plans
from matcher.solvers.search import Budget, search
from matcher.solvers.state import State

WHOLE_FIRST = 2_500
"""Options up to which that is tried early."""
WHOLE_OPTIONS = 6_000
"""Options up to which the whole of a large part is searched once it has been improved."""
SETTLE_SHARE, CLIMB_SHARE = 0.4, 0.2
"""Of an aim's time left, the most for a first plan, and for prices along subgradients."""
SLICES, DIVE_SLICES = 4, 2.5
"""Slices of an aim's time, which finding rounds and planning blocks anew take in turn; dives
take longer ones."""
STEP_SHARE = 0.75
"""Of a step's time, the most for a dive; the rest mends its plan where it needs that."""
GENERATE_SHARE, LIST_SHARES = 0.15, (0.9, 0.5, 0.7)
"""Where rounds are listed: of an aim's time, the most for prices, then of what is left, the most
for a dive, a choice of rounds, and planning blocks anew."""
FEWEST_LISTED, MORE_LISTED, MOST_LISTED = 300, 3, 30_000
"""Listed rounds to choose from at first, how many times as many at the next turn, and at most."""
REACH = 0.1
"""Share of the cost of everyone's second choice by which a bound may be hoped to rise."""
FRUITLESS = 12
"""Turns in a row that changed neither plan nor bound after which only the whole is left."""
IMPROVE_SHARE = 0.7
"""Of an aim's time left, the share for improvement before the whole is searched."""


class LargeSearch:
    """One aim of a large packing: rounds and neighbourhoods in turn, then what may still matter.

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
        self.rounds = state.rounds(self.aim, prices)
        self.plans = Plans(self.rounds)

    def run(self, budget: Budget) -> int:
        """Improve the plan, and return the least by which any plan changes the aim."""
        if self.rounds.are_listed:
            self.rounds.learn(self.state.plan)
            self.rounds.generate(self.rounds.everything(), budget.share(GENERATE_SHARE))
            self.state.did("rounds")
            self.state.raise_first(self.stages, self.aim, self.rounds.bound)
        else:
            self._settle(budget)
        if self._are_knapsacks:
            self.rounds.climb(self._reach(), budget.share(CLIMB_SHARE))
            self.state.did("subgradients")
        has_core = len(self.packing) <= WHOLE_OPTIONS
        leaves_time = has_core and not self.rounds.are_listed
        self._take_turns(budget.share(IMPROVE_SHARE if leaves_time else 1.0))
        if has_core and not self._is_done() and not self.state.stopped(budget):
            self._search_core(budget)
        return self.rounds.bound

    def _take_turns(self, budget: Budget) -> None:
        """Improve the plan in several ways, each for a slice of the time, until none helps."""
        steps = self._steps()
        share = budget.share((DIVE_SLICES if self._are_knapsacks else 1) / SLICES)
        is_core_tried = len(self.packing) > WHOLE_FIRST or self.rounds.are_listed
        turn, fruitless = 0, 0
        failures, rests, done = ([0] * len(steps) for _ in range(3))
        while fruitless < FRUITLESS and not self.state.stopped(budget) and not self._is_done():
            which, turn = turn % len(steps), turn + 1
            if rests[which]:
                # What did not help sits out the more turns the more often it did not.
                rests[which] -= 1
                continue
            before = self._standing()
            steps[which](self._step(budget, share, which), done[which])
            done[which] += 1
            if not is_core_tried and all(done):
                self._search_core(budget.share(1 / SLICES))
                is_core_tried = True
            helped = self._standing() != before
            fruitless = 0 if helped else fruitless + 1
            failures[which] += not helped
            rests[which] = 0 if helped else failures[which]
            self.state.raise_first(self.stages, self.aim, self.rounds.bound)

    def _step(self, budget: Budget, slice_: Budget, which: int) -> Budget:
        """Return the time for one step: a slice, or with lists a share of what is left."""
        if self.rounds.are_listed:
            return budget.share(LIST_SHARES[which])
        return budget.share(1.0, slice_.seconds if budget.work is None else slice_.work)

    def _steps(self) -> list[Callable[[Budget, int], None]]:
        """Return the ways to improve that take turns, in their order."""
        if self._are_knapsacks:
            return [self._seek_rounds, self._plan_anew]
        if self.rounds.are_listed:
            return [self._dive, self._choose_rounds, self._plan_anew]
        return [self._plan_anew, self._seek_rounds]

    def _standing(self) -> tuple[int, int]:
        """Return the value of the aim, as a change, and its bound."""
        return self.state.change(self.state.plan, self.aim), self.rounds.bound

    def _is_done(self) -> bool:
        """Say whether the gap is closed, or as small as the run's limits ask for."""
        gap = self.effort.limits.gap
        if self.state.change(self.state.plan, self.aim) <= self.rounds.bound:
            return True
        if gap is None:
            return False
        self.state.raise_first(self.stages, self.aim, self.rounds.bound)
        values, bounds = self.state.values, self.state.solved.bounds
        return all(values[s] - bounds[s] <= gap * max(abs(values[s]), 1) for s in self.stages)

    # -- ways to improve -------------------------------------------------------------------

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

    def _plan_anew(self, budget: Budget, turn: int) -> None:
        """Improve the plan by planning a few blocks anew at a time."""
        locks, rest = self._focused()

        def told(plan: Plan) -> None:
            self.state.take(plan, self.aim)

        improvement = Improvement(self.packing, rest, locks, effort=self.effort, told=told)
        improvement.run(self.state.plan, budget, turn=turn)
        self.state.did("neighbourhoods")

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

    def _choose_rounds(self, budget: Budget, turn: int) -> None:
        """Choose among the listed rounds that are cheapest, more of them at every turn."""
        self.rounds.learn(self.state.plan)
        most = min(FEWEST_LISTED * MORE_LISTED**turn, MOST_LISTED)
        self.state.take(self.plans.choose(self.state.plan, most, budget), self.aim)
        self.state.did("choice of rounds")

    def _dive(self, budget: Budget, turn: int) -> None:
        """Fix one round after another."""
        plan = self.plans.dive(budget.share(STEP_SHARE), seed=turn)
        self.rounds.learn(plan)
        self.state.did("dive")
        self._take(plan, budget)

    @cached_property
    def _are_knapsacks(self) -> bool:
        return all(self.state.pricer.is_knapsack(block) for block in self.packing.blocks)

    def _reach(self) -> float:
        """Return a guess of how far the bound can rise: by a share of all second choices."""
        reduced = self.prices.reduced
        several = [options for options in self.packing.options_of.values() if len(options) > 1]
        seconds = [float(np.partition(reduced[options], 1)[1]) for options in several]
        return REACH * sum(seconds) + self.prices.scale

    def _focused(self) -> tuple[list[Lock], Ints]:
        """Return locks on the stages of the aim that are proved, and the aim of the others."""
        self.state.raise_first(self.stages, self.aim, self.rounds.bound)
        locks, rest = list(self.state.locks), self.aim.copy()
        change = self.packing.value_of(self.state.plan.values())
        values = self.state.values
        for stage in self.stages[:-1]:
            if self.state.solved.bounds[stage] < values[stage]:
                break
            locks.append((single(self.packing, stage), int(change[stage])))
            rest[stage] = 0
        return locks, rest

    # -- the core --------------------------------------------------------------------------

    def _search_core(self, budget: Budget) -> None:
        """Search, among options that a better plan could hold, for one; raise the bound."""
        value = self.state.change(self.state.plan, self.aim)
        could_help = self._could_help(value)
        if not could_help.any():
            self.rounds.raise_to(value)
            return
        could_help[[pick.option for pick in self.state.plan.values()]] = True
        options = np.flatnonzero(could_help)
        if len(options) > WHOLE_OPTIONS:
            return
        locks, rest = self._focused()
        fixed = value - self.state.change(self.state.plan, rest)
        model = model_of(self.packing, options.tolist())
        for lock, most in locks:
            model.forbid_worse(lock, most)
        model.model.minimize(model.expression(rest))
        model.hint(self.state.plan)
        found = search(model, budget, self.effort)
        budget.charge(found.work)
        self.state.did("core")
        self.state.take(found.plan, self.aim)
        if found.proved:
            self.rounds.raise_to(self.state.change(self.state.plan, self.aim))
        elif found.bound is not None:
            self.rounds.raise_to(found.bound + fixed)

    def _could_help(self, value: int) -> np.ndarray:
        """Return which options a plan better than a value could hold, [options].

        Each option taken adds at least its reduced cost to the bound (variable fixing).
        """
        scale, prices, guide = self.prices.scale, self.prices, self.rounds.guide
        could = prices.reduced <= (value - 1) * scale - prices.exact
        if guide.proved is not None and not self.state.locks:
            room = (value - 1) * scale - guide.proved
            for block in self.packing.blocks:
                if self.state.pricer.is_knapsack(block):
                    weights = self.aim * scale
                    dearer = self.state.pricer.forced(block, weights, guide.requests)
                    could[self.packing.options_in[block]] &= dearer <= room
        return np.asarray(could, np.bool_)

"""What a run over one packing knows: the best plan, bounds, locks, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.exact.one_provider import topped_up
from matcher.solvers.instance.assignment import Ints, Lock, Packing, Pick, Plan, single
from matcher.solvers.relaxation.dual_bound import Prices, Relaxation
from matcher.solvers.search.pricing import Pricer
from matcher.solvers.search.rounds import Rounds

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


class State:
    """A run over one packing: what is known, and what must not get worse.

    Parameters
    ----------
    packing
        The problem.
    effort
        Limits, seed and progress.
    start
        A plan to start from.
    told
        Told of better plans and bounds.
    """

    def __init__(self, packing: Packing, effort: Effort, start: Plan, told: Told) -> None:
        self.packing, self.effort = packing, effort
        self.relaxation = Relaxation(packing)
        self.pricer = Pricer(packing, effort)
        self._told = told
        self.solved = Solved(dict(start), list(self.least))

    @cached_property
    def least(self) -> tuple[int, ...]:
        """What no plan can beat, by what each request's options say alone, by stage."""
        return tuple(
            int(self.packing.without[stage])
            + self.relaxation.prices(single(self.packing, stage), 0.0).bound
            for stage in range(self.packing.stages)
        )

    @property
    def plan(self) -> dict[int, Pick]:
        """The best plan."""
        return self.solved.plan

    @property
    def values(self) -> tuple[int, ...]:
        """The value of each stage under the best plan."""
        return self.packing.values(self.solved.plan)

    def stopped(self, budget: Budget) -> bool:
        """Say whether there is nothing left to spend, or the run was cancelled."""
        return self.effort.stops(budget)

    def change(self, plan: Plan, aim: Ints) -> int:
        """Return by how much a plan changes an aim."""
        return int(aim @ self.packing.value_of(plan.values()))

    @property
    def locks(self) -> list[Lock]:
        """What must not get worse: the relaxation keeps the list."""
        return self.relaxation.locks

    def lock(self, aim: Ints, most: int) -> None:
        """Let an aim be changed by at most ``most`` from now on."""
        self.relaxation.lock(aim, most)

    def unlock(self, kept: int) -> None:
        """Forget all locks but the first ones."""
        del self.locks[kept:]

    def rounds(self, aim: Ints, prices: Prices) -> Rounds:
        """Return rounds that keep every lock and set out from prices of the relaxation."""
        return Rounds(
            self.packing, aim, self.locks, prices=prices, pricer=self.pricer, effort=self.effort
        )

    def keeps(self, plan: Plan) -> bool:
        """Say whether a plan keeps every lock."""
        change = self.packing.value_of(plan.values())
        return all(int(lock @ change) <= most for lock, most in self.locks)

    def take(self, plan: Plan | None, aim: Ints) -> bool:
        """Keep a plan that is better in an aim, fits and keeps every lock; say whether it is."""
        if plan is None or self.change(plan, aim) >= self.change(self.plan, aim):
            return False
        return self._keep(plan)

    def _keep(self, plan: Plan) -> bool:
        """Keep a plan that fits and keeps every lock; say whether it does."""
        if not self.keeps(plan) or not self.packing.fits(plan):
            return False
        self.solved.plan = dict(plan)
        self.tell()
        return True

    def top_up(self) -> None:
        """Add to the plan whom it left out although something is still free, if locks are kept."""
        if self.packing.details is None:
            return
        fuller = topped_up(self.packing, self.solved.plan)
        if len(fuller) > len(self.solved.plan):
            self._keep(fuller)

    def tell(self) -> None:
        """Tell what is known."""
        self._told(self.solved.plan, self.solved.bounds)

    def did(self, what: str) -> None:
        """Note what was done."""
        self.solved.how.append(what)

    def raise_first(self, stages: range, aim: Ints, bound: int) -> None:
        """Raise bounds by what is proved of an aim: exact up to the first stage not met.

        Stages are counted from the least that any plan reaches, as aims weigh differences.
        """
        values, bounds = self.values, self.solved.bounds
        left = bound + sum(
            int(aim[stage]) * (int(self.packing.without[stage]) - self.least[stage])
            for stage in stages
        )
        for stage in stages:
            reached = self.least[stage] + left // int(aim[stage])
            bounds[stage] = max(bounds[stage], min(reached, values[stage]))
            if reached < values[stage]:
                break
            left -= (values[stage] - self.least[stage]) * int(aim[stage])
        self.tell()

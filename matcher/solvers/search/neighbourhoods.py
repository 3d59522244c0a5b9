"""Improvement of a plan: a few blocks at a time are planned anew exactly, all else held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import numpy as np
import numpy.typing as npt

from matcher.solvers.exact.cp_sat import Budget, Effort, Found, search
from matcher.solvers.exact.subproblem import Subproblem
from matcher.solvers.instance.assignment import Ints, Lock, Packing, Pick, Plan

FEWEST, MOST_BLOCKS = 2, 24
"""Blocks planned anew at a time."""
WIDENED = (2, 5, 9)
"""Numbers of blocks at which others that share requests with them are looked for."""
SMALLEST, FIRST_SIZE, LARGEST = 20.0, 60.0, 4_000.0
"""Options planned anew at a time: at least, at first, at most."""
GROWTH, SHRINKAGE = 1.3, 0.85
"""By how much neighbourhoods grow when one is solved to the end, and shrink when not."""
NOBODY = -1
"""Stands in arrays for the block of a request that nobody serves; never leaves them."""
PATIENCE = 32
"""Turns in a row without a better plan after which a plan is left alone."""
MOST_EACH, LONGER = 1.0, 8
"""Seconds, or solver work units, for one neighbourhood; once more after so many fruitless turns."""
FADING = 0.9
"""How far the record of a way to draw neighbourhoods outlasts one more try."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Neighbourhood:
    """Some blocks with the requests that they serve now, and some that nobody serves."""

    blocks: frozenset[int]
    requests: frozenset[int]
    way: str


class Improvement:
    """Large neighbourhood search over blocks, several disjoint neighbourhoods side by side.

    Neighbourhoods are drawn in several ways, more often in those that have helped; each is solved
    by the exact model, and one that was solved to the end makes the next one larger.

    Parameters
    ----------
    packing, aim, locks
        The problem, what is minimised, and what must not get worse.
    effort
        Threads, seed and progress.
    told
        Called with every better plan.

    References
    ----------
    Shaw, P. (1998). Using constraint programming and local search methods to solve vehicle
    routing problems. CP98, LNCS 1520, 417-431. Pisinger, D. and Ropke, S. (2007). A general
    heuristic for vehicle routing problems. Computers & Operations Research 34(8), 2403-2435: the
    adaptive choice.
    """

    def __init__(
        self,
        packing: Packing,
        aim: Ints,
        locks: list[Lock],
        *,
        effort: Effort,
        told: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        self.packing, self.aim, self.locks = packing, aim, locks
        self.effort, self.told = effort, told
        self._costs = aim @ packing.costs
        self._best_cost = {
            request: int(self._costs[options].min())
            for request, options in packing.options_of.items()
        }
        self._record = {"costly": 1.0, "any": 1.0, "unserved": 1.0}

    def run(self, plan: Plan, budget: Budget, turn: int = 0) -> dict[int, Pick]:
        """Return a plan that is no worse in the aim and keeps every lock.

        Parameters
        ----------
        plan
            Where to start.
        budget
            Time for the whole improvement.
        turn
            How often the plan was improved before: other neighbourhoods are drawn.
        """
        random = Random(
            f"{self.effort.seed}|{turn}|{self.packing.requests[:1]}|{self.aim.tolist()}"
        )
        best, size, fruitless = dict(plan), FIRST_SIZE, 0
        value = self._value(best)
        with ThreadPoolExecutor(self.effort.workers) as threads:
            while fruitless < PATIENCE and not self.effort.stops(budget):
                drawn = self._draw(best, size, random)
                each = budget.share(1.0, MOST_EACH * (1 + fruitless // LONGER))
                jobs = [(near, best, each, random.getrandbits(30)) for near in drawn]
                founds = list(threads.map(lambda job: self._replan(*job), jobs))
                before = value
                for near, found in zip(drawn, founds, strict=True):
                    budget.charge(found.work)
                    better = self._accepted(best, near, found)
                    self._remember(near.way, better is not None)
                    best = best if better is None else better
                    size *= GROWTH if found.proved else SHRINKAGE
                size = min(max(size, SMALLEST), LARGEST)
                value = self._value(best)
                fruitless = 0 if value < before else fruitless + 1
                if value < before:
                    self.told(best)
        return best

    def _value(self, plan: Plan) -> int:
        return int(self.aim @ self.packing.value_of(plan.values()))

    def _remember(self, way: str, helped: bool) -> None:
        self._record[way] = max(FADING * self._record[way] + (1 - FADING) * helped, 0.05)

    # -- drawing ---------------------------------------------------------------------------

    def _draw(self, plan: Plan, size: float, random: Random) -> list[Neighbourhood]:
        """Return neighbourhoods that share neither blocks nor requests, one for each thread."""
        packing = self.packing
        holder = np.full(int(packing.request.max()) + 1, NOBODY, np.int64)
        for request, pick in plan.items():
            holder[request] = packing.block[pick.option]
        held = holder[packing.request]
        open_ = np.ones(len(packing), np.bool_)
        drawn = []
        for _ in range(self.effort.workers):
            way = random.choices([*self._record], [*self._record.values()])[0]
            centre = self._centre(plan, way, open_, random)
            if centre is None:
                break
            chosen = self._around(held, centre, size, open_, random)
            if not chosen:
                break
            inside = self._inside(held, chosen, open_)
            near = frozenset(packing.request[inside].tolist())
            drawn.append(Neighbourhood(frozenset(chosen), near, way))
            open_ &= ~np.isin(packing.block, [*chosen]) & ~np.isin(packing.request, [*near])
        return drawn

    def _inside(self, held: Ints, chosen: set[int], open_: Mask) -> Mask:
        """Return the options of some blocks for requests that they serve or nobody does."""
        blocks = [*chosen]
        free = (held == NOBODY) | np.isin(held, blocks)
        return np.asarray(open_ & free & np.isin(self.packing.block, blocks), np.bool_)

    def _centre(self, plan: Plan, way: str, open_: Mask, random: Random) -> int | None:
        """Return the request to draw around: one nobody serves, a costly one, or any."""
        everyone = np.unique(self.packing.request[open_]).tolist()
        if not everyone:
            return None
        if way == "unserved":
            unserved = [r for r in everyone if r not in plan]
            return int(random.choice(unserved or everyone))
        if way == "costly":
            regret = [max(self._cost(plan, r) - self._best_cost[r], 0) for r in everyone]
            if any(regret):
                return int(random.choices(everyone, regret)[0])
        return int(random.choice(everyone))

    def _cost(self, plan: Plan, request: int) -> int:
        return int(self._costs[plan[request].option]) if request in plan else 0

    def _around(
        self, held: Ints, centre: int, size: float, open_: Mask, random: Random
    ) -> set[int]:
        """Return blocks that could serve a request, and others that share requests with them.

        Blocks are added until their options are as many as asked for.
        """
        packing, chosen = self.packing, set[int]()
        own = packing.options_of[centre]
        frontier = packing.block[own[open_[own]]].tolist()
        if held[own[0]] in frontier:
            chosen.add(int(held[own[0]]))
        while len(chosen) < MOST_BLOCKS:
            frontier = [block for block in frontier if block not in chosen]
            if not frontier or len(chosen) in WIDENED:
                inside = np.isin(held, [*chosen]) & open_ & ~np.isin(packing.block, [*chosen])
                frontier = packing.block[inside].tolist() or frontier
            if not frontier:
                break
            chosen.add(int(random.choice(frontier)))
            if len(chosen) >= FEWEST and self._inside(held, chosen, open_).sum() >= size:
                break
        return chosen

    # -- replanning ------------------------------------------------------------------------

    def _options(self, near: Neighbourhood) -> Iterable[int]:
        block = self.packing.block
        for request in sorted(near.requests):
            for option in self.packing.options_of[request].tolist():
                if int(block[option]) in near.blocks:
                    yield option

    def _replan(self, near: Neighbourhood, plan: Plan, budget: Budget, seed: int) -> Found:
        """Return what the exact model makes of a neighbourhood."""
        now = {request: plan[request] for request in near.requests if request in plan}
        change = self.packing.value_of(now.values())
        # Held within the neighbourhood, an earlier objective cannot get worse as a whole.
        locks = [(lock, int(lock @ change)) for lock, _ in self.locks]
        problem = Subproblem(self.packing, list(self._options(near)), self.aim, locks, now)
        return search(problem.model(), budget, self.effort, workers=1, seed=seed, is_brief=True)

    def _accepted(
        self, plan: dict[int, Pick], near: Neighbourhood, found: Found
    ) -> dict[int, Pick] | None:
        """Return the plan with what was found, if that is better."""
        if found.plan is None:
            return None
        now = [plan[request] for request in sorted(near.requests) if request in plan]
        before = int(self.aim @ self.packing.value_of(now))
        after = int(self.aim @ self.packing.value_of(found.plan.values()))
        if after > before:
            return None
        elsewhere = {r: pick for r, pick in plan.items() if r not in near.requests}
        merged = elsewhere | found.plan
        if after == before:
            plan.clear()
            plan.update(merged)
            return None
        return merged

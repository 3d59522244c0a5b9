"""Improvement of a plan: a few blocks at a time are planned anew exactly, all else held."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from matcher.solvers.master import Lock
from matcher.solvers.model import model_of
from matcher.solvers.packing import Ints, Packing, Pick, Plan
from matcher.solvers.search import Budget, Effort, Found, search

FEWEST, MOST = 2, 12
"""Blocks planned anew at a time."""
PATIENCE = 60
"""Turns in a row without a better plan after which a plan is left alone, if not told otherwise."""
MOST_EACH = 2.0
"""Seconds, or solver work units, for one neighbourhood."""
FADING = 0.9
"""How far the record of a way to draw neighbourhoods outlasts one more try."""


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

    def run(self, plan: Plan, budget: Budget, patience: int = PATIENCE) -> dict[int, Pick]:
        """Return a plan that is no worse in the aim and keeps every lock.

        Parameters
        ----------
        plan
            Where to start.
        budget
            Time for the whole improvement.
        patience
            Turns in a row without a better plan after which to stop.
        """
        random = Random(f"{self.effort.seed}|{self.packing.requests[:1]}|{self.aim.tolist()}")
        best, size, fruitless = dict(plan), FEWEST + 1, 0
        value = self._value(best)
        with ThreadPoolExecutor(self.effort.workers) as threads:
            while fruitless < patience:
                if budget.spent or self.effort.progress.cancelled:
                    break
                drawn = self._draw(best, size, random)
                each = budget.share(1.0, MOST_EACH)
                jobs = [(near, best, each, random.getrandbits(30)) for near in drawn]
                founds = list(threads.map(lambda job: self._replan(*job), jobs))
                before = value
                for near, found in zip(drawn, founds, strict=True):
                    budget.charge(found.work)
                    better = self._accepted(best, near, found)
                    self._remember(near.way, better is not None)
                    best = best if better is None else better
                    size = min(size + 1, MOST) if found.proved else max(size - 1, FEWEST)
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

    def _draw(self, plan: Plan, size: int, random: Random) -> list[Neighbourhood]:
        """Return neighbourhoods that share neither blocks nor requests, one for each thread."""
        blocks, requests, drawn = set(self.packing.blocks), set(self.packing.requests), []
        for _ in range(self.effort.workers):
            way = random.choices([*self._record], [*self._record.values()])[0]
            centre = self._centre(plan, way, requests, random)
            if centre is None:
                break
            chosen = self._around(plan, centre, size, blocks, random)
            if not chosen:
                break
            near = frozenset(
                r
                for r in sorted(requests)
                if (
                    int(self.packing.block[plan[r].option]) in chosen
                    if r in plan
                    else any(int(b) in chosen for b in self._blocks_for(r))
                )
            )
            drawn.append(Neighbourhood(frozenset(chosen), near, way))
            blocks -= chosen
            requests -= near
        return drawn

    def _blocks_for(self, request: int) -> Ints:
        return self.packing.block[self.packing.options_of[request]]

    def _centre(self, plan: Plan, way: str, requests: set[int], random: Random) -> int | None:
        """Return the request to draw around: one nobody serves, a costly one, or any."""
        everyone = sorted(requests)
        if not everyone:
            return None
        if way == "unserved":
            unserved = [r for r in everyone if r not in plan]
            return random.choice(unserved or everyone)
        if way == "costly":
            regret = [self._cost(plan, r) - self._best_cost[r] for r in everyone]
            if any(regret):
                return random.choices(everyone, regret)[0]
        return random.choice(everyone)

    def _cost(self, plan: Plan, request: int) -> int:
        return int(self._costs[plan[request].option]) if request in plan else 0

    def _around(
        self, plan: Plan, centre: int, size: int, blocks: set[int], random: Random
    ) -> set[int]:
        """Return blocks that could serve a request, and others that share requests with them."""
        chosen: set[int] = set()
        frontier = [b for b in self._blocks_for(centre).tolist() if b in blocks]
        if centre in plan and (own := int(self.packing.block[plan[centre].option])) in blocks:
            chosen.add(own)
            frontier = [block for block in frontier if block != own]
        while frontier and len(chosen) < size:
            chosen.add(frontier.pop(random.randrange(len(frontier))))
            if not frontier or len(chosen) == size // 2:
                frontier = self._sharing(plan, chosen, blocks)
        return chosen

    def _sharing(self, plan: Plan, chosen: set[int], blocks: set[int]) -> list[int]:
        """Return other blocks that could serve requests which the chosen ones serve now."""
        return [
            block
            for request in sorted(plan)
            if int(self.packing.block[plan[request].option]) in chosen
            for block in self._blocks_for(request).tolist()
            if block in blocks and block not in chosen
        ]

    # -- replanning ------------------------------------------------------------------------

    def _options(self, near: Neighbourhood) -> Iterable[int]:
        block = self.packing.block
        for request in sorted(near.requests):
            for option in self.packing.options_of[request].tolist():
                if int(block[option]) in near.blocks:
                    yield option

    def _replan(self, near: Neighbourhood, plan: Plan, budget: Budget, seed: int) -> Found:
        """Return what the exact model makes of a neighbourhood."""
        model = model_of(self.packing, list(self._options(near)))
        now = {request: plan[request] for request in near.requests if request in plan}
        change = self.packing.value_of(now.values())
        for lock, _ in self.locks:
            # Held within the neighbourhood, an earlier objective cannot get worse as a whole.
            model.forbid_worse(lock, int(lock @ change))
        model.model.minimize(model.expression(self.aim))
        model.hint(now)
        return search(model, budget, self.effort, workers=1, seed=seed)

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


"""The exact method: each part solved by CP-SAT, one objective after another, each then locked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from ortools.sat.python import cp_model

from matcher.policy import Objective
from matcher.result import Limits, Progress
from matcher.solvers.bound import Relaxation
from matcher.solvers.options import Plan, Problem
from matcher.solvers.part_model import PartModel

POLL_SECONDS = 0.05
STAGE_SHARE = 0.5
"""Of what is left of a part's budget, the share that one stage may use."""


@dataclass(frozen=True)
class PartResult:
    """The best plan found for one part, with what no plan can beat at each stage."""

    plan: Plan
    bounds: Mapping[Objective, int]


@dataclass
class Budget:
    """What is left of a part's time: seconds, solver work units, or both."""

    seconds: float | None
    work: float | None
    _started: float = field(default_factory=monotonic)

    def seconds_left(self) -> float | None:
        """Return seconds left, never negative; ``None`` when not limited."""
        if self.seconds is None:
            return None
        return max(self.seconds - (monotonic() - self._started), 0.0)

    @property
    def spent(self) -> bool:
        """Whether nothing worth starting with is left."""
        seconds = self.seconds_left()
        return (seconds is not None and seconds < 0.01) or (
            self.work is not None and self.work <= 0
        )


def solve_part(
    problem: Problem,
    requests: tuple[int, ...],
    start: Plan,
    *,
    budget: Budget,
    limits: Limits,
    seed: int,
    progress: Progress,
) -> PartResult:
    """Return the best plan for one part by the policy's ordered objectives.

    Stage by stage: minimise, then lock the value reached, so that no later objective can undo an
    earlier one. A stage whose value already meets the relaxation's bound is proved without a
    search.

    Parameters
    ----------
    problem
        The requests and their options.
    requests
        Numbers of the requests of the part.
    start
        A plan to start from.
    budget
        Time for this part.
    limits, seed, progress
        Threads, the solver's seed, and whom to tell.
    """
    part, plan, bounds = PartModel(problem, requests), start, {}
    relaxation = Relaxation(problem, requests, part.rows)
    for objective in problem.market.policy.allocation.order.value:
        value = problem.totals(plan, requests)[objective]
        floor = relaxation.bound(objective, budget.seconds_left())
        expression = part.expression(objective)
        part.model.add(expression >= floor)
        if value > floor and not budget.spent and not progress.cancelled:
            part.hint(plan)
            part.model.minimize(expression)
            search = _Search(part, objective, limits, seed, progress)
            search.run(budget)
            plan, value = search.better(plan, value)
            floor = max(floor, search.bound if search.bound is not None else floor)
        bounds[objective] = min(floor, value)
        progress.improved(objective, value, bounds[objective])
        part.model.add(expression <= value)
        relaxation.lock(objective, value)
    return PartResult(plan, bounds)


class _Search:
    """One stage's search: runs beside a watch that stops it when the run is cancelled."""

    def __init__(
        self, part: PartModel, objective: Objective, limits: Limits, seed: int, progress: Progress
    ) -> None:
        self._part = part
        self._objective = objective
        self._progress = progress
        self._solver = cp_model.CpSolver()
        parameters = self._solver.parameters
        parameters.random_seed = seed
        parameters.catch_sigint_signal = False
        if limits.workers is not None:
            parameters.num_workers = limits.workers
        self._status: cp_model.CpSolverStatus = cp_model.UNKNOWN
        self.bound: int | None = None

    def run(self, budget: Budget) -> None:
        """Search until proved, out of budget, or cancelled."""
        seconds = budget.seconds_left()
        if seconds is not None:
            self._solver.parameters.max_time_in_seconds = seconds * STAGE_SHARE
        if budget.work is not None:
            self._solver.parameters.max_deterministic_time = budget.work * STAGE_SHARE
        self._solver.best_bound_callback = self._tell_bound
        errors: list[BaseException] = []
        thread = threading.Thread(target=self._solve, args=(errors,), daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(POLL_SECONDS)
            if self._progress.cancelled:
                self._solver.stop_search()
        if errors:
            raise errors[0]
        if budget.work is not None:
            budget.work -= self._solver.deterministic_time
        if self._status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            # On UNKNOWN the solver reports a bound of 0 that proves nothing.
            self.bound = ceil(self._solver.best_objective_bound - 1e-6)

    def _solve(self, errors: list[BaseException]) -> None:
        try:
            watcher = _Watcher(self._objective, self._progress)
            self._status = self._solver.solve(self._part.model, watcher)
        except BaseException as error:  # handed to the waiting thread, which raises it
            errors.append(error)

    def _tell_bound(self, bound: float) -> None:
        self.bound = ceil(bound - 1e-6)

    def better(self, plan: Plan, value: int) -> tuple[Plan, int]:
        """Return the plan found with its measured value, or the given one if it is no worse."""
        if self._status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return plan, value
        found = self._part.read(self._solver)
        problem, requests = self._part.problem, self._part.requests
        # By all objectives: an answer no better in this one must not lose what later ones have.
        if problem.rank_of(found, requests) >= problem.rank_of(plan, requests):
            return plan, value
        return found, problem.totals(found, requests)[self._objective]


class _Watcher(cp_model.CpSolverSolutionCallback):
    def __init__(self, objective: Objective, progress: Progress) -> None:
        super().__init__()
        self._objective = objective
        self._progress = progress

    def on_solution_callback(self) -> None:
        """Tell of a better answer."""
        bound = ceil(self.best_objective_bound - 1e-6)
        self._progress.improved(self._objective, round(self.objective_value), bound)

"""One search by CP-SAT: bounded in time, watched so that it can be cancelled, read back."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from time import monotonic
from typing import TypeVar

from ortools.sat.python import cp_model

from matcher.result import Limits, Progress
from matcher.solvers.exact.assignment_model import PackingModel
from matcher.solvers.instance.assignment import Pick

POLL_SECONDS = 0.02
T = TypeVar("T")


class SolverError(RuntimeError):
    """The solver refused a model: a fault of this software."""


FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass
class Budget:
    """What is left of a part's time: seconds, solver work units, or both.

    Parameters
    ----------
    seconds, work
        The limits; ``None`` for none.
    parent
        The budget that this one is a share of: what is charged here is charged there too.
    """

    seconds: float | None
    work: float | None
    parent: Budget | None = None
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
        if seconds is not None and seconds < 0.01:
            return True
        return self.work is not None and self.work <= 0

    def share(self, part: float, most: float | None = None) -> Budget:
        """Return a budget of a share of what is left, at most ``most`` of either kind."""

        def cut(left: float | None) -> float | None:
            if left is None:
                return None
            return left * part if most is None else min(left * part, most)

        seconds, work = cut(self.seconds_left()), cut(self.work)
        # Without any limit, what is limited each time is the work.
        return Budget(seconds, most if seconds is None and work is None else work, self)

    def charge(self, work: float) -> None:
        """Take solver work done out of this budget and those it is a share of."""
        if self.work is not None:
            self.work -= work
        if self.parent is not None:
            self.parent.charge(work)


@dataclass(frozen=True)
class Effort:
    """How a run searches: threads, the solver's seed, and whom to tell."""

    limits: Limits
    seed: int
    progress: Progress

    @property
    def workers(self) -> int:
        """How many threads to keep busy."""
        return self.limits.workers or os.cpu_count() or 1

    def spread(self, function: Callable[[int], T], items: Sequence[int]) -> list[T]:
        """Return what a function makes of each of some numbers, on all threads, in their order."""
        if self.workers == 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(self.workers) as threads:
            return list(threads.map(function, items))

    def stops(self, budget: Budget) -> bool:
        """Say whether there is nothing left to spend, or the run was cancelled."""
        return budget.spent or self.progress.cancelled


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    plan
        The best plan, or ``None`` if none was found.
    bound
        What no plan of the model can beat; ``None`` if nothing is known.
    proved
        Whether the plan is proved the best of the model, or that there is none.
    work
        Solver work units spent.
    """

    plan: dict[int, Pick] | None
    bound: int | None
    proved: bool
    work: float


def search(
    model: PackingModel,
    budget: Budget,
    effort: Effort,
    *,
    workers: int | None = None,
    seed: int | None = None,
    is_brief: bool = False,
    is_linear: bool = False,
) -> Found:
    """Return the best plan of a model that already has its objective and hint.

    Runs beside a watch, so that cancelling the run stops the search soon. The work done is told,
    not charged: whoever runs several searches side by side charges them in a fixed order.

    Parameters
    ----------
    model
        What to solve.
    budget
        Time for this search.
    effort
        Threads, seed and progress.
    workers, seed
        Threads and seed of this search, where they differ from the run's.
    is_brief
        Whether the search is one of many small ones, for which long preparation does not pay.
    is_linear
        Whether to rely on linear relaxations more than usual.
    """
    solver = _solver(budget, effort, workers, seed)
    bounds: list[float] = []
    solver.best_bound_callback = bounds.append
    if is_brief:
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.symmetry_level = 0
    if is_linear:
        solver.parameters.linearization_level = 2
    status = _watched(solver, model.model, effort)
    if status == cp_model.MODEL_INVALID:
        raise SolverError(f"The solver refuses a model: {model.model.validate()}")
    if status in FOUND:
        bounds.append(solver.best_objective_bound)
    # On UNKNOWN the solver itself reports a bound of 0 that proves nothing.
    bound = ceil(max(bounds) - 1e-6) if bounds else None
    plan = model.read(solver) if status in FOUND else None
    proved = status in {cp_model.OPTIMAL, cp_model.INFEASIBLE}
    return Found(plan, bound, proved, solver.deterministic_time)


def solve_plainly(
    model: cp_model.CpModel, variables: list[cp_model.IntVar], budget: Budget, effort: Effort
) -> list[bool] | None:
    """Return which of some unknowns a model's best solution sets; ``None`` if none was found.

    Charges the budget with the work done.
    """
    solver = _solver(budget, effort, None, None)
    status = _watched(solver, model, effort)
    budget.charge(solver.deterministic_time)
    return [bool(solver.value(v)) for v in variables] if status in FOUND else None


def _watched(
    solver: cp_model.CpSolver, model: cp_model.CpModel, effort: Effort
) -> cp_model.CpSolverStatus:
    """Solve beside a watch for cancelling, and return the status."""
    status = [cp_model.UNKNOWN]
    errors: list[BaseException] = []

    def run() -> None:
        try:
            status[0] = solver.solve(model)
        except BaseException as error:  # handed to the waiting thread, which raises it
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(POLL_SECONDS)
            if effort.progress.cancelled:
                solver.stop_search()
    finally:
        # Whatever ended the watch, an interrupt among it, no search goes on unwatched.
        if thread.is_alive():
            solver.stop_search()
    if errors:
        raise errors[0]
    return status[0]


def _solver(
    budget: Budget, effort: Effort, workers: int | None, seed: int | None
) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = effort.seed if seed is None else seed
    solver.parameters.catch_sigint_signal = False
    solver.parameters.num_workers = effort.workers if workers is None else workers
    seconds = budget.seconds_left()
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    if budget.work is not None:
        solver.parameters.max_deterministic_time = max(budget.work, 0.0)
    return solver

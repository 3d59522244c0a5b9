"""One search by CP-SAT: bounded in time, watched so that it can be cancelled, read back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from ortools.sat.python import cp_model

from matcher.policy import Objective
from matcher.result import Limits, Progress
from matcher.solvers.options import Plan
from matcher.solvers.part_model import PartModel

POLL_SECONDS = 0.02
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

        return Budget(cut(self.seconds_left()), cut(self.work), self)

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
        Whether the plan is proved the best of the model.
    """

    plan: Plan | None
    bound: int | None
    proved: bool


def search(
    model: PartModel, budget: Budget, effort: Effort, watcher: Watcher | None = None
) -> Found:
    """Return the best plan of a model that already has its objective and hint.

    Runs beside a watch, so that cancelling the run stops the search soon.

    Parameters
    ----------
    model
        What to solve.
    budget
        Time for this search; charged with the work done.
    effort
        Threads, seed and progress.
    watcher
        Whom to tell of better plans; nobody when ``None``.
    """
    solver = _solver(budget, effort)
    bounds: list[float] = []
    solver.best_bound_callback = bounds.append
    status = [cp_model.UNKNOWN]
    errors: list[BaseException] = []

    def run() -> None:
        try:
            status[0] = solver.solve(model.model, watcher)
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
    budget.charge(solver.deterministic_time)
    if status[0] in FOUND:
        bounds.append(solver.best_objective_bound)
    # On UNKNOWN the solver itself reports a bound of 0 that proves nothing.
    bound = ceil(max(bounds) - 1e-6) if bounds else None
    plan = model.read(solver) if status[0] in FOUND else None
    return Found(plan, bound, status[0] == cp_model.OPTIMAL)


def _solver(budget: Budget, effort: Effort) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = effort.seed
    solver.parameters.catch_sigint_signal = False
    if effort.limits.workers is not None:
        solver.parameters.num_workers = effort.limits.workers
    seconds = budget.seconds_left()
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    if budget.work is not None:
        solver.parameters.max_deterministic_time = budget.work
    return solver


class Watcher(cp_model.CpSolverSolutionCallback):
    """Tells a run's progress of every better plan of one stage.

    Parameters
    ----------
    objective
        The stage.
    floor
        A bound known before the search.
    progress
        Whom to tell.
    """

    def __init__(self, objective: Objective, floor: int, progress: Progress) -> None:
        super().__init__()
        self._objective = objective
        self._floor = floor
        self._progress = progress

    def on_solution_callback(self) -> None:
        """Tell of a better plan."""
        bound = max(ceil(self.best_objective_bound - 1e-6), self._floor)
        self._progress.improved(self._objective, round(self.objective_value), bound)

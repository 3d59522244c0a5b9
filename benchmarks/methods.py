"""Ways to solve a packing, side by side: ours, two solvers on the whole model, and today's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from time import monotonic

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2
from ortools.sat.python import cp_model

from benchmarks.tight import Night
from matcher.result import Limits
from matcher.solvers.exact.subproblem import model_of
from matcher.solvers.instance.assignment import Ints, Packing, Pick, Plan, single
from matcher.solvers.search.stages import solve_packing

GAPS = (0.1, 0.05, 0.02, 0.01, 0.005)
"""Gaps of which it is noted when they were reached."""
TOLERANCE = 1e-6
"""A bound in floating point this far above a whole number is that number."""


@dataclass(frozen=True)
class Task:
    """What every method is given: the same night, seconds, threads and seed."""

    night: Night
    packing: Packing
    seconds: float
    threads: int
    seed: int


@dataclass(frozen=True)
class Answer:
    """What a method gives back.

    Parameters
    ----------
    plan
        Who takes what.
    bounds
        What no plan can beat, by stage; ``None`` where the method proves nothing.
    building_seconds
        Time to state the problem to a solver, which is not taken out of its seconds.
    seconds_to_gap
        Seconds until the weight placed was within each gap of the method's own bound.
    how
        What was done, where the method tells.
    """

    plan: Plan
    bounds: tuple[int | None, ...]
    building_seconds: float = 0.0
    seconds_to_gap: Mapping[str, float] = field(default_factory=dict)
    how: tuple[str, ...] = ()


Method = Callable[[Task], Answer]


class _Watch:
    """Notes when the weight placed first came within each gap of its bound."""

    def __init__(self, packing: Packing) -> None:
        self._packing, self._began = packing, monotonic()
        self.reached: dict[str, float] = {}

    def told(self, plan: Plan, bounds: Sequence[int]) -> None:
        """Look at a better plan or bound."""
        value = self._packing.values(plan)[0]
        placed = int(self._packing.without[0]) - value
        for gap in GAPS:
            if placed and (value - bounds[0]) / placed <= gap:
                self.reached.setdefault(f"{gap:g}", round(monotonic() - self._began, 2))


def ours(task: Task) -> Answer:
    """Return our answer to all stages."""
    limits = Limits(seconds=task.seconds, workers=task.threads)
    watch = _Watch(task.packing)
    solved = solve_packing(task.packing, limits=limits, seed=task.seed, told=watch.told)
    bounds = tuple(solved.bounds)
    return Answer(solved.plan, bounds, 0.0, watch.reached, tuple(solved.how))


def cp_sat(task: Task) -> Answer:
    """Return CP-SAT's answer to stage 0, all options in one model."""
    began, packing = monotonic(), task.packing
    model = model_of(packing, range(len(packing)))
    model.model.minimize(model.expression(single(packing, 0)))
    building = monotonic() - began
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = task.seconds
    solver.parameters.num_workers = task.threads
    solver.parameters.random_seed = task.seed
    status = solver.solve(model.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer({}, (None, None, None), building)  # its bound then means nothing
    bound = _whole(packing, solver.best_objective_bound)
    return Answer(model.read(solver), (bound, None, None), building)


def highs(task: Task) -> Answer:
    """Return HiGHS's answer to stage 0, all options in one model."""
    began, packing = monotonic(), task.packing
    model = mathopt.Model.from_model_proto(_program(packing, packing.costs[0]))
    building = monotonic() - began
    own = highs_pb2.HighsOptionsProto()
    own.int_options["threads"] = task.threads  # it takes them no other way
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=task.seconds), random_seed=task.seed, highs=own
    )
    answer = mathopt.solve(model, mathopt.SolverType.HIGHS, params=parameters)
    plan: Plan = {}
    if answer.has_primal_feasible_solution():
        values = answer.variable_values()
        taken = [number for number, x in enumerate(model.variables()) if values[x] > 0.5]
        plan = {int(packing.request[option]): Pick(option) for option in taken}
    bound = _whole(packing, answer.dual_bound())
    return Answer(plan, (bound, None, None), building)


def today(task: Task) -> Answer:
    """Return first come, first served, to the nearest provider with room."""
    return Answer(task.night.first_come(task.seed), (None, None, None))


METHODS: Mapping[str, Method] = {"ours": ours, "cp-sat": cp_sat, "highs": highs, "today": today}


def _whole(packing: Packing, change: float) -> int:
    """Return a bound on stage 0 from one on its change: no less than nobody unplaced."""
    if not np.isfinite(change):
        return 0
    return max(int(packing.without[0]) + ceil(change - TOLERANCE), 0)


def _program(packing: Packing, costs: Ints) -> model_pb2.ModelProto:
    """Return the integer program of all options of a packing, minimising some costs."""
    proto, count = model_pb2.ModelProto(), len(packing)
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend([1.0] * count)
    proto.variables.integers.extend([True] * count)
    _, request = np.unique(packing.request, return_inverse=True)
    people = len(packing.requests)
    limits = np.concatenate([np.ones(people), packing.limits.astype(float)])
    proto.linear_constraints.ids.extend(range(len(limits)))
    proto.linear_constraints.lower_bounds.extend([-np.inf] * len(limits))
    proto.linear_constraints.upper_bounds.extend(limits.tolist())
    row = np.concatenate([request, people + packing.row_of_entry])
    column = np.concatenate([np.arange(count), packing.row_option])
    amount = np.concatenate([np.ones(count), packing.row_amount.astype(float)])
    order = np.lexsort((column, row))
    matrix = proto.linear_constraint_matrix
    matrix.row_ids.extend(row[order].tolist())
    matrix.column_ids.extend(column[order].tolist())
    matrix.coefficients.extend(amount[order].tolist())
    proto.objective.linear_coefficients.ids.extend(range(count))
    proto.objective.linear_coefficients.values.extend(costs.astype(float).tolist())
    return proto

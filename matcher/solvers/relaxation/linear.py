"""Linear problems as the solver takes them: least cost, rows not exceeded, nothing negative."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from ortools.math_opt import model_pb2, result_pb2, solution_pb2, sparse_containers_pb2
from ortools.math_opt.core.python import solver
from ortools.math_opt.python import mathopt

from matcher.solvers.instance.assignment import Ints

NEAR, NEARLY = 1e-9, 0.99
"""Gap at which a problem in whole numbers counts as solved: as a share, or of a step in costs."""
MOST_SECONDS = 5.0
"""Time that a problem in whole numbers may take at most."""
FIRST = 10_000_000
"""Priority above that of any other way to branch."""
FEASIBLE = solution_pb2.SOLUTION_STATUS_FEASIBLE


class Entries(NamedTuple):
    """Entries of rows that are not zero, in any order: row, column and amount of each."""

    rows: Ints
    columns: Ints
    amounts: np.ndarray

    def ordered(self) -> Entries:
        """Return the entries by row, then by column."""
        order = np.lexsort((self.columns, self.rows))
        return Entries(self.rows[order], self.columns[order], self.amounts[order])


def joined(*entries: Entries) -> Entries:
    """Return the entries of several together."""
    return Entries(*(np.concatenate(each) for each in zip(*entries, strict=True)))


class Linear(NamedTuple):
    """Minimise costs x, every row at most its limit, x >= 0.

    ``costs`` of each unknown, ``limits`` of each row, and the entries.
    """

    costs: np.ndarray
    limits: np.ndarray
    entries: Entries


class Answer(NamedTuple):
    """What the solver says of a problem.

    Parameters
    ----------
    reason
        Why it ended.
    values
        A value for each unknown that keeps all rows; ``None`` where none were found.
    duals
        What one unit more of each row would add to the costs; ``None`` where that is unknown.
    cost, least
        What the values cost, and what no values can beat: infinite where unknown.
    nodes
        Nodes of the search tree.
    """

    reason: mathopt.TerminationReason
    values: np.ndarray | None
    duals: np.ndarray | None
    cost: float
    least: float
    nodes: int

    @property
    def is_solved(self) -> bool:
        """Whether the values cost least."""
        return self.reason is mathopt.TerminationReason.OPTIMAL


def solve_linear(
    problem: Linear, *, seconds: float | None, kind: mathopt.SolverType = mathopt.SolverType.GLOP
) -> Answer:
    """Return the solver's answer to a linear problem.

    Parameters
    ----------
    problem
        The problem.
    seconds
        Time for this; ``None`` for as long as it takes.
    kind
        The method.
    """
    limit = None if seconds is None else timedelta(seconds=seconds)
    params = mathopt.SolveParameters(time_limit=limit)
    return _answer(problem, kind, params)


def solve_whole(
    problem: Linear,
    *,
    seconds: float | None,
    nodes: int,
    proves: bool,
    step: float = 0.0,
    start: np.ndarray | None = None,
) -> Answer:
    """Return the solver's answer to a linear problem whose unknowns are 0 or 1.

    It cannot be interrupted, so it takes at most :data:`MOST_SECONDS`, or so many nodes where time
    does not count.

    Parameters
    ----------
    problem
        The problem.
    seconds, nodes
        Time for this, ``None`` where it does not count, and most nodes of the search tree.
    proves
        Whether to look for what none can beat as well; a good answer is found sooner without.
    step
        What costs differ by at least where they differ: nothing closer is asked for.
    start
        Values to set out from.
    """
    limit = None if seconds is None else timedelta(seconds=min(seconds, MOST_SECONDS))
    params = mathopt.SolveParameters(
        time_limit=limit,
        node_limit=nodes,
        relative_gap_tolerance=NEAR,
        absolute_gap_tolerance=NEARLY * step,
        cuts=None if proves else mathopt.Emphasis.OFF,
        threads=1,
    )
    # To choose well where to branch takes long, which does not pay for few nodes.
    if not proves:
        params.gscip.int_params["branching/random/priority"] = FIRST
    return _answer(problem, mathopt.SolverType.GSCIP, params, is_whole=True, start=start)


def _answer(
    problem: Linear,
    kind: mathopt.SolverType,
    params: mathopt.SolveParameters,
    *,
    is_whole: bool = False,
    start: np.ndarray | None = None,
) -> Answer:
    # The solver's own door takes and gives arrays; the one in front of it makes an object of
    # every number, which takes longer than most problems here do.
    model_params = mathopt.ModelSolveParameters().to_proto()
    if start is not None:
        hint = model_params.solution_hints.add().variable_values
        hint.ids.extend(range(len(start)))
        hint.values.extend(start.tolist())
    told = solver.solve(
        _model(problem, is_whole=is_whole),
        kind.value,
        mathopt.StreamableSolverInitArguments().to_proto(),
        params.to_proto(),
        model_params,
        None,
        mathopt.CallbackRegistration().to_proto(),
        None,
        None,
    )
    return _read(problem, told)


def _read(problem: Linear, told: result_pb2.SolveResultProto) -> Answer:
    """Return what the solver told of a problem."""
    values, duals, cost = None, None, np.inf
    for solution in told.solutions:
        primal, dual = solution.primal_solution, solution.dual_solution
        if values is None and primal.feasibility_status == FEASIBLE:
            values, cost = (
                _dense(primal.variable_values, len(problem.costs)),
                primal.objective_value,
            )
        if duals is None and solution.HasField("dual_solution"):
            duals = _dense(dual.dual_values, len(problem.limits))
    return Answer(
        mathopt.TerminationReason(told.termination.reason),
        values,
        duals,
        cost,
        told.termination.objective_bounds.dual_bound,
        told.solve_stats.node_count,
    )


def _dense(sparse: sparse_containers_pb2.SparseDoubleVectorProto, count: int) -> np.ndarray:
    values = np.zeros(count)
    values[np.array(sparse.ids, np.int64)] = sparse.values
    return values


def _model(problem: Linear, *, is_whole: bool) -> model_pb2.ModelProto:
    count, entries = len(problem.costs), problem.entries.ordered()
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend([1.0 if is_whole else np.inf] * count)
    proto.variables.integers.extend([is_whole] * count)
    proto.linear_constraints.ids.extend(range(len(problem.limits)))
    proto.linear_constraints.lower_bounds.extend([-np.inf] * len(problem.limits))
    proto.linear_constraints.upper_bounds.extend(problem.limits.astype(float).tolist())
    proto.linear_constraint_matrix.row_ids.extend(entries.rows.tolist())
    proto.linear_constraint_matrix.column_ids.extend(entries.columns.tolist())
    proto.linear_constraint_matrix.coefficients.extend(entries.amounts.astype(float).tolist())
    proto.objective.linear_coefficients.ids.extend(range(count))
    proto.objective.linear_coefficients.values.extend(problem.costs.astype(float).tolist())
    return proto

"""Linear problems as the solver takes them: least cost, rows not exceeded, nothing negative."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from matcher.solvers.packing import Ints

NEAR = 1e-5
"""Gap at which a problem in whole numbers counts as solved."""
MOST_SECONDS = 5.0
"""Time that a problem in whole numbers may take at most."""


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


def solve_linear(
    problem: Linear, *, seconds: float | None, kind: mathopt.SolverType = mathopt.SolverType.GLOP
) -> mathopt.SolveResult:
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
    return mathopt.solve(_model(problem, is_whole=False), kind, params=params)


def solve_whole(
    problem: Linear, *, seconds: float | None, nodes: int, proves: bool
) -> mathopt.SolveResult:
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
    """
    limit = None if seconds is None else timedelta(seconds=min(seconds, MOST_SECONDS))
    params = mathopt.SolveParameters(
        time_limit=limit,
        node_limit=nodes,
        relative_gap_tolerance=NEAR,
        cuts=None if proves else mathopt.Emphasis.OFF,
        threads=1,
    )
    model = _model(problem, is_whole=True)
    return mathopt.solve(model, mathopt.SolverType.GSCIP, params=params)


def _model(problem: Linear, *, is_whole: bool) -> mathopt.Model:
    # A model written whole takes a hundredth of the time of one built entry by entry.
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
    return mathopt.Model.from_model_proto(proto)

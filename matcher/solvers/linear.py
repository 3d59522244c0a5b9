"""Linear problems as the solver takes them: least cost, rows not exceeded, nothing negative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt


def solve_linear(
    costs: Sequence[float],
    limits: Sequence[float],
    entries: tuple[Iterable[int], Iterable[int], Iterable[float]],
    *,
    seconds: float | None,
    kind: mathopt.SolverType = mathopt.SolverType.GLOP,
) -> mathopt.SolveResult:
    """Return the solver's answer to: minimise costs x, every row at most its limit, x >= 0.

    Parameters
    ----------
    costs
        The cost of each unknown.
    limits
        The limit of each row.
    entries
        Rows, columns and amounts of the entries that are not zero, by row, then by column.
    seconds
        Time for this; ``None`` for as long as it takes.
    kind
        The method.
    """
    # A model written whole takes a hundredth of the time of one built entry by entry.
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(len(costs)))
    proto.variables.lower_bounds.extend([0.0] * len(costs))
    proto.variables.upper_bounds.extend([np.inf] * len(costs))
    proto.variables.integers.extend([False] * len(costs))
    proto.linear_constraints.ids.extend(range(len(limits)))
    proto.linear_constraints.lower_bounds.extend([-np.inf] * len(limits))
    proto.linear_constraints.upper_bounds.extend(limits)
    rows, columns, amounts = entries
    proto.linear_constraint_matrix.row_ids.extend(rows)
    proto.linear_constraint_matrix.column_ids.extend(columns)
    proto.linear_constraint_matrix.coefficients.extend(amounts)
    proto.objective.linear_coefficients.ids.extend(range(len(costs)))
    proto.objective.linear_coefficients.values.extend(costs)
    limit = None if seconds is None else timedelta(seconds=seconds)
    return mathopt.solve(
        mathopt.Model.from_model_proto(proto),
        kind,
        params=mathopt.SolveParameters(time_limit=limit),
    )

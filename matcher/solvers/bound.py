"""What no plan can beat: a linear relaxation, its prices checked in whole numbers."""

from __future__ import annotations

from datetime import timedelta

from ortools.math_opt.python import mathopt

from matcher.policy import Objective
from matcher.solvers.options import Part
from matcher.solvers.rows import Row

SCALE = 1 << 20
"""Prices are rounded to this fraction of a unit before they are used."""


class Relaxation:
    """The linear relaxation of one part: each request takes at most one option, rows are kept.

    Parameters
    ----------
    part
        The requests and their options.
    rows
        Rows that every set of placements keeps.
    """

    def __init__(self, part: Part, rows: list[Row]) -> None:
        self._part = part
        self._options = [option for options in part.options.values() for option in options]
        self._column = {option: i for i, option in enumerate(self._options)}
        self._model = mathopt.Model()
        self._taken = [self._model.add_variable(lb=0.0) for _ in self._options]
        for options in part.options.values():
            self._constrain({self._column[option]: 1 for option in options}, 1)
        self._rows: list[tuple[mathopt.LinearConstraint, dict[int, int], int]] = []
        for row in rows:
            self._add(
                {self._column[o]: amount for o, amount in row.coefficients.items()}, row.limit
            )

    def _constrain(self, row: dict[int, int], limit: int) -> mathopt.LinearConstraint:
        constraint = self._model.add_linear_constraint(ub=float(limit))
        for column, amount in row.items():
            constraint.set_coefficient(self._taken[column], float(amount))
        return constraint

    def _add(self, row: dict[int, int], limit: int) -> None:
        self._rows.append((self._constrain(row, limit), row, limit))

    def lock(self, objective: Objective, value: int) -> None:
        """Keep an objective at or below a value from now on, as far as options decide it."""
        costs = enumerate(self._costs(objective))
        row = {column: cost for column, cost in costs if cost}
        self._add(row, value - self._without(objective))

    def bound(self, objective: Objective, seconds: float | None) -> int:
        """Return a value that no plan keeping every lock can beat.

        The relaxation's prices are rounded to whole fractions and the bound is worked out from
        them by weak duality in whole numbers, so it holds however exactly the relaxation was
        solved - and even when it was not solved at all, with prices of zero.

        Parameters
        ----------
        objective
            What is minimised.
        seconds
            Time for the relaxation; ``None`` for as long as it takes.
        """
        costs = self._costs(objective)
        prices = self._prices(costs, seconds) if seconds is None or seconds > 0 else []
        # Prices of a relaxation stopped half-way may prove less than none at all.
        least = max(self._dual_value(costs, prices), self._dual_value(costs, []))
        return self._without(objective) + least

    def _without(self, objective: Objective) -> int:
        """Return what the objective is when nobody takes an option."""
        values = self._part.problem.values
        return sum(values(request, None)[objective] for request in self._part.requests)

    def _costs(self, objective: Objective) -> list[int]:
        """Return by how much each option, when taken, changes the objective."""
        values = self._part.problem.values
        without = {r: values(r, None)[objective] for r in self._part.requests}
        return [
            option.costs.get(objective, 0) - without[option.request] for option in self._options
        ]

    def _prices(self, costs: list[int], seconds: float | None) -> list[int]:
        """Return the price of every row, in fractions of 1/SCALE; none when none were found."""
        pairs = zip(costs, self._taken, strict=True)
        self._model.minimize(mathopt.fast_sum(cost * taken for cost, taken in pairs))
        limit = None if seconds is None else timedelta(seconds=seconds)
        answer = mathopt.solve(
            self._model, mathopt.SolverType.GLOP, params=mathopt.SolveParameters(time_limit=limit)
        )
        if not answer.has_dual_feasible_solution():
            return []
        duals = answer.dual_values([constraint for constraint, _, _ in self._rows])
        # Minimising with rows "at most" gives duals of at most zero: a price is minus the dual.
        return [max(round(-dual * SCALE), 0) for dual in duals]

    def _dual_value(self, costs: list[int], prices: list[int]) -> int:
        """Return the bound that prices prove: each request takes what is cheapest at them."""
        dear, total = [cost * SCALE for cost in costs], 0
        for price, (_, row, limit) in zip(prices, self._rows, strict=False):
            total -= price * limit
            if price:
                for column, amount in row.items():
                    dear[column] += price * amount
        for options in self._part.options.values():
            total += min(0, *(dear[self._column[option]] for option in options))
        return -(-total // SCALE)

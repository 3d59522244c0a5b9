"""What no plan can beat: a linear relaxation, its prices checked in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ortools.math_opt.python import mathopt

from matcher.policy import Objective
from matcher.solvers.options import Option, Part
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
        self._problem = part.problem
        self._part = part
        self._options = [option for options in part.options.values() for option in options]
        self._column = {option: i for i, option in enumerate(self._options)}
        self._rows = [self._numbered(row.coefficients) for row in rows]
        self._limits = [row.limit for row in rows]

    def _numbered(self, coefficients: Mapping[Option, int]) -> dict[int, int]:
        return {self._column[option]: amount for option, amount in coefficients.items()}

    def lock(self, objective: Objective, value: int) -> None:
        """Keep an objective at or below a value from now on, as far as options decide it."""
        # An unplaced request adds `without`; taking an option changes that by the difference.
        without = self._without(objective)
        row = {
            column: option.costs.get(objective, 0) - without[option.request]
            for column, option in enumerate(self._options)
        }
        self._rows.append({column: amount for column, amount in row.items() if amount})
        self._limits.append(value - sum(without.values()))

    def bound(self, objective: Objective, seconds: float | None) -> int:
        """Return a value that no plan keeping every lock can beat.

        The relaxation's prices are rounded to whole fractions and the bound is worked out from
        them by weak duality in whole numbers, so it holds however exactly the relaxation was
        solved - and even when it was not solved at all, with prices of zero.
        """
        costs = self._costs(objective)
        return self._dual_value(objective, costs, self._prices(costs, seconds))

    def _without(self, objective: Objective) -> dict[int, int]:
        return {
            request: self._problem.values(request, None)[objective]
            for request in self._part.requests
        }

    def _costs(self, objective: Objective) -> list[int]:
        without = self._without(objective)
        return [
            option.costs.get(objective, 0) - without[option.request] for option in self._options
        ]

    def _prices(self, costs: list[int], seconds: float | None) -> list[int]:
        """Return the price of every row, in fractions of 1/SCALE; zeros where none was found."""
        model = mathopt.Model()
        taken = [model.add_variable(lb=0.0) for _ in self._options]
        model.minimize(sum(cost * x for cost, x in zip(costs, taken, strict=True)))
        for options in self._part.options.values():
            own = [taken[self._column[option]] for option in options]
            model.add_linear_constraint(mathopt.fast_sum(own) <= 1.0)
        rows = [
            model.add_linear_constraint(
                mathopt.fast_sum(amount * taken[column] for column, amount in row.items()) <= limit
            )
            for row, limit in zip(self._rows, self._limits, strict=True)
        ]
        limit = None if seconds is None else timedelta(seconds=seconds)
        answer = mathopt.solve(
            model, mathopt.SolverType.GLOP, params=mathopt.SolveParameters(time_limit=limit)
        )
        if not answer.has_dual_feasible_solution():
            return [0] * len(rows)
        duals = answer.dual_values(rows)
        # Minimising with rows "at most" gives duals of at most zero: a price is minus the dual.
        return [max(round(-dual * SCALE), 0) for dual in duals]

    def _dual_value(self, objective: Objective, costs: list[int], prices: list[int]) -> int:
        """Return the bound that prices prove: each request takes what is cheapest at them."""
        dear = [cost * SCALE for cost in costs]
        total = -sum(price * limit for price, limit in zip(prices, self._limits, strict=True))
        for price, row in zip(prices, self._rows, strict=True):
            if price:
                for column, amount in row.items():
                    dear[column] += price * amount
        for options in self._part.options.values():
            own = (dear[self._column[option]] for option in options)
            total += min(0, *own)
        without = sum(self._without(objective).values())
        return without - (-total // SCALE)

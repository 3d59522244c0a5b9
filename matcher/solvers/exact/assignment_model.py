"""The CP-SAT model of some options of a packing: who takes what, within the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.instance.assignment import Ints, Packing, Pick, Plan


class PackingModel:
    """CP-SAT model of some options; requests left out of them keep what they have.

    Parameters
    ----------
    packing
        The whole problem.
    options
        The options that may be taken.
    """

    def __init__(self, packing: Packing, options: Sequence[int]) -> None:
        self.packing = packing
        self.options = np.sort(np.asarray(options, np.int64))
        self.model = cp_model.CpModel()
        self.taken: dict[int, cp_model.IntVar] = {}
        self.unplaced: dict[int, cp_model.IntVar] = {}
        self.options_of: dict[int, list[int]] = {}
        for option in self.options.tolist():
            self.options_of.setdefault(int(packing.request[option]), []).append(option)
        self.add_constraints()

    def add_constraints(self) -> None:
        """Add every rule that the options themselves do not already keep."""
        self.each_request_at_most_one_option()
        self.rows_never_exceeded()

    def each_request_at_most_one_option(self) -> None:
        """Each request takes one option or stays unplaced."""
        for request, options in self.options_of.items():
            self.unplaced[request] = self.model.new_bool_var(f"unplaced_{request}")
            for option in options:
                self.taken[option] = self.model.new_bool_var(f"take_{option}")
            self.model.add_exactly_one(
                [self.unplaced[request], *(self.taken[option] for option in options)]
            )

    def rows_never_exceeded(self) -> None:
        """Options taken use no more of a row than there is."""
        packing = self.packing
        here = np.zeros(len(packing), np.bool_)
        here[self.options] = True
        for block in np.unique(packing.block[self.options]).tolist():
            for row in packing.rows_in.get(block, np.array([], np.int64)).tolist():
                options, amounts = packing.entries(row)
                inside = here[options]
                amounts = amounts[inside]
                if int(amounts.sum()) > int(packing.limits[row]):
                    taken = [self.taken[option] for option in options[inside].tolist()]
                    used = cp_model.LinearExpr.weighted_sum(taken, amounts.tolist())
                    self.model.add(used <= int(packing.limits[row]))

    def expression(self, aim: Ints) -> cp_model.LinearExprT:
        """Return by how much the options taken change a weighted sum of stages.

        Parameters
        ----------
        aim
            Weight of each stage, [stages].
        """
        costs = (aim @ self.packing.costs[:, self.options]).tolist()
        pairs = [(self.taken[o], c) for o, c in zip(self.options.tolist(), costs, strict=True) if c]
        chosen = [variable for variable, _ in pairs]
        return cp_model.LinearExpr.weighted_sum(chosen, [cost for _, cost in pairs])

    def forbid_worse(self, aim: Ints, most: int) -> None:
        """Let the change in a weighted sum of stages be at most ``most``.

        Where that leaves each request only its cheapest options, the others are ruled out one by
        one, which tells the solver far more than the sum.
        """
        self.model.add(self.expression(aim) <= most)
        costs = dict(
            zip(
                self.options.tolist(),
                (aim @ self.packing.costs[:, self.options]).tolist(),
                strict=True,
            )
        )
        least = {r: min(0, *(costs[o] for o in each)) for r, each in self.options_of.items()}
        if sum(least.values()) < most:
            return
        for request, options in self.options_of.items():
            if least[request] < 0:
                self.model.add(self.unplaced[request] == 0)
            for option in options:
                if costs[option] > least[request]:
                    self.model.add(self.taken[option] == 0)

    def hint(self, plan: Plan) -> None:
        """Give the solver a plan to start from, every unknown filled in."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for request, options in self.options_of.items():
            pick = plan.get(request)
            self.model.add_hint(self.unplaced[request], pick is None)
            for option in options:
                taken = pick is not None and pick.option == option
                self.model.add_hint(self.taken[option], taken)

    def read(
        self, solver: cp_model.CpSolver | cp_model.CpSolverSolutionCallback
    ) -> dict[int, Pick]:
        """Return the plan that the solver found."""
        return {
            int(self.packing.request[option]): Pick(option)
            for option, taken in self.taken.items()
            if solver.value(taken)
        }

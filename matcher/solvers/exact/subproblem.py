"""Some options of a packing, to be planned by the exact model, whichever the problem needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matcher.solvers.exact.assignment_model import PackingModel
from matcher.solvers.exact.start_time_model import TimedModel
from matcher.solvers.instance.assignment import Ints, Lock, Packing, Plan


def model_of(packing: Packing, options: Sequence[int]) -> PackingModel:
    """Return the exact model of some options, with start times if the problem has any."""
    return (PackingModel if packing.details is None else TimedModel)(packing, options)


@dataclass(frozen=True, eq=False)
class Subproblem:
    """Some options of a packing, to be planned by the exact model.

    Parameters
    ----------
    packing, options
        The problem, and the options that may be taken.
    aim, locks
        What is minimised, and what must not get worse.
    hint
        A plan to start from.
    floor
        What no plan can beat, if that is known.
    """

    packing: Packing
    options: Sequence[int]
    aim: Ints
    locks: Sequence[Lock]
    hint: Plan = field(default_factory=dict)
    floor: int | None = None

    def model(self) -> PackingModel:
        """Return the exact model with its objective, its locks and the plan to start from."""
        model = model_of(self.packing, self.options)
        for lock, most in self.locks:
            model.forbid_worse(lock, most)
        expression = model.expression(self.aim)
        if self.floor is not None:
            model.model.add(expression >= self.floor)
        model.model.minimize(expression)
        model.hint(self.hint)
        return model

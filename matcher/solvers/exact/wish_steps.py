"""How far a time is from what is wished, as unknowns of the exact model."""

from __future__ import annotations

from dataclasses import replace

from ortools.sat.python import cp_model

from matcher.wish import Wish


class Steps:
    """The whole steps between a time and its target, and what they add, if it takes place at all.

    Steps are bounded from below by the time and what they add by the steps, so that a linear
    relaxation sees both. Where times reach so far that further steps add no more, a choice of its
    own says so; where already the first step adds the most, that choice says all.

    Parameters
    ----------
    model
        The model that the unknowns are of.
    time
        When it takes place.
    reach
        The first and the last time that it may take place.
    placed
        Whether it takes place.
    wish
        What is wished.
    spoilt
        Whether it adds the most wherever it is; ``None`` where nothing can spoil it.
    """

    def __init__(
        self,
        model: cp_model.CpModel,
        time: cp_model.IntVar,
        reach: tuple[int, int],
        placed: cp_model.LiteralT,
        wish: Wish,
        *,
        spoilt: cp_model.IntVar | None = None,
    ) -> None:
        self._model, self._wish = model, wish
        farthest = max(abs(end - wish.target) for end in reach)
        # The same without a limit: as many steps as there may be.
        self._open = replace(wish, most=wish.per_step * (farthest + 1))
        spoiling = 0 if spoilt is None else wish.most_steps
        most_steps = max(spoiling, *(self._open.steps(end) for end in reach))
        self._steps: cp_model.IntVar | None = None
        self._far: cp_model.IntVar | None = None
        self._added: cp_model.IntVar | None = None
        self.amount: cp_model.LinearExprT
        """What the time adds: never less than what the wish says."""
        if wish.most_steps == 1:
            self._far = model.new_bool_var(f"far_{time.name}")
            first = wish.target - wish.step + 1 if wish.both_ways else min(reach)
            near = [placed, self._far.negated()]
            model.add_linear_constraint(time, first, wish.target + wish.step - 1).only_enforce_if(
                near
            )
            if spoilt is not None:
                model.add_implication(spoilt, self._far)
            self.amount = wish.most * self._far
            return
        self._steps = model.new_int_var(0, most_steps, f"steps_{time.name}")
        within = wish.step * self._steps + wish.step - 1
        model.add(within >= time - wish.target).only_enforce_if(placed)
        if wish.both_ways:
            model.add(within >= wish.target - time).only_enforce_if(placed)
        if spoilt is not None:
            model.add(self._steps >= spoiling * spoilt)
        self.amount = wish.per_step * self._steps
        beyond = wish.per_step * most_steps - wish.most
        if beyond > 0:
            self._far = model.new_bool_var(f"far_{time.name}")
            self._added = model.new_int_var(0, wish.most, f"added_{time.name}")
            model.add(self._added >= self.amount - beyond * self._far)
            model.add(self._added >= wish.most * self._far)
            self.amount = self._added

    def hint(self, time: int | None, *, spoilt: bool = False) -> None:
        """Tell the solver what follows from a time; ``None`` if it does not take place."""
        steps = 0 if time is None else self._open.steps(time)
        if spoilt:
            steps = max(steps, self._wish.most_steps)
        added = min(self._wish.per_step * steps, self._wish.most)
        if self._steps is not None:
            self._model.add_hint(self._steps, steps)
        if self._far is not None:
            self._model.add_hint(self._far, int(added == self._wish.most))
        if self._added is not None:
            self._model.add_hint(self._added, added)

"""The exact method: each part solved by CP-SAT, one objective after another, each then locked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.policy import Objective
from matcher.result import Limits, Progress
from matcher.solvers.bound import Relaxation
from matcher.solvers.improve import improve
from matcher.solvers.options import Plan, Problem
from matcher.solvers.part_model import PartModel
from matcher.solvers.search import Budget, Effort, Watcher, search

STAGE_SHARE = 0.4
"""Of what is left of a part's budget, the share that one stage may use."""
BOUND_SHARE = 0.2
"""Of what is left of a part's budget, the share that one stage's relaxation may use."""
IMPROVE_SHARE = 0.75
"""Of a stage's budget, the share for improvement before the whole part is searched."""
SMALL = 25
"""Requests up to which a part is searched whole at once."""


@dataclass(frozen=True)
class PartResult:
    """The best plan found for one part, with what no plan can beat at each stage."""

    plan: Plan
    bounds: Mapping[Objective, int]


def solve_part(
    problem: Problem,
    requests: tuple[int, ...],
    start: Plan,
    *,
    budget: Budget,
    limits: Limits,
    seed: int,
    progress: Progress,
) -> PartResult:
    """Return the best plan for one part by the policy's ordered objectives.

    Stage by stage: minimise, then lock the value reached, so that no later objective can undo an
    earlier one. A stage whose value already meets the relaxation's bound is proved without a
    search.

    Parameters
    ----------
    problem
        The requests and their options.
    requests
        Numbers of the requests of the part.
    start
        A plan to start from.
    budget
        Time for this part.
    limits, seed, progress
        Threads, the solver's seed, and whom to tell.
    """
    part, plan = problem.part(requests), start
    order = problem.market.policy.allocation.order.value
    # What holds of every plan, worked out without any search.
    bare = Relaxation(part, [])
    bounds = {objective: bare.bound(objective, 0.0) for objective in order}
    if budget.spent or progress.cancelled:
        return PartResult(plan, bounds)
    model = PartModel(part)
    relaxation = Relaxation(part, model.rows)
    effort = Effort(limits, seed, progress)
    for stage, objective in enumerate(order, start=1):
        if budget.spent or progress.cancelled:
            break
        floor = relaxation.bound(objective, budget.share(BOUND_SHARE).seconds_left())
        plan, bounds[objective] = _minimise(
            model, plan, order[:stage], floor=floor, budget=budget, effort=effort
        )
        value = problem.totals(plan, requests)[objective]
        progress.improved(objective, value, bounds[objective])
        model.model.add(model.expression(objective) <= value)
        relaxation.lock(objective, value)
    return PartResult(plan, bounds)


def _minimise(
    model: PartModel,
    plan: Plan,
    order: tuple[Objective, ...],
    *,
    floor: int,
    budget: Budget,
    effort: Effort,
) -> tuple[Plan, int]:
    """Return a plan that is as good as found in the last objective, and the best bound known."""
    part, objective = model.part, order[-1]
    model.model.add(model.expression(objective) >= floor)
    stage = budget.share(STAGE_SHARE)
    if len(part.requests) > SMALL:
        time = stage.share(IMPROVE_SHARE)
        plan = improve(part, plan, order, floor=floor, budget=time, effort=effort)
    value = part.problem.totals(plan, part.requests)[objective]
    if value == floor or stage.spent or effort.progress.cancelled:
        return plan, floor
    model.hint(plan)
    model.model.minimize(model.expression(objective))
    found = search(model, stage, effort, Watcher(objective, floor, effort.progress))
    if found.plan is not None:
        # By all objectives: an answer no better in this one must not lose what later ones have.
        plan = min(plan, found.plan, key=lambda each: part.problem.rank_of(each, part.requests))
    return plan, floor if found.bound is None else max(floor, found.bound)

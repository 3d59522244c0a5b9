"""Improvement of a plan: a few providers at a time are planned anew exactly, all else held."""

from __future__ import annotations

from random import Random

from matcher.policy import Objective
from matcher.solvers.options import Part, Plan, Resource
from matcher.solvers.part_model import PartModel
from matcher.solvers.search import Budget, Effort, search

FEWEST, MOST = 2, 8
"""Providers planned anew at a time."""
PATIENCE = 25
"""Neighbourhoods in a row without a better value after which a stage is left alone."""
MOST_EACH = 1.0
"""Seconds, or solver work units, for one neighbourhood."""


def improve(
    part: Part,
    plan: Plan,
    order: tuple[Objective, ...],
    *,
    floor: int,
    budget: Budget,
    effort: Effort,
) -> Plan:
    """Return a plan that is better in the last objective and no worse in any before it.

    Neighbourhoods are drawn around a request that still costs something: some of the providers
    that could serve it, and others that share people with them. Each is solved by CP-SAT with
    real start times; a neighbourhood solved quickly makes the next one larger. The plan given is
    returned when nothing better was found.

    Parameters
    ----------
    part
        The requests and their options.
    plan
        Where to start.
    order
        The objectives up to the one to improve, most important first.
    floor
        The last objective's bound, at which there is nothing left to do.
    budget
        Time for the whole improvement.
    effort
        Threads, seed and progress.
    """
    random = Random(f"{effort.seed}|{order[-1]}|{part.requests[0]}")
    given, best = plan, _value(part, plan, order[-1])
    start, size, fruitless = best, FEWEST, 0
    while fruitless < PATIENCE and best > max(floor, 0):
        if budget.spent or effort.progress.cancelled:
            break
        near = part.within(_neighbours(part, plan, order[-1], size, random), plan)
        plan, proved = _replan(near, plan, order, budget.share(1.0, MOST_EACH), effort)
        size = min(size + 1, MOST) if proved else max(size - 1, FEWEST)
        value = _value(part, plan, order[-1])
        fruitless = 0 if value < best else fruitless + 1
        if value < best:
            best = value
            effort.progress.improved(order[-1], value, floor)
    return plan if best < start else given


def _value(part: Part, plan: Plan, objective: Objective) -> int:
    return part.problem.totals(plan, part.requests)[objective]


def _neighbours(
    part: Part, plan: Plan, objective: Objective, size: int, random: Random
) -> set[Resource]:
    """Return providers around a request that adds to the objective, drawn by chance."""
    problem = part.problem
    costly = [r for r in part.requests if problem.values(r, plan.get(r))[objective]]
    centre = random.choice(costly)
    chosen: set[Resource] = set()
    frontier = [problem.resource(option) for option in part.options[centre]]
    while frontier and len(chosen) < size:
        chosen.add(frontier.pop(random.randrange(len(frontier))))
        if not frontier or len(chosen) == size // 2:
            frontier = _sharing(part, plan, chosen)
    return chosen


def _sharing(part: Part, plan: Plan, chosen: set[Resource]) -> list[Resource]:
    """Return other providers that could serve people whom the chosen ones serve now."""
    problem = part.problem
    return [
        resource
        for request, options in part.options.items()
        if request in plan and problem.resource(plan[request].option) in chosen
        for option in options
        if (resource := problem.resource(option)) not in chosen
    ]


def _replan(
    near: Part, plan: Plan, order: tuple[Objective, ...], budget: Budget, effort: Effort
) -> tuple[Plan, bool]:
    """Return the plan with a neighbourhood planned anew, and whether that was proved best."""
    model = PartModel(near)
    for objective in order[:-1]:
        # Held within the neighbourhood, an earlier objective cannot get worse as a whole.
        model.model.add(model.expression(objective) <= _value(near, plan, objective))
    model.model.minimize(model.expression(order[-1]))
    model.hint(plan)
    found = search(model, budget, effort)
    if found.plan is None or _value(near, found.plan, order[-1]) > _value(near, plan, order[-1]):
        return plan, found.proved
    elsewhere = {r: choice for r, choice in plan.items() if r not in near.options}
    return elsewhere | found.plan, found.proved

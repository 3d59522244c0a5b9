"""What one block can hold of some options, details and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.exact.cp_sat import Budget, Effort, search
from matcher.solvers.exact.subproblem import model_of
from matcher.solvers.instance.assignment import Ints, Packing, Pick, Plan
from matcher.solvers.instance.fitting import fitted


def all_of(
    packing: Packing, options: Sequence[int], aim: Ints, budget: Budget, effort: Effort
) -> list[Pick] | None:
    """Return some options of one block, all of them, with details; ``None`` where none were found.

    Parameters
    ----------
    packing
        The problem, with details.
    options
        Options of one block for different requests.
    aim
        Weight of each stage in what details are to add least to, [stages].
    budget, effort
        Time for this; threads, seed and progress.
    """
    first = fitted(packing, options)
    is_whole = len(first) == len(options)
    if effort.stops(budget) or (is_whole and not aim @ packing.extra_of(first)):
        return first if is_whole else None
    model = model_of(packing, options)
    for option in options:
        model.model.add(model.taken[option] == 1)
    model.model.minimize(model.expression(aim))
    model.hint({int(packing.request[pick.option]): pick for pick in first})
    found = search(model, budget, effort, workers=1, is_brief=True)
    budget.charge(found.work)
    if found.plan is None:
        return first if is_whole else None
    best = list(found.plan.values())
    is_better = not is_whole or aim @ packing.extra_of(best) < aim @ packing.extra_of(first)
    return best if is_better else first


def most_of(
    packing: Packing, worth: Mapping[int, int], budget: Budget, effort: Effort
) -> list[Pick]:
    """Return those of some options of one block, with details, that are worth most together.

    Parameters
    ----------
    packing
        The problem, with details.
    worth
        What each of the options is worth, at least 1.
    budget, effort
        Time for this; threads, seed and progress.
    """
    options = sorted(worth, key=lambda option: (-worth[option], option))
    first = fitted(packing, options) if options else []
    if len(first) == len(options) or effort.stops(budget):
        return first
    model = model_of(packing, options)
    taken = [model.taken[option] for option in options]
    model.model.maximize(cp_model.LinearExpr.weighted_sum(taken, [worth[o] for o in options]))
    model.hint({int(packing.request[pick.option]): pick for pick in first})
    found = search(model, budget, effort, workers=1, is_brief=True)
    budget.charge(found.work)
    best = list((found.plan or {}).values())
    return max(first, best, key=lambda picks: sum(worth[pick.option] for pick in picks))


def topped_up(packing: Packing, plan: Plan) -> dict[int, Pick]:
    """Return a plan with those added whom it left out although something is still free for them.

    Each is added only where that makes the whole better by the ordered stages, in each block the
    best options first.

    Parameters
    ----------
    packing
        The problem, with details.
    plan
        The plan.
    """
    fuller = dict(plan)
    order = np.lexsort(packing.costs[::-1])
    for block in packing.blocks:
        left: dict[int, int] = {}
        for option in order[packing.block[order] == block].tolist():
            request = int(packing.request[option])
            if request not in fuller and _is_better(packing.costs[:, option]):
                left.setdefault(request, option)
        if not left:
            continue
        own = [pick for pick in fuller.values() if packing.block[pick.option] == block]
        queue = [*left.values()]
        while queue:
            found = fitted(packing, queue, own)
            good = [*takewhile(lambda pick: _is_better(packing.value_of([pick])), found)]
            fuller |= {int(packing.request[pick.option]): pick for pick in good}
            if len(good) == len(found):
                break
            # Who fits, but at times that make the whole no better, is not to stand in the way of
            # those behind: they are fitted anew, without.
            own += good
            queue = queue[queue.index(found[len(good)].option) + 1 :]
    return fuller


def _is_better(change: Ints) -> bool:
    """Say whether the first stage that changes gets less."""
    changed = np.flatnonzero(change)
    return bool(changed.size and change[changed[0]] < 0)

"""The one door to solving: everyone waiting at once, by the policy's ordered objectives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from time import monotonic

from matcher import __version__
from matcher.allocation import UNITS, Allocation, measure
from matcher.errors import RefereeError
from matcher.market import Market
from matcher.policy import Objective
from matcher.referee import require
from matcher.result import Limits, Method, Progress, Result, Stage, Status
from matcher.solvers.answer import allocation_of
from matcher.solvers.greedy import by_risk, todays_way, topped_up
from matcher.solvers.options import Plan, Problem

Bounds = Mapping[Objective, int] | None


def solve(
    market: Market,
    *,
    method: Method = Method.EXACT,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Return an allocation of everyone waiting, accepted by the referee.

    Nothing already running is moved, and nobody is booked: every line is a proposal (H14, H18).

    Parameters
    ----------
    market
        The compiled book and policy.
    method
        ``TODAY``: first come, first served, to the nearest free provider. ``EXACT``: the ordered
        objectives with proof.
    limits
        When to stop; 60 seconds when not given.
    seed
        The solver's seed. The same seed gives the same answer under
        :meth:`matcher.result.Limits.reproducible`.
    progress
        Whom to tell, and how to cancel.

    Raises
    ------
    RefereeError
        If the answer breaks a rule: a fault of this software.
    """
    began = monotonic()
    limits, progress = limits or Limits(), progress or Progress()
    problem = Problem(market)
    options = sum(len(each) for each in problem.options)
    progress.started(len(problem), options, len(problem.parts))
    if method is Method.TODAY:
        plan, bounds = todays_way(problem), None
    else:
        plan, bounds = _solve_parts(problem, limits, seed, progress, began)
    allocation = allocation_of(problem, plan)
    require(market, allocation)
    stages = _stages(problem, allocation, bounds)
    return Result(
        method=method,
        status=_status(method, stages, progress),
        allocation=allocation,
        stages=stages,
        arrangeable=len(problem),
        seconds=round(monotonic() - began, 3),
        seed=seed,
        limits=limits,
        policy_version=f"{market.policy.title} {market.policy.version}",
        software_version=__version__,
        solver_version=version("ortools") if method is Method.EXACT else None,
        inputs_sha256=inputs_sha256(market),
    )


def _solve_parts(
    problem: Problem, limits: Limits, seed: int, progress: Progress, began: float
) -> tuple[Plan, dict[Objective, int]]:
    """Solve every part, each with a share of the time by its number of options."""
    # Imported here because the solver takes a second to load, and shortlists never need it.
    from matcher.solvers.exact import solve_part
    from matcher.solvers.search import Budget

    start = _better_start(problem)
    plan: Plan = {}
    bounds = _bounds_without_options(problem)
    # Small parts first: what they leave of their time goes to the large ones.
    parts = sorted(problem.parts, key=lambda part: (_size(problem, part), part))
    sizes = [_size(problem, part) for part in parts]
    for number, requests in enumerate(parts):
        progress.part_started(number, len(requests))
        seconds = None
        if limits.seconds is not None:
            left = max(limits.seconds - (monotonic() - began), 0.0)
            seconds = left * sizes[number] / sum(sizes[number:])
        result = solve_part(
            problem,
            requests,
            {request: start[request] for request in requests if request in start},
            budget=Budget(seconds, limits.deterministic_time),
            limits=limits,
            seed=seed,
            progress=progress,
        )
        plan |= result.plan
        for objective in Objective:
            bounds[objective] += result.bounds.get(objective, 0)
        progress.part_done(number, len(requests), len(result.plan))
    return _topped_up(problem, plan, bounds)


def _topped_up(
    problem: Problem, plan: Plan, bounds: dict[Objective, int]
) -> tuple[Plan, dict[Objective, int]]:
    """Add whom a search cut short left out beside free capacity, and keep the bounds honest.

    Bounds hold given the values of the stages before them, so behind the first stage that
    changed only what no plan can avoid is still known.
    """
    fuller = topped_up(problem, plan)
    everyone = tuple(range(len(problem)))
    order = problem.market.policy.allocation.order.value
    before, after = problem.rank_of(plan, everyone), problem.rank_of(fuller, everyone)
    changed = [
        stage for stage, pair in enumerate(zip(before, after, strict=True)) if len({*pair}) > 1
    ]
    if changed:
        unavoidable = _bounds_without_options(problem)
        for objective in order[changed[0] + 1 :]:
            bounds[objective] = unavoidable[objective]
    return fuller, bounds


def _size(problem: Problem, requests: tuple[int, ...]) -> int:
    return sum(len(problem.options[request]) for request in requests)


def _better_start(problem: Problem) -> Plan:
    """Return, part by part, the better of today's way and the start by risk."""
    plans = [todays_way(problem), by_risk(problem)]
    best: Plan = {}
    for requests in problem.parts:
        chosen = min(plans, key=lambda plan: problem.rank_of(plan, requests))
        best |= {request: chosen[request] for request in requests if request in chosen}
    return best


def _bounds_without_options(problem: Problem) -> dict[Objective, int]:
    """Return what the requests without any option add to every objective, whatever is done."""
    nobody = tuple(n for n, options in enumerate(problem.options) if not options)
    return problem.totals({}, nobody)


def _stages(problem: Problem, allocation: Allocation, bounds: Bounds) -> tuple[Stage, ...]:
    """Return the stages as the referee's room measures them, and hold the bounds against them."""
    values = measure(dict(zip(problem.request_ids, problem.enquiries, strict=True)), allocation)
    stages = tuple(
        Stage(
            name=objective,
            unit=UNITS[objective],
            value=values[objective],
            bound=None if bounds is None else bounds[objective],
        )
        for objective in problem.market.policy.allocation.order.value
    )
    for stage in stages:
        if stage.bound is not None and stage.bound > stage.value:
            raise RefereeError(
                f"Stage {stage.name} claims the bound {stage.bound}, but its value is "
                f"{stage.value}.",
                thing=f"stage {stage.name}",
                value=stage.bound,
                expected=f"a bound of at most {stage.value}",
            )
    return stages


def _status(method: Method, stages: tuple[Stage, ...], progress: Progress) -> Status:
    if method is Method.TODAY:
        return Status.BASELINE
    if all(stage.proved for stage in stages):
        return Status.OPTIMAL
    return Status.CANCELLED if progress.cancelled else Status.FEASIBLE


def inputs_sha256(market: Market) -> str:
    """Return a digest of everything an answer depends on: the book and the policy."""
    document = {
        "book": market.book.model_dump(mode="json"),
        "policy": market.policy.model_dump(mode="json"),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

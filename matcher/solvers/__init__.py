"""The one door to solving: everyone waiting at once, by the policy's ordered objectives."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from matcher import __version__
from matcher.allocation import Allocation
from matcher.distribute import slots_of
from matcher.errors import RefereeError
from matcher.market import Market
from matcher.objectives import measure
from matcher.referee import require
from matcher.result import Limits, Method, Progress, Result, Stage, Status
from matcher.solvers.baseline import by_risk, polished, todays_way
from matcher.solvers.instance.candidates import Plan, Problem
from matcher.solvers.instance.compiling import compile_part
from matcher.solvers.instance.read_back import allocation_of, plan_of
from matcher.solvers.progress import Board
from matcher.solvers.relaxation.scarcity import Scarcity, price_capacity

if TYPE_CHECKING:
    from matcher.solvers.search.incumbent import Solved

__all__ = ["Problem", "inputs_sha256", "solve"]
Bounds = Sequence[int] | None
EFFORT_POWER = 1.5
"""A part's share of the time grows with this power of its options."""
PRICING_SECONDS = 1.0
"""Seconds that pricing the capacity of a part may take at least, also when the time is up."""


def solve(
    market: Market,
    *,
    method: Method = Method.EXACT,
    limits: Limits | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    start: Allocation | None = None,
    processes: int = 1,
    cluster: str | None = None,
    problem: Problem | None = None,
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
    start
        An allocation to set out from, of this book or of an earlier day's: what still holds of
        it is kept until something better is found.
    processes
        Processes of this machine among which independent parts are dealt out.
    cluster
        Address of a Dask cluster to deal them out to instead. Under
        :meth:`matcher.result.Limits.reproducible` the answer does not depend on either.

    problem
        Everybody's options, where they were found before for this market and seed: the time that
        this took counts as this run's all the same.

    Raises
    ------
    RefereeError
        If the answer breaks a rule: a fault of this software.
    """
    limits, progress = limits or Limits(), progress or Progress()
    problem = problem or Problem(market, seed)
    began = monotonic() - problem.seconds
    options = sum(len(each) for each in problem.options)
    progress.started(len(problem), options, len(problem.parts))
    if method is Method.TODAY:
        plan, bounds, how, scarcity = todays_way(problem), None, tuple[str, ...](), Scarcity()
    else:
        run = _Run(problem, limits, seed, progress, began)
        plan, bounds, how = run.solve(start, processes, cluster)
        scarcity = run.scarcity()
    allocation = allocation_of(problem, plan, scarcity.points)
    require(market, allocation)
    stages = _stages(problem, allocation, bounds)
    return Result(
        method=method,
        status=_status(method, stages, progress),
        allocation=allocation,
        stages=stages,
        how=how,
        arrangeable=len(problem),
        seconds=round(monotonic() - began, 3),
        seed=seed,
        limits=limits,
        policy_version=f"{market.policy.title} {market.policy.version}",
        software_version=__version__,
        solver_version=version("ortools") if method is Method.EXACT else None,
        inputs_sha256=inputs_sha256(market),
        prices=scarcity.prices,
    )


class _Run:
    """One run of the exact method over all parts of a problem."""

    def __init__(
        self, problem: Problem, limits: Limits, seed: int, progress: Progress, began: float
    ) -> None:
        self._problem, self._limits, self._seed = problem, limits, seed
        self._progress, self._began = progress, began
        # Small parts first: what they leave of their time goes to the large ones.
        parts = sorted(problem.parts, key=lambda part: (_size(problem, part), part))
        self._parts = tuple(compile_part(problem, requests) for requests in parts)
        self._unavoidable = _bounds_without_options(problem)
        self._board = Board(problem.order, self._unavoidable, progress)

    def solve(
        self, start: Allocation | None, processes: int, cluster: str | None
    ) -> tuple[Plan, list[int], tuple[str, ...]]:
        """Return the plan, what no plan can beat, and how each part was gone about."""
        # Imported here because the solver takes a second to load, and shortlists never need it.
        from matcher.solvers.parts import Job, solve_parts

        first = _better_start(self._problem, start)
        limits, slots = self._limits, max(slots_of(processes, cluster), 1)
        if limits.workers is None and (cluster or processes > 1):
            # A thread of a cluster's worker stands for a core.
            each = 1 if cluster else max((os.cpu_count() or 1) // processes, 1)
            limits = limits.model_copy(update={"workers": each})
        jobs = []
        for number, part in enumerate(self._parts):
            bookable = np.array([not option.needs_approval for option in part.options])
            picks = part.picks(first)
            job = Job(part.packing, picks, bookable, None, limits, self._seed)
            jobs.append(job)
            trivial = [min(v, 0) for v in part.packing.values(picks)]
            self._board.put(number, *job.news(picks, trivial))
        with self._board.telling():
            solved = solve_parts(
                jobs,
                processes=processes,
                cluster=cluster,
                progress=self._progress,
                news=lambda number, news: self._board.put(number, *news),
                seconds_of=lambda number: self._seconds(number, slots),
            )
        return self._gathered(solved)

    def _seconds(self, number: int, slots: int) -> float | None:
        """Return a part's share of the time left, by its size among those still to come."""
        if self._limits.seconds is None:
            return None
        left = max(self._limits.seconds - (monotonic() - self._began), 0.0)
        sizes = [math.pow(len(part.packing), EFFORT_POWER) for part in self._parts]
        return min(left, left * slots * sizes[number] / sum(sizes[number:]))

    def scarcity(self) -> Scarcity:
        """Return what scarce capacity is worth: one relaxation a part, also when time is up.

        Nothing is priced once the run was cancelled.
        """
        return price_capacity(self._problem, self._parts, self._seconds_left)

    def _seconds_left(self) -> float | None:
        if self._progress.cancelled:
            return 0.0
        if self._limits.seconds is None:
            return None
        return max(self._limits.seconds - (monotonic() - self._began), PRICING_SECONDS)

    def _gathered(self, solved: list[Solved]) -> tuple[Plan, list[int], tuple[str, ...]]:
        plan: Plan = {}
        bounds = list(self._unavoidable)
        how = []
        for part, result in zip(self._parts, solved, strict=True):
            plan |= part.choices(result.plan)
            bounds = [known + bound for known, bound in zip(bounds, result.bounds, strict=True)]
            means = ", ".join(dict.fromkeys(result.how)) or "nothing left to search"
            how.append(f"{len(part.packing.requests)} people: {means}")
        return (*_polished(self._problem, plan, bounds), tuple(reversed(how)))


def _polished(problem: Problem, plan: Plan, bounds: list[int]) -> tuple[Plan, list[int]]:
    """Let everybody have the best that is free beside the others, and keep the bounds honest.

    A bound holds given that the stages before it are no worse than they were, part by part. So it
    is kept up to the first stage that got worse; behind that one, only what no plan can avoid is
    still known.
    """
    better = polished(problem, plan)
    worse = [
        stage
        for requests in problem.parts
        for stage, (before, after) in enumerate(
            zip(problem.rank_of(plan, requests), problem.rank_of(better, requests), strict=True)
        )
        if after > before
    ]
    behind = min(worse, default=len(bounds)) + 1
    return better, [*bounds[:behind], *_bounds_without_options(problem)[behind:]]


def _size(problem: Problem, requests: tuple[int, ...]) -> int:
    return sum(len(problem.options[request]) for request in requests)


def _better_start(problem: Problem, given: Allocation | None) -> Plan:
    """Return, part by part, the best of today's way, the start by risk, and the one given."""
    plans = [todays_way(problem), by_risk(problem)]
    if given is not None:
        plans.append(polished(problem, plan_of(problem, given)))
    best: Plan = {}
    for requests in problem.parts:
        chosen = min(plans, key=lambda plan: problem.rank_of(plan, requests))
        best |= {request: chosen[request] for request in requests if request in chosen}
    return best


def _bounds_without_options(problem: Problem) -> tuple[int, ...]:
    """Return what the requests without any option add to every objective, whatever is done."""
    nobody = tuple(n for n, options in enumerate(problem.options) if not options)
    return problem.rank_of({}, nobody)


def _stages(problem: Problem, allocation: Allocation, bounds: Bounds) -> tuple[Stage, ...]:
    """Return the stages as the published objectives measure them, and hold bounds against them."""
    enquiries = dict(zip(problem.request_ids, problem.enquiries, strict=True))
    values = measure(enquiries, allocation, problem.order)
    stages = tuple(
        Stage(
            name=each.name,
            unit=each.unit,
            value=values[each.name],
            bound=None if bounds is None else bounds[number],
        )
        for number, each in enumerate(problem.order)
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
    """Return a digest of everything an answer depends on: book, policy and road times if any."""
    document: dict[str, object] = {
        "book": market.book.model_dump(mode="json"),
        "policy": market.policy.model_dump(mode="json"),
    }
    if market.roads is not None:
        document["roads"] = market.roads.digest
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()

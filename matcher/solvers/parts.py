"""The independent parts of a book, solved one after another, in processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from matcher.distribute import Channel, spread
from matcher.result import Limits, Progress
from matcher.solvers.exact.cp_sat import Budget, Effort
from matcher.solvers.instance.assignment import Packing, Plan
from matcher.solvers.search.incumbent import Solved
from matcher.solvers.search.stages import StageSolver

PartNews = tuple[tuple[int, ...], tuple[int, ...], int]
"""Values and bounds by stage, and how many are placed."""


@dataclass(frozen=True, eq=False)
class Job:
    """One part to solve, as plain data that can be sent to another process.

    Parameters
    ----------
    packing
        The part.
    start
        A plan to start from.
    bookable
        Which options count as placed, [options].
    seconds
        Time for it from when it begins; ``None`` for no limit.
    limits, seed
        What the run was asked for.
    """

    packing: Packing
    start: Plan
    bookable: npt.NDArray[np.bool_]
    seconds: float | None
    limits: Limits
    seed: int

    def news(self, plan: Plan, bounds: Sequence[int]) -> PartNews:
        """Return a plan and bounds as they are put up."""
        placed = sum(bool(self.bookable[pick.option]) for pick in plan.values())
        return self.packing.values(plan), tuple(bounds), placed


class _Remote(Progress):
    """Lets a run in another process be cancelled by the one that started it."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    @property
    def cancelled(self) -> bool:
        """Whether the run was asked to stop, here or there."""
        return self._channel.cancelled


def solve_part(job: Job, channel: Channel) -> Solved:
    """Return what was found for one part; tells values and bounds through the channel."""
    effort = Effort(job.limits, job.seed, _Remote(channel))

    def told(plan: Plan, bounds: Sequence[int]) -> None:
        channel.tell(job.news(plan, bounds))

    solver = StageSolver(job.packing, effort, told)
    return solver.solve(job.start, Budget(job.seconds, job.limits.deterministic_time))


def solve_parts(
    jobs: Sequence[Job],
    *,
    processes: int,
    cluster: str | None = None,
    progress: Progress,
    news: Callable[[int, PartNews], None],
    seconds_of: Callable[[int], float | None],
) -> list[Solved]:
    """Return what was found for every part, in their order.

    Parameters
    ----------
    jobs
        The parts.
    processes, cluster
        Processes of this machine to use, or the address of a cluster; with one process parts are
        solved in this one, one after another.
    progress
        How to cancel, and whom to tell that parts begin and end.
    news
        Told what is known of a part.
    seconds_of
        Time for a part, asked when it begins.
    """

    def begun() -> Iterator[Job]:
        for number, job in enumerate(jobs):
            progress.part_started(number, len(job.packing.requests))
            yield replace(job, seconds=seconds_of(number))

    results = spread(
        solve_part,
        begun(),
        processes=min(processes, len(jobs)) or 1,
        cluster=cluster if len(jobs) > 1 else None,
        on_message=news,
        cancelled=lambda: progress.cancelled,
    )
    solved = []
    for number, result in enumerate(results):
        progress.part_done(number, len(jobs[number].packing.requests), len(result.plan))
        solved.append(result)
    return solved

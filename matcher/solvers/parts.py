"""The independent parts of a book, solved one after another or in processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from time import time

import numpy as np
import numpy.typing as npt

from matcher.distribute import Channel, map_supervised
from matcher.result import Limits, Progress
from matcher.solvers.packing import Packing, Plan
from matcher.solvers.search import Budget, Effort
from matcher.solvers.stages import StageSolver
from matcher.solvers.state import Solved

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
        Time for it; ``None`` for no limit.
    until
        The moment by which the run must end, by the clock of the day; ``None`` for no limit.
    limits, seed
        What the run was asked for.
    """

    packing: Packing
    start: Plan
    bookable: npt.NDArray[np.bool_]
    seconds: float | None
    limits: Limits
    seed: int
    until: float | None = None

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
    seconds = job.seconds
    if seconds is not None and job.until is not None:
        seconds = min(seconds, max(job.until - time(), 0.0))
    return solver.solve(job.start, Budget(seconds, job.limits.deterministic_time))


def solve_parts(
    jobs: Sequence[Job],
    *,
    processes: int,
    progress: Progress,
    news: Callable[[int, PartNews], None],
    seconds_of: Callable[[int], float | None],
) -> list[Solved]:
    """Return what was found for every part, in their order.

    Parameters
    ----------
    jobs
        The parts.
    processes
        Processes to use; with one, parts are solved in this one, one after another.
    progress
        How to cancel, and whom to tell that parts end, and in one process also that they begin.
    news
        Told what is known of a part.
    seconds_of
        Time for a part, asked when it begins where parts are solved one after another.
    """
    if processes == 1:
        return [_here(number, job, progress, news, seconds_of) for number, job in enumerate(jobs)]
    solved = []
    results = map_supervised(
        solve_part,
        jobs,
        processes=processes,
        on_message=news,
        cancelled=lambda: progress.cancelled,
    )
    for number, result in enumerate(results):
        _done(number, jobs[number], result, progress)
        solved.append(result)
    return solved


def _here(
    number: int,
    job: Job,
    progress: Progress,
    news: Callable[[int, PartNews], None],
    seconds_of: Callable[[int], float | None],
) -> Solved:
    progress.part_started(number, len(job.packing.requests))
    timed = Job(job.packing, job.start, job.bookable, seconds_of(number), job.limits, job.seed)
    channel = Channel(partial(news, number), lambda: progress.cancelled)
    result = solve_part(timed, channel)
    _done(number, job, result, progress)
    return result


def _done(number: int, job: Job, result: Solved, progress: Progress) -> None:
    progress.part_done(number, len(job.packing.requests), len(result.plan))

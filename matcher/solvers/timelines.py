"""Calendars that must hold: what each provider has free, and all that could be put there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.solvers.options import Option, Part, Problem, Resource
from matcher.vocabulary import DAYS_PER_WEEK

Profile = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class Task:
    """One visit or stay under one option, which keeps carers or a bed busy for a while.

    Parameters
    ----------
    option, visit
        The option, and the number of the unknown time it starts by.
    first, stop
        It lies within these positions of its calendar, whenever it starts.
    lead
        How long before its start it begins to keep busy: travel.
    length
        How long it keeps busy, travel included; ``None`` for a bed until the calendar's end.
    demand
        Carers or beds it keeps busy.
    least_length
        A length it never falls short of.
    """

    option: Option
    visit: int
    first: int
    stop: int
    lead: int
    length: int | None
    demand: int
    least_length: int


@dataclass(frozen=True, eq=False)
class Timeline:
    """One calendar: what is free at each position, and the tasks that could be there."""

    profile: Profile
    tasks: tuple[Task, ...]


def timelines(part: Part) -> tuple[Timeline, ...]:
    """Return every calendar that the requests of a part share."""
    problem = part.problem
    tasks: dict[Resource, list[Task]] = defaultdict(list)
    for options in part.options.values():
        for option in options:
            tasks[problem.resource(option)] += _tasks(problem, option)
    return tuple(
        timeline
        for resource, members in tasks.items()
        for timeline in _calendars(problem, resource, members)
    )


def _tasks(problem: Problem, option: Option) -> Iterator[Task]:
    if not problem.enquiries[option.request].request.is_homecare:
        yield _stay(problem, option)
        return
    shape, travel = problem.shape(option.request), option.travel_slots
    for visit in range(len(shape)):
        slots = np.flatnonzero(option.domains[visit])
        length = int(shape.length_slots[visit]) + travel
        yield Task(
            option=option,
            visit=visit,
            first=int(slots[0]) - travel,
            stop=int(slots[-1]) - travel + length,
            lead=travel,
            length=length,
            demand=int(shape.carers[visit]),
            least_length=length,
        )


def _stay(problem: Problem, option: Option) -> Task:
    placement = problem.enquiries[option.request].request.placement
    nights = placement.nights if placement else None
    days = np.flatnonzero(option.domains[0])
    first, last, end = int(days[0]), int(days[-1]), option.domains.shape[1]
    stop = end if nights is None else last + nights
    least = end - last if nights is None else nights
    return Task(option, 0, first, stop, 0, nights, 1, least)


def _calendars(problem: Problem, resource: Resource, tasks: list[Task]) -> Iterator[Timeline]:
    """Yield a provider's calendars.

    Days of the week with the very same visits fold into one: visits start at the same time on
    all their days, so the least free at each moment over those days decides.
    """
    provider, care_type = resource
    if care_type is not None:
        calendar = problem.market.beds[care_type].of(provider)
        # Nights after the horizon are all alike: the last column stands for every one of them.
        beyond = max(max(task.stop for task in tasks) - len(calendar), 0)
        yield Timeline(np.append(calendar, np.repeat(calendar[-1:], beyond)), tuple(tasks))
        return
    free = problem.market.carers.of(provider)
    days: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for day in range(DAYS_PER_WEEK):
        members = tuple(i for i, task in enumerate(tasks) if _is_on(problem, task, day))
        if members:
            days[members].append(day)
    for members, same in days.items():
        yield Timeline(free[same].min(axis=0), tuple(tasks[i] for i in members))


def _is_on(problem: Problem, task: Task, day: int) -> bool:
    return bool(problem.shape(task.option.request).days[task.visit, day])

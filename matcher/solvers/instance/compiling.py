"""From a part of a book to a packing with start times, and back: the one place where they meet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.assignment import Plan as Picks
from matcher.solvers.instance.calendars import Apart, Door, Task, Timeline, Timing
from matcher.solvers.instance.candidates import Choice, Option, Problem, Resource
from matcher.solvers.instance.capacity_rows import Row, Window, window_rows
from matcher.timetable import PackageShape, Use, neighbours, ways_of
from matcher.vocabulary import DAYS_PER_WEEK
from matcher.wish import Wish


@dataclass(frozen=True, eq=False)
class Part:
    """Some requests of a book as a packing, and what its numbers stand for.

    Parameters
    ----------
    packing
        The arrays. Requests keep their numbers in the problem; stages are the policy's objectives
        in their order.
    options
        The option behind each number.
    resources
        The capacity behind each block.
    windows
        Where each row comes from.
    """

    packing: Packing
    options: tuple[Option, ...]
    resources: tuple[Resource, ...]
    windows: tuple[Window, ...]

    def choices(self, picks: Picks) -> dict[int, Choice]:
        """Return picks as choices of the problem's options."""
        return {r: Choice(self.options[pick.option], pick.details) for r, pick in picks.items()}

    def picks(self, plan: Mapping[int, Choice]) -> dict[int, Pick]:
        """Return those choices of a plan that are of this part."""
        number = {option: i for i, option in enumerate(self.options)}
        return {
            request: Pick(number[choice.option], choice.times)
            for request, choice in plan.items()
            if choice.option in number
        }


def compile_part(problem: Problem, requests: tuple[int, ...]) -> Part:
    """Return some requests of a problem as a packing.

    Parameters
    ----------
    problem
        The requests and their options.
    requests
        Numbers of the requests, ascending; they share capacity with no others.
    """
    options = tuple(option for request in requests for option in problem.options[request])
    resources = tuple(sorted({problem.resource(o) for o in options}, key=_resource_key))
    stages = len(problem.order)
    request = np.array([option.request for option in options], np.int64)
    timing = Timing(
        domains=tuple(option.domains for option in options),
        lines=tuple(_timelines(problem, options, resources)),
        doors={r: door for r in requests if (door := _door(problem, r)) is not None},
        wishes={
            request: tuple(
                (stage, _of_unit(problem, request, wish))
                for stage, each in enumerate(problem.order)
                for wish in each.wishes(problem.enquiries[request])
            )
            for request in requests
        },
        request=request,
        stages=stages,
        targets={r: _targets(problem, r) for r in requests},
    )
    rows = window_rows(timing.lines)
    block = {resource: number for number, resource in enumerate(resources)}
    nothing = {r: problem.values(r, None) for r in requests}
    packing = Packing(
        request=request,
        block=np.array([block[problem.resource(o)] for o in options], np.int64),
        costs=np.array([np.subtract(o.costs, nothing[o.request]) for o in options], np.int64)
        .reshape(len(options), stages)
        .T,
        without=np.sum([nothing[r] for r in requests], axis=0, dtype=np.int64),
        **_row_arrays(rows),
        details=timing,
    )
    return Part(packing, options, resources, tuple(row.window for row in rows))


def _resource_key(resource: Resource) -> tuple[int, str]:
    return resource[0], str(resource[1] or "")


def _row_arrays(rows: list[Row]) -> dict[str, np.ndarray]:
    lengths = [len(row.coefficients) for row in rows]
    return {
        "row_start": np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        "row_option": np.array([o for row in rows for o in row.coefficients], np.int64),
        "row_amount": np.array([a for row in rows for a in row.coefficients.values()], np.int64),
        "limits": np.array([row.limit for row in rows], np.int64),
    }


# -- calendars -----------------------------------------------------------------------------------


def _timelines(
    problem: Problem, options: tuple[Option, ...], resources: tuple[Resource, ...]
) -> Iterator[Timeline]:
    tasks: dict[Resource, list[Task]] = defaultdict(list)
    for number, option in enumerate(options):
        tasks[problem.resource(option)] += _tasks(problem, number, option)
    for block, resource in enumerate(resources):
        if resource[1] is None:
            yield from _weeks(problem, block, resource, tasks[resource], options)
        else:
            yield _nights(problem, block, resource, tasks[resource])


def _tasks(problem: Problem, number: int, option: Option) -> Iterator[Task]:
    if not problem.enquiries[option.request].request.is_homecare:
        yield _stay(problem, number, option)
        return
    shape = problem.shape(option.request)
    for unit, uses in enumerate(shape.uses):
        for use in uses:
            yield _visit(option, number, unit, use)


def _visit(option: Option, number: int, unit: int, use: Use) -> Task:
    """Return what carers of one visit do under an option."""
    slots = np.flatnonzero(option.domains[unit])
    begin, stop = use.busy(option.travel_slots)
    lead, length = option.travel_slots - begin, stop - begin
    return Task(
        option=number,
        visit=unit,
        first=int(slots[0]) - lead,
        stop=int(slots[-1]) - lead + length,
        lead=lead,
        length=length,
        demand=use.carers,
        least_length=length,
    )


def _stay(problem: Problem, number: int, option: Option) -> Task:
    nights = problem.enquiries[option.request].request.stay_nights
    days = np.flatnonzero(option.domains[0])
    first, last, end = int(days[0]), int(days[-1]), option.domains.shape[1]
    stop = end if nights is None else last + nights
    least = end - last if nights is None else nights
    return Task(number, 0, first, stop, 0, nights, 1, least)


def _nights(problem: Problem, block: int, resource: Resource, tasks: list[Task]) -> Timeline:
    provider, care_type = resource
    if care_type is None:
        raise ValueError("a calendar of nights is of one kind of bed")
    calendar = problem.market.beds[care_type].of(provider)
    # Nights after the horizon are all alike: the last column stands for every one of them.
    beyond = max(max(task.stop for task in tasks) - len(calendar), 0)
    profile = np.append(calendar, np.repeat(calendar[-1:], beyond))
    return Timeline(block, (), profile, tuple(tasks))


def _weeks(
    problem: Problem,
    block: int,
    resource: Resource,
    tasks: list[Task],
    options: tuple[Option, ...],
) -> Iterator[Timeline]:
    """Yield an agency's calendars.

    Days of the week with the very same visits fold into one: visits start at the same time on
    all their days, so the least free at each moment over those days decides.
    """
    free = problem.market.carers.of(resource[0])
    of_tasks = [
        use.days
        for option in dict.fromkeys(task.option for task in tasks)
        for uses in problem.shape(options[option].request).uses
        for use in uses
    ]
    days: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for day in range(DAYS_PER_WEEK):
        members = tuple(i for i, own in enumerate(of_tasks) if day in own)
        if members:
            days[members].append(day)
    for members, same in days.items():
        yield Timeline(block, tuple(same), free[same].min(axis=0), tuple(tasks[i] for i in members))


# -- what times are held against -----------------------------------------------------------------


def _door(problem: Problem, request: int) -> Door | None:
    if not problem.enquiries[request].request.is_homecare:
        return None
    shape = problem.shape(request)
    groups = [np.flatnonzero(shape.days[:, days[0]]).tolist() for days in shape.day_groups]
    lengths = np.where(shape.days, shape.door_slots, np.iinfo(np.int16).max).min(axis=1)
    return Door(
        tuple(lengths.tolist()),
        tuple(tuple(units) for units in groups if len(units) > 1),
        tuple(_gaps(shape, lengths.tolist())),
        tuple(_soft_gaps(shape)),
    )


def _gaps(shape: PackageShape, lengths: list[int]) -> Iterator[Apart]:
    """Yield the pairs of units that need more between them than their least lengths."""
    for one, other in combinations(range(len(shape)), 2):
        after, before = int(shape.apart[one, other]), int(shape.apart[other, one])
        if after > lengths[one] or before > lengths[other]:
            yield Apart(one, other, after, before)
    for gap in shape.most_gaps:
        one, other = gap.one, gap.other
        after, before = int(shape.apart[one, other]), int(shape.apart[other, one])
        yield Apart(one, other, after, before, gap.shift, gap.most)


def _soft_gaps(shape: PackageShape) -> Iterator[Apart]:
    """Yield the pairs of units whose windows would let them break the soft gap."""
    kept, *plain = ways_of(shape)
    nearby = neighbours(kept) if plain else []
    for one, others in enumerate(nearby):
        for other in others:
            if one < other and kept.share_day[one, other]:
                after, before = int(kept.apart[one, other]), int(kept.apart[other, one])
                yield Apart(one, other, after, before)


def _targets(problem: Problem, request: int) -> tuple[int, ...]:
    """Return the best time of each unit; none for a bed, which is best as early as can be."""
    if not problem.enquiries[request].request.is_homecare:
        return ()
    return tuple(problem.shape(request).target_slot.tolist())


def _of_unit(problem: Problem, request: int, wish: Wish) -> Wish:
    """Return a wish for one visit, or for a bed, as one for the unit by which it starts."""
    if not problem.enquiries[request].request.is_homecare:
        return wish
    shape, visit = problem.shape(request), wish.visit
    return replace(wish, visit=shape.unit_of[visit], target=wish.target - shape.offset_slots[visit])

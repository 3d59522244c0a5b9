"""Greedy answers: today's way, first come to the nearest free provider, and a start by risk."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from matcher.policy import Objective
from matcher.solvers.options import Choice, Option, Plan, Problem, Resource
from matcher.timetable import admission_days, earliest_admission, find_times, occupy, occupy_bed
from matcher.vocabulary import Risk

URGENCY = {Risk.RED: 0, Risk.AMBER: 1, Risk.GREEN: 2, None: 3}
Preference = Callable[[Option], tuple[int, ...]]


class Diary:
    """What every provider still has free while requests are placed one by one.

    Parameters
    ----------
    problem
        The requests and their options.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._left: dict[Resource, npt.NDArray[np.integer]] = {}

    def left(self, option: Option) -> npt.NDArray[np.integer]:
        """Return what is free of the capacity that an option draws on."""
        resource = self._problem.resource(option)
        if resource not in self._left:
            capacity = self._problem.enquiries[option.request].capacity
            self._left[resource] = capacity.of(option.provider)
        return self._left[resource]

    def fit(self, option: Option) -> Choice | None:
        """Return the option with times that still exist for it; ``None`` if there are none."""
        left = self.left(option)
        if self._problem.enquiries[option.request].request.is_homecare:
            shape = self._problem.shape(option.request)
            times = find_times(left, shape, option.travel_slots)
            return None if times is None else Choice(option, times)
        day = earliest_admission(left, self._problem.bed_window(option))
        return None if day is None else Choice(option, (day,))

    def again(self, option: Option, times: tuple[int, ...]) -> Choice | None:
        """Return the option with the times given, if they still fit, else with others that do."""
        choice = Choice(option, times)
        return choice if self._fits(choice) else self.fit(option)

    def _fits(self, choice: Choice) -> bool:
        option, left = choice.option, self.left(choice.option)
        domains = option.domains
        if len(choice.times) != len(domains) or not all(
            0 <= time < domain.shape[0] and domain[time]
            for time, domain in zip(choice.times, domains, strict=True)
        ):
            return False
        if not self._problem.enquiries[option.request].request.is_homecare:
            window = self._problem.bed_window(option)
            day = choice.times[0]
            return bool(admission_days(left, day, day, window.nights)[0])
        shape = self._problem.shape(option.request)
        if any(
            later < start + int(shape.length_slots[one])
            for one, start in enumerate(choice.times)
            for other, later in enumerate(choice.times)
            if one != other and start <= later and shape.share_day[one, other]
        ):
            return False
        return bool((occupy(left, shape, option.travel_slots, choice.times) >= 0).all())

    def take(self, choice: Choice) -> None:
        """Take a choice's carers or bed out of what is free."""
        option, left = choice.option, self.left(choice.option)
        enquiry = self._problem.enquiries[option.request]
        resource = self._problem.resource(option)
        if enquiry.request.is_homecare:
            shape = self._problem.shape(option.request)
            self._left[resource] = occupy(left, shape, option.travel_slots, choice.times)
        else:
            nights = enquiry.request.placement.nights if enquiry.request.placement else None
            self._left[resource] = occupy_bed(left, choice.times[0], nights)


def fill(problem: Problem, requests: Iterable[int], preference: Preference) -> Plan:
    """Return the plan of taking requests in turn, each its most preferred option that fits.

    Offers that need approval are taken only when none that may be booked fits (H9).

    Parameters
    ----------
    problem
        The requests and their options.
    requests
        Numbers of the requests, in the order in which they are served.
    preference
        Sort key of a request's options, the smallest first.
    """
    diary, plan = Diary(problem), {}
    for request in requests:
        ordered = sorted(problem.options[request], key=lambda o: (o.needs_approval, *preference(o)))
        choice = next((fit for option in ordered if (fit := diary.fit(option))), None)
        if choice is not None:
            diary.take(choice)
            plan[request] = choice
    return plan


def topped_up(problem: Problem, plan: Plan) -> Plan:
    """Return a plan with everyone added whom it left out although something is still free.

    Only a search that ran out of time leaves such people out. They are taken by risk, each to
    the nearest provider that fits, where that makes the whole better by the ordered objectives.
    """
    diary, fuller = Diary(problem), dict(plan)
    for choice in plan.values():
        diary.take(choice)
    for request in _by_urgency(problem):
        if request in fuller:
            continue
        for option in sorted(problem.options[request], key=_bookable_then_nearest):
            fit = diary.fit(option)
            if fit is not None and _is_better(problem, request, fit):
                diary.take(fit)
                fuller[request] = fit
                break
    return fuller


def _bookable_then_nearest(option: Option) -> tuple[int, ...]:
    return (option.needs_approval, *nearest(option))


def _is_better(problem: Problem, request: int, choice: Choice) -> bool:
    alone = (request,)
    return problem.rank_of({request: choice}, alone) < problem.rank_of({}, alone)


def nearest(option: Option) -> tuple[int, ...]:
    """Prefer the nearest provider, then the smaller id."""
    return option.costs[Objective.DISTANCE_METRES], option.provider


def todays_way(problem: Problem) -> Plan:
    """Return what offices do today: first come, first served, to the nearest free provider."""

    def arrival(number: int) -> tuple[int, str]:
        request = problem.enquiries[number].request
        since = request.waiting_since or problem.market.book.as_of
        return since.toordinal(), request.request_id

    return fill(problem, sorted(range(len(problem)), key=arrival), nearest)


def by_risk(problem: Problem) -> Plan:
    """Return a plan that serves risk first, then those with the fewest options, nearest first."""
    return fill(problem, _by_urgency(problem), nearest)


def _by_urgency(problem: Problem) -> list[int]:
    """Return requests by risk, then by how few options may be booked for them."""

    def urgency(number: int) -> tuple[int, int, str]:
        request = problem.enquiries[number].request
        bookable = sum(not option.needs_approval for option in problem.options[number])
        return URGENCY[request.risk], bookable, request.request_id

    return sorted(range(len(problem)), key=urgency)

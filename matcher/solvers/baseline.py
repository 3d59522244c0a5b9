"""Greedy answers: today's way, first come to the nearest free provider, and a start by risk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from matcher.solvers.instance.candidates import Choice, Option, Plan, Problem
from matcher.solvers.instance.diary import Diary
from matcher.timetable import time_key
from matcher.vocabulary import Risk

URGENCY = {Risk.RED: 0, Risk.AMBER: 1, Risk.GREEN: 2, None: 3}
ROUNDS = 3
"""How often times are put nearest to those wished for, each of which may let others move."""
Preference = Callable[[Option], tuple[Any, ...]]


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
        choice = next((fit for option in ordered if (fit := diary.offered(option))), None)
        if choice is not None:
            diary.take(choice)
            plan[request] = choice
    return plan


def polished(problem: Problem, plan: Plan) -> Plan:
    """Return a plan with everybody at the best that is free beside the others.

    By risk, each is moved to whatever option with room makes their own objectives less, in the
    order published, and ties are settled as in the shortlist; until nobody can be moved. So no
    deviation from a shortlist is left but for those who hold the capacity. Then times are put as
    near as can be to those wished for. Nobody keeps a later price while the home could admit
    sooner, or a specialist service while a generic one has room.
    """
    best = Polish(problem, plan)
    best.settle()
    best.improve()
    for _ in range(ROUNDS):
        if not best.retime() + best.settle():
            break
        best.improve()
    best.settle()
    return best.plan


class Polish:
    """A plan in which people are moved one by one to what is free and better for them.

    Parameters
    ----------
    problem
        The requests and their options.
    plan
        The plan to set out from.
    """

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.plan = dict(plan)
        self._problem, self._diary = problem, Diary(problem)
        self._requests = _by_urgency(problem)
        for choice in plan.values():
            self._diary.take(choice)

    def improve(self) -> None:
        """Move whoever can be moved to something better, until nobody can be."""
        while sum(self._move(request) for request in self._requests):
            pass

    def settle(self) -> int:
        """Give everybody who has what may not be offered beside the others what may; say how many.

        That makes their objectives worse, as a rule, and may let others move in turn.
        """
        changed = 0
        for _ in range(ROUNDS):
            now = sum(self._settle(request) for request in self._requests if request in self.plan)
            changed += now
            if not now:
                break
        return changed

    def _settle(self, request: int) -> bool:
        now = self.plan[request]
        if not now.option.is_specialist and not now.option.days.any():
            return False
        self._diary.give_back(now)
        if self._diary.offered(now.option) is not None:
            self._diary.take(now)
            return False
        offers = [self._diary.offered(option) for option in self._problem.options[request]]
        best = min(
            (offer for offer in offers if offer is not None),
            key=lambda offer: self._key(request, offer),
            default=None,
        )
        if best is None:
            del self.plan[request]
        else:
            self._diary.take(best)
            self.plan[request] = best
        return True

    def retime(self) -> bool:
        """Put times nearest to those wished for where nothing gets worse; say whether any were."""
        return sum(self._retime(request) for request in [*self.plan]) > 0

    def _move(self, request: int) -> bool:
        now = self.plan.get(request)
        if now is not None:
            self._diary.give_back(now)
        best, least = now, self._key(request, now)
        for option in self._problem.options[request]:
            # What depends on times only adds: an option that is no better without is none.
            if (option.costs, option.tie) >= least:
                continue
            fit = self._diary.offered(option)
            if fit is not None and (key := self._key(request, fit)) < least:
                best, least = fit, key
        if best is not None:
            self._diary.take(best)
            self.plan[request] = best
        return best is not now

    def _retime(self, request: int) -> bool:
        now = self.plan[request]
        self._diary.give_back(now)
        fit = self._diary.fit(now.option)
        is_better = fit is not None and self._time_key(request, fit) < self._time_key(request, now)
        better = fit if is_better else None
        self._diary.take(better or now)
        self.plan[request] = better or now
        return better is not None

    def _time_key(self, request: int, choice: Choice) -> tuple[object, ...]:
        """Return what times are compared by: objectives, then the law of times; days, sooner."""
        values = self._problem.values(request, choice)
        if not self._problem.enquiries[request].request.is_homecare:
            return values, choice.times
        return values, time_key(self._problem.shape(request), choice.times)

    def _key(self, request: int, choice: Choice | None) -> tuple[tuple[int, ...], tuple[int, str]]:
        tie = (0, "") if choice is None else choice.option.tie
        return self._problem.values(request, choice), tie


def nearest(problem: Problem) -> Preference:
    """Prefer the nearest provider, then the smaller id."""

    def preference(option: Option) -> tuple[int, ...]:
        metres = problem.enquiries[option.request].distance_metres
        return int(metres[option.provider]), option.provider

    return preference


def best_alone(option: Option) -> tuple[object, ...]:
    """Prefer what the shortlist ranks first."""
    return option.alone, option.tie


def todays_way(problem: Problem) -> Plan:
    """Return what offices do today: first come, first served, to the nearest free provider."""

    def arrival(number: int) -> tuple[int, str]:
        request = problem.enquiries[number].request
        since = request.waiting_since or problem.market.book.as_of
        return since.toordinal(), request.request_id

    return fill(problem, sorted(range(len(problem)), key=arrival), nearest(problem))


def by_risk(problem: Problem) -> Plan:
    """Return a plan that serves risk first, then those with the fewest options."""
    return fill(problem, _by_urgency(problem), best_alone)


def _by_urgency(problem: Problem) -> list[int]:
    """Return requests by risk, then by how few options may be booked for them."""

    def urgency(number: int) -> tuple[int, int, str]:
        request = problem.enquiries[number].request
        bookable = sum(not option.needs_approval for option in problem.options[number])
        return URGENCY[request.risk], bookable, request.request_id

    return sorted(range(len(problem)), key=urgency)

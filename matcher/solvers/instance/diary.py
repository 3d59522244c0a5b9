"""What every provider still has free while people are placed one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from matcher.market import Mask
from matcher.solvers.instance.candidates import Choice, Option, Problem, Resource
from matcher.timetable import admission_days, find_times, occupy, occupy_bed


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
        # What fits depends on what is free of one resource alone, and is asked again and again.
        self._known: dict[Resource, dict[Option, Choice | None]] = {}

    def left(self, option: Option) -> npt.NDArray[np.integer]:
        """Return what is free of the capacity that an option draws on."""
        resource = self._problem.resource(option)
        if resource not in self._left:
            capacity = self._problem.enquiries[option.request].capacity
            self._left[resource] = capacity.of(option.provider)
        return self._left[resource]

    def fit(self, option: Option) -> Choice | None:
        """Return the option with times that still exist for it; ``None`` if there are none."""
        known = self._known.setdefault(self._problem.resource(option), {})
        if option not in known:
            known[option] = self._fitted(option)
        return known[option]

    def _fitted(self, option: Option) -> Choice | None:
        if self._problem.enquiries[option.request].request.is_homecare:
            shape, left = self._problem.shape(option.request), self.left(option)
            times = find_times(left, shape, option.travel_slots)
            return None if times is None else Choice(option, times)
        day = self._first_day(option, option.domains[0])
        return None if day is None else Choice(option, (day,))

    def _first_day(self, option: Option, asked: Mask) -> int | None:
        """Return the first of some days, [days], on which a home can still admit."""
        days = np.flatnonzero(asked)
        first, last = int(days[0]), int(days[-1])
        nights = self._problem.enquiries[option.request].request.stay_nights
        works = admission_days(self.left(option), first, last, nights) & asked[first : last + 1]
        return first + int(works.argmax()) if works.any() else None

    def offered(self, option: Option) -> Choice | None:
        """Return the option with times if it may be offered beside what is taken by now.

        A home is offered from the first day on which it can admit, and the price is that of this
        day: another price is an option only where the days before are taken. A specialist service
        is one only where no generic service that goes before it has room (H12).
        """
        others = self._problem.options[option.request] if option.is_specialist else ()
        if any(option.gives_way_to(other) and self.offered(other) for other in others):
            return None
        choice = self.fit(option)
        if choice is None or not option.days.any():
            return choice
        return choice if choice.times == (self._first_day(option, option.days),) else None

    def again(self, option: Option, times: tuple[int, ...]) -> Choice | None:
        """Return the option with the times given, if they still fit, else with others that do."""
        choice = Choice(option, times)
        return choice if self._fits(choice) else self.fit(option)

    def may(self, option: Option, times: tuple[int, ...]) -> bool:
        """Say whether an option has each of some times among its own, free or not."""
        domains = option.domains
        return len(times) == len(domains) and all(
            0 <= time < domain.shape[0] and domain[time]
            for time, domain in zip(times, domains, strict=True)
        )

    def _fits(self, choice: Choice) -> bool:
        option, left = choice.option, self.left(choice.option)
        if not self.may(option, choice.times):
            return False
        if not self._problem.enquiries[option.request].request.is_homecare:
            day = choice.times[0]
            nights = self._problem.enquiries[option.request].request.stay_nights
            return bool(admission_days(left, day, day, nights)[0])
        shape = self._problem.shape(option.request)
        if not shape.keeps_apart(choice.times):
            return False
        return bool((occupy(left, shape, option.travel_slots, choice.times) >= 0).all())

    def take(self, choice: Choice) -> None:
        """Take a choice's carers or bed out of what is free."""
        self._change(choice, -1)

    def give_back(self, choice: Choice) -> None:
        """Put a choice's carers or bed back to what is free."""
        self._change(choice, +1)

    def _change(self, choice: Choice, sign: int) -> None:
        option, left = choice.option, self.left(choice.option)
        enquiry = self._problem.enquiries[option.request]
        resource = self._problem.resource(option)
        self._known.pop(resource, None)
        if enquiry.request.is_homecare:
            shape = self._problem.shape(option.request)
            self._left[resource] = occupy(left, shape, option.travel_slots, choice.times, sign)
        else:
            nights = enquiry.request.stay_nights
            self._left[resource] = occupy_bed(left, choice.times[0], nights, sign)

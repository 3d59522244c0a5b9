"""The exact model of one part: who serves whom and when, as CP-SAT constraints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from ortools.sat.python import cp_model

from matcher.policy import Objective
from matcher.scoring import wanted_start
from matcher.solvers.options import Choice, Option, Part, Plan
from matcher.solvers.rows import Row, window_rows
from matcher.solvers.timelines import Profile, Task, Timeline, timelines
from matcher.vocabulary import GRID_MINUTES, TimeNeed


class PartModel:
    """CP-SAT model of some requests that share capacity with nobody else.

    Parameters
    ----------
    part
        The requests and their options.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.problem = part.problem
        self.requests = part.requests
        self.model = cp_model.CpModel()
        self.taken: dict[Option, cp_model.IntVar] = {}
        self.unplaced: dict[int, cp_model.IntVar] = {}
        self.times: dict[int, list[cp_model.IntVar]] = {}
        self.rows: list[Row] = []
        # Unknowns that follow from times chosen, made when an objective first asks for them.
        self._late: dict[tuple[Objective, int], list[cp_model.IntVar]] = {}
        self.add_constraints()

    def add_constraints(self) -> None:
        """Add every rule that the options themselves do not already keep."""
        self.each_request_at_most_one_option()
        self.starts_where_the_option_allows()
        self.one_visit_at_a_time()
        self.carers_and_beds_never_exceeded()

    # -- constraints -----------------------------------------------------------------------

    def each_request_at_most_one_option(self) -> None:
        """Each request takes one option or stays unplaced."""
        for request in self.requests:
            self.unplaced[request] = self.model.new_bool_var(f"unplaced_{request}")
            options = self.part.options[request]
            for option in options:
                self.taken[option] = self.model.new_bool_var(f"take_{request}_{option.provider}")
            self.model.add_exactly_one(
                [self.unplaced[request], *(self.taken[option] for option in options)]
            )

    def starts_where_the_option_allows(self) -> None:
        """Each visit has one start for all its days, within the taken option's domain (H4, H5).

        The same unknown serves all options of a request; an option narrows it when taken.
        """
        for request in self.requests:
            options = self.part.options[request]
            union = np.logical_or.reduce([option.domains for option in options])
            self.times[request] = [
                self.model.new_int_var_from_domain(_domain(row), f"time_{request}_{visit}")
                for visit, row in enumerate(union)
            ]
            for option in options:
                for visit, row in enumerate(option.domains):
                    if not np.array_equal(row, union[visit]):
                        self.model.add_linear_expression_in_domain(
                            self.times[request][visit], _domain(row)
                        ).only_enforce_if(self.taken[option])

    def one_visit_at_a_time(self) -> None:
        """Visits of one person never overlap at her door, however many carers are free."""
        for request in self.requests:
            if not self.problem.enquiries[request].request.is_homecare:
                continue
            shape, placed = self.problem.shape(request), self.unplaced[request].negated()
            at_the_door = [
                self.model.new_optional_fixed_size_interval_var(
                    time, int(shape.length_slots[visit]), placed, f"door_{request}_{visit}"
                )
                for visit, time in enumerate(self.times[request])
            ]
            for days in shape.day_groups:
                visits = np.flatnonzero(shape.days[:, days[0]])
                if len(visits) > 1:
                    self.model.add_no_overlap([at_the_door[visit] for visit in visits])

    def carers_and_beds_never_exceeded(self) -> None:
        """At no moment are more carers busy, or beds taken, than a provider has free."""
        lines = timelines(self.part)
        self.rows = window_rows(lines)
        intervals = {
            task: self._interval(task, len(line.profile)) for line in lines for task in line.tasks
        }
        for line in lines:
            self._add_cumulative(line, [intervals[task] for task in line.tasks])
        for row in self.rows:
            # Implied by the calendars, but seen by the solver's linear relaxation only so.
            amounts = row.coefficients.items()
            self.model.add(sum(amount * self.taken[o] for o, amount in amounts) <= row.limit)

    def _interval(self, task: Task, end: int) -> cp_model.IntervalVar:
        time, taken = self.times[task.option.request][task.visit], self.taken[task.option]
        name = f"busy_{task.option.request}_{task.option.provider}_{task.visit}"
        if task.length is None:
            return self.model.new_optional_interval_var(time, end - time, end, taken, name)
        return self.model.new_optional_fixed_size_interval_var(
            time - task.lead, task.length, taken, name
        )

    def _add_cumulative(self, line: Timeline, intervals: list[cp_model.IntervalVar]) -> None:
        first = min(task.first for task in line.tasks)
        stop = max(len(line.profile) if t.length is None else t.stop for t in line.tasks)
        most = int(line.profile[first:stop].max())
        demands = [task.demand for task in line.tasks]
        for start, end, free in _runs(line.profile, first, stop):
            if free < most:
                intervals.append(self.model.new_fixed_size_interval_var(start, end - start, "gap"))
                demands.append(most - free)
        self.model.add_cumulative(intervals, demands, most)

    # -- objectives ------------------------------------------------------------------------

    def expression(self, objective: Objective) -> cp_model.LinearExprT:
        """Return an objective as an expression; never less than its measured value."""
        terms: list[cp_model.LinearExprT] = []
        for request in self.requests:
            without = self.problem.values(request, None)[objective]
            terms.append(without * self.unplaced[request])
            for option in self.part.options[request]:
                terms.append(option.costs.get(objective, 0) * self.taken[option])
            terms += self._time_terms(objective, request)
        return sum(terms)

    def _time_terms(self, objective: Objective, request: int) -> list[cp_model.LinearExprT]:
        is_homecare = self.problem.enquiries[request].request.is_homecare
        if is_homecare and objective is Objective.PREFERRED_MINUTES:
            return [GRID_MINUTES * away for away in self._slots_away(request)]
        if not is_homecare and objective is Objective.START_DAYS:
            return list(self._start_day(request))
        if not is_homecare and objective is Objective.CLOCK_BREACHES:
            return list(self._breach(request))
        return []

    def _slots_away(self, request: int) -> list[cp_model.IntVar]:
        key = (Objective.PREFERRED_MINUTES, request)
        if key not in self._late:
            self._late[key] = []
            for visit, slot in self._preferred_slots(request):
                away = self.model.new_int_var(0, 288, f"away_{request}_{visit}")
                time, placed = self.times[request][visit], self.unplaced[request].negated()
                self.model.add(away >= time - slot).only_enforce_if(placed)
                self.model.add(away >= slot - time).only_enforce_if(placed)
                self._late[key].append(away)
        return self._late[key]

    def _preferred_slots(self, request: int) -> list[tuple[int, int]]:
        return [
            (number, visit.at_minute // GRID_MINUTES)
            for number, visit in enumerate(self.problem.enquiries[request].request.package.visits)
            if visit.time_need is TimeNeed.PREFERRED and visit.at_minute is not None
        ]

    def _start_day(self, request: int) -> list[cp_model.IntVar]:
        key = (Objective.START_DAYS, request)
        if key not in self._late:
            day, placed = self.times[request][0], self.unplaced[request].negated()
            longest = self.part.options[request][0].domains.shape[1]
            waited = self.model.new_int_var(0, longest, f"start_day_{request}")
            self.model.add(waited >= day).only_enforce_if(placed)
            self._late[key] = [waited]
        return self._late[key]

    def _breach(self, request: int) -> list[cp_model.IntVar]:
        key = (Objective.CLOCK_BREACHES, request)
        if key not in self._late:
            day, placed = self.times[request][0], self.unplaced[request].negated()
            breach = self.model.new_bool_var(f"breach_{request}")
            wanted = self._wanted_day(request)
            self.model.add(day <= wanted).only_enforce_if([placed, breach.negated()])
            self._late[key] = [breach]
        return self._late[key]

    def _wanted_day(self, request: int) -> int:
        return self.problem.market.day_number(wanted_start(self.problem.enquiries[request]))

    # -- in and out ------------------------------------------------------------------------

    def hint(self, plan: Plan) -> None:
        """Give the solver a plan to start from, every unknown filled in."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]
        for request in self.requests:
            choice = plan.get(request)
            self.model.add_hint(self.unplaced[request], choice is None)
            for option in self.part.options[request]:
                taken = choice is not None and choice.option is option
                self.model.add_hint(self.taken[option], taken)
            if choice is not None:
                for time, value in zip(self.times[request], choice.times, strict=True):
                    self.model.add_hint(time, value)
        for (objective, request), variables in self._late.items():
            values = self._late_values(objective, plan.get(request)) or [0] * len(variables)
            for variable, value in zip(variables, values, strict=True):
                self.model.add_hint(variable, value)

    def _late_values(self, objective: Objective, choice: Choice | None) -> list[int]:
        if choice is None:
            return []
        request = choice.option.request
        if objective is Objective.PREFERRED_MINUTES:
            return [abs(choice.times[v] - slot) for v, slot in self._preferred_slots(request)]
        day = choice.times[0]
        late = int(day > self._wanted_day(request))
        return [day] if objective is Objective.START_DAYS else [late]

    def read(self, solver: cp_model.CpSolver | cp_model.CpSolverSolutionCallback) -> Plan:
        """Return the plan that the solver found."""
        plan: Plan = {}
        for option, taken in self.taken.items():
            if solver.value(taken):
                times = tuple(solver.value(time) for time in self.times[option.request])
                plan[option.request] = Choice(option, times)
        return plan


def _domain(mask: npt.NDArray[np.bool_]) -> cp_model.Domain:
    return cp_model.Domain.from_values(np.flatnonzero(mask).tolist())


def _runs(profile: Profile, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, value) of every stretch of equal values between two positions."""
    edges = np.flatnonzero(np.diff(profile[first:stop])) + first + 1
    starts, ends = [first, *edges.tolist()], [*edges.tolist(), stop]
    for start, end in zip(starts, ends, strict=True):
        yield start, end, int(profile[start])

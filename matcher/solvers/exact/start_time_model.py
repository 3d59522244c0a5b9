"""The exact model of options with start times: who serves whom and when, as CP-SAT constraints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from ortools.sat.python import cp_model

from matcher.solvers.exact.assignment_model import PackingModel
from matcher.solvers.exact.wish_steps import Steps
from matcher.solvers.instance.assignment import Ints, Packing, Pick, Plan
from matcher.solvers.instance.calendars import (
    Apart,
    Door,
    Mask,
    Profile,
    Task,
    Timeline,
    timing_of,
)
from matcher.wish import Wish


class TimedModel(PackingModel):
    """CP-SAT model of some options of a packing whose details are start times.

    Parameters
    ----------
    packing
        The whole problem; its details are a :class:`Timing`.
    options
        The options that may be taken.
    """

    def __init__(self, packing: Packing, options: Sequence[int]) -> None:
        self.timing = timing_of(packing)
        self.times: dict[int, list[cp_model.IntVar]] = {}
        # First and last of each time, by request.
        self._reach: dict[int, list[tuple[int, int]]] = {}
        # Unknowns that follow from times chosen, made when an aim first asks for them.
        self._steps: dict[tuple[int, Wish], Steps] = {}
        self._spoilt: dict[int, cp_model.IntVar | None] = {}
        super().__init__(packing, options)

    def add_constraints(self) -> None:
        """Add every rule that the options themselves do not already keep."""
        super().add_constraints()
        self.starts_where_the_option_allows()
        self.one_visit_at_a_time()
        self.carers_and_beds_never_exceeded()

    # -- constraints -----------------------------------------------------------------------

    def starts_where_the_option_allows(self) -> None:
        """Each visit has one start for all its days, within the taken option's domain (H4, H5).

        The same unknown serves all options of a request; an option narrows it when taken.
        """
        for request, options in self.options_of.items():
            domains = [self.timing.domains[option] for option in options]
            union = np.logical_or.reduce(domains)
            self.times[request] = [
                self.model.new_int_var_from_domain(_domain(row), f"time_{request}_{visit}")
                for visit, row in enumerate(union)
            ]
            self._reach[request] = [
                (int(slots[0]), int(slots[-1])) for slots in map(np.flatnonzero, union)
            ]
            for option, domain in zip(options, domains, strict=True):
                for visit, row in enumerate(domain):
                    if not np.array_equal(row, union[visit]):
                        self.model.add_linear_expression_in_domain(
                            self.times[request][visit], _domain(row)
                        ).only_enforce_if(self.taken[option])

    def one_visit_at_a_time(self) -> None:
        """Visits of one person never overlap at her door, and their prescribed gaps are kept."""
        for request, times in self.times.items():
            door = self.timing.doors.get(request)
            if door is None:
                continue
            placed = self.unplaced[request].negated()
            at_the_door = [
                self.model.new_optional_fixed_size_interval_var(
                    time, length, placed, f"door_{request}_{visit}"
                )
                for visit, (time, length) in enumerate(zip(times, door.lengths, strict=True))
            ]
            for visits in door.shared:
                self.model.add_no_overlap([at_the_door[visit] for visit in visits])
            for gap in door.gaps:
                self._keep_apart(gap, times[gap.one], times[gap.other], placed)

    def _keep_apart(
        self, gap: Apart, one: cp_model.IntVar, other: cp_model.IntVar, placed: cp_model.LiteralT
    ) -> None:
        name = f"gap_{one.name}_{other.name}"
        lengths = ((one, gap.after_one), (other, gap.after_other))
        self.model.add_no_overlap(
            self.model.new_optional_fixed_size_interval_var(time, length, placed, name)
            for time, length in lengths
        )
        if gap.most is not None:
            between = other - one + gap.shift
            self.model.add_linear_constraint(between, -gap.most, gap.most).only_enforce_if(placed)

    def carers_and_beds_never_exceeded(self) -> None:
        """At no moment are more carers busy, or beds taken, than a provider has free."""
        blocks = np.unique(self.packing.block[self.options]).tolist()
        intervals: dict[Task, cp_model.IntervalVar] = {}
        for line in self.timing.within(blocks, self.options.tolist()):
            for task in line.tasks:
                if task not in intervals:
                    intervals[task] = self._interval(task, len(line.profile))
            self._add_cumulative(line, [intervals[task] for task in line.tasks])

    def _interval(self, task: Task, end: int) -> cp_model.IntervalVar:
        request = int(self.packing.request[task.option])
        time, taken = self.times[request][task.visit], self.taken[task.option]
        name = f"busy_{task.option}_{task.visit}"
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

    def expression(self, aim: Ints) -> cp_model.LinearExprT:
        """Return the change in a weighted sum of stages; never less than its true value."""
        terms = [super().expression(aim)]
        for request in self.options_of:
            for stage, wish in self.timing.wishes.get(request, ()):
                if weight := int(aim[stage]):
                    terms.append(weight * self._away(request, wish).amount)
        return sum(terms)

    def _away(self, request: int, wish: Wish) -> Steps:
        """Return unknowns for how far a time is from what is wished, made once."""
        if (request, wish) not in self._steps:
            self._steps[request, wish] = Steps(
                self.model,
                self.times[request][wish.visit],
                self._reach[request][wish.visit],
                self.unplaced[request].negated(),
                wish,
                spoilt=self._spoilt_of(request),
            )
        return self._steps[request, wish]

    def _spoilt_of(self, request: int) -> cp_model.IntVar | None:
        """Return whether a person's times break a gap that they should keep, made once."""
        if request not in self._spoilt:
            door = self.timing.doors.get(request)
            self._spoilt[request] = self._spoiling(request, door) if door and door.soft else None
        return self._spoilt[request]

    def _spoiling(self, request: int, door: Door) -> cp_model.IntVar:
        spoilt, kept = (self.model.new_bool_var(f"{name}_{request}") for name in ("spoilt", "kept"))
        self.model.add_exactly_one(self.unplaced[request], spoilt, kept)
        for gap in door.soft:
            one, other = self.times[request][gap.one], self.times[request][gap.other]
            self._keep_apart(gap, one, other, kept)
        return spoilt

    # -- in and out ------------------------------------------------------------------------

    def hint(self, plan: Plan) -> None:
        """Give the solver a plan to start from, every unknown filled in."""
        super().hint(plan)
        for request, times in self.times.items():
            if request in plan:
                for time, value in zip(times, plan[request].details, strict=True):
                    self.model.add_hint(time, value)
        for (request, wish), steps in self._steps.items():
            pick = plan.get(request)
            if pick is None:
                steps.hint(None)
                continue
            door = self.timing.doors.get(request)
            is_spoilt = door is not None and door.spoils(pick.details)
            steps.hint(pick.details[wish.visit], spoilt=is_spoilt)

    def read(
        self, solver: cp_model.CpSolver | cp_model.CpSolverSolutionCallback
    ) -> dict[int, Pick]:
        """Return the plan that the solver found, with its times."""
        return {
            request: Pick(pick.option, tuple(solver.value(time) for time in self.times[request]))
            for request, pick in super().read(solver).items()
        }


def _domain(mask: Mask) -> cp_model.Domain:
    return cp_model.Domain.from_values(np.flatnonzero(mask).tolist())


def _runs(profile: Profile, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, value) of every stretch of equal values between two positions."""
    edges = np.flatnonzero(np.diff(profile[first:stop])) + first + 1
    starts, ends = [first, *edges.tolist()], [*edges.tolist(), stop]
    for start, end in zip(starts, ends, strict=True):
        yield start, end, int(profile[start])

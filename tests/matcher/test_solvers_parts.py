"""Parts of a book in processes of their own: the same answer, nothing lost, everything told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Frozen
from matcher.objectives import objective
from matcher.result import Limits, Progress, Report, Status
from matcher.solvers import progress as board
from matcher.solvers import solve
from matcher.solvers.instance.assignment import Packing, Pick
from matcher.solvers.instance.candidates import Problem
from matcher.solvers.parts import Job, PartNews, solve_parts
from matcher.solvers.progress import Board
from matcher.solvers.search.incumbent import Solved
from matcher.vocabulary import TimeNeed
from tests.builders import (
    beds,
    ceiling,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    timed_visit,
    weekly,
)
from tests.deadly import deadly
from tests.packings import best_values, crowded_packing, is_sound, packing_of

LIMITS = Limits.reproducible(0.2)
ORDER = (objective("unplaced_red"), objective("fit"))


def quarters() -> tuple[Frozen, ...]:
    """Build four agencies with a carer and five people each, and a home with a bed for two."""
    agencies = [f"P-{number}" for number in range(1, 5)]
    things: list[Frozen] = [ceiling(), home(), beds(), weekly()]
    for number, name in enumerate(agencies):
        things += [provider(name), hours(name, "07:00", "08:45", 1), hourly(name)]
        things += [
            homecare_request(
                timed_visit(TimeNeed.PREFERRED, "08:00"),
                request_id=f"R-{number}{n}",
                waiting_since=day(-n - number),
                excluded_providers=tuple(other for other in agencies if other != name),
            )
            for n in range(5)
        ]
    return (*things, placement_request("R-90"), placement_request("R-91"))


class Listener(Progress):
    """Notes every report, and what parts begin and end."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[Report] = []
        self.done: list[tuple[int, int, int]] = []

    def reported(self, report: Report) -> None:
        """Note it."""
        self.reports.append(report)

    def part_done(self, *facts: int) -> None:
        """Note it."""
        part, requests, placed = facts
        self.done.append((part, requests, placed))


def job(packing: Packing, limits: Limits = LIMITS) -> Job:
    """Return a packing as a part to solve, from nobody served."""
    bookable = np.ones(len(packing), np.bool_)
    return Job(packing, {}, bookable, None, limits, seed=0)


def dealt_out(
    jobs: Sequence[Job], processes: int, progress: Progress | None = None
) -> tuple[list[Solved], list[tuple[int, PartNews]]]:
    """Return what was found for parts, and all that was told of them."""
    told: list[tuple[int, PartNews]] = []
    solved = solve_parts(
        jobs,
        processes=processes,
        progress=progress or Progress(),
        news=lambda number, news: told.append((number, news)),
        seconds_of=lambda _: None,
    )
    return solved, told


# -- several processes -------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [2, 3])
def test_any_number_of_processes_gives_the_same_answer(
    gazetteer: Gazetteer, processes: int
) -> None:
    """Under reproducible limits, who works at what changes nothing."""
    supply = market(gazetteer, *quarters())
    assert len(Problem(supply).parts) == 5
    alone, together = Listener(), Listener()
    one = solve(supply, limits=LIMITS, seed=5, progress=alone)
    more = solve(supply, limits=LIMITS, seed=5, progress=together, processes=processes)
    assert more.allocation == one.allocation
    assert (more.stages, more.how, more.status) == (one.stages, one.how, one.status)
    assert sorted(alone.done) == sorted(together.done)
    assert sorted(requests for _, requests, _ in together.done) == [2, 5, 5, 5, 5]


@pytest.mark.parametrize("processes", [1, 2])
def test_parts_come_back_in_their_order(processes: int) -> None:
    """Each part has its own plan, with the values told of it last."""
    packings = [crowded_packing(seed) for seed in range(3)]
    solved, told = dealt_out([job(packing) for packing in packings], processes)
    for number, (packing, found) in enumerate(zip(packings, solved, strict=True)):
        assert is_sound(packing, found.plan)
        assert packing.values(found.plan) == tuple(found.bounds) == best_values(packing)
        last = [news for part, news in told if part == number][-1]
        assert last == (packing.values(found.plan), tuple(found.bounds), len(found.plan))


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    """A part whose process is killed in the middle is solved by a fresh one, the others once."""
    plain = [crowded_packing(seed) for seed in range(3)]
    marker = tmp_path / "died"
    packings = [*plain]
    packings[1] = replace(plain[1], details=deadly(plain[1], marker))
    listener = Listener()
    solved, _ = dealt_out([job(packing) for packing in packings], 2, listener)
    assert marker.exists()
    assert [packing.values(found.plan) for packing, found in zip(plain, solved, strict=True)] == [
        best_values(packing) for packing in plain
    ]
    assert [part for part, _, _ in listener.done] == [0, 1, 2]


@pytest.mark.parametrize("processes", [1, 2])
def test_cancelling_reaches_every_process(processes: int) -> None:
    """Once cancelled, each part comes back with a sound plan and bounds that hold."""
    progress = Progress()
    progress.cancel()
    packings = [crowded_packing(seed) for seed in range(3)]
    solved, _ = dealt_out([job(packing) for packing in packings], processes, progress)
    for packing, found in zip(packings, solved, strict=True):
        assert is_sound(packing, found.plan)
        assert tuple(found.bounds) <= best_values(packing)


def test_what_needs_approval_is_not_placed() -> None:
    """News of a part counts only options that may be booked as they are."""
    packing = packing_of([(0, 0, (-1,)), (1, 0, (-1,))], [], (2,))
    part = Job(packing, {}, np.array([True, False]), None, LIMITS, seed=0)
    assert part.news({0: Pick(0), 1: Pick(1)}, [-1]) == ((0,), (-1,), 1)


# -- reports -----------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2])
def test_reports_are_honest_from_first_to_last(gazetteer: Gazetteer, processes: int) -> None:
    """There is a first and a last, time goes forward, values only improve, bounds lie below."""
    listener = Listener()
    supply = market(gazetteer, *quarters())
    result = solve(supply, limits=LIMITS, progress=listener, processes=processes)
    reports = listener.reports
    assert len(reports) >= 2
    order = supply.policy.allocation.order.value
    for report in reports:
        assert tuple(stage.name for stage in report.stages) == order
        assert all(s.bound is not None and s.bound <= s.value for s in report.stages)
        assert 0 <= report.placed <= result.arrangeable
    seconds = [report.seconds for report in reports]
    assert seconds == sorted(seconds)
    ranks = [tuple(stage.value for stage in report.stages) for report in reports]
    assert ranks == sorted(ranks, reverse=True)
    assert reports[-1].stages == result.stages
    booked = [line for line in result.allocation.placed if line.status == "proposed"]
    assert reports[-1].placed == len(booked)


def test_reports_go_on_while_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told again and again, not only when something changes."""
    monkeypatch.setattr(board, "SECONDS_BETWEEN_REPORTS", 0.001)
    listener = Waiting(5)
    whole = Board(ORDER, (1, 1), listener)
    whole.put(0, (3, 40), (2, 50), 7)
    with whole.telling():
        assert listener.enough.wait(30)
    stages = [(stage.value, stage.bound) for stage in listener.reports[-1].stages]
    assert stages == [(4, 3), (41, 41)]  # a bound above its value is cut to it
    assert listener.reports[-1].placed == 7


class Waiting(Listener):
    """Says when it has heard often enough."""

    def __init__(self, often: int) -> None:
        super().__init__()
        self.enough, self._often = threading.Event(), often

    def reported(self, report: Report) -> None:
        """Count it."""
        super().reported(report)
        if len(self.reports) >= self._often:
            self.enough.set()


def test_a_report_adds_up_the_parts() -> None:
    """Values, bounds and places of all parts, and of those who have no option at all."""
    whole = Board(ORDER, (2, 0), Progress())
    whole.put(0, (1, 500), (1, 300), 4)
    whole.put(1, (3, 900), (1, 900), 2)
    whole.put(1, (2, 950), (2, 900), 3)
    report = whole.report()
    assert [(s.value, s.bound) for s in report.stages] == [(5, 5), (1450, 1200)]
    assert report.placed == 7
    assert report.under_way == report.stages[1]


def test_a_fault_while_telling_ends_the_run(gazetteer: Gazetteer) -> None:
    """Whoever cannot hear stops the run, and the fault comes out, whatever thread it was in."""

    class Deaf(Progress):
        def __init__(self) -> None:
            super().__init__()
            self.heard = 0

        def reported(self, report: Report) -> None:
            self.heard += 1
            if self.heard == 2:
                raise LookupError("no ears")

    with pytest.raises(LookupError, match="no ears"):
        solve(market(gazetteer, *quarters()), limits=LIMITS, progress=Deaf())


def test_cancelled_in_another_process_is_told_here(gazetteer: Gazetteer) -> None:
    """A run cancelled at its first report ends with an answer that says so."""

    class Impatient(Listener):
        def reported(self, report: Report) -> None:
            super().reported(report)
            self.cancel()

    supply: Market = market(gazetteer, *quarters())
    how: dict[str, Any] = {"limits": LIMITS, "processes": 2}
    result = solve(supply, progress=Impatient(), **how)
    assert result.status is Status.CANCELLED
    assert len(result.allocation.placed) + len(result.allocation.unplaced) == 22

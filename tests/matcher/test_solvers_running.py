"""A run while it goes on: progress, cancelling, limits, and faults that must not be hidden."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ortools.sat.python import cp_model

from matcher import solvers
from matcher.allocation import Allocation
from matcher.errors import RefereeError
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Frozen
from matcher.policy import default_policy
from matcher.referee import check
from matcher.result import Limits, Method, Progress, Report, Result, Status
from matcher.solvers import inputs_sha256, solve
from matcher.vocabulary import TimeNeed
from tests.builders import (
    beds,
    ceiling,
    council_policy,
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

LIMITS = Limits.reproducible()


def crowd() -> tuple[Frozen, ...]:
    """Build nine people who all prefer 08:00, one carer for seven of them, and a bed apart."""
    agency = (provider(), hours(start="07:00", end="11:30", carers=1), hourly(), ceiling())
    asked = [
        homecare_request(
            timed_visit(TimeNeed.PREFERRED, "08:00"), request_id=f"R-{n}", waiting_since=day(-n)
        )
        for n in range(1, 10)
    ]
    return (*agency, home(), beds(), weekly(), *asked, placement_request("R-0"))


class Listener(Progress):
    """Notes all it is told; perhaps cancels at a word."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__()
        self.told: list[tuple[str, tuple[Any, ...]]] = []
        self._cancel_at = cancel_at

    def _note(self, word: str, *facts: Any) -> None:
        self.told.append((word, facts))
        if word == self._cancel_at:
            self.cancel()

    def started(self, *facts: int) -> None:
        self._note("started", *facts)

    def part_started(self, *facts: int) -> None:
        self._note("part_started", *facts)

    def reported(self, report: Report) -> None:
        self._note("reported", report)

    def part_done(self, *facts: int) -> None:
        self._note("part_done", *facts)

    def facts(self, word: str) -> list[tuple[Any, ...]]:
        """Return what was told with a word."""
        return [facts for told, facts in self.told if told == word]


# -- progress ----------------------------------------------------------------------------------


def test_progress_is_told(gazetteer: Gazetteer) -> None:
    """Ten requests with ten options fall into two parts; each is begun and done."""
    listener = Listener()
    result = solve(market(gazetteer, *crowd()), limits=LIMITS, progress=listener)
    assert listener.told[0] == ("started", (10, 10, 2))
    assert sorted(listener.facts("part_started")) == [(0, 1), (1, 9)]
    done = sorted(listener.facts("part_done"))
    assert [(part, requests) for part, requests, _ in done] == [(0, 1), (1, 9)]
    assert sum(placed for _, _, placed in done) == len(result.allocation.placed)
    words = [word for word, _ in listener.told]
    assert words[1] == words[-1] == "reported"
    assert words.count("part_done") == 2


def test_reported_values_lie_above_their_bounds(gazetteer: Gazetteer) -> None:
    """Whatever is told of an objective, the bound never exceeds the value."""
    listener = Listener()
    solve(market(gazetteer, *crowd()), limits=LIMITS, progress=listener)
    told = [report for (report,) in listener.facts("reported")]
    assert {stage.name for report in told for stage in report.stages} == {
        *default_policy().allocation.order.value
    }
    assert [
        s for report in told for s in report.stages if s.bound is None or s.bound > s.value
    ] == []


def test_todays_way_only_starts(gazetteer: Gazetteer) -> None:
    """Without a search there is no part to tell of."""
    listener = Listener()
    solve(market(gazetteer, *crowd()), method=Method.TODAY, progress=listener)
    assert listener.told == [("started", (10, 10, 2))]


# -- cancelling --------------------------------------------------------------------------------


def honest(supply: Market, result: Result) -> None:
    """Assert that an answer is in order, no worse than today's, and its bounds below its values."""
    assert check(supply, result.allocation) == ()
    today = solve(supply, method=Method.TODAY)
    assert [s.value for s in result.stages] <= [s.value for s in today.stages]
    assert [s for s in result.stages if s.bound is None or s.bound > s.value] == []


@pytest.mark.parametrize("word", ["started", "part_started", "reported", "part_done"])
def test_a_cancelled_run_keeps_the_best_answer(gazetteer: Gazetteer, word: str) -> None:
    """Cancelled at any word, a run ends with a checked answer that says it was cancelled."""
    supply, listener = market(gazetteer, *crowd()), Listener(word)
    result = solve(supply, limits=LIMITS, progress=listener)
    honest(supply, result)
    assert result.status is Status.CANCELLED
    assert len(listener.facts("part_done")) == 2


def test_a_run_may_be_cancelled_before_it_starts(gazetteer: Gazetteer) -> None:
    """Nothing is searched, but everybody stands in the answer."""
    supply, listener = market(gazetteer, *crowd()), Listener()
    listener.cancel()
    result = solve(supply, limits=LIMITS, progress=listener)
    honest(supply, result)
    assert result.status is Status.CANCELLED
    lines = (*result.allocation.placed, *result.allocation.unplaced)
    assert len(lines) == 10


def test_a_run_cancelled_at_once_claims_no_proof(gazetteer: Gazetteer) -> None:
    """Cancelled before any search, even an obvious answer is only the best found so far."""
    listener = Listener("started")
    supply = market(gazetteer, provider(), hours(), hourly(), ceiling(), homecare_request())
    result = solve(supply, progress=listener)
    assert result.status is Status.CANCELLED
    assert [line.provider_id for line in result.allocation.placed] == ["P-1"]
    assert all(stage.bound is not None for stage in result.stages)


# -- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        Limits(seconds=0.01),  # why: over before the first search
        Limits(seconds=1e-9, workers=1),  # why: over before anything
        Limits(seconds=None, deterministic_time=1e-9, workers=1),  # why: no work at all
        Limits(seconds=0.01, deterministic_time=1e-9, workers=2),  # why: both at once
    ],
)
def test_hardly_any_time_still_gives_an_answer(gazetteer: Gazetteer, limits: Limits) -> None:
    """A run that may do next to nothing returns the best start, honestly labelled."""
    supply = market(gazetteer, *crowd())
    result = solve(supply, limits=limits)
    honest(supply, result)
    assert result.status in {Status.FEASIBLE, Status.OPTIMAL}
    assert result.limits == limits


@pytest.mark.parametrize("limits", [None, Limits(seconds=30, workers=2), Limits(seconds=None)])
def test_enough_time_gives_the_best(gazetteer: Gazetteer, limits: Limits | None) -> None:
    """With time or without a limit, with one thread or several, the stages are the same."""
    supply = market(gazetteer, *crowd()[:-3])
    best = solve(supply, limits=LIMITS)
    assert best.status is Status.OPTIMAL
    assert solve(supply, limits=limits).stages == best.stages


# -- faults ------------------------------------------------------------------------------------


def test_a_fault_of_the_solver_comes_to_light(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error inside the solver's own thread ends the run with that error."""

    def fail(*_: object) -> None:
        raise OSError("out of everything")

    monkeypatch.setattr(cp_model.CpSolver, "solve", fail)
    with pytest.raises(OSError, match="out of everything"):
        solve(market(gazetteer, *crowd()), limits=LIMITS)


def test_a_fault_of_the_listener_comes_to_light(gazetteer: Gazetteer) -> None:
    """An error in a progress method reaches the caller, from whatever thread it is told."""

    class Clumsy(Progress):
        def reported(self, report: Report) -> None:
            raise LookupError(threading.current_thread().name)

    with pytest.raises(LookupError):
        solve(market(gazetteer, *crowd()), limits=LIMITS, progress=Clumsy())


def test_a_broken_answer_is_never_returned(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that loses somebody is stopped by the referee, by either method."""
    monkeypatch.setattr(solvers, "allocation_of", lambda *_: Allocation())
    for method in Method:
        with pytest.raises(RefereeError, match="LOST R-0"):
            solve(market(gazetteer, *crowd()), method=method, limits=LIMITS)


def test_a_bound_above_its_value_is_never_returned(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound that the answer itself beats is a fault, and is told with both figures."""
    wrong = [1] * len(default_policy().allocation.order.value)
    monkeypatch.setattr(solvers, "_bounds_without_options", lambda _: wrong)
    supply = market(gazetteer, provider(), hours(), hourly(), homecare_request())
    with pytest.raises(RefereeError, match="unplaced_red claims the bound 1, but its value is 0"):
        solve(supply, limits=LIMITS)


# -- what is returned --------------------------------------------------------------------------


def test_a_result_says_how_it_was_found(gazetteer: Gazetteer) -> None:
    """Method, seed, limits, versions and a digest of the inputs stand beside the answer."""
    supply = market(gazetteer, provider(), hours(), hourly(), homecare_request())
    exact = solve(supply, limits=LIMITS, seed=7)
    today = solve(supply, method=Method.TODAY)
    assert (exact.method, exact.seed, exact.limits) == (Method.EXACT, 7, LIMITS)
    assert exact.policy_version == "Default policy 2026-04-01"
    assert exact.solver_version
    assert exact.software_version
    assert (today.solver_version, today.method) == (None, Method.TODAY)
    assert (exact.arrangeable, today.arrangeable) == (1, 1)
    assert exact.inputs_sha256 == today.inputs_sha256 == inputs_sha256(supply)


def test_the_digest_follows_book_and_policy(gazetteer: Gazetteer) -> None:
    """The same inputs have one digest; a penny or a mile more gives another."""
    things = (provider(), hours(), homecare_request())
    first = inputs_sha256(market(gazetteer, *things, hourly()))
    again = inputs_sha256(market(gazetteer, *things, hourly()))
    dearer = inputs_sha256(market(gazetteer, *things, hourly(pence=2501)))
    policy = council_policy(radius__homecare_miles=16.0)
    wider = inputs_sha256(market(gazetteer, *things, hourly(), policy=policy))
    assert first == again
    assert len({first, dearer, wider}) == 3

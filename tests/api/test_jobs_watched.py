"""Tests of a run under way: its progress, its lease, and all that may cut it short."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from api import jobs
from api.acts.runs import Claimed
from api.jobs import Watch, longest_seconds
from api.schemas.runs import MOST_SECONDS
from api.storage import runs as stored
from api.tables import RunRow
from matcher.market import Market
from matcher.result import Limits, Report, Result, Stage
from tests.api.desk import Desk, refused
from tests.api.working import (
    ask,
    open_proposals,
    run_of,
    solving,
    take,
    until_cancelled,
    wait_for,
    worker,
)


def test_progress_is_written_and_the_lease_renewed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solver that takes its time keeps its run, and whoever asks is told how far it is."""
    run_id = ask(desk)
    seen: list[Any] = []

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        stage = Stage(name="unplaced_red", unit="people", value=3, bound=1)
        watch.reported(Report(stages=(stage,), placed=5, seconds=0.4))
        until = run_of(desk, run_id).lease_until
        assert until is not None
        wait_for(lambda: (run_of(desk, run_id).lease_until or until) > until)
        wait_for(lambda: run_of(desk, run_id).progress is not None)
        seen.append(desk.get(f"/v1/allocations/{run_id}"))
        assert take(desk) is None
        return real()

    with solving(monkeypatch, solve):
        assert worker(desk, lease_seconds=2).work_one()
    (told,) = seen
    assert told["state"] == "running"
    progress = told["progress"]
    assert (progress["value"], progress["bound"], progress["placed"]) == (3, 1, 5)
    assert run_of(desk, run_id).state == "done"


def test_a_cancelled_run_keeps_what_it_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker hears of it within a beat, and the best plan found is proposed."""
    run_id = ask(desk)
    with solving(monkeypatch, until_cancelled(desk, run_id, cancels=True)):
        assert worker(desk, lease_seconds=0.6).work_one()
    found = desk.get(f"/v1/allocations/{run_id}")
    assert (found["state"], found["summary"]["status"]) == ("done", "cancelled")
    assert set(open_proposals(desk).values()) == {run_id}


def test_a_worker_that_is_to_stop_gives_its_run_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run waits again as if nobody had taken it up, and nothing of it is kept."""
    run_id, stop = ask(desk), threading.Event()

    def stopping(real: Callable[[], Result], watch: Watch) -> Result:
        stop.set()
        return until_cancelled(desk, run_id, cancels=False)(real, watch)

    with solving(monkeypatch, stopping):
        worker(desk, lease_seconds=0.6).work_until(stop)
    row = run_of(desk, run_id)
    assert (row.state, row.attempts, row.claim, row.lease_until) == ("queued", 0, None, None)
    assert open_proposals(desk) == {}
    assert worker(desk).work_one()
    assert run_of(desk, run_id).state == "done"


def test_an_answer_found_while_stopping_is_kept(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is as good as done is not thrown away because its worker is to stop."""
    run_id, stop = ask(sqlite_desk), threading.Event()

    def solve(real: Callable[[], Result], _: Watch) -> Result:
        result = real()
        stop.set()
        return result

    with solving(monkeypatch, solve):
        worker(sqlite_desk).work_until(stop)
    assert run_of(sqlite_desk, run_id).state == "done"


def test_a_lost_run_is_stopped_and_thrown_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has lost a run to another hears of it at the next beat, and keeps nothing."""
    run_id = ask(desk)

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        with desk.record.bare_writing() as session:
            session.execute(update(RunRow).values(claim="another's"))
        wait_for(lambda: watch.cancelled)
        assert watch.lost
        return real()

    with solving(monkeypatch, solve):
        assert worker(desk, lease_seconds=0.6).work_one()
    row = run_of(desk, run_id)
    assert (row.state, row.claim, row.summary) == ("running", "another's", None)
    assert open_proposals(desk) == {}


def test_a_beat_that_fails_is_not_the_end(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that does not answer for a moment costs no run."""
    run_id, beats = ask(sqlite_desk), [0]
    real_beat = stored.beat

    def beat(*told: Any) -> bool | None:
        beats[0] += 1
        if beats[0] == 1:
            raise OperationalError("UPDATE", {}, Exception("gone away"))
        return real_beat(*told)

    def solve(real: Callable[[], Result], _: Watch) -> Result:
        wait_for(lambda: beats[0] > 1)
        return real()

    monkeypatch.setattr(stored, "beat", beat)
    with solving(monkeypatch, solve):
        assert worker(sqlite_desk, lease_seconds=0.3).work_one()
    assert run_of(sqlite_desk, run_id).state == "done"


def test_a_cancellation_is_heard_over_a_stop(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was to be cancelled is not put back for another worker to begin again."""
    run_id, stop = ask(sqlite_desk), threading.Event()

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        stop.set()
        return until_cancelled(sqlite_desk, run_id, cancels=True)(real, watch)

    with solving(monkeypatch, solve):
        worker(sqlite_desk, lease_seconds=0.6).work_until(stop)
    assert run_of(sqlite_desk, run_id).state == "done"
    path = f"/v1/allocations/{run_id}/cancellation"
    refused(sqlite_desk.call("POST", path), 409, "conflict")


# -- before the search begins ------------------------------------------------------------------


def compiling(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen while the market is compiled, and nothing be searched for after it."""

    def market(*told: Any) -> Market:
        happens()
        return Market(*told)

    def solve(*_: Any, **_options: Any) -> Result:
        raise AssertionError("It was searched all the same.")

    monkeypatch.setattr(jobs, "Market", market)
    monkeypatch.setattr(jobs, "solve", solve)


def test_a_run_cancelled_before_its_search_is_cancelled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for a large market to be judged that nobody wants any more."""
    run_id = ask(desk)

    def cancel() -> None:
        desk.post(f"/v1/allocations/{run_id}/cancellation")
        # Whoever asks is heard within a beat, of a third of the lease.
        threading.Event().wait(1)

    compiling(monkeypatch, cancel)
    assert worker(desk, lease_seconds=0.6).work_one()
    row = run_of(desk, run_id)
    assert (row.state, row.claim, row.summary) == ("cancelled", None, None)
    assert desk.get(f"/v1/allocations/{run_id}")["finished_at"]


def test_a_run_stopped_before_its_search_is_given_back(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, without a beat in between."""
    run_id, stop = ask(sqlite_desk), threading.Event()
    compiling(monkeypatch, stop.set)
    worker(sqlite_desk).work_until(stop)
    row = run_of(sqlite_desk, run_id)
    assert (row.state, row.attempts, row.claim) == ("queued", 0, None)


def test_a_run_lost_before_its_search_is_left_alone(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another's by then, whatever becomes of it."""
    run_id = ask(sqlite_desk)

    def lose() -> None:
        with sqlite_desk.record.bare_writing() as session:
            session.execute(update(RunRow).values(claim="another's", cancel_asked=True))
        threading.Event().wait(0.5)

    compiling(monkeypatch, lose)
    assert worker(sqlite_desk, lease_seconds=0.3).work_one()
    row = run_of(sqlite_desk, run_id)
    assert (row.state, row.claim) == ("running", "another's")


# -- stuck -------------------------------------------------------------------------------------


def test_the_lease_of_a_stuck_run_runs_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far beyond its own limit it is another's to take up, and what then comes is thrown away."""
    # Three seconds in all, so that a slow machine too comes to the solver before they are over.
    monkeypatch.setattr(jobs, "BESIDE_SECONDS", 2.6)
    run_id = ask(desk, limits=Limits(seconds=0.2))
    taken: list[Claimed | None] = []

    def taken_up() -> Claimed | None:
        taken.append(take(desk))
        return taken[-1]

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        wait_for(lambda: taken_up() is not None)
        assert watch.overdue
        assert watch.cancelled
        return real()

    with solving(monkeypatch, solve):
        assert worker(desk, lease_seconds=0.3).work_one()
    row, later = run_of(desk, run_id), taken[-1]
    assert later is not None
    assert (row.state, row.claim, row.attempts) == ("running", later.claim, 2)
    assert row.summary is None
    assert open_proposals(desk) == {}


def test_a_run_in_its_time_is_not_held_to_be_stuck() -> None:
    """Twice its seconds and a quarter of an hour; where it says none, twice the longest."""
    assert longest_seconds(Limits(seconds=600)) == 2 * 600 + 900
    assert longest_seconds(Limits.reproducible(1)) == 2 * MOST_SECONDS + 900

"""Tests of the worker: one run after another, what it keeps, and what it does at night."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.acts import runs
from api.jobs import FAULT, Watch, Worker, sentence_of
from api.storage.chain import verify_chain
from api.storage.record import SOFTWARE, Record
from api.tables import RunRow, UnplacedRow
from matcher.errors import DataSourceError, MatcherError, RefereeError
from matcher.result import Result
from tests.api.desk import Desk
from tests.api.working import ask, open_proposals, run_of, solving, take, worker

# -- one after another -------------------------------------------------------------------------


def test_runs_are_worked_oldest_first(desk: Desk) -> None:
    """The queue is a queue."""
    asked = [ask(desk, seed) for seed in range(3)]
    found = [take(desk, lease_seconds=-1, most_attempts=1) for _ in asked]
    assert [each and each.run_id for each in found] == asked


def test_no_run_is_taken_up_beside_another(desk: Desk) -> None:
    """While somebody's lease lasts, the next run waits."""
    first, second = ask(desk), ask(desk)
    taken = take(desk)
    assert taken is not None
    assert taken.run_id == first
    assert take(desk) is None
    with desk.record.writing(SOFTWARE) as writing:
        assert runs.give_back(writing, taken)
    assert worker(desk).work_one()
    again = take(desk)
    assert again is not None
    assert again.run_id == second


def test_a_run_left_behind_is_taken_up_again(desk: Desk) -> None:
    """Once the lease has run out, the run is another's, and the first claim is worth nothing."""
    run_id = ask(desk)
    lost = take(desk, lease_seconds=-1)
    found = take(desk)
    assert lost is not None
    assert found is not None
    assert found.run_id == lost.run_id == run_id
    assert found.claim != lost.claim
    assert run_of(desk, run_id).attempts == 2
    with desk.record.writing(SOFTWARE) as writing:
        assert not runs.fail(writing, lost, "Too late.")
        assert not runs.give_back(writing, lost)
    assert run_of(desk, run_id).claim == found.claim


@pytest.mark.parametrize(("attempts", "state"), [(2, "running"), (3, "failed")])
def test_a_run_is_given_up_after_its_last_attempt(
    sqlite_desk: Desk, attempts: int, state: str
) -> None:
    """The third attempt is the last: then the run has failed, with a sentence."""
    run_id = ask(sqlite_desk)
    for _ in range(attempts):
        take(sqlite_desk, lease_seconds=-1)
    take(sqlite_desk)
    row = run_of(sqlite_desk, run_id)
    assert row.state == state
    assert (row.failure is not None) == (state == "failed")
    told = sqlite_desk.get(f"/v1/allocations/{run_id}")["failure"]
    assert told is None or told.startswith("The run was taken up 3 times")


def test_a_failed_run_does_not_hold_up_the_next(sqlite_desk: Desk) -> None:
    """Whoever gives one run up goes on with the run behind it."""
    ask(sqlite_desk)
    second = ask(sqlite_desk)
    assert take(sqlite_desk, lease_seconds=-1, most_attempts=1)
    found = take(sqlite_desk, most_attempts=1)
    assert found is not None
    assert found.run_id == second


def test_a_run_to_be_cancelled_is_not_taken_up_again(sqlite_desk: Desk) -> None:
    """Where its worker died before it could stop, it is cancelled with nothing found."""
    run_id = ask(sqlite_desk)
    take(sqlite_desk, lease_seconds=-1)
    sqlite_desk.post(f"/v1/allocations/{run_id}/cancellation")
    assert take(sqlite_desk) is None
    assert run_of(sqlite_desk, run_id).state == "cancelled"


def test_an_idle_worker_does_nothing(sqlite_desk: Desk) -> None:
    """Without a run there is nothing to do, and nothing is written."""
    with sqlite_desk.record.reading() as session:
        before, _ = verify_chain(session)
    assert not worker(sqlite_desk).work_one()
    with sqlite_desk.record.reading() as session:
        assert verify_chain(session) == (before, [])


def test_a_worker_is_in_nobodys_way_while_another_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one run in hand and one behind it, it looks without taking its turn at the record."""
    ask(desk)
    ask(desk)
    assert take(desk)

    def writing(*_: object) -> None:
        raise AssertionError("It took its turn.")

    monkeypatch.setattr(Record, "writing", writing)
    assert not worker(desk).work_one()


def test_claims_are_told_apart(sqlite_desk: Desk) -> None:
    """Somebody who guesses a run's id has not its claim."""
    ask(sqlite_desk)
    taken = take(sqlite_desk)
    assert taken is not None
    with sqlite_desk.record.writing(SOFTWARE) as writing:
        assert not runs.give_back(writing, replace(taken, claim="guessed"))
        assert runs.give_back(writing, taken)


# -- what is kept ------------------------------------------------------------------------------


def test_proposals_stand_in_place_of_earlier_ones(desk: Desk) -> None:
    """Each request has at most one open proposal: that of the latest run."""
    first, second = ask(desk), ask(desk, seed=1)
    assert worker(desk).work_one()
    found = open_proposals(desk)
    assert set(found.values()) == {first}
    assert worker(desk).work_one()
    assert open_proposals(desk) == dict.fromkeys(found, second)
    old = desk.get(f"/v1/allocations/{first}/proposals")["items"]
    assert {each["state"] for each in old} == {"superseded"}
    assert {each["reason"] for each in old} == {f"superseded by {second}"}


def test_reasons_stand_in_place_of_earlier_ones(desk: Desk) -> None:
    """A request that was looked at has the latest reason; one that was not keeps its own."""
    with desk.record.bare_writing() as session:
        old = RunRow(
            run_id="run-old",
            state="done",
            asked_at=desk.record.clock.now(),
            asked_by="somebody",
            limits={},
            seed=0,
            attempts=1,
            cancel_asked=False,
        )
        session.add(old)
        session.flush()
        for request_id in ("R-100", "R-106", "R-102"):
            told = {"reason": "no_capacity", "detail": "None.", "nearest_miss": ""}
            session.add(UnplacedRow(request_id=request_id, run_id="run-old", **told))
    run_id = ask(desk)
    assert worker(desk).work_one()
    with desk.record.reading() as session:
        rows = {row.request_id: row.run_id for row in session.scalars(select(UnplacedRow))}
    placed = open_proposals(desk)
    assert rows["R-100"] == "run-old"  # running, so nobody looked
    assert not rows.keys() & placed.keys()
    assert {each for request_id, each in rows.items() if request_id != "R-100"} == {run_id}
    assert len(rows) - 1 + len(placed) == 11


def test_who_is_suspended_or_being_arranged_is_left_out(desk: Desk) -> None:
    """The book of the night is of those whom somebody may be looked for (H19)."""
    suspended = {"suspended_from": "2026-03-30", "reason": "Hospital"}
    desk.post("/v1/requests/R-101/suspension", suspended)
    over = {**suspended, "restarts_on": "2026-04-01"}
    desk.post("/v1/requests/R-102/suspension", over)
    desk.post("/v1/requests/R-201/shortlists", {})
    run_id = ask(desk)
    assert worker(desk).work_one()
    counts = desk.get(f"/v1/allocations/{run_id}")["summary"]["counts"]
    assert counts["waiting"] == 9
    assert "R-102" in open_proposals(desk)


def test_who_ended_meanwhile_has_no_open_proposal(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that began before somebody died proposes nothing for her that could be accepted."""

    def solve(real: Callable[[], Result], _: Watch) -> Result:
        result = real()
        ended = result.allocation.placed[0].request_id
        sqlite_desk.post(f"/v1/requests/{ended}/end", {"reason": "died"})
        return result

    run_id = ask(sqlite_desk)
    with solving(monkeypatch, solve):
        assert worker(sqlite_desk).work_one()
    states = [
        each["state"] for each in sqlite_desk.get(f"/v1/allocations/{run_id}/proposals")["items"]
    ]
    assert states.count("stale") == 1
    assert len(states) > 1


# -- when it goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MatcherError("Rates of two councils.\nThey do not mix."), "They do not mix."),
        (RefereeError("R-101 is placed twice."), FAULT),  # ours, and of no use to a broker
        (DataSourceError("/srv/postcodes is gone."), FAULT),  # nobody's business
        (ZeroDivisionError("division by zero"), FAULT),  # a programmer's
        (MatcherError("The key safe code is 4711."), "(withheld)"),  # H8
    ],
)
def test_a_failed_run_says_so_in_a_sentence(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    """No traceback stands in the record, and the worker goes on with the next run."""
    run_id = ask(sqlite_desk)

    def solve(_real: Callable[[], Result], _watch: Watch) -> Result:
        raise error

    with solving(monkeypatch, solve):
        assert worker(sqlite_desk).work_one()
    told = sqlite_desk.get(f"/v1/allocations/{run_id}")
    assert told["state"] == "failed"
    assert told["failure"].endswith(sentence)
    assert "Traceback" not in told["failure"]
    assert ask(sqlite_desk)
    assert worker(sqlite_desk).work_one()


def test_a_sentence_is_short() -> None:
    """Nobody reads more than a few lines, and no column holds more."""
    assert len(sentence_of(MatcherError("long " * 1000))) == 500


def test_a_record_that_does_not_answer_is_waited_for(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker tries again later instead of ending."""
    stop, tries = threading.Event(), [0]

    def work_one(_: Worker, asked: threading.Event | None = None) -> bool:
        tries[0] += 1
        if tries[0] == 2:
            stop.set()
        raise OperationalError("SELECT", {}, Exception("gone away"))

    monkeypatch.setattr(Worker, "work_one", work_one)
    worker(sqlite_desk).work_until(stop, idle_seconds=0.01)
    assert tries[0] == 2

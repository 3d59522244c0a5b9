"""Tests of the night: its run, which others come before it, and what it clears up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from api.jobs import FAULT, Watch, Worker
from api.nights import nightly
from api.schemas.runs import RunStatus
from api.storage.chain import verify_chain
from api.tables import CommitmentRow, ReplayRow, RunRow
from matcher.result import Result, Status
from tests.api.desk import Desk
from tests.api.working import LIMITS, ask, open_proposals, run_of, solving, take, until_cancelled


def test_a_night_is_a_run_worked_at_once(desk: Desk) -> None:
    """Without a worker about, the night works its run itself and tells what it came to."""
    night = nightly(desk.record, desk.gazetteer, LIMITS, 3)
    assert (night.state, night.status) == (RunStatus.DONE, Status.OPTIMAL)
    assert night.failure is None
    run = desk.get(f"/v1/allocations/{night.run_id}")
    counts = run["summary"]["counts"]
    assert (run["seed"], run["asked_by"]) == (3, "carematch")
    assert night.proposals == counts["placed"] + counts["needs_approval"]
    assert night.unplaced == counts["unplaced"]
    assert len(open_proposals(desk)) == night.proposals


def test_a_night_waits_for_the_worker_that_has_its_run(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a worker is quicker, the night sees its run through and works nothing twice."""
    real = Worker.work_one
    calls = [0]

    def work_one(self: Worker, stop: threading.Event | None = None) -> bool:
        calls[0] += 1
        # At first somebody else has the run in hand.
        return False if calls[0] == 1 else real(self, stop)

    monkeypatch.setattr(Worker, "work_one", work_one)
    night = nightly(sqlite_desk.record, sqlite_desk.gazetteer, LIMITS, 0, wait_seconds=0.01)
    assert night.state is RunStatus.DONE
    assert calls[0] == 2


def test_a_night_tells_of_its_failure(sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the timer's mail learns that there are no proposals, and why."""

    def solve(_real: Callable[[], Result], _watch: Watch) -> Result:
        raise ZeroDivisionError

    with solving(monkeypatch, solve):
        night = nightly(sqlite_desk.record, sqlite_desk.gazetteer, LIMITS, 0)
    assert (night.state, night.proposals, night.failure) == (RunStatus.FAILED, 0, FAULT)


def test_a_night_clears_up(desk: Desk) -> None:
    """Holds that have ended are marked as given back, and old replays are forgotten."""
    desk.post("/v1/requests/R-201/shortlists", {})
    desk.post("/v1/allocations", {}, headers={"Idempotency-Key": "night-0001"})
    desk.post("/v1/allocations", {}, headers={"Idempotency-Key": "night-0002"})
    now = desk.record.clock.now()
    with desk.record.bare_writing() as session:
        session.execute(update(CommitmentRow).values(expires_at=now - timedelta(minutes=1)))
        old = update(ReplayRow).where(ReplayRow.key == "night-0001")
        session.execute(old.values(made_at=now - timedelta(days=7, seconds=1)))
        session.execute(update(RunRow).values(state="cancelled"))
    night = nightly(desk.record, desk.gazetteer, LIMITS, 0)
    assert night.holds_released == 1
    assert night.replays_pruned == 1
    with desk.record.reading() as session:
        assert session.scalars(select(ReplayRow.key)).all() == ["night-0002"]
        (hold,) = session.scalars(select(CommitmentRow))
        assert hold.released_at is not None
        assert verify_chain(session)[1] == []
    assert "R-201" in open_proposals(desk)


# -- in line, and stopped ----------------------------------------------------------------------


def test_a_night_tells_which_runs_it_works_first(desk: Desk) -> None:
    """What was left in the queue comes before it, and nobody has to wonder why it takes longer."""
    left, said = ask(desk), list[str]()
    night = nightly(desk.record, desk.gazetteer, LIMITS, 0, tell=said.append)
    assert said == [
        f"Run {left}, asked for before by carematch, is worked first, here; run {night.run_id} "
        "comes after it.",
        f"Run {night.run_id} is worked here.",
    ]
    assert run_of(desk, left).state == run_of(desk, night.run_id).state == "done"


def test_a_stopped_night_leaves_others_runs_alone(desk: Desk) -> None:
    """It waits for a run in a worker's hands; stopped, it cancels its own and nothing else."""
    ahead, stop, said = ask(desk), threading.Event(), list[str]()
    taken = take(desk)
    assert taken is not None

    def tell(text: str) -> None:
        said.append(text)
        stop.set()

    night = nightly(desk.record, desk.gazetteer, LIMITS, 0, stop=stop, tell=tell)
    assert night.state is RunStatus.CANCELLED
    assert run_of(desk, ahead).claim == taken.claim
    (told,) = said
    assert told.startswith(f"Run {ahead}, asked for before by carematch, is worked first, by a")


def test_a_night_stopped_in_its_search_cancels_its_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left in the queue for the next night to work before its own."""
    stop = threading.Event()

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        stop.set()
        return until_cancelled(desk, "", cancels=False)(real, watch)

    with solving(monkeypatch, solve):
        night = nightly(desk.record, desk.gazetteer, LIMITS, 0, stop=stop)
    assert (night.state, night.proposals) == (RunStatus.CANCELLED, 0)
    row = run_of(desk, night.run_id)
    assert (row.state, row.cancel_asked, row.claim) == ("cancelled", True, None)
    assert open_proposals(desk) == {}
    assert take(desk) is None


def test_a_stopped_night_gives_an_earlier_run_back(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else asked for stays asked for."""
    ahead, stop = ask(sqlite_desk), threading.Event()

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        stop.set()
        return until_cancelled(sqlite_desk, "", cancels=False)(real, watch)

    with solving(monkeypatch, solve):
        night = nightly(sqlite_desk.record, sqlite_desk.gazetteer, LIMITS, 0, stop=stop)
    assert night.state is RunStatus.CANCELLED
    assert run_of(sqlite_desk, ahead).state == "queued"


def test_a_night_in_a_workers_hands_is_stopped_by_it(sqlite_desk: Desk) -> None:
    """The worker is asked to stop, and keeps what it has found."""
    stop = threading.Event()

    def tell(_: str) -> None:
        assert take(sqlite_desk)
        stop.set()

    night = nightly(sqlite_desk.record, sqlite_desk.gazetteer, LIMITS, 0, stop=stop, tell=tell)
    assert night.state is RunStatus.RUNNING
    assert run_of(sqlite_desk, night.run_id).cancel_asked


def test_a_night_that_ended_before_it_was_stopped_is_done(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is there is told, not thrown away."""
    stop = threading.Event()

    def solve(real: Callable[[], Result], _: Watch) -> Result:
        result = real()
        stop.set()
        return result

    with solving(monkeypatch, solve):
        night = nightly(sqlite_desk.record, sqlite_desk.gazetteer, LIMITS, 0, stop=stop)
    assert night.state is RunStatus.DONE

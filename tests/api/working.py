"""What tests of workers share: runs asked for, taken up, and solvers that do as told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from api import jobs
from api.acts import runs
from api.acts.runs import Claimed
from api.jobs import Watch, Worker
from api.storage import runs as stored
from api.storage.record import SOFTWARE
from api.tables import ProposalRow, RunRow
from matcher.result import Limits, Result, Status
from tests.api.desk import Desk

LIMITS = Limits.reproducible(0.05)
SECONDS = 10
"""Longer than anything that a test waits for should take."""


def worker(desk: Desk, **settings: Any) -> Worker:
    """Return a worker on the desk's record, with other settings where given."""
    return Worker(desk.record, desk.gazetteer, desk.settings.model_copy(update=settings))


def ask(desk: Desk, seed: int = 0, limits: Limits = LIMITS) -> str:
    """Ask for a run and return its id."""
    with desk.record.writing(SOFTWARE) as writing:
        return runs.ask(writing, limits, seed).run_id


def take(desk: Desk, lease_seconds: float = 30, most_attempts: int = 3) -> Claimed | None:
    """Take up a run as a worker does."""
    with desk.record.writing(SOFTWARE) as writing:
        return runs.claim(writing, lease_seconds, most_attempts)


def run_of(desk: Desk, run_id: str) -> RunRow:
    """Return a run's row."""
    with desk.record.reading() as session:
        return stored.read_run(session, run_id)


def open_proposals(desk: Desk) -> dict[str, str]:
    """Return the run of each open proposal, by its request."""
    with desk.record.reading() as session:
        found = session.scalars(select(ProposalRow).where(ProposalRow.state == "open"))
        return {row.request_id: row.run_id for row in found}


@contextmanager
def solving(monkeypatch: pytest.MonkeyPatch, change: Callable[..., Any]) -> Iterator[None]:
    """Let something happen in place of the solver's second call: the first is today's way."""
    real = jobs.solve

    def solve(market: Any, **options: Any) -> Result:
        if "progress" not in options:
            return real(market, **options)
        result: Result = change(lambda: real(market, **options), options["progress"])
        return result

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "solve", solve)
        yield


def until_cancelled(
    desk: Desk, run_id: str, *, cancels: bool
) -> Callable[[Callable[[], Result], Watch], Result]:
    """Return a solver that goes on until it is cancelled, and then says so of its answer."""

    def solve(real: Callable[[], Result], watch: Watch) -> Result:
        if cancels:
            desk.post(f"/v1/allocations/{run_id}/cancellation")
        wait_for(lambda: watch.cancelled)
        return real().model_copy(update={"status": Status.CANCELLED})

    return solve


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so, and fail if it takes too long."""
    pause = threading.Event()
    for _ in range(SECONDS * 50):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("It took too long.")

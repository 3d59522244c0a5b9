"""Tests of the commands that work runs: what they tell, and that they stop when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.cli.nights import NightFailedError, require_through, told_of
from api.cli.stopping import aside, stopping
from api.nights import Night
from api.schemas.runs import RunStatus
from matcher.cli.failures import StoppedError, explain_failure
from tests.api.desk import DAY, Desk
from tests.api.working import ask, run_of, take

SECONDS = 90


def night(state: RunStatus, **other: Any) -> Night:
    """Return a night that came to an end in some state."""
    told: dict[str, Any] = {
        "run_id": "run-1",
        "state": state,
        "failure": None,
        "status": None,
        "proposals": 7,
        "needs_approval": 2,
        "unplaced": 3,
        "holds_released": 0,
        "enquiries_closed": 0,
        "replays_pruned": 0,
    }
    return Night.model_validate({**told, **other})


def test_what_a_night_came_to_is_told() -> None:
    """Also how many of its proposals need approval of their price."""
    assert told_of(night(RunStatus.DONE)) == (
        "Run run-1 is done: 7 proposals for people to accept, 2 of which need approval of the "
        "price (H9); 3 not placed."
    )


@pytest.mark.parametrize(
    ("state", "told"),
    [(RunStatus.CANCELLED, "is cancelled and proposes nothing"), (RunStatus.RUNNING, "ends it")],
)
def test_a_stopped_night_names_its_run(state: RunStatus, told: str) -> None:
    """With the exit code of whatever is stopped; never that nothing was written."""
    with pytest.raises(StoppedError) as caught:
        require_through(night(state), stopped=True)
    failure = explain_failure(caught.value)
    assert failure.code == 130
    assert failure.message.startswith("Stopped. Run run-1 ")
    assert told in failure.message


def test_a_night_that_is_through_is_told_as_such() -> None:
    """Done although it was to stop, or cancelled by somebody else."""
    require_through(night(RunStatus.DONE), stopped=True)
    require_through(night(RunStatus.CANCELLED), stopped=False)
    with pytest.raises(NightFailedError, match="No luck"):
        require_through(night(RunStatus.FAILED, failure="No luck."), stopped=True)


# -- signals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_while_work_goes_on(
    number: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    """However busy the work is, told once however often it is asked, and never as an error."""
    before = signal.getsignal(number)
    with stopping("Stopping: soon.") as stop:

        def work() -> bool:
            os.kill(os.getpid(), number)
            is_heard = stop.wait(SECONDS)
            os.kill(os.getpid(), number)
            # The second is to be heard as well before it would end the tests.
            threading.Event().wait(0.5)
            return is_heard

        assert aside(work)
    assert capfd.readouterr().err.count("Stopping: soon.") == 1
    assert signal.getsignal(number) is before


def test_work_aside_fails_as_work_does() -> None:
    """What goes wrong in the thread goes wrong for who waits for it."""

    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        aside(work)


@contextmanager
def started(file: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command on a record, and end it in any case."""
    environment = {
        **os.environ,
        "CAREMATCH_DATABASE_URL": f"sqlite:///{file}",
        "CAREMATCH_DAY": DAY,
        "COLUMNS": "200",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "api", *words], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        # So that a test that fails does not wait for ever.
        killer = threading.Timer(SECONDS, process.kill)
        killer.start()
        try:
            yield process
        finally:
            killer.cancel()
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_night_that_waits_is_stopped_by_one_signal(
    sqlite_desk: Desk, tmp_path: Path, number: signal.Signals
) -> None:
    """Its own run is cancelled and named; the one that it waited for goes on."""
    ahead = ask(sqlite_desk)
    assert take(sqlite_desk, lease_seconds=SECONDS)
    with started(tmp_path / "book.db", "nightly", "--seconds", "20") as process:
        assert process.stderr is not None
        waits = process.stderr.readline()
        assert waits.startswith(f"Run {ahead}, asked for before by carematch")
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait() == 130
    own = waits.rpartition("; run ")[2].split()[0]
    assert rest == (
        "Stopping: the night's run is cancelled.\n"
        f"Stopped. Run {own} is cancelled and proposes nothing.\n"
    )
    assert run_of(sqlite_desk, own).state == "cancelled"
    assert run_of(sqlite_desk, ahead).state == "running"


def test_a_worker_says_at_once_that_it_stops(sqlite_desk: Desk, tmp_path: Path) -> None:
    """And ends in good order."""
    with started(tmp_path / "book.db", "worker") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("The worker waits")
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().startswith("Stopping: a run under way is given back")
        assert process.wait() == 0

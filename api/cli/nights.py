"""``carematch worker`` and ``nightly``: the runs of the record, worked here."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import typer
from rich.text import Text

from api.cli.opening import open_record
from api.jobs import Worker
from api.jobs import nightly as run_nightly
from api.logs import set_up_logs
from matcher.cli.options import AsJson, Seed, finite
from matcher.cli.screen import say, show, show_document
from matcher.errors import WorkerLostError
from matcher.geography import Gazetteer
from matcher.result import Limits


class NightFailedError(WorkerLostError):
    """A night whose run ended without an answer."""


def worker(
    beside: Annotated[
        bool, typer.Option("--beside", hidden=True, help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Work the runs that are asked for, one after another, until stopped."""
    with open_record() as record:
        set_up_logs(record.settings)
        stop = stopping()
        if beside:
            stop_with_input(stop)
        say("The worker waits for runs. Ctrl-C stops it.")
        Worker(record, Gazetteer()).work_until(stop)


def stopping() -> threading.Event:
    """Return what is set once the process is asked to end."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    return stop


def stop_with_input(stop: threading.Event) -> None:
    """Set an event once standard input ends: then whoever started this process is gone."""

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, name="input", daemon=True).start()


def nightly(
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, callback=finite, help="Seconds for the run. [default: as set up]"),
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Propose a place for everyone waiting, as a run of the record: for cron or a timer."""
    with open_record() as record:
        set_up_logs(record.settings)
        limits = Limits(seconds=seconds or record.settings.run_seconds)
        done = run_nightly(record, Gazetteer(), limits, seed)
    if done.failure is not None:
        raise NightFailedError(f"Run {done.run_id} failed: {done.failure}")
    if as_json:
        show_document(done.model_dump(mode="json"))
    else:
        show(
            Text(
                f"Run {done.run_id} is {done.state}: {done.proposals:,} proposals for people to "
                f"accept, {done.unplaced:,} not placed."
            )
        )

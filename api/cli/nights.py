"""``carematch worker`` and ``nightly``: the runs of the record, worked here."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from api.cli.opening import open_record
from api.cli.stopping import aside, stop_with_input, stopping
from api.jobs import Worker
from api.logs import set_up_logs
from api.nights import Night
from api.nights import nightly as run_nightly
from api.schemas.runs import RunStatus
from matcher.cli.failures import StoppedError
from matcher.cli.options import AsJson, Seed, finite
from matcher.cli.screen import say, show, show_document
from matcher.errors import WorkerLostError
from matcher.geography import Gazetteer
from matcher.report.wording import count_text
from matcher.result import Limits

GIVING_BACK = "Stopping: a run under way is given back to the queue."
CALLING_OFF = "Stopping: the night's run is cancelled."


class NightFailedError(WorkerLostError):
    """A night whose run ended without an answer."""


def worker(
    beside: Annotated[
        bool, typer.Option("--beside", hidden=True, help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Work the runs that are asked for, one after another, until stopped."""
    # Beside a service, that says that it stops.
    with open_record() as record, stopping("" if beside else GIVING_BACK) as stop:
        set_up_logs(record.settings)
        if beside:
            stop_with_input(stop)
        say("The worker waits for runs. Ctrl-C stops it.")
        aside(lambda: Worker(record, Gazetteer()).work_until(stop))


def nightly(
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, callback=finite, help="Seconds for the run. [default: as set up]"),
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Propose a place for everyone waiting, as a run of the record: for cron or a timer.

    Ctrl-C or SIGTERM cancels the run.
    """
    with open_record() as record, stopping(CALLING_OFF) as stop:
        set_up_logs(record.settings)
        limits = Limits(seconds=seconds or record.settings.run_seconds)
        done = aside(lambda: run_nightly(record, Gazetteer(), limits, seed, stop=stop, tell=say))
        require_through(done, stopped=stop.is_set())
    if as_json:
        show_document(done.model_dump(mode="json"))
    else:
        show(Text(told_of(done)))


def require_through(done: Night, *, stopped: bool) -> None:
    """Refuse to tell of a night as done that was stopped, or whose run failed.

    Raises
    ------
    StoppedError
        If it was stopped before its run had ended.
    NightFailedError
        If its run failed.
    """
    if stopped and done.state is RunStatus.CANCELLED:
        raise StoppedError(f"Stopped. Run {done.run_id} is cancelled and proposes nothing.")
    if stopped and done.state is RunStatus.RUNNING:
        raise StoppedError(
            f"Stopped. Run {done.run_id} is cancelled: the worker that has it in hand ends it "
            "soon, with what it has found."
        )
    if done.failure is not None:
        raise NightFailedError(f"Run {done.run_id} failed: {done.failure}")


def told_of(done: Night) -> str:
    """Return what to tell people of a night."""
    return (
        f"Run {done.run_id} is {done.state}: {count_text(done.proposals, 'proposal')} for people "
        f"to accept, {done.needs_approval:,} of which need approval of the price (H9); "
        f"{done.unplaced:,} not placed."
    )

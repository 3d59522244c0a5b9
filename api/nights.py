"""The night: what has run out is cleared up, and a run is asked for and seen through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from pydantic import BaseModel

from api.acts import enquiries, runs
from api.jobs import IDLE_SECONDS, Worker
from api.schemas.runs import RunState, RunStatus
from api.storage import runs as stored
from api.storage.record import SOFTWARE, Record
from api.storage.supply import release
from matcher.geography import Gazetteer
from matcher.result import Limits, Status

REPLAYS_KEPT = timedelta(days=7)


class Night(BaseModel):
    """What a night's work came to.

    Parameters
    ----------
    run_id, state, failure
        The run, how it ended, and why if it failed.
    status
        What is known of its answer.
    proposals
        How many may be offered as they are or wait for their price to be agreed to.
    needs_approval
        How many of these wait for that (H9).
    unplaced
        How many have no provider.
    holds_released
        Holds that had ended by themselves.
    enquiries_closed
        Enquiries whose window had passed; whoever said nothing is noted as silent.
    replays_pruned
        Answers kept for calls sent twice that were forgotten.
    """

    run_id: str
    state: RunStatus
    failure: str | None
    status: Status | None
    proposals: int
    needs_approval: int
    unplaced: int
    holds_released: int
    enquiries_closed: int
    replays_pruned: int


class Cleared(NamedTuple):
    """How much was cleared up at night: see :class:`Night`."""

    holds_released: int
    enquiries_closed: int
    replays_pruned: int


def nightly(
    record: Record,
    gazetteer: Gazetteer,
    limits: Limits,
    seed: int,
    *,
    stop: threading.Event | None = None,
    tell: Callable[[str], None] | None = None,
    wait_seconds: float = IDLE_SECONDS,
) -> Night:
    """Clear up, ask for a run, and see it through: work it here unless a worker takes it.

    It goes before all runs that people asked for, except for one that a worker has in hand; a
    run whose worker fell silent may be worked here as well. Told to stop, it cancels its own run,
    and gives back to the queue whichever other it works.

    Parameters
    ----------
    record
        The record.
    gazetteer
        Where postcodes are.
    limits, seed
        Of the run.
    stop
        Set when to stop.
    tell
        Is told which run is worked or waited for, whenever that is another one.
    wait_seconds
        Seconds between two looks while a worker has it.
    """
    cleared = clear_up(record)
    with record.writing(SOFTWARE) as writing:
        run_id = runs.ask(writing, limits, seed).run_id
    worker, stop = Worker(record, gazetteer), stop or threading.Event()
    told = ""
    while (found := _ended(record, run_id)) is None and not stop.is_set():
        before, told = told, _standing(record, run_id)
        if tell is not None and told != before:
            tell(told)
        if not worker.work_one(stop):
            stop.wait(wait_seconds)
    if found is None:
        found = _called_off(record, run_id)
    counts = None if found.summary is None else found.summary.counts
    return Night(
        run_id=run_id,
        state=found.state,
        failure=found.failure,
        status=found.summary and found.summary.status,
        proposals=0 if counts is None else counts.placed + counts.needs_approval,
        needs_approval=0 if counts is None else counts.needs_approval,
        unplaced=0 if counts is None else counts.unplaced,
        **cleared._asdict(),
    )


def _ended(record: Record, run_id: str) -> RunState | None:
    with record.reading() as session:
        row = stored.read_run(session, run_id)
        return runs.state_of(row) if row.state in runs.ENDED else None


def _called_off(record: Record, run_id: str) -> RunState:
    """Cancel the night's run unless it has just ended, and return what has become of it."""
    with record.writing(SOFTWARE) as writing:
        row = stored.run_row(writing.session, run_id)
        if row.state not in runs.ENDED:
            runs.cancel(writing, row)
        return runs.state_of(row)


def _standing(record: Record, run_id: str) -> str:
    """Say which run is worked, or waited for, before the night's own is through."""
    with record.reading() as session:
        row, now = stored.first_in_line(session), record.clock.now()
    if row is None:
        return f"Run {run_id} has ended."
    in_hand = row.lease_until is not None and row.lease_until > now
    place = "by a worker that has it in hand" if in_hand else "here"
    if row.run_id == run_id:
        return f"Run {run_id} is worked {place}."
    return (
        f"Run {row.run_id}, asked for before by {row.asked_by}, is worked first, {place}; run "
        f"{run_id} comes after it."
    )


def clear_up(record: Record) -> Cleared:
    """Give back holds that have ended, close enquiries that have passed, forget old replays."""
    with record.writing(SOFTWARE) as writing:
        holds = stored.expired_holds(writing.session, writing.now)
        release(writing, holds)
        closed = enquiries.close_passed(writing)
        pruned = stored.prune_replays(writing.session, writing.now, REPLAYS_KEPT)
        if holds:
            writing.audit("holds.expired", "commitments", count=len(holds))
    return Cleared(len(holds), closed, pruned)

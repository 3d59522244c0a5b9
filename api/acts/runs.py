"""Runs: asked for and cancelled by people; taken up, given back, finished and failed by workers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from api.acts.proposing import may_propose, proposable
from api.errors import ConflictError
from api.schemas.runs import RunFile, RunLine, RunProgress, RunState, RunStatus
from api.settings import Settings
from api.storage import runs as stored
from api.storage.ids import new_id
from api.storage.lines import document_of
from api.storage.record import Writing
from api.storage.requests import request_row
from api.tables import ProposalRow, RunRow, UnplacedRow
from matcher.allocation import Allocation, Placed
from matcher.files.results import Summary
from matcher.model import Book
from matcher.result import Limits, Status

CLAIM_BYTES = 16
ENDED = frozenset({stored.DONE, stored.FAILED, stored.CANCELLED})


@dataclass(frozen=True)
class Claimed:
    """A run that a worker has taken up.

    Parameters
    ----------
    run_id
        Which run.
    claim
        Known to this worker only: whoever takes the run up later has another.
    limits, seed
        How it is to be solved.
    """

    run_id: str
    claim: str
    limits: Limits
    seed: int


# -- by people ---------------------------------------------------------------------------------


def require_room(writing: Writing, limits: Limits, settings: Settings) -> None:
    """Refuse a run to a key that has as many, or as long ones, as it may have at once.

    Parameters
    ----------
    writing
        The change, with the key.
    limits
        Of the run.
    settings
        How many there may be, and how long all of them together.

    Raises
    ------
    ConflictError
        If it would be one too many, or take too long with the others.
    """
    if writing.actor.key is None:
        return
    others = [
        Limits.model_validate(each)
        for each in stored.limits_of_key(writing.session, writing.actor.key)
    ]
    seconds, most = sum(map(_seconds, [*others, limits])), settings.key_run_seconds
    if len(others) >= settings.key_runs:
        raise ConflictError(
            f"This key has {len(others)} runs that wait or are under way, and may have no more.",
            thing="runs",
            value=len(others),
            expected="one of them to end, or to be cancelled, first",
        )
    if seconds > most:
        raise ConflictError(
            f"With this run those of this key that wait or are under way could take {seconds:,g} "
            f"seconds by their limits, and may take {most:,g}.",
            thing="seconds",
            value=seconds,
            expected=f"runs of {most:,g} seconds together, or others to end first",
        )


def _seconds(limits: Limits) -> float:
    # Deterministic time is solver work, and about as long.
    return limits.seconds or limits.deterministic_time or 0.0


def ask(writing: Writing, limits: Limits, seed: int) -> RunRow:
    """Put a run into the queue: the night's own before all that a key asks for."""
    row = RunRow(
        run_id=new_id("run", writing.now),
        state=stored.QUEUED,
        asked_at=writing.now,
        asked_by=writing.actor.holder,
        asked_key=writing.actor.key,
        limits=limits.model_dump(mode="json"),
        seed=seed,
        attempts=0,
        cancel_asked=False,
    )
    writing.session.add(row)
    writing.session.flush()
    writing.audit("run.asked", row.run_id, limits=document_of(limits), seed=seed)
    return row


def cancel(writing: Writing, row: RunRow) -> None:
    """Cancel a run that waits at once; ask one that runs to stop with what it has found.

    Raises
    ------
    ConflictError
        If it has ended.
    """
    if row.state in ENDED:
        raise ConflictError(
            f"Run {row.run_id} has ended: it is {row.state}.",
            thing=f"run {row.run_id}",
            value=row.state,
            expected="a run that is queued or running",
        )
    if row.cancel_asked:
        return
    row.cancel_asked = True
    writing.audit("run.cancelled", row.run_id, was=row.state)
    if row.state == stored.QUEUED:
        _end(writing, row, stored.CANCELLED)


def state_of(row: RunRow) -> RunState:
    """Return a run with what has become of it."""
    return RunState(
        run_id=row.run_id,
        state=RunStatus(row.state),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        limits=Limits.model_validate(row.limits),
        seed=row.seed,
        attempts=row.attempts,
        cancel_asked=row.cancel_asked,
        started_at=row.started_at,
        finished_at=row.finished_at,
        progress=None if row.progress is None else RunProgress.model_validate(row.progress),
        summary=None if row.summary is None else Summary.model_validate(row.summary),
        files=[each for each in RunFile if each in (row.files or {})],
        failure=row.failure,
    )


def line_of(row: RunRow) -> RunLine:
    """Return a run as the list shows it."""
    summary = None if row.summary is None else Summary.model_validate(row.summary)
    return RunLine(
        run_id=row.run_id,
        state=RunStatus(row.state),
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        finished_at=row.finished_at,
        status=summary and summary.status,
        placed=summary and summary.counts.placed,
        needs_approval=summary and summary.counts.needs_approval,
        unplaced=summary and summary.counts.unplaced,
    )


# -- by workers --------------------------------------------------------------------------------


def book_for(session: Session, now: datetime, today: date) -> Book:
    """Return the book that a run is given: of whoever something may be proposed to now.

    Left out are the suspended (H19), those somebody is arranging, and increases of which the
    current provider has the first refusal (H17).

    Parameters
    ----------
    session
        Where to read.
    now, today
        When it is.
    """
    return proposable(session, stored.run_book(session, now, today), now, today)


def claim(writing: Writing, lease_seconds: float, most_attempts: int) -> Claimed | None:
    """Take up the first run in line that nobody works on; ``None`` where there is none.

    A run that was taken up too often is given up, and one that was to be cancelled when its
    worker died is cancelled.

    Parameters
    ----------
    writing
        The change: changes come one after another, so no two workers take up the same run.
    lease_seconds
        Seconds for which it is nobody else's unless the worker says more.
    most_attempts
        Times that a run is taken up.
    """
    while (row := stored.next_run(writing.session, writing.now)) is not None:
        if row.cancel_asked:
            _end(writing, row, stored.CANCELLED)
            writing.audit("run.left_behind", row.run_id, attempts=row.attempts)
        elif row.attempts >= most_attempts:
            _end(writing, row, stored.FAILED)
            row.failure = (
                f"The run was taken up {row.attempts} times, and its worker fell silent each time."
            )
            writing.audit("run.failed", row.run_id, attempts=row.attempts)
        else:
            return _taken_up(writing, row, lease_seconds)
        writing.session.flush()
    return None


def _taken_up(writing: Writing, row: RunRow, lease_seconds: float) -> Claimed:
    token = secrets.token_hex(CLAIM_BYTES)
    row.state, row.claim, row.attempts = stored.RUNNING, token, row.attempts + 1
    row.started_at, row.progress = writing.now, None
    row.lease_until = writing.now + timedelta(seconds=lease_seconds)
    writing.audit("run.started", row.run_id, attempt=row.attempts)
    return Claimed(row.run_id, token, Limits.model_validate(row.limits), row.seed)


def finish(
    writing: Writing,
    claimed: Claimed,
    allocation: Allocation,
    summary: Summary,
    files: Mapping[str, str],
) -> bool:
    """Keep what a run has found, if it is still this worker's; say whether it was kept.

    Its proposals stand in place of all that were open before; of a run that was cancelled, which
    had no time for everybody, only of those for the same requests. Its reasons stand in place of
    those of everyone it looked at.

    Parameters
    ----------
    writing
        The change: everything is kept at once.
    claimed
        The run.
    allocation
        What the referee accepted.
    summary, files
        As the allocation's folder holds them.
    """
    row = stored.claimed_run(writing.session, claimed.run_id, claimed.claim)
    if row is None:
        return False
    is_whole = summary.status is not Status.CANCELLED
    found_for = None if is_whole else {placed.request_id for placed in allocation.placed}
    superseded = stored.supersede(writing.session, row.run_id, writing.now, found_for)
    stale = _propose(writing, row.run_id, allocation.placed)
    _tell_unplaced(writing, row.run_id, allocation)
    row.summary, row.files = summary.model_dump(mode="json"), dict(files)
    _end(writing, row, stored.DONE)
    counts = summary.counts
    writing.audit(
        "run.finished",
        row.run_id,
        status=summary.status,
        inputs_sha256=summary.inputs_sha256,
        versions=summary.versions,
        proposed=counts.placed,
        needs_approval=counts.needs_approval,
        unplaced=counts.unplaced,
        superseded=superseded,
        stale=stale,
    )
    return True


def _propose(writing: Writing, run_id: str, lines: tuple[Placed, ...]) -> list[str]:
    """Write proposals down, and return the ids of those that came too late."""
    rows = [
        ProposalRow(
            proposal_id=new_id("prp", writing.now),
            run_id=run_id,
            request_id=placed.request_id,
            provider_id=placed.provider_id,
            # Somebody may have ended, arranged or suspended it while the run went on.
            state=stored.OPEN if _may_be_accepted(writing, placed) else stored.STALE,
            document=placed.model_dump(mode="json"),
        )
        for placed in lines
    ]
    writing.session.add_all(rows)
    return [row.proposal_id for row in rows if row.state == stored.STALE]


def _may_be_accepted(writing: Writing, placed: Placed) -> bool:
    row, provider_id = request_row(writing.session, placed.request_id), placed.provider_id
    is_open = may_propose(writing.session, row, provider_id, writing.now, writing.today)
    return is_open and placed.weekly_cost_pence is not None


def _tell_unplaced(writing: Writing, run_id: str, allocation: Allocation) -> None:
    rows = (
        UnplacedRow(
            request_id=line.request_id,
            run_id=run_id,
            reason=line.reason.value,
            detail=line.detail,
            nearest_miss=line.nearest_miss,
        )
        for line in allocation.unplaced
    )
    placed = [line.request_id for line in allocation.placed]
    looked_at = [*placed, *(line.request_id for line in allocation.unplaced)]
    stored.replace_unplaced(writing.session, looked_at, rows)


def fail(writing: Writing, claimed: Claimed, sentence: str) -> bool:
    """Give a run up for good, if it is still this worker's; say whether it was.

    Parameters
    ----------
    writing
        The change.
    claimed
        The run.
    sentence
        Why, in plain words; what a programmer needs is in the log.
    """
    row = stored.claimed_run(writing.session, claimed.run_id, claimed.claim)
    if row is None:
        return False
    row.failure = sentence
    _end(writing, row, stored.FAILED)
    writing.audit("run.failed", row.run_id, attempts=row.attempts)
    return True


def call_off(writing: Writing, claimed: Claimed) -> bool:
    """End a run that was cancelled before anything was found, if it is still this worker's."""
    row = stored.claimed_run(writing.session, claimed.run_id, claimed.claim)
    if row is None:
        return False
    _end(writing, row, stored.CANCELLED)
    writing.audit("run.called_off", row.run_id, attempts=row.attempts)
    return True


def give_back(writing: Writing, claimed: Claimed) -> bool:
    """Put a run back into the queue as if it had not been taken up, if it is still ours."""
    row = stored.claimed_run(writing.session, claimed.run_id, claimed.claim)
    if row is None:
        return False
    row.state, row.claim, row.lease_until = stored.QUEUED, None, None
    row.attempts, row.started_at, row.progress = row.attempts - 1, None, None
    writing.audit("run.given_back", row.run_id)
    return True


def _end(writing: Writing, row: RunRow, state: str) -> None:
    row.state, row.finished_at = state, writing.now
    row.claim = row.lease_until = None

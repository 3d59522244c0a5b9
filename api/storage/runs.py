"""Queries for runs: the queue with its leases, what a run is given, and what it left behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, func, select, tuple_, update
from sqlalchemy.orm import Session, defer

from api.settings import LONGEST_LEASE
from api.storage.books import WAITING, night_book
from api.storage.finding import found
from api.storage.record import Writing
from api.storage.supply import HOLD, takes_capacity
from api.tables import (
    CommitmentRow,
    Document,
    OfferRow,
    ProposalRow,
    ReplayRow,
    RequestRow,
    RunRow,
    UnplacedRow,
)
from matcher.model import Book

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
NOT_ENDED = RunRow.state.in_((QUEUED, RUNNING))
IN_LINE = (RunRow.asked_key.is_not(None), RunRow.asked_at, RunRow.run_id)
"""The night's own runs first, which nobody's key asked for, and then by age."""
OPEN, ACCEPTED, REFUSED, SUPERSEDED, STALE = "open", "accepted", "refused", "superseded", "stale"


def run_row(session: Session, run_id: str) -> RunRow:
    """Return one run, locked where it is read to be changed.

    Raises
    ------
    NotFoundError
        If the record has no such run.
    """
    return found(
        session.scalar(select(RunRow).where(RunRow.run_id == run_id).with_for_update()),
        "run",
        run_id,
    )


def read_run(session: Session, run_id: str) -> RunRow:
    """Return one run to look at.

    Raises
    ------
    NotFoundError
        If the record has no such run.
    """
    return found(session.get(RunRow, run_id), "run", run_id)


def newest_runs(session: Session, limit: int, before: str | None) -> Sequence[RunRow]:
    """Return runs without their files, the newest first.

    Parameters
    ----------
    session
        Where to read.
    limit
        How many at most.
    before
        The id of the last one that was seen: ids sort by when they were made.
    """
    query = select(RunRow).options(defer(RunRow.files))
    if before is not None:
        query = query.where(RunRow.run_id < before)
    return session.scalars(query.order_by(RunRow.run_id.desc()).limit(limit)).all()


def run_counts(session: Session) -> Mapping[str, int]:
    """Return how many runs there are in each state."""
    query = select(RunRow.state, func.count()).group_by(RunRow.state)
    return {line[0]: line[1] for line in session.execute(query)}


def waiting_count(session: Session) -> int:
    """Return how many requests stand on the list."""
    query = select(func.count()).select_from(RequestRow).where(RequestRow.state == WAITING)
    return session.scalar(query) or 0


# -- the queue ---------------------------------------------------------------------------------


def next_run(session: Session, now: datetime) -> RunRow | None:
    """Return the run that is to be taken up: the first in line that nobody works on.

    While a worker's lease on any run lasts, there is none: runs come one after another.
    """
    if not is_work_left(session, now):
        return None
    first = select(RunRow).where(NOT_ENDED).order_by(*IN_LINE).limit(1)
    return session.scalar(first.with_for_update(of=RunRow))


def is_work_left(session: Session, now: datetime) -> bool:
    """Say whether there is a run to take up, without a lock: one, and none in a worker's hands.

    A lease longer than any may be is none: its worker's clock was wrong, or ours is by now.
    """
    latest = now + timedelta(seconds=LONGEST_LEASE)
    in_hand = and_(RunRow.state == RUNNING, RunRow.lease_until > now, RunRow.lease_until <= latest)
    query = select(func.count(), func.count().filter(in_hand)).where(NOT_ENDED)
    left, held = session.execute(query).one()
    return left > 0 and held == 0


def limits_of_key(session: Session, key: str) -> Sequence[Document]:
    """Return the limits of the runs that a key has waiting or under way."""
    return session.scalars(select(RunRow.limits).where(NOT_ENDED, RunRow.asked_key == key)).all()


def first_in_line(session: Session) -> RunRow | None:
    """Return the run that is worked, or would be taken up next; ``None`` where there is none."""
    query = select(RunRow).options(defer(RunRow.files)).where(NOT_ENDED)
    return session.scalar(query.order_by(RunRow.state != RUNNING, *IN_LINE).limit(1))


def claimed_run(session: Session, run_id: str, claim: str) -> RunRow | None:
    """Return a run, locked, if a claim on it still holds; ``None`` otherwise."""
    query = select(RunRow).where(
        RunRow.run_id == run_id, RunRow.state == RUNNING, RunRow.claim == claim
    )
    return session.scalar(query.with_for_update())


def beat(
    session: Session, run_id: str, claim: str, lease_until: datetime, progress: Document | None
) -> bool | None:
    """Renew a lease and write down progress; say whether the run is asked to stop.

    Parameters
    ----------
    session
        A transaction.
    run_id, claim
        Which run, by which claim.
    lease_until
        Until when the run is nobody else's.
    progress
        What is known by now; as before when not given.

    Returns
    -------
    bool or None
        ``None`` where the claim no longer holds.
    """
    values: dict[str, Any] = {"lease_until": lease_until}
    if progress is not None:
        values["progress"] = progress
    changed = (
        update(RunRow)
        .where(RunRow.run_id == run_id, RunRow.state == RUNNING, RunRow.claim == claim)
        .values(**values)
        .returning(RunRow.cancel_asked)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(changed)


# -- what a run is given -----------------------------------------------------------------------


def being_arranged(session: Session, now: datetime) -> set[str]:
    """Return the requests that somebody is arranging: capacity is held for them.

    What is held for a person is taken from everybody else, so a run that looked for another
    place for the same person would count two. Who has chosen counts while that is held: nobody
    is left out of every night to come because a choice was never booked.
    """
    held = select(CommitmentRow.request_id).where(CommitmentRow.kind == HOLD, takes_capacity(now))
    return set(session.scalars(held))


def run_book(session: Session, now: datetime, today: date) -> Book:
    """Return the book that a run is given: the night's, without whoever is being arranged.

    Parameters
    ----------
    session
        Where to read.
    now, today
        When it is.
    """
    book = night_book(session, now, today)
    arranged = being_arranged(session, now) - book.running_provider.keys()
    requests = tuple(each for each in book.requests if each.request_id not in arranged)
    return book.model_copy(update={"requests": requests})


# -- what a run leaves behind ------------------------------------------------------------------


def supersede(
    session: Session, run_id: str, now: datetime, request_ids: Collection[str] | None = None
) -> int:
    """Close open proposals of other runs, and return how many there were.

    Parameters
    ----------
    session
        A transaction.
    run_id
        The run that stands in place of the others.
    now
        When it is.
    request_ids
        For whom only; for everybody when not given.
    """
    query = select(ProposalRow).where(ProposalRow.state == OPEN, ProposalRow.run_id != run_id)
    if request_ids is not None:
        query = query.where(ProposalRow.request_id.in_(sorted(request_ids)))
    rows = session.scalars(query.order_by(ProposalRow.proposal_id)).all()
    for row in rows:
        row.state, row.decided_at, row.reason = SUPERSEDED, now, f"superseded by {run_id}"
    return len(rows)


def make_stale(writing: Writing, request_id: str) -> None:
    """Close the open proposals for a request that has been arranged or has ended."""
    query = select(ProposalRow).where(
        ProposalRow.request_id == request_id, ProposalRow.state == OPEN
    )
    rows = writing.session.scalars(query.order_by(ProposalRow.proposal_id)).all()
    for row in rows:
        row.state, row.decided_at, row.decided_by = STALE, writing.now, writing.actor.holder
    if rows:
        proposal_ids = [row.proposal_id for row in rows]
        writing.audit("proposals.stale", request_id, proposal_ids=proposal_ids)


def replace_unplaced(
    session: Session, looked_at: Collection[str], rows: Iterable[UnplacedRow]
) -> None:
    """Let the reasons of one run stand in place of all earlier ones for whom it looked at."""
    earlier = select(UnplacedRow).where(UnplacedRow.request_id.in_(sorted(looked_at)))
    for row in session.scalars(earlier):
        session.delete(row)
    session.flush()
    session.add_all(rows)


def proposal_row(session: Session, proposal_id: str) -> ProposalRow:
    """Return one proposal.

    Raises
    ------
    NotFoundError
        If the record has no such proposal.
    """
    return found(session.get(ProposalRow, proposal_id), "proposal", proposal_id)


def proposals(
    session: Session,
    *,
    limit: int | None = None,
    after: tuple[Any, ...] | None = None,
    run_id: str | None = None,
    only_open: bool = False,
    key_worker: str | None = None,
) -> Sequence[tuple[ProposalRow, int]]:
    """Return proposals with the risk order of their requests, the riskiest first.

    Parameters
    ----------
    session
        Where to read.
    limit
        How many at most.
    after
        Risk order and id of the last one that was seen.
    run_id
        Of which run; of all when not given.
    only_open
        Whether only those are wanted that may still be accepted.
    key_worker
        Of whose requests; of all when not given.
    """
    query = select(ProposalRow, RequestRow.risk_order).join(
        RequestRow, RequestRow.request_id == ProposalRow.request_id
    )
    if run_id is not None:
        query = query.where(ProposalRow.run_id == run_id)
    if only_open:
        query = query.where(ProposalRow.state == OPEN, RequestRow.state == WAITING)
    if key_worker is not None:
        query = query.where(RequestRow.key_worker == key_worker)
    if after is not None:
        key = tuple_(RequestRow.risk_order, ProposalRow.proposal_id)
        query = query.where(key > tuple_(*after))
    ordered = query.order_by(RequestRow.risk_order, ProposalRow.proposal_id).limit(limit)
    return [(row, risk_order) for row, risk_order in session.execute(ordered)]


def offers_from(session: Session, proposal_ids: Collection[str]) -> Mapping[str, str]:
    """Return the offer that each accepted proposal became."""
    query = select(OfferRow.proposal_id, OfferRow.offer_id).where(
        OfferRow.proposal_id.in_(sorted(proposal_ids))
    )
    return {found.proposal_id: found.offer_id for found in session.execute(query)}


# -- unmet need --------------------------------------------------------------------------------


def waiting_requests(session: Session, kind: str | None = None) -> Sequence[RequestRow]:
    """Return all requests that wait, of one kind or of any, by id."""
    query = select(RequestRow).where(RequestRow.state == WAITING)
    if kind is not None:
        query = query.where(RequestRow.kind == kind)
    return session.scalars(query.order_by(RequestRow.request_id)).all()


def unplaced_reasons(session: Session) -> Mapping[str, str]:
    """Return the coded reason of each request that the latest run to look found nothing for."""
    query = select(UnplacedRow.request_id, UnplacedRow.reason)
    return {line[0]: line[1] for line in session.execute(query)}


# -- cleared up at night -----------------------------------------------------------------------


def prune_replays(session: Session, now: datetime, keep: timedelta) -> int:
    """Forget the answers that were kept for calls sent twice, and return how many."""
    gone = delete(ReplayRow).where(ReplayRow.made_at < now - keep).returning(ReplayRow.key)
    return len(session.scalars(gone.execution_options(synchronize_session=False)).all())


def expired_holds(session: Session, now: datetime) -> Sequence[CommitmentRow]:
    """Return the holds that have ended by themselves and are not marked as given back."""
    query = select(CommitmentRow).where(
        CommitmentRow.kind == HOLD,
        CommitmentRow.released_at.is_(None),
        CommitmentRow.expires_at <= now,
    )
    return session.scalars(query.order_by(CommitmentRow.commitment_id)).all()

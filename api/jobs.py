"""The worker: takes runs from the queue, solves them outside any change, and keeps what is found.

A run belongs to the worker whose claim it bears while its lease lasts. A worker that dies says
nothing more, so the lease runs out and another takes the run up again; what a worker finds for a
run that is no longer its own is thrown away.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api.acts import enquiries, runs
from api.acts.runs import Claimed
from api.errors import OUR_FAULT, BusyError, answer_of
from api.schemas.runs import RunFile, RunProgress, RunState, RunStatus
from api.settings import Settings
from api.storage import runs as stored
from api.storage.record import SOFTWARE, Record
from api.storage.supply import release
from api.supply import policy_in
from matcher.allocation import Allocation
from matcher.errors import MatcherError
from matcher.files.results import Summary, write_allocation
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.result import Limits, Method, Progress, Report, Status
from matcher.solvers import solve
from matcher.vocabulary import printable

IDLE_SECONDS = 1.0
"""Seconds after which a worker without work looks for some again."""
LONGEST_BEAT, BEATS_IN_A_LEASE = 1.0, 3
"""A lease is renewed every second, and at least three times while it lasts."""
LONGEST_SENTENCE = 500
REPLAYS_KEPT = timedelta(days=7)
UNANSWERED = (SQLAlchemyError, BusyError)
"""Errors of a record that does not answer, or not in time."""
FAULT = "The run stopped by a fault of this software; the worker's log says more."
log = structlog.get_logger("carematch.worker")


class Found(NamedTuple):
    """What a run has found: the allocation, its head, and the texts of its folder."""

    allocation: Allocation
    summary: Summary
    files: dict[str, str]


class Watch(Progress):
    """Keeps a run's lease while it is solved, writes its progress down, and hears of its end.

    Only one thread of its own writes to the record, so that the solver never waits for it.

    Parameters
    ----------
    record
        The record.
    claimed
        The run.
    lease_seconds
        Seconds for which the run is kept at each beat.
    stop
        Set when the worker itself is to stop.
    """

    def __init__(
        self, record: Record, claimed: Claimed, lease_seconds: float, stop: threading.Event
    ) -> None:
        super().__init__()
        self._record, self._claimed, self._stop = record, claimed, stop
        self._lease = timedelta(seconds=lease_seconds)
        self._pause = min(LONGEST_BEAT, lease_seconds / BEATS_IN_A_LEASE)
        self._over = threading.Event()
        self._report: Report | None = None
        self.lost = False
        """Whether somebody else has taken the run up."""

    def reported(self, report: Report) -> None:
        """Keep what is known by now until the next beat."""
        self._report = report

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep the lease while the block goes on."""
        thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _beat_on(self) -> None:
        while not self._over.wait(self._pause):
            try:
                self._beat()
            except UNANSWERED:
                # The lease may run out; whoever then takes the run up is asked at the end.
                log.exception("heartbeat failed", run_id=self._claimed.run_id)

    def _beat(self) -> None:
        report, self._report = self._report, None
        progress = None if report is None else RunProgress.of(report).model_dump(mode="json")
        until = self._record.clock.now() + self._lease
        run_id, claim = self._claimed.run_id, self._claimed.claim
        with self._record.bare_writing() as session:
            cancel_asked = stored.beat(session, run_id, claim, until, progress)
        self.lost = cancel_asked is None
        if self.lost or cancel_asked or self._stop.is_set():
            self.cancel()


class Worker:
    """Works runs one after another.

    Parameters
    ----------
    record
        The record, which is the queue as well.
    gazetteer
        Where postcodes are.
    settings
        Lease and attempts; those of the record when not given.
    """

    def __init__(
        self, record: Record, gazetteer: Gazetteer, settings: Settings | None = None
    ) -> None:
        self._record, self._gazetteer = record, gazetteer
        self._settings = settings or record.settings

    def work_until(self, stop: threading.Event, idle_seconds: float = IDLE_SECONDS) -> None:
        """Work until told to stop; a run under way is then given back to the queue.

        Parameters
        ----------
        stop
            Set when to stop.
        idle_seconds
            Seconds between two looks into an empty queue.
        """
        while not stop.is_set():
            try:
                has_worked = self.work_one(stop)
            except UNANSWERED:
                # The run, if any, is taken up again once its lease has run out.
                log.exception("the record does not answer")
                has_worked = False
            if not has_worked:
                stop.wait(idle_seconds)

    def work_one(self, stop: threading.Event | None = None) -> bool:
        """Work the oldest run that nobody works on; say whether there was one.

        Parameters
        ----------
        stop
            Set when the worker is to stop.

        Raises
        ------
        SQLAlchemyError, BusyError
            If the record does not answer.
        """
        stop = stop or threading.Event()
        claimed = self._claimed()
        if claimed is None:
            return False
        log.info("run started", run_id=claimed.run_id)
        watch = Watch(self._record, claimed, self._settings.lease_seconds, stop)
        try:
            with watch.beating():
                found = self._find(claimed, watch)
        except UNANSWERED:
            raise
        except Exception as error:
            log.exception("run failed", run_id=claimed.run_id)
            with self._record.writing(SOFTWARE) as writing:
                runs.fail(writing, claimed, sentence_of(error))
            return True
        self._keep(claimed, watch, found, stop)
        return True

    def _claimed(self) -> Claimed | None:
        with self._record.reading() as session:
            # Looked for without a lock first: an idle worker is in nobody's way.
            if not stored.is_work_left(session, self._record.clock.now()):
                return None
        with self._record.writing(SOFTWARE) as writing:
            return runs.claim(writing, self._settings.lease_seconds, self._settings.most_attempts)

    def _find(self, claimed: Claimed, watch: Watch) -> Found:
        """Solve the book of this moment, outside any change."""
        clock = self._record.clock
        with self._record.snapshot() as session:
            book = runs.book_for(session, clock.now(), clock.today())
            policy = policy_in(session)
        market = Market(book, policy, self._gazetteer)
        today = solve(market, method=Method.TODAY, seed=claimed.seed)
        result = solve(market, limits=claimed.limits, seed=claimed.seed, progress=watch)
        with tempfile.TemporaryDirectory(prefix="carematch-") as scratch:
            folder = Path(scratch) / "allocation"
            summary = write_allocation(folder, market, result, today)
            files = {each.value: (folder / each).read_bytes().decode() for each in RunFile}
        return Found(result.allocation, summary, files)

    def _keep(self, claimed: Claimed, watch: Watch, found: Found, stop: threading.Event) -> None:
        cut_short = found.summary.status is Status.CANCELLED
        with self._record.writing(SOFTWARE) as writing:
            asked = stored.read_run(writing.session, claimed.run_id).cancel_asked
            if stop.is_set() and cut_short and not asked:
                outcome = "given back" if runs.give_back(writing, claimed) else "lost"
            else:
                outcome = "done" if runs.finish(writing, claimed, *found) else "lost"
        log.info("run ended", run_id=claimed.run_id, outcome=outcome, was_lost=watch.lost)


def sentence_of(error: Exception) -> str:
    """Return why a run failed, in plain words and without anything that must not be repeated."""
    if isinstance(error, MatcherError) and answer_of(error) is not OUR_FAULT:
        return printable(" ".join(error.message.split()))[:LONGEST_SENTENCE]
    return FAULT


# -- the night ---------------------------------------------------------------------------------


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
    wait_seconds: float = IDLE_SECONDS,
) -> Night:
    """Clear up, ask for a run, and see it through: work it here unless a worker takes it.

    Parameters
    ----------
    record
        The record.
    gazetteer
        Where postcodes are.
    limits, seed
        Of the run.
    wait_seconds
        Seconds between two looks while a worker has it.
    """
    cleared = clear_up(record)
    with record.writing(SOFTWARE) as writing:
        run_id = runs.ask(writing, limits, seed).run_id
    worker, pause = Worker(record, gazetteer), threading.Event()
    while (found := _ended(record, run_id)) is None:
        if not worker.work_one():
            pause.wait(wait_seconds)
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

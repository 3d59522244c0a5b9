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
from time import monotonic
from typing import NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.acts import runs
from api.acts.runs import Claimed
from api.errors import OUR_FAULT, BusyError, UnansweredError, answer_of, fault_told
from api.schemas.runs import MOST_SECONDS, RunFile, RunProgress
from api.settings import Settings
from api.storage import runs as stored
from api.storage.record import SOFTWARE, Record
from api.supply import policy_in
from matcher.allocation import Allocation
from matcher.errors import MatcherError
from matcher.files.results import Summary, write_allocation
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.result import Limits, Method, Progress, Report, Status
from matcher.roads import roads_of_environment
from matcher.solvers import Problem, solve
from matcher.vocabulary import printable

IDLE_SECONDS = 1.0
"""Seconds after which a worker without work looks for some again."""
LONGEST_BEAT, BEATS_IN_A_LEASE = 1.0, 3
"""A lease is renewed every second, and at least three times while it lasts."""
LONGEST_SENTENCE = 500
TIMES_ITS_SECONDS, BESIDE_SECONDS = 2, 900.0
"""A run that takes more than twice its own seconds, and a quarter of an hour for all that is done
before and after them, is held to be stuck."""
UNANSWERED = (SQLAlchemyError, BusyError, UnansweredError)
"""Errors of a record that does not answer, or not in time."""
LONGEST_PAUSE = 30.0
"""Seconds after which a record that does not answer is asked again, at most."""
FAULT = "The run stopped by a fault of this software; the worker's log says more."
log = structlog.get_logger("carematch.worker")


class Found(NamedTuple):
    """What a run has found: the allocation, its head, and the texts of its folder."""

    allocation: Allocation
    summary: Summary
    files: dict[str, str]

    @property
    def is_cut_short(self) -> bool:
        """Whether the run was stopped before it was through."""
        return self.summary.status is Status.CANCELLED


class CutShortError(Exception):
    """A run that was asked to stop before it had found anything."""


class Silence:
    """A record that does not answer: told once, and asked again ever more seldom.

    Parameters
    ----------
    first_seconds
        Seconds after which it is first asked again.
    """

    def __init__(self, first_seconds: float) -> None:
        self._first, self._pause = first_seconds, 0.0

    def goes_on(self, error: Exception) -> float:
        """Return the seconds after which to ask again."""
        if not self._pause:
            log.warning("the record does not answer", **told_of(error))
        self._pause = min(max(2 * self._pause, self._first), LONGEST_PAUSE)
        return self._pause

    def ends(self) -> None:
        """Note that the record answers."""
        if self._pause:
            log.info("the record answers again")
        self._pause = 0.0


def told_of(error: Exception) -> dict[str, object]:
    """Return what may be logged of a record that does not answer: where it is, and why."""
    if isinstance(error, UnansweredError):
        return {"database": error.database, "reason": error.reason}
    return {"reason": error.message} if isinstance(error, BusyError) else {**fault_told(error)}


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

    Notes
    -----
    The lease of a run far beyond its own limit is no longer kept: its worker may be stuck, and all
    other runs wait for it. It is then another's to take up, as often as any run is.
    """

    def __init__(
        self, record: Record, claimed: Claimed, lease_seconds: float, stop: threading.Event
    ) -> None:
        super().__init__()
        self._record, self._claimed, self._stop = record, claimed, stop
        self._lease = timedelta(seconds=lease_seconds)
        self._pause = min(LONGEST_BEAT, lease_seconds / BEATS_IN_A_LEASE)
        self._over, self._silence = threading.Event(), Silence(self._pause)
        self._latest = monotonic() + longest_seconds(claimed.limits)
        self._report: Report | None = None
        self.lost = self.overdue = False
        """Whether somebody else has taken the run up, and whether it is held to be stuck."""

    @property
    def cancelled(self) -> bool:
        """Whether the run was asked to stop, or its worker."""
        return super().cancelled or self._stop.is_set()

    def require_wanted(self) -> None:
        """Go on only if nobody has asked the run to stop.

        Raises
        ------
        CutShortError
            If somebody has.
        """
        if self.cancelled:
            raise CutShortError

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
            if monotonic() > self._latest:
                log.warning("run overdue", run_id=self._claimed.run_id)
                self.overdue = True
                self.cancel()
                return
            try:
                self._beat()
                self._silence.ends()
            except UNANSWERED as error:
                # The lease may run out; whoever then takes the run up is asked at the end.
                self._silence.goes_on(error)

    def _beat(self) -> None:
        report, self._report = self._report, None
        progress = None if report is None else RunProgress.of(report).model_dump(mode="json")
        until = self._record.clock.now() + self._lease
        run_id, claim = self._claimed.run_id, self._claimed.claim
        with self._record.bare_writing() as session:
            cancel_asked = stored.beat(session, run_id, claim, until, progress)
        self.lost = cancel_asked is None
        if self.lost or cancel_asked:
            self.cancel()


def longest_seconds(limits: Limits) -> float:
    """Return the seconds after which a run under such limits is held to be stuck."""
    return TIMES_ITS_SECONDS * (limits.seconds or MOST_SECONDS) + BESIDE_SECONDS


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
        silence = Silence(idle_seconds)
        while not stop.is_set():
            try:
                pause = 0.0 if self.work_one(stop) else idle_seconds
                silence.ends()
            except UNANSWERED as error:
                # The run, if any, is taken up again once its lease has run out.
                pause = silence.goes_on(error)
            stop.wait(pause)

    def work_one(self, stop: threading.Event | None = None) -> bool:
        """Work the oldest run that nobody works on; say whether there was one.

        Parameters
        ----------
        stop
            Set when the worker is to stop.

        Raises
        ------
        SQLAlchemyError, BusyError, UnansweredError
            If the record does not answer.
        """
        stop = stop or threading.Event()
        claimed = self._claimed()
        if claimed is None:
            return False
        log.info("run started", run_id=claimed.run_id)
        watch = Watch(self._record, claimed, self._settings.lease_seconds, stop)
        found: Found | None = None
        try:
            with watch.beating():
                found = self._find(claimed, watch)
        except UNANSWERED:
            raise
        except CutShortError:
            pass
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
        """Solve the book of this moment, outside any change.

        Raises
        ------
        CutShortError
            If it was asked to stop before the search began.
        """
        clock = self._record.clock
        with self._record.snapshot() as session:
            book = runs.book_for(session, clock.now(), clock.today())
            policy = policy_in(session)
        watch.require_wanted()
        roads = roads_of_environment(book, policy, self._gazetteer)
        market = Market(book, policy, self._gazetteer, roads)
        watch.require_wanted()
        problem = Problem(market, claimed.seed)
        today = solve(market, method=Method.TODAY, seed=claimed.seed, problem=problem)
        watch.require_wanted()
        result = solve(
            market,
            limits=claimed.limits,
            seed=claimed.seed,
            progress=watch,
            cluster=self._settings.cluster,
            problem=problem,
        )
        with tempfile.TemporaryDirectory(prefix="carematch-") as scratch:
            folder = Path(scratch) / "allocation"
            summary = write_allocation(folder, market, result, today)
            files = {each.value: (folder / each).read_bytes().decode() for each in RunFile}
        return Found(result.allocation, summary, files)

    def _keep(
        self, claimed: Claimed, watch: Watch, found: Found | None, stop: threading.Event
    ) -> None:
        with self._record.writing(SOFTWARE) as writing:
            asked = stored.read_run(writing.session, claimed.run_id).cancel_asked
            if found is not None and (asked or not (stop.is_set() and found.is_cut_short)):
                kept, outcome = runs.finish(writing, claimed, *found), "done"
            elif asked:
                kept, outcome = runs.call_off(writing, claimed), "cancelled"
            elif stop.is_set():
                kept, outcome = runs.give_back(writing, claimed), "given back"
            else:
                # It is another's, or will be once the lease has run out.
                kept, outcome = False, "lost"
        log.info(
            "run ended",
            run_id=claimed.run_id,
            outcome=outcome if kept else "lost",
            was_lost=watch.lost,
            was_overdue=watch.overdue,
        )


def sentence_of(error: Exception) -> str:
    """Return why a run failed, in plain words and without anything that must not be repeated."""
    if isinstance(error, MatcherError) and answer_of(error) is not OUR_FAULT:
        return printable(" ".join(error.message.split()))[:LONGEST_SENTENCE]
    return FAULT

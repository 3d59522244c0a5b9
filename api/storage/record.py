"""The door to the database: reading, and changes one after another, each with its audit line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import BoundedSemaphore

from sqlalchemy import Connection, event, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from api.clocks import Clock, elapsed
from api.errors import BusyError, NotReadyError, UnansweredError
from api.settings import Settings, is_postgresql
from api.storage.chain import AuditKeys, line_hash, require_signed
from api.storage.engines import WRITES, make_engine, turn_taken
from api.storage.outages import is_lock_timeout, outage_of
from api.storage.vouching import Digests, Touched, share
from api.tables import AuditRow, CommitmentRow, ProviderRow, RecordRow

RETRY_SECONDS = 5
"""Seconds after which who was told that the record is busy, or away, may try again."""
UNTOLD_CHANGE = "rows.changed"
"""The action of the line that is written where a change of rows came without a line of its own."""


@dataclass(frozen=True)
class Actor:
    """Who changes something: the holder of an API key and the role, or the software itself.

    Parameters
    ----------
    holder, role
        The post or organisation, and in which role.
    key
        The public part of the API key, which tells two keys of one post apart; ``None`` without
        one.
    """

    holder: str
    role: str
    key: str | None = None


SOFTWARE = Actor("carematch", "software")


@dataclass
class Writing:
    """One change under way: everything in it happens together or not at all.

    Parameters
    ----------
    session
        The transaction.
    actor
        Who makes the change.
    record
        The row that every change locks, so that changes come one after another.
    now, today
        When it is.
    keys
        What its audit lines are signed with.
    """

    session: Session
    actor: Actor
    record: RecordRow
    now: datetime
    today: date
    keys: AuditKeys
    given_back: list[CommitmentRow] = field(default_factory=list)
    """Holds that the change gave back, which its answer tells."""
    _changed: set[str] = field(default_factory=set)
    _has_new_terms: bool = False
    _lines: list[AuditRow] = field(default_factory=list)
    _rows: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """See from now on which rows the change touches."""
        self._touched = Touched(self.session)

    def audit(self, action: str, subject: str, **detail: object) -> None:
        """Add a line to the audit chain.

        Parameters
        ----------
        action
            What was done: a noun and a verb, for example ``request.ended``.
        subject
            The id of what it was done to.
        detail
            What else must be known later; nothing personal, no secrets. The public part of the
            API key is added where there is one.
        """
        if self.actor.key is not None:
            detail["key"] = self.actor.key
        self._lines.append(
            AuditRow(
                at=self.now,
                actor=self.actor.holder,
                role=self.actor.role,
                action=action,
                subject=subject,
                detail=json.loads(json.dumps(detail, default=str)),
                key_name=self.keys.name,
            )
        )

    def vouch(self, digests: Digests) -> None:
        """Let the change's lines keep digests of rows beside those that it touches."""
        self._rows.update(digests)

    def keep(self) -> None:
        """Write the audit lines down, with the digest of every row that the change touched.

        Each row stands in the newest line about it, or else in the last line of the change.
        """
        digests = {**self._rows, **self._touched.digests()}
        if digests and not self._lines:
            self.audit(UNTOLD_CHANGE, "record")
        share(digests, self._lines)
        for line in self._lines:
            self._chain(line)
        self._lines, self._rows = [], {}

    def _chain(self, line: AuditRow) -> None:
        record = self.record
        line.number, line.previous_hash = record.audit_count + 1, record.audit_hash
        line.hash = line_hash(line, self.keys.current)
        self.session.add(line)
        record.audit_count, record.audit_hash = line.number, line.hash
        record.audit_head = self.keys.head(line.number, line.hash)

    def supply_changed(self, provider: ProviderRow) -> None:
        """Note that what a provider has free, or its terms, are others than before."""
        if not self._changed:
            self.record.supply_version += 1
        self._changed.add(provider.provider_id)
        provider.supply_version = self.record.supply_version

    def terms_changed(self) -> None:
        """Note that a policy, a rate or a provider's terms changed."""
        if not self._has_new_terms:
            self.record.terms_version += 1
        self._has_new_terms = True

    def next_order(self) -> str:
        """Return the reference of a new order."""
        self.record.order_count += 1
        return f"IPO-{self.record.order_count:06d}"


class Record:
    """The one book of record (H3), in SQLite or PostgreSQL.

    Parameters
    ----------
    settings
        Where it is.
    clock
        What day it is.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock(settings.day, settings.day_start, settings.day_end)
        self.engine = make_engine(settings)
        if is_postgresql(settings.url):
            event.listen(self.engine, "begin", self._ask_for_time)
        self._writes = self.engine.execution_options(**{WRITES: settings.lock_seconds})
        self._line = BoundedSemaphore(settings.most_waiting)
        # A transaction of SQLite sees one moment by itself.
        is_server = is_postgresql(settings.url)
        one_moment = {"isolation_level": "REPEATABLE READ"} if is_server else {}
        self._snapshots = self.engine.execution_options(**one_moment)
        self.keys = AuditKeys.of(settings)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that changes nothing.

        Raises
        ------
        BusyError
            If no connection was free in time.
        UnansweredError
            If the database does not answer.
        """
        with self.answering(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session that changes nothing and sees one moment, however much it reads."""
        with self.answering(), Session(self._snapshots, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a bare connection for a few small questions: quicker than a session."""
        with self.answering(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, actor: Actor) -> Iterator[Writing]:
        """Give one change; it is kept when the block ends, and undone when it raises.

        Changes come one after another, so what one reads is not changed by another before it
        is done: a council makes a few a second, and nothing is then promised twice.

        Parameters
        ----------
        actor
            Who makes it.

        Raises
        ------
        NotReadyError
            If no book has been loaded yet.
        BusyError
            If its turn did not come in time, or too many wait already; nothing was done.
        UnansweredError
            If the database does not answer.
        """
        with self.anew_signed(actor) as writing:
            require_signed(writing.record, self.keys)
            yield writing

    @contextmanager
    def anew_signed(self, actor: Actor) -> Iterator[Writing]:
        """Give one change like any other, whatever secret the lines before it are signed with."""
        with self.bare_writing() as session, self.change_in(session, actor) as writing:
            yield writing

    @contextmanager
    def change_in(self, session: Session, actor: Actor) -> Iterator[Writing]:
        """Give one change within a transaction that is open already."""
        record = session.scalar(select(RecordRow).with_for_update())
        if record is None:
            raise not_loaded()
        turn_taken(self.settings, session.connection())
        if is_postgresql(self.settings.url):
            # Its turn may have been long in coming.
            tell_time(session.connection(), self.clock)
        now, today = self.clock.now(), self.clock.today()
        writing = Writing(session, actor, record, now, today, self.keys)
        yield writing
        writing.keep()

    @contextmanager
    def bare_writing(self) -> Iterator[Session]:
        """Give a transaction without audit, for what is no decision: leases, replays, loading.

        Raises
        ------
        BusyError
            If its turn did not come in time, or too many wait already; nothing was done.
        """
        with (
            self._in_line(),
            self.answering(),
            Session(self._writes, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def _ask_for_time(self, connection: Connection) -> None:
        if self.clock.database.is_asked_for:
            tell_time(connection, self.clock)

    @contextmanager
    def trying(self, seconds: float) -> Iterator[Connection]:
        """Give a connection with the lock of a change, to try what a change needs.

        What is done is undone unless it is committed; whoever tries stands in nobody's line.

        Parameters
        ----------
        seconds
            How long to wait for the lock.

        Raises
        ------
        BusyError
            If it was not to be had in time.
        UnansweredError
            If the database cannot be used.
        """
        engine = self.engine.execution_options(**{WRITES: seconds})
        with self.answering(), engine.connect() as connection:
            connection.execute(select(RecordRow.id).with_for_update())
            yield connection

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Tell plainly that others stood in line for too long, or that the database is away.

        Raises
        ------
        BusyError
            If others stood in the way, so that the same may be done again.
        UnansweredError
            If the database cannot be used.
        """
        try:
            yield
        except PoolTimeoutError as error:
            raise _busy() from error
        except Exception as error:
            if isinstance(error, DBAPIError) and is_lock_timeout(error):
                raise _busy() from error
            outage = outage_of(error)
            if outage is None:
                raise
            raise UnansweredError(
                self.settings.shown, outage.reason, RETRY_SECONDS, outage.told
            ) from error

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        # Each who waits has a thread and a connection, which others need who only read.
        if not self._line.acquire(blocking=False):
            raise _busy()
        try:
            yield
        finally:
            self._line.release()

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def not_loaded() -> NotReadyError:
    """Return the error of a record without a book."""
    return NotReadyError(
        "The record holds no book yet: load one with 'carematch load BOOK'.",
        thing="record",
        expected="a loaded book",
    )


def _busy() -> BusyError:
    return BusyError(
        "Too many change the record at once; nothing was done, so try again.", RETRY_SECONDS
    )


def tell_time(connection: Connection, clock: Clock) -> None:
    """Set a clock by that of PostgreSQL."""
    asked_at = elapsed()
    moment = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    clock.database.tell(moment, asked_at)

"""The door to the database: reading, and changes one after another, each with its audit line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from api.clocks import Clock, elapsed
from api.errors import BusyError, NotReadyError, UnansweredError
from api.settings import Settings, is_postgresql
from api.storage.chain import AuditKeys, line_hash, require_signed
from api.storage.migrating import current, newest
from api.storage.outages import is_lock_timeout, is_outage, reason_of
from api.storage.vouching import Digests, Touched, share
from api.tables import AuditRow, ProviderRow, RecordRow

RETRY_SECONDS = 5
"""Seconds after which who was told that the record is busy, or away, may try again."""
CONNECTIONS, MORE_CONNECTIONS = 10, 20
"""Connections of one process: kept open, and opened beside those while they are needed."""
WRITES = "writes"
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
        self._writes = self.engine.execution_options(**{WRITES: True})
        # A transaction of SQLite sees one moment by itself.
        is_server = is_postgresql(settings.url)
        one_moment = {"isolation_level": "REPEATABLE READ"} if is_server else {}
        self._snapshots = self.engine.execution_options(**one_moment)
        self._is_migrated = False
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
        with self._answering(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Give a session that changes nothing and sees one moment, however much it reads."""
        with self._answering(), Session(self._snapshots, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a bare connection for a few small questions: quicker than a session."""
        with self._answering(), self.engine.connect() as connection:
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
            If its turn did not come in time; nothing was done.
        UnansweredError
            If the database does not answer.
        """
        with self.anew_signed(actor) as writing:
            require_signed(writing.record, self.keys)
            yield writing

    @contextmanager
    def anew_signed(self, actor: Actor) -> Iterator[Writing]:
        """Give one change like any other, whatever secret the lines before it are signed with."""
        with self.bare_writing() as session:
            record = session.scalar(select(RecordRow).with_for_update())
            if record is None:
                raise not_loaded()
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
            If its turn did not come in time; nothing was done.
        """
        with (
            self._answering(),
            Session(self._writes, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def _ask_for_time(self, connection: Connection) -> None:
        if self.clock.database.is_asked_for:
            tell_time(connection, self.clock)

    def is_ready(self) -> bool:
        """Say whether the database answers, is migrated and holds a book."""
        try:
            # Asked only until it is so: a service is ended before its tables are changed.
            self._is_migrated = self._is_migrated or current(self.engine) == newest()
            with self.reading() as session:
                return self._is_migrated and session.scalar(select(RecordRow.id)) is not None
        except (OperationalError, ProgrammingError, PoolTimeoutError, BusyError, UnansweredError):
            return False

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Tell plainly that others stood in line for too long, or that the database is away."""
        try:
            yield
        except PoolTimeoutError as error:
            raise _busy() from error
        except DBAPIError as error:
            if is_lock_timeout(error):
                raise _busy() from error
            if is_outage(error):
                told = self.settings.shown, reason_of(error)
                raise UnansweredError(*told, RETRY_SECONDS) from error
            raise

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


def make_engine(settings: Settings) -> Engine:
    """Return the engine of the database that the settings name."""
    url, milliseconds = settings.url, round(settings.lock_seconds * 1000)
    # Changes come one after another, so many may stand in line: each as long as for its turn.
    pool = {
        "pool_size": CONNECTIONS,
        "max_overflow": MORE_CONNECTIONS,
        "pool_timeout": settings.lock_seconds,
    }
    # Parameters hold what people wrote, and errors end in logs: they are told without.
    if is_postgresql(url):
        # Said here, for a server may be set up to begin with another level.
        level = {"isolation_level": "READ COMMITTED", "pool_pre_ping": True}
        engine = create_engine(url, hide_parameters=True, **pool, **level)
        event.listen(engine, "begin", partial(_begin_postgresql, milliseconds))
        return engine
    is_file = url.database not in {None, "", ":memory:"}
    engine = create_engine(url, hide_parameters=True, **(pool if is_file else {}))
    event.listen(engine, "connect", partial(_set_up_sqlite, milliseconds))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def tell_time(connection: Connection, clock: Clock) -> None:
    """Set a clock by that of PostgreSQL."""
    asked_at = elapsed()
    moment = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    clock.database.tell(moment, asked_at)


def _begin_postgresql(milliseconds: int, connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")


def _set_up_sqlite(
    milliseconds: int, connection: sqlite3.Connection, _entry: ConnectionPoolEntry
) -> None:
    # The driver must not begin transactions by itself: ours begin as they are meant to go on.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes its turn at once: SQLite refuses it half-way otherwise.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

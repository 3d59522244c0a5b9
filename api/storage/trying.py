"""Whether the record can be changed now: what a change needs is tried, not supposed."""

from __future__ import annotations

from time import monotonic

import structlog
from sqlalchemy import Connection, exists, select

from api.errors import BusyError, NotReadyError, UnansweredError
from api.storage.migrating import current, unfit
from api.storage.record import Record, not_loaded
from api.tables import Base, RecordRow

LOCK_SECONDS = 0.3
"""Seconds that a trial waits for the lock of changes: long enough between two that are quick."""
EVERY_TABLE = select(*(exists().select_from(each) for each in Base.metadata.sorted_tables))
log = structlog.get_logger("carematch.ready")


class Trial:
    """Tries again and again whether a record can be changed, and remembers what it has seen.

    Parameters
    ----------
    record
        The record.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._is_migrated = False
        self._held: tuple[int, float] | None = None
        self._told: str | None = None

    def why_not(self) -> str | None:
        """Return in a sentence why the record cannot be changed now; ``None`` where it can.

        Where the database is and what it says is for who runs the service, so is logged: once for
        each time that it changes.
        """
        reason: str | None = None
        try:
            with self._record.answering():
                self._require_tables()
                self._try_a_change()
            told = None
        except UnansweredError as error:
            told, reason = f"The database {error.told}.", error.reason
        except (BusyError, NotReadyError) as error:
            told = error.message
        if told != self._told:
            log.warning("readiness changed", ready=told is None, told=told, reason=reason)
        self._told = told
        return told

    def _require_tables(self) -> None:
        # Asked only until it is so: a later release may bring the tables up beside this one.
        if not self._is_migrated:
            why = unfit(current(self._record.engine))
            if why is not None:
                raise NotReadyError(f"The database {why}.")
            self._is_migrated = True
        with self._record.glance() as connection:
            connection.execute(EVERY_TABLE)

    def _try_a_change(self) -> None:
        with self._record.glance() as connection:
            count = connection.scalar(select(RecordRow.audit_count))
        if count is None:
            raise not_loaded()
        try:
            with self._record.trying(LOCK_SECONDS) as connection:
                _write(connection)
        except BusyError:
            self._require_progress(count)
        else:
            self._held = None

    def _require_progress(self, count: int) -> None:
        """Take a lock that others have for nothing amiss, unless nothing comes of it for long."""
        if self._held is None or self._held[0] != count:
            self._held = count, monotonic()
        seconds, most = monotonic() - self._held[1], self._record.settings.change_seconds
        if seconds > most:
            raise NotReadyError(
                f"A change keeps all others waiting for {seconds:.0f} seconds by now, and "
                f"{most:g} are expected at most: the process that makes it may stand still."
            )


def _write(connection: Connection) -> None:
    """Write what changes nothing, for SQLite looks for room only when something is kept.

    PostgreSQL writes to take the lock that is had by now, so says there that it cannot.
    """
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
        connection.commit()

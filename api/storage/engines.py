"""Connections to the database: how they are opened, and that none of them waits for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from api.settings import Settings, is_postgresql

CONNECTIONS = 10
"""Connections of one process that stay open; more while changes stand in line."""
WRITES = "writes"
"""Option of a connection that changes something: the seconds that it waits for its turn."""
MARGIN_SECONDS = 2.0
"""So much longer than the server itself a client waits, for the server can say why."""
MIGRATION_SECONDS = 900.0
"""Seconds that one step of a migration may take: a large table may be written anew."""
SET_UP = 4_242_020_105
"""The number of PostgreSQL's lock for those who set a record up: any will do that is ours alone."""
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
"""Seconds and times by which a machine that is gone is noticed on a connection without traffic."""
Found = TypeVar("Found")


class PatientConnection(psycopg.Connection[Any]):
    """A connection to PostgreSQL that gives up on a server that has fallen silent.

    The system's own limits do not end this: a server that was stopped has a machine, or a socket,
    that goes on taking in what it is sent.
    """

    patience = 0.0
    """Seconds of silence after which the server is given up."""

    def wait(self, gen: Generator[Any, Any, Found], *told: Any, **more: Any) -> Found:
        """Return what an exchange with the server comes to.

        Raises
        ------
        OperationalError
            If the server said nothing for too long; the connection is then closed.
        """
        return super().wait(self._heard(gen), *told, **more)

    def _heard(self, gen: Generator[Any, Any, Found]) -> Generator[Any, Any, Found]:
        try:
            wanted, heard = next(gen), monotonic()
            while True:
                ready = yield wanted
                if ready:
                    heard = monotonic()
                elif monotonic() - heard > self.patience:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(
                        f"the server said nothing for {self.patience:g} seconds"
                    )
                wanted = gen.send(ready)
        except StopIteration as end:
            found: Found = end.value
            return found


def make_engine(settings: Settings) -> Engine:
    """Return the engine of the database that the settings name."""
    url = settings.url
    # Whoever stands in line for a change has a connection; the others are left to who reads.
    pool: dict[str, Any] = {
        "pool_size": CONNECTIONS,
        "max_overflow": settings.most_waiting,
        "pool_timeout": min(settings.answer_seconds, settings.lock_seconds),
    }
    # Parameters hold what people wrote, and errors end in logs: they are told without.
    if is_postgresql(url):
        # Said here, for a server may be set up to begin with another level.
        pool |= {"isolation_level": "READ COMMITTED", "pool_pre_ping": True}
        engine = create_engine(url, hide_parameters=True, **pool)
        event.listen(engine, "do_connect", partial(_connect_postgresql, settings))
        event.listen(engine, "begin", partial(_begin_postgresql, settings))
        event.listen(engine, "checkin", partial(_checked_in, settings))
        return engine
    is_file = url.database not in {None, "", ":memory:"}
    engine = create_engine(url, hide_parameters=True, **(pool if is_file else {}))
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", partial(_begin_sqlite, settings))
    return engine


# -- PostgreSQL --------------------------------------------------------------------------------


def _connect_postgresql(
    settings: Settings,
    _dialect: Dialect,
    _entry: ConnectionPoolEntry,
    arguments: tuple[Any, ...],
    given: dict[str, Any],
) -> PatientConnection:
    milliseconds = _milliseconds(settings.answer_seconds)
    ours = {
        "connect_timeout": max(1, round(settings.connect_seconds)),
        "tcp_user_timeout": milliseconds,
        **KEEPALIVES,
    }
    # What the address itself says comes later, so counts.
    options = f"-c statement_timeout={milliseconds} {given.get('options', '')}".strip()
    told = {**ours, **given, "options": options}
    connection = PatientConnection.connect(*arguments, **told)
    connection.patience = settings.connect_seconds
    return connection


def _begin_postgresql(settings: Settings, connection: Connection) -> None:
    seconds = connection.get_execution_options().get(WRITES)
    silence = settings.answer_seconds
    if seconds is not None:
        silence += seconds
        _limit(connection, lock=seconds, statement=silence, idle=settings.change_seconds)
    _wait_for(connection, silence + MARGIN_SECONDS)


def _limit(connection: Connection, *, lock: float, statement: float, idle: float) -> None:
    """Set limits of one transaction, in seconds."""
    limits = {
        "lock_timeout": lock,
        "statement_timeout": statement,
        "idle_in_transaction_session_timeout": idle,
    }
    # By one statement, so that it is one journey to the server.
    told = (f"set_config('{name}', '{_milliseconds(each)}', true)" for name, each in limits.items())
    connection.exec_driver_sql(f"SELECT {', '.join(told)}")


def _wait_for(connection: Connection, seconds: float) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, PatientConnection):
        driver.patience = seconds


def _checked_in(settings: Settings, connection: Any, _entry: ConnectionPoolEntry) -> None:
    # Whether it still answers is asked before it is used again, which takes no time.
    if connection is not None:
        connection.patience = settings.connect_seconds


def turn_taken(settings: Settings, connection: Connection) -> None:
    """Note that a change has its turn: from now on nothing takes as long as waiting for that."""
    _wait_for(connection, settings.answer_seconds + MARGIN_SECONDS)


def go_alone(connection: Connection) -> None:
    """Let nobody else bring tables up or load a book until this transaction ends.

    On SQLite a transaction that writes is alone from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SET_UP})")


def take_time(connection: Connection) -> None:
    """Let what follows in a transaction take long: a migration, in which nobody waits for it."""
    if connection.dialect.name == "postgresql":
        _limit(connection, **dict.fromkeys(("lock", "statement", "idle"), MIGRATION_SECONDS))
        _wait_for(connection, MIGRATION_SECONDS + MARGIN_SECONDS)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


# -- SQLite ------------------------------------------------------------------------------------


def _set_up_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: ours begin as they are meant to go on.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(settings: Settings, connection: Connection) -> None:
    seconds = connection.get_execution_options().get(WRITES)
    wait = settings.answer_seconds if seconds is None else seconds
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):  # by itself, for this is done for every read
        driver.execute(f"PRAGMA busy_timeout = {_milliseconds(wait)}")
    # A transaction that will write takes its turn at once: SQLite refuses it half-way otherwise.
    connection.exec_driver_sql("BEGIN" if seconds is None else "BEGIN IMMEDIATE")

"""Bringing a database to the newest tables, and saying where it differs from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor

from api.errors import NotReadyError
from api.storage.engines import WRITES, go_alone, take_time
from api.tables import Base

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
TURN_SECONDS, PAUSE_SECONDS = 60.0, 0.02
"""Seconds for which others may go first, and between two tries where SQLite does not wait."""


def config(connection: Connection | None = None) -> Config:
    """Return what the migrations need to know."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.attributes["connection"] = connection
    return found


@cache
def known() -> tuple[str, ...]:
    """Return the numbers of all migrations of this release, the newest first."""
    script = ScriptDirectory.from_config(config())
    found = tuple(each.revision for each in script.walk_revisions())
    if not found:
        raise LookupError(f"There is no migration in {MIGRATIONS}.")
    return found


def newest() -> str:
    """Return the number of the newest migration."""
    return known()[0]


def current(engine: Engine) -> str | None:
    """Return the number of the migration that a database is at; ``None`` when it is empty."""
    with engine.connect() as connection:
        return current_of(connection)


def current_of(connection: Connection) -> str | None:
    """Return the same as a transaction sees it."""
    return MigrationContext.configure(connection).get_current_revision()


def unfit(found: str | None) -> str | None:
    """Return why this release cannot work with a database; ``None`` where it can.

    Parameters
    ----------
    found
        The number of the migration that the database is at.

    Returns
    -------
    str or None
        The end of a sentence that begins with the database.
    """
    if found == newest():
        return None
    if found is None or found in known():
        return f"is at migration {found or 'none'}, not at {newest()}: run 'carematch migrate'"
    return (
        f"is at migration {found}, newer than this release, which ends at {newest()}: use the "
        "release that brought it there, or a later one"
    )


def require_known(connection: Connection) -> None:
    """Refuse a database of a newer release.

    Raises
    ------
    NotReadyError
        If it is one.
    """
    found = current_of(connection)
    if found is not None and found not in known():
        where = connection.engine.url.render_as_string(hide_password=True)
        raise NotReadyError(
            f"The database {where} {unfit(found)}.",
            thing="database",
            value=found,
            expected=f"migration {newest()} or an earlier one",
        )


def migrate(engine: Engine) -> None:
    """Bring a database to the newest tables; one that is there already is left as it is.

    Whoever else does so at the same time goes first, or waits.

    Raises
    ------
    NotReadyError
        If the database is of a newer release.
    """
    with alone(engine) as connection:
        bring_up(connection)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """Give one transaction beside which nobody else brings the database up.

    Raises
    ------
    NotReadyError
        If the database is of a newer release.
    """
    keep_private(engine)
    if current(engine) is None:
        use_write_ahead_log(engine)
    with engine.execution_options(**{WRITES: TURN_SECONDS}).begin() as connection:
        go_alone(connection)
        require_known(connection)
        take_time(connection)
        yield connection


def bring_up(connection: Connection) -> None:
    """Bring a database to the newest tables within a transaction."""
    command.upgrade(config(connection), "head")


def keep_private(engine: Engine) -> None:
    """Let nobody but its owner open a SQLite file, and those that SQLite puts beside it."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or name in {None, "", ":memory:"}:
        return
    try:
        Path(name).touch(0o600)
        for file in (Path(f"{name}{ending}") for ending in ("", "-wal", "-shm")):
            if file.exists():
                file.chmod(file.stat().st_mode & 0o700)
    except OSError:
        return  # opening it says what is amiss, and where


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers of a SQLite file go on beside a writer: set once, when the file is made."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    end = monotonic() + TURN_SECONDS
    try:
        while not _sets_mode(connection.cursor(), is_last=monotonic() > end):
            sleep(PAUSE_SECONDS)
    finally:
        connection.close()


def _sets_mode(cursor: DBAPICursor, *, is_last: bool) -> bool:
    try:
        # By the driver itself: the mode cannot be set within a transaction.
        cursor.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        # SQLite does not wait for others here.
        if is_last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def drift(engine: Engine) -> list[Any]:
    """Return where a database's tables differ from those that the service expects."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

"""Which errors of a database say that it is not to be had now, and not that we asked wrongly."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, OperationalError

LOCK_NOT_AVAILABLE = "55P03"
"""What PostgreSQL says when a lock was not to be had in time."""
LOST = ("08", "53", "57P")
"""How the codes begin that PostgreSQL gives when it is lost, has no room left, or is shut down."""
UNUSABLE = frozenset(
    {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
)
"""What SQLite says of a file that it cannot open, read or write."""


def is_lock_timeout(error: DBAPIError) -> bool:
    """Say whether others had the lock for too long."""
    if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return True
    return sqlite_kind(error) == sqlite3.SQLITE_BUSY


def is_outage(error: DBAPIError) -> bool:
    """Say whether the database is not there, has gone, or cannot be written."""
    if sqlite_kind(error) is not None:
        return sqlite_kind(error) in UNUSABLE
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlstate", "")
    # Who was never answered has no code.
    return isinstance(error, OperationalError) and (code is None or code.startswith(LOST))


def is_no_database(error: DBAPIError) -> bool:
    """Say whether a file is there that is none of SQLite's."""
    return sqlite_kind(error) == sqlite3.SQLITE_NOTADB


def sqlite_kind(error: DBAPIError) -> int | None:
    """Return the kind of SQLite's error; ``None`` for one of another database."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The lower byte is the kind; the upper ones say of what.
    return None if code is None else code & 0xFF


def reason_of(error: DBAPIError) -> str:
    """Return what the driver says in its first line: nothing of a statement or its values."""
    return str(error.orig).partition("\n")[0].strip()

"""Which errors of a database say that it cannot be used now, and not that we asked wrongly.

What a database may say about us is a short list that its makers have closed; what may befall a
database is not. So whatever is not on the list is an outage.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from traceback import walk_tb
from typing import NamedTuple

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from api.tables import Base

OUR_FAULTS = ("0A", "21", "22", "23", "25", "26", "2D", "34", "42", "P0")
"""Classes of PostgreSQL's codes (SQLSTATE) of a statement that is wrong: of what it asks, of its
values, of what the tables forbid, of transactions that are begun or ended in the wrong place."""
NOT_OURS = ("25006", "25P03", "25P04", "42501")
"""Codes in these classes that are of the server all the same: it can only be read, a change stood
still or took too long, and this service may not do what it must."""
OUR_SQLITE_FAULTS = frozenset(
    {
        *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH),
        *(sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG),
    }
)
"""What SQLite says of a statement that is wrong."""
LATER = ("55P03", "40")
"""Codes, or how they begin, of what comes right when it is done again: somebody else had a lock."""
NO_TABLE, NO_SQLITE_TABLE = "42P01", re.compile(r"no such table: (?:main\.)?(\w+)")
"""How the databases say that a table is not there: PostgreSQL in words of its own language."""
SILENT = "does not answer"
READ_ONLY, FULL, DAMAGED = "can only be read", "has no room left", "is damaged"
TOLD: Mapping[str, str] = {
    "25006": READ_ONLY,
    "25P03": "ended a change that stood still for too long",
    "25P04": "ended a change that took too long",
    "28": "does not let this service in",
    "3D": "is not there",
    "42501": "does not let this service do what it must",
    "53100": FULL,
    "57014": "takes too long over an answer",
    "XX": DAMAGED,
}
"""What to tell anybody of an outage, by PostgreSQL's code or how that begins."""
SQLITE_TOLD: Mapping[int, str] = {
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_READONLY: READ_ONLY,
}
"""The same by SQLite's kind of error."""
OWN_ROOMS = ("api", "matcher")


class Outage(NamedTuple):
    """Why a database cannot be used.

    Parameters
    ----------
    told
        What anybody may know, as the end of a sentence that begins with the database.
    reason
        What the database or its driver says, for who runs the service: nothing of a statement, of
        its values, or of what stands in a cell.
    """

    told: str
    reason: str


def is_lock_timeout(error: DBAPIError) -> bool:
    """Say whether others stood in the way, so that the same may be done again."""
    kind = _sqlite_kind(error)
    if kind is not None:
        return kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return _code(error).startswith(LATER)


def outage_of(error: Exception) -> Outage | None:
    """Return why the database cannot be used; ``None`` for a fault of ours."""
    if not isinstance(error, DBAPIError):
        # What stood in the cell is in the error's text, so that is not told.
        is_cell = _is_unreadable(error)
        return Outage(DAMAGED, "a cell holds what is none of its column's") if is_cell else None
    missing = _missing_table(error)
    if missing is not None:
        return Outage("lacks a table", f"no table {missing}")
    if isinstance(error.orig, sqlite3.Error):
        return _of_sqlite(error)
    return _of_postgresql(error)


def _missing_table(error: DBAPIError) -> str | None:
    """Return which table of ours is not there, if that is what is amiss."""
    said = str(error.orig)
    named = NO_SQLITE_TABLE.findall(said)
    if _code(error) == NO_TABLE:
        named = re.findall(r"\w+", said.partition("\n")[0])
    return next((name for name in named if name in Base.metadata.tables), None)


def _of_sqlite(error: DBAPIError) -> Outage | None:
    kind = _sqlite_kind(error)
    if kind is None:
        # The driver's own: it met bytes in a cell that are no text, and repeats them.
        is_cell = isinstance(error.orig, sqlite3.OperationalError)
        return Outage(DAMAGED, "a cell holds bytes that are no text") if is_cell else None
    if kind in OUR_SQLITE_FAULTS:
        return None
    told = SQLITE_TOLD.get(kind, SILENT)
    # Of damage the message may hold what stands there.
    name = str(getattr(error.orig, "sqlite_errorname", told))
    return Outage(told, name if told == DAMAGED else f"{_first_line(error)} ({name})")


def _of_postgresql(error: DBAPIError) -> Outage | None:
    code = _code(error)
    if not code:
        # The driver's own: who was never answered has no code.
        lost = (psycopg.OperationalError, psycopg.InternalError)
        is_lost = error.connection_invalidated or isinstance(error.orig, lost)
        return Outage(SILENT, _first_line(error)) if is_lost else None
    if code.startswith(OUR_FAULTS) and code not in NOT_OURS and not error.connection_invalidated:
        return None
    told = next((words for start, words in TOLD.items() if code.startswith(start)), SILENT)
    return Outage(told, f"{_first_line(error)} ({code})")


def _code(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _sqlite_kind(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The lower byte is the kind; the upper ones say of what.
    return None if code is None else code & 0xFF


def _first_line(error: DBAPIError) -> str:
    """Return what the driver says in its first line: nothing of a statement or its values."""
    return str(error.orig).partition("\n")[0].strip().rstrip(".")


def _is_unreadable(error: Exception) -> bool:
    """Say whether an error arose while a row was read, beyond all code of ours."""
    if isinstance(error, SQLAlchemyError) or not isinstance(
        error, ValueError | TypeError | LookupError
    ):
        return False
    rooms = [
        frame.f_globals.get("__name__", "").partition(".")[0]
        for frame, _ in walk_tb(error.__traceback__)
    ]
    ours = [place for place, room in enumerate(rooms) if room in OWN_ROOMS]
    return "sqlalchemy" in rooms[ours[-1] + 1 :] if ours else False

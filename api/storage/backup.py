"""A copy of a record that is in use: of one moment, whole, and sound."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from api.errors import ConflictError
from api.storage.record import Record
from matcher.errors import MatcherError


def back_up(record: Record, file: Path, *, replaces: bool) -> int:
    """Copy a record in a SQLite file, and return how many audit lines the copy holds.

    Calls are answered and changes made meanwhile; the copy holds all that was done before it
    began. Only its owner may open it.

    Parameters
    ----------
    record
        The record.
    file
        The copy, which is made whole or not at all.
    replaces
        Whether a file of that name may be replaced.

    Raises
    ------
    ConflictError
        If the record is not in a SQLite file, or the copy stands there already.
    MatcherError
        If the copy cannot be written, or the record is damaged.
    """
    if record.engine.dialect.name != "sqlite":
        raise ConflictError(
            "PostgreSQL is copied by its own tools: pg_dump --format=custom --file=FILE NAME.",
            thing="CAREMATCH_DATABASE_URL",
            expected="a record in a SQLite file",
        )
    if file.exists() and (file.is_dir() or not replaces):
        raise ConflictError(
            f"{file} is there already; --replace replaces a file.",
            thing=str(file),
            expected="a new name, or --replace",
        )
    if file.exists() and file.samefile(record.engine.url.database or ""):
        raise ConflictError(f"{file} is the record itself.", thing=str(file), expected="a new name")
    try:
        with _whole_file(file.resolve()) as draft, closing(sqlite3.connect(draft)) as copy:
            _copy(record, copy)
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                raise _unwritten(file, "SQLite's own check finds that the record is damaged")
            (lines,) = copy.execute("SELECT count(*) FROM audit").fetchone()
            return int(lines)
    except OSError as error:
        raise _unwritten(file, error.strerror or str(error)) from error
    except sqlite3.Error as error:
        # Of a damaged page the message may hold what stands there.
        raise _unwritten(file, getattr(error, "sqlite_errorname", "SQLite fails")) from error


def _copy(record: Record, copy: sqlite3.Connection) -> None:
    connection = record.engine.raw_connection()
    try:
        source = connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            raise TypeError(f"expected a connection of SQLite, not {type(source).__name__}")
        source.backup(copy)
    finally:
        connection.close()


@contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """Give a new file that takes the given name once it is written and the disk has taken it."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        draft.touch(0o600, exist_ok=False)
        yield draft
        for path in (draft, target.parent):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _unwritten(file: Path, reason: str) -> MatcherError:
    return MatcherError(f"The copy {file} could not be made: {reason}.", thing=str(file))

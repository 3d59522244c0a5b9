"""Opening the record that the environment names, and saying plainly why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from api.errors import NotReadyError, UnansweredError
from api.settings import Settings, settings_of_environment
from api.storage.migrating import current, newest
from api.storage.outages import is_no_database, is_outage, reason_of
from api.storage.record import Actor, Record

COMMAND_LINE = Actor("command line", "administrator")


@contextmanager
def open_record(*, migrated: bool = True) -> Iterator[Record]:
    """Give the record that the environment names.

    Parameters
    ----------
    migrated
        Whether it must have the newest tables already.

    Raises
    ------
    UnsafeSettingsError
        If production is asked for with settings that are unsafe.
    NotReadyError
        If its database does not answer, is none, or does not have the newest tables.
    """
    settings = settings_of_environment()
    settings.require_safe()
    record = Record(settings)
    try:
        if migrated:
            require_migrated(record)
        yield record
    except UnansweredError as error:
        raise _unusable(settings, f"cannot be used: {error.reason}") from error
    except DBAPIError as error:
        if is_no_database(error):
            raise _unusable(settings, "is not a SQLite database") from error
        if is_outage(error):
            raise _unusable(settings, f"cannot be used: {reason_of(error)}") from error
        raise
    finally:
        record.close()


def require_migrated(record: Record) -> None:
    """Refuse a database without the newest tables.

    Raises
    ------
    NotReadyError
        If it has others, or none.
    """
    # Looked for first: asking a SQLite file that is not there would make one.
    file = record.engine.url.database if record.engine.dialect.name == "sqlite" else None
    is_there = file is None or Path(file).exists()
    found = current(record.engine) if is_there else None
    if found != newest():
        raise NotReadyError(
            f"The database {record.settings.shown} is at migration {found or 'none'}, not at "
            f"{newest()}: run 'carematch migrate'.",
            thing="database",
            value=found,
            expected=f"migration {newest()}",
        )


def _unusable(settings: Settings, why: str) -> NotReadyError:
    return NotReadyError(
        f"The database {settings.shown} {why.rstrip('.')}.",
        thing="CAREMATCH_DATABASE_URL",
        expected="a database that answers",
    )

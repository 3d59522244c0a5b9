"""Opening the record that the environment names, and saying plainly why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from api.errors import NotReadyError, UnansweredError
from api.settings import settings_of_environment
from api.storage.migrating import current, newest, unfit
from api.storage.record import Actor, Record
from matcher.errors import DataSourceError

COMMAND_LINE = Actor("command line", "administrator")


class RecordFaultError(DataSourceError):
    """A question that the record's database calls wrong: its text may repeat what stands there."""


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
    RecordFaultError
        If the database calls a question of ours wrong.
    """
    settings = settings_of_environment()
    settings.require_safe()
    record = Record(settings)
    try:
        with record.answering():
            if migrated:
                require_migrated(record)
            yield record
    except UnansweredError as error:
        raise NotReadyError(
            f"The database {settings.shown} {error.told}. Reason: {error.reason}.",
            thing="CAREMATCH_DATABASE_URL",
            expected="a database that answers",
        ) from error
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise RecordFaultError(f"the database calls a question wrong: {kind}") from error
    finally:
        record.close()


def require_migrated(record: Record) -> None:
    """Refuse a database without the newest tables.

    Raises
    ------
    NotReadyError
        If it has others, of an earlier or a later release, or none.
    """
    # Looked for first: asking a SQLite file that is not there would make one.
    file = record.engine.url.database if record.engine.dialect.name == "sqlite" else None
    is_there = file is None or Path(file).exists()
    found = current(record.engine) if is_there else None
    why = unfit(found)
    if why is not None:
        raise NotReadyError(
            f"The database {record.settings.shown} {why}.",
            thing="database",
            value=found,
            expected=f"migration {newest()}",
        )

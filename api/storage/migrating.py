"""Bringing a database to the newest tables, and saying where it differs from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from api.tables import Base

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Return what the migrations need to know."""
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.attributes["connection"] = connection
    return found


def newest() -> str:
    """Return the number of the newest migration."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise LookupError(f"There is no migration in {MIGRATIONS}.")
    return head


def current(engine: Engine) -> str | None:
    """Return the number of the migration that a database is at; ``None`` when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> None:
    """Bring a database to the newest tables; one that is there already is left as it is."""
    keep_private(engine)
    if current(engine) is None:
        use_write_ahead_log(engine)
    with engine.begin() as connection:
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
    try:
        # By the driver itself: the mode cannot be set within a transaction.
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def drift(engine: Engine) -> list[Any]:
    """Return where a database's tables differ from those that the service expects."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))

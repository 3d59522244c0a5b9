"""What the database itself refuses about the audit, and whether it still does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

SQLITE = {
    f"audit_only_grows_{change}": (
        f"CREATE TRIGGER audit_only_grows_{change} BEFORE {change} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit may only grow'); END"
    )
    for change in ("UPDATE", "DELETE")
}
"""Of SQLite, each guard by name, as it was made."""
POSTGRESQL = "audit_only_grows"
BEFORE_UPDATE_DELETE_TRUNCATE = 2 + 8 + 16 + 32
POSTGRESQL_BODY = "BEGIN RAISE EXCEPTION 'the audit may only grow'; END"
ENABLED = {"O", "A"}
WHAT_IT_MEANS = "so audit lines could be changed or deleted without a refusal"


def guard_faults(session: Session) -> list[str]:
    """Return which guards of the audit are gone, switched off or others than were made."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return list(_of_sqlite(session) if is_sqlite else _of_postgresql(session))


def _of_sqlite(session: Session) -> Iterator[str]:
    # Of any table: what is done elsewhere may reach the audit, and names may be spelt in any case.
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    found = {name: _plain(sql) for name, sql in session.execute(text(query))}
    for name, expected in SQLITE.items():
        if name not in found:
            yield f"The database's guard '{name}' is gone, {WHAT_IT_MEANS}."
        elif found[name] != expected:
            yield f"The database's guard '{name}' was made anew, {WHAT_IT_MEANS}: {found[name]}"
    for name in sorted(found.keys() - SQLITE.keys()):
        yield _unknown(name)


def _of_postgresql(session: Session) -> Iterator[str]:
    query = text(
        "SELECT tgname, tgrelid::regclass::text AS place, tgenabled::text, tgtype, prosrc, "
        "tgqual IS NULL AND tgattr::text = '' AS is_for_every_change "
        "FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
    )
    found = {(line.place, line.tgname): line for line in session.execute(query)}
    guard = found.pop(("audit", POSTGRESQL), None)
    if guard is None:
        yield f"The database's guard '{POSTGRESQL}' is gone, {WHAT_IT_MEANS}."
    elif guard.tgenabled not in ENABLED:
        yield f"The database's guard '{POSTGRESQL}' is switched off, {WHAT_IT_MEANS}."
    elif not guard.is_for_every_change or (guard.tgtype, _plain(guard.prosrc)) != (
        BEFORE_UPDATE_DELETE_TRUNCATE,
        POSTGRESQL_BODY,
    ):
        yield (
            f"The database's guard '{POSTGRESQL}' was made anew, {WHAT_IT_MEANS}: "
            f"{_plain(guard.prosrc)}"
        )
    rules = text(
        "SELECT rulename FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class "
        "WHERE relnamespace = current_schema()::regnamespace AND relkind <> 'v'"
    )
    for name in sorted([name for _, name in found] + [*session.scalars(rules)]):
        yield _unknown(name)


def _unknown(name: str) -> str:
    return (
        f"The database does something of its own with what is written, '{name}', which did not "
        "come with the service: it may change audit lines."
    )


def _plain(sql: str) -> str:
    return " ".join(sql.split())

"""Anchors: lines that vouch for rows as they are found, and from which on a secret is used."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from api.storage.chain import ANCHORED, AuditKeys, read_chain
from api.storage.digests import HELD, held_rows
from api.storage.migrating import alone, bring_up, current_of, newest
from api.storage.proving import prove, row_faults
from api.storage.record import Actor, Record, Writing, not_loaded
from api.tables import AuditRow, RecordRow
from matcher.errors import MatcherError


class AuditFaultsError(MatcherError):
    """An audit, or a ledger, that is not as it must be."""


def anchor(record: Record, actor: Actor, **told: object) -> int | None:
    """Vouch for every row that is not as the newest line about it says, in one line of its own.

    The line is signed with the secret that is set, and so are those after it. Whether what is
    found is right, is for the caller to check before.

    Parameters
    ----------
    record
        The record.
    actor
        Who vouches.
    told
        What else the line says: why it was written.

    Returns
    -------
    int or None
        For how many rows it vouches; ``None`` where there was nothing to vouch for, so no line.

    Raises
    ------
    NotReadyError
        If the record holds no book.
    """
    with record.anew_signed(actor) as writing:
        return _anchored(writing, told)


def _anchored(writing: Writing, told: Mapping[str, object]) -> int | None:
    """Vouch for rows as :func:`anchor` does, within a change."""
    was = writing.record.audit_key
    digests = _otherwise(writing.session, writing.keys)
    if not digests and was == writing.keys.name:
        return None
    writing.record.audit_key = writing.keys.name
    writing.audit(ANCHORED, "record", rows=len(digests), was=was, **told)
    writing.vouch(digests)
    return len(digests)


def _otherwise(session: Session, keys: AuditKeys) -> dict[str, str | None]:
    """Return the digests of all rows that the newest line about them does not tell."""
    left = {name: kept for name, (_, kept) in read_chain(session, keys).rows.items()}
    found: dict[str, str | None] = {}
    for held, row in held_rows(session):
        name, digest = held.name(row), str(held.digest(row))
        if left.pop(name, None) != digest:
            found[name] = digest
    return found | {name: None for name, kept in left.items() if kept is not None}


def anchor_checked(record: Record, actor: Actor, *, as_found: bool) -> int | None:
    """Vouch for the record after holding it against its audit, with the secrets of before.

    Parameters
    ----------
    record
        The record.
    actor
        Who vouches.
    as_found
        Whether to vouch for what is found even where it is not what the audit says.

    Raises
    ------
    AuditFaultsError
        If it is not, and that was not asked for.
    NotReadyError
        If the record holds no book.
    """
    with record.snapshot() as session:
        found = session.scalar(select(RecordRow))
        if found is None:
            raise not_loaded()
        faults = prove(session, record.keys.as_of(found.audit_key)).faults
    if faults and not as_found:
        raise not_vouched(faults)
    return anchor(record, actor, faults=len(faults))


def upgrade(record: Record, actor: Actor, *, as_found: bool = False) -> int | None:
    """Bring a database to the newest tables, and vouch for what that made of its rows.

    Rows are held against the audit before, with the columns that they have by then. A record
    of before rows were held is vouched for as it is found. All of it is one transaction beside
    which nobody else does the same, so that nobody sees rows that are moved and not vouched for.

    Parameters
    ----------
    record
        The record.
    actor
        Who vouches.
    as_found
        Whether to go on even where rows are not what the audit says.

    Returns
    -------
    int or None
        For how many rows a line vouches; ``None`` where none was needed.

    Raises
    ------
    AuditFaultsError
        If rows are not what the audit says, and going on was not asked for.
    NotReadyError
        If the database is of a newer release.
    """
    with (
        record.answering(),
        alone(record.engine) as connection,
        Session(connection, expire_on_commit=False) as session,
    ):
        before = current_of(connection)
        faults = _row_faults_before(session, record.keys) if before is not None else []
        if faults and not as_found:
            raise not_vouched(faults)
        bring_up(connection)
        session.expunge_all()  # what was read is not what stands there now
        is_loaded = session.scalar(select(RecordRow.id)) is not None
        is_anchored = session.scalar(select(AuditRow.number).where(_TELLS_ROWS).limit(1))
        if not is_loaded or (is_anchored is not None and before == newest()):
            return None
        with record.change_in(session, actor) as writing:
            rows = _anchored(writing, {"migration": newest(), "faults": len(faults)})
        session.commit()
        return rows


_TELLS_ROWS = AuditRow.rows.is_not(None)


def _row_faults_before(session: Session, keys: AuditKeys) -> list[str]:
    known = inspect(session.connection())
    columns = {
        name: {column["name"] for column in known.get_columns(name)}
        for name in (*HELD, "audit")
        if known.has_table(name)
    }
    if "rows" not in columns.get("audit", ()):
        return []
    # Every change takes this row first, so none is made beside what is read.
    session.execute(select(RecordRow.id).with_for_update())
    return row_faults(session, read_chain(session, keys), columns)[1]


def not_vouched(faults: list[str]) -> AuditFaultsError:
    """Return the error of a record that is not what its audit says, so not vouched for."""
    return AuditFaultsError(
        "The record is not what its audit says. If that is known and settled, --as-found vouches "
        "for it as it is found:\n" + "\n".join(faults),
        thing="audit",
        value=len(faults),
        expected="no faults, or --as-found",
    )

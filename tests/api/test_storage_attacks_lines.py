"""Attacks on the record by somebody who can write to its database: on lines and guards.

All are made on one signed record where much was done, within a transaction that is undone.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from api.storage.chain import ANCHORED, AuditKey, AuditKeys
from api.storage.proving import prove
from api.storage.seals import Seal, make_seal
from api.tables import (
    AuditRow,
    BookingRow,
    RecordRow,
)
from matcher.geography import Gazetteer
from tests.api.attacks import (
    BED,
    KEYS,
    Attack,
    a_later,
    changing,
    found,
    lived,
    seal,
    session,
)
from tests.api.auditing import OTHER_SECRET, SECRET, Lines, signed_desk, unguarded, write_anew
from tests.api.conftest import settings_at
from tests.api.desk import Desk

__all__ = ["lived", "seal", "session"]
"""Fixtures of all attacks."""

# -- lines -------------------------------------------------------------------------------------


def of_line(column: str, value: Any, action: str = "booking.made") -> Attack:
    """Return an attack that changes one column of an audit line."""

    def attack(session: Session) -> None:
        with unguarded(session):
            changing(AuditRow, column, value, AuditRow.action == action)(session)

    return attack


def cut_the_tail(session: Session) -> None:
    """Take the newest lines off, and let the record's row say that they never were."""
    last = session.scalar(select(func.max(AuditRow.number))) or 0
    with unguarded(session):
        session.execute(delete(AuditRow).where(AuditRow.number > last - 2))
        session.expire_all()
    before = session.get_one(AuditRow, last - 2)
    record = session.scalars(select(RecordRow)).one()
    record.audit_count, record.audit_hash = before.number, before.hash


def without_booking(lines: Lines) -> Lines:
    """Return the lines without those about a booking."""
    return [line for line in lines if line.subject not in {BED, "R-201"}]


def same(lines: Lines) -> Lines:
    """Return the lines as they are."""
    return lines


def doubled(session: Session, **how: Any) -> None:
    """Double a price, and let the line about it keep the new row's digest."""
    from api.storage.digests import HELD  # what an attacker with the code has

    changing(BookingRow, "weekly_cost_pence", 188_000, BookingRow.order_ref == BED)(session)
    session.flush()
    held, row = HELD["bookings"], session.get_one(BookingRow, BED)

    def told(lines: Lines) -> Lines:
        for line in lines:
            if line.rows and held.name(row) in line.rows:
                line.rows = {**line.rows, held.name(row): str(held.digest(row))}
        return lines

    write_anew(session, told, **how)


def add_a_line(session: Session) -> None:
    """Put a line at the end that the service did not write, and count it."""

    def longer(lines: Lines) -> Lines:
        more = type(lines[-1])(**vars(lines[-1]))
        more.action, more.rows = "offer.approved", None
        return [*lines, more]

    last = session.scalar(select(func.max(AuditRow.number))) or 0
    write_anew(session, longer, None, first=last + 1, key_name=KEYS.name)


LINES: dict[str, tuple[Attack, str]] = {
    "a line of another moment": (of_line("at", a_later), "is not what was written"),
    "a line by somebody else": (of_line("actor", "nobody"), "is not what was written"),
    "a line in another role": (of_line("role", "administrator"), "is not what was written"),
    "another act": (of_line("action", "booking.ended"), "is not what was written"),
    "a line about somebody else": (of_line("subject", "IPO-000007"), "is not what was written"),
    "another reason": (of_line("detail", {"reason": "none"}), "is not what was written"),
    "a line that vouches for nothing": (of_line("rows", None), "is not what was written"),
    "the tail cut": (cut_the_tail, "The record's signature of its last line"),
    "the chain computed anew": (
        lambda session: write_anew(session, same),
        "The chain is not signed with the secret that is set",
    ),
    "the chain computed anew with names kept": (
        lambda session: write_anew(session, same, None, first=3, key_name=KEYS.name),
        "is not what was written",
    ),
    "the chain computed anew with a secret made up": (
        lambda session: write_anew(
            session, same, AuditKey(OTHER_SECRET), key_name=AuditKey(OTHER_SECRET).name
        ),
        "which is neither CAREMATCH_AUDIT_SECRET nor",
    ),
    "a booking's lines dropped and the rest renumbered": (
        lambda session: write_anew(session, without_booking, None, first=3, key_name=KEYS.name),
        "Booking IPO-000001 stands in the database, but no audit line tells of it",
    ),
    "a price doubled and its line made to agree": (
        lambda session: doubled(session, first=3, key_name=KEYS.name),
        "is not what was written",
    ),
    "a price doubled and all computed anew": (doubled, "The chain is not signed with the secret"),
    "a line added and counted": (add_a_line, "is not what was written"),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_changed_without_the_secret_are_found(session: Session, name: str) -> None:
    """Though the database's guards stand there again, and the record's row was made to agree."""
    attack, expected = LINES[name]
    attack(session)
    told = found(session)
    assert any(expected in fault for fault in told), told
    assert not any("guard" in fault for fault in told)


def test_a_line_that_cannot_be_read_is_found(session: Session) -> None:
    """Told as what it is, and nothing is said to be right."""
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes no value that is none of its column")
    with unguarded(session):
        session.execute(text("UPDATE audit SET detail = '{' WHERE number = 3"))
    session.execute(text("DROP TRIGGER audit_only_grows_UPDATE"))
    unread, gone = found(session)
    assert "An audit line cannot be read" in unread
    assert "guard 'audit_only_grows_UPDATE' is gone" in gone


def test_an_anchor_cannot_be_made_up(session: Session) -> None:
    """Lines of before, written anew without a secret, are not taken for an old release's."""

    def begun_anew(lines: Lines) -> Lines:
        return [line for line in lines if line.action != ANCHORED]

    write_anew(session, begun_anew)
    record = session.scalars(select(RecordRow)).one()
    record.audit_key = KEYS.name
    told = found(session)
    assert any("The last line is signed with no secret" in fault for fault in told)


# -- guards ------------------------------------------------------------------------------------

ANOTHER = {
    "sqlite": ["CREATE TRIGGER helper AFTER INSERT ON audit BEGIN SELECT 1; END"],
    "postgresql": [
        "CREATE FUNCTION helper() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
        "CREATE TRIGGER helper AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION helper()",
    ],
}
GONE = {
    "sqlite": ["DROP TRIGGER audit_only_grows_UPDATE"],
    "postgresql": ["DROP TRIGGER audit_only_grows ON audit"],
}
EMPTY = {
    "sqlite": [
        "DROP TRIGGER audit_only_grows_DELETE",
        "CREATE TRIGGER audit_only_grows_DELETE BEFORE DELETE ON audit BEGIN SELECT 1; END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql "
        "AS $$BEGIN RETURN NULL; END$$"
    ],
}
NARROW = {
    "sqlite": [
        "DROP TRIGGER audit_only_grows_UPDATE",
        "CREATE TRIGGER audit_only_grows_UPDATE BEFORE UPDATE OF number ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit may only grow'); END",
    ],
    "postgresql": ["ALTER TABLE audit DISABLE TRIGGER audit_only_grows"],
}


NEVER = {
    "sqlite": [
        "DROP TRIGGER audit_only_grows_UPDATE",
        "CREATE TRIGGER audit_only_grows_UPDATE BEFORE UPDATE ON audit WHEN 0 "
        "BEGIN SELECT RAISE(ABORT, 'the audit may only grow'); END",
    ],
    "postgresql": [
        "DROP TRIGGER audit_only_grows ON audit",
        "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION refuse_audit_change()",
    ],
}
OTHERWISE_SPELT = {
    "sqlite": ["CREATE TRIGGER helper AFTER INSERT ON AUDIT BEGIN SELECT 1; END"],
    "postgresql": ["CREATE RULE helper AS ON UPDATE TO audit DO INSTEAD NOTHING"],
}
ELSEWHERE = {
    "sqlite": ["CREATE TRIGGER helper AFTER INSERT ON bookings BEGIN SELECT 1; END"],
    "postgresql": [
        ANOTHER["postgresql"][0],
        "CREATE TRIGGER helper AFTER INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION helper()",
    ],
}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (NEVER, "was made anew, so audit lines could be"),  # a guard that looks right and sleeps
        (OTHERWISE_SPELT, "'helper', which did not come with the service"),
        (ELSEWHERE, "'helper', which did not come with the service"),
        (GONE, "is gone, so audit lines could be changed"),
        (EMPTY, "was made anew, so audit lines could be"),
        (NARROW, ""),  # a guard of one column, or switched off
        (ANOTHER, "'helper', which did not come with the service"),
    ],
)
def test_guards_that_are_not_as_made_are_found(
    session: Session, statements: dict[str, list[str]], expected: str
) -> None:
    """Dropped, emptied, narrowed or joined by another: nothing else has to be wrong."""
    assert found(session) == []
    for statement in statements[session.get_bind().dialect.name]:
        session.execute(text(statement))
    (told,) = found(session)
    assert expected in told


# -- what only a seal finds --------------------------------------------------------------------


def test_whoever_has_the_secret_is_found_by_a_seal_only(session: Session, seal: Seal) -> None:
    """All written anew so that it agrees: without the seal nothing is amiss, and that is told."""
    key = AuditKey(SECRET)
    doubled(session, key=key, key_name=key.name)
    assert found(session) == []
    assert any("No seal was given" in told for told in prove(session, KEYS).limits)
    (told,) = found(session, seal)
    assert f"Line {seal.number} " in told
    assert "has another hash than when it was sealed" in told


def test_a_tail_cut_with_the_secret_is_found_by_a_seal(session: Session, seal: Seal) -> None:
    """The row of a run is taken back with its lines; the seal says how far the chain had come."""
    key = AuditKey(SECRET)

    def shorter(lines: Lines) -> Lines:
        return lines[:2]

    write_anew(session, shorter, key, first=9_999, key_name=key.name)
    told = found(session, seal)
    assert any(
        f"says that line {seal.number} was written, and the chain ends at" in t for t in told
    )


def test_an_earlier_copy_is_found_by_a_seal(
    loaded_url: str, gazetteer: Gazetteer, lived: Desk
) -> None:
    """A copy of before, put back whole, is sound in itself; only the seal knows of more."""
    with lived.record.snapshot() as session:
        later = make_seal(session, KEYS, lived.record.clock.now())
    earlier = signed_desk(settings_at(loaded_url), gazetteer)
    with earlier.record.snapshot() as session:
        assert prove(session, KEYS).faults == []
        (told,) = prove(session, KEYS, [later]).faults
    assert "or an earlier copy of the database was put back" in told
    earlier.close()


def test_a_right_record_is_found_right(session: Session, seal: Seal) -> None:
    """Against its seal too; nothing is left unproved but what is written after the seal."""
    proof = prove(session, KEYS, [seal])
    assert proof.faults == []
    assert (proof.lines, proof.keyed_from) == (seal.number, 2)
    assert [limit.split(" from line ")[0] for limit in proof.limits] == ["The chain is signed"]


def test_without_a_secret_it_is_said_what_is_not_proved(session: Session) -> None:
    """Lines that are signed cannot be checked, and are not said to be right."""
    proof = prove(session, AuditKeys())
    assert proof.faults == []
    assert "No CAREMATCH_AUDIT_SECRET is set" in proof.limits[0]
    assert f"{proof.lines - 1:,} lines are signed with a secret that is not set" in proof.limits[1]

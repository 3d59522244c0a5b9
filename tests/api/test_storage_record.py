"""Tests of the audit: every change chained to the one before, and whatever is touched is found."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import undefer

from api.settings import is_postgresql
from api.storage.chain import FIRST_HASH, line_hash, verify_chain
from api.storage.record import SOFTWARE, Actor, not_loaded
from api.tables import AuditRow
from tests.api.desk import Desk, public_part, refused, secret_part

ADMINISTRATOR = {"role": "administrator"}
CHANGES = 5
AFTER = "does not follow the line before it"
WHEN_AND_BY_WHOM = re.compile(r", [-0-9]{10} [:0-9]{8} UTC, by [a-z ]+ \([a-z]+\)")


@pytest.fixture
def changed(desk: Desk) -> Desk:
    """Give a desk at which a few changes were made after the book was loaded."""
    for number in range(CHANGES):
        with desk.record.writing(Actor("a tester", "broker")) as writing:
            writing.audit("thing.changed", f"T-{number}", number=number, at=writing.today)
    return desk


def faults(desk: Desk) -> list[str]:
    """Return what is wrong with the chain, as far as the words that say what and where."""
    with desk.record.snapshot() as session:
        _, found = verify_chain(session)
    return [WHEN_AND_BY_WHOM.sub("", fault).partition(":")[0] for fault in found]


def tamper(desk: Desk, *statements: str) -> None:
    """Change the audit behind the service's back, its guard taken off first."""
    if is_postgresql(desk.settings.url):
        guards = ["DROP TRIGGER audit_only_grows ON audit"]
    else:
        guards = [f"DROP TRIGGER audit_only_grows_{each}" for each in ("UPDATE", "DELETE")]
    with desk.record.bare_writing() as session:
        for statement in (*guards, *statements):
            session.execute(text(statement))


# -- whole -------------------------------------------------------------------------------------


def test_the_chain_begins_with_the_book(desk: Desk) -> None:
    """The first line says what was loaded, and follows nothing."""
    told = desk.get("/v1/audit", **ADMINISTRATOR)
    assert [line["action"] for line in told["items"]] == ["book.loaded"]
    assert told["items"][0]["previous_hash"] == FIRST_HASH
    assert told["items"][0]["actor"] == SOFTWARE.holder
    assert faults(desk) == []


def test_the_chain_holds_after_changes(changed: Desk) -> None:
    """Every line follows the one before, whoever made the change and however."""
    suspension = {"suspended_from": "2026-04-10", "reason": "In hospital"}
    changed.post("/v1/requests/R-101/suspension", suspension)
    with changed.record.snapshot() as session:
        assert verify_chain(session) == (CHANGES + 2, [])


def test_two_keys_of_one_post_are_told_apart(desk: Desk) -> None:
    """After one of them has leaked, what was done with it is known from what was not."""
    keys = [desk.key(limit=number) for number in (1, 2)]
    for key, number in zip(keys, (1, 2), strict=True):
        desk.post("/v1/allocations", limit=number)
        line = desk.get("/v1/audit?limit=1", **ADMINISTRATOR)["items"][0]
        assert (line["action"], line["actor"]) == ("run.asked", "the broker")
        assert line["detail"]["key"] == public_part(key)
        assert secret_part(key) not in str(line)
    assert keys[0] != keys[1]
    assert faults(desk) == []


def test_who_has_no_key_names_none(changed: Desk) -> None:
    """The software itself, and whoever sits at the command line."""
    line = changed.get("/v1/audit?subject=T-3", **ADMINISTRATOR)["items"][0]
    assert "key" not in line["detail"]


def test_a_change_that_fails_leaves_no_line(changed: Desk) -> None:
    """Everything in a change happens together or not at all."""

    def fail_half_way() -> None:
        with changed.record.writing(Actor("a tester", "broker")) as writing:
            writing.audit("thing.changed", "T-9")
            writing.session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert changed.get("/v1/audit?subject=T-9", **ADMINISTRATOR)["items"] == []
    assert faults(changed) == []


def test_the_hash_is_over_everything_that_a_line_says(changed: Desk) -> None:
    """Any field that were another would have another hash."""
    with changed.record.reading() as session:
        line = session.get_one(AuditRow, 3, options=[undefer(AuditRow.rows)])
        assert line_hash(line) == line.hash
        for field, other in {
            "number": 4,
            "actor": "b",
            "role": "b",
            "action": "b",
            "subject": "b",
            "detail": {},
            "previous_hash": FIRST_HASH,
            "rows": {"requests/R-101": "0" * 64},
            "key_name": "0" * 16,
        }.items():
            kept = getattr(line, field)
            setattr(line, field, other)
            assert line_hash(line) != line.hash, field
            setattr(line, field, kept)
        session.rollback()


def test_an_empty_record_has_an_empty_chain(desk: Desk) -> None:
    """Not loaded is no fault of the audit; only nothing can be changed then."""
    tamper(desk, "DELETE FROM audit", "DELETE FROM record")
    with desk.record.snapshot() as session:
        assert verify_chain(session) == (0, [])
    with pytest.raises(type(not_loaded())), desk.record.writing(SOFTWARE):
        pass


# -- touched -----------------------------------------------------------------------------------


def test_a_changed_line_is_found(changed: Desk) -> None:
    """Whoever rewrites what was done is told on, by the number of the line."""
    tamper(changed, "UPDATE audit SET actor = 'somebody else' WHERE number = 3")
    assert faults(changed) == ["Line 3 (thing.changed of T-1) is not what was written"]


def test_a_line_rewritten_with_its_hash_is_found(changed: Desk) -> None:
    """For the next one follows the hash that it had."""
    with changed.record.reading() as session:
        line = session.get_one(AuditRow, 3, options=[undefer(AuditRow.rows)])
        line.actor = "somebody else"
        forged = line_hash(line)
        session.rollback()
    tamper(
        changed,
        f"UPDATE audit SET actor = 'somebody else', hash = '{forged}' WHERE number = 3",
    )
    assert faults(changed) == [
        f"Line 4 (thing.changed of T-2) {AFTER}, line 3 (thing.changed of T-1)",
    ]


def test_a_removed_line_is_found(changed: Desk) -> None:
    """A gap in the numbers, and a line that follows nothing."""
    tamper(changed, "DELETE FROM audit WHERE number = 3")
    assert faults(changed) == [
        "Line 3 is missing",
        f"Line 4 (thing.changed of T-2) {AFTER}, line 2 (thing.changed of T-0)",
    ]


def test_a_removed_line_whose_gap_is_closed_is_found(changed: Desk) -> None:
    """Numbers are part of what is hashed."""
    closing = "UPDATE audit SET number = number - 1 WHERE number ="
    tamper(
        changed,
        "DELETE FROM audit WHERE number = 3",
        *(f"{closing} {number}" for number in range(4, CHANGES + 2)),
    )
    found = faults(changed)
    assert f"Line 3 (thing.changed of T-2) {AFTER}, line 2 (thing.changed of T-0)" in found
    assert "Line 3 (thing.changed of T-2) is not what was written" in found


def test_reordered_lines_are_found(changed: Desk) -> None:
    """Two lines that changed places."""
    move = "UPDATE audit SET number = {} WHERE number = {}"
    tamper(changed, move.format(99, 3), move.format(3, 4), move.format(4, 99))
    found = faults(changed)
    assert "Line 3 (thing.changed of T-2) is not what was written" in found
    assert "Line 4 (thing.changed of T-1) is not what was written" in found


def test_a_cut_off_end_is_found(changed: Desk) -> None:
    """The record knows how far the chain reached."""
    tamper(changed, "DELETE FROM audit WHERE number > 4")
    assert faults(changed) == ["The chain ends at line 4, but line 6 was written"]


def test_a_line_added_at_the_end_is_found(changed: Desk) -> None:
    """And how far it did not."""
    with changed.record.bare_writing() as session:
        last = session.get(AuditRow, CHANGES + 1)
        assert last is not None
        told = {name: getattr(last, name) for name in ("at", "actor", "role", "action", "detail")}
        line = AuditRow(number=CHANGES + 2, subject="T-9", previous_hash=last.hash, hash="", **told)
        line.hash = line_hash(line)
        session.add(line)
    assert faults(changed) == ["The chain ends at line 7, but line 6 was the last written"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'somebody else' WHERE number = 1",
        "DELETE FROM audit WHERE number = 1",
        "DELETE FROM audit",
    ],
)
def test_the_database_itself_lets_the_audit_only_grow(changed: Desk, statement: str) -> None:
    """Whoever has the service's own account is refused too, and nothing is changed."""
    with (
        pytest.raises(DatabaseError, match="the audit may only grow"),
        changed.record.bare_writing() as session,
    ):
        session.execute(text(statement))
    assert faults(changed) == []


def test_the_audit_cannot_be_emptied_at_a_stroke(changed: Desk) -> None:
    """PostgreSQL's TRUNCATE is guarded as well; SQLite has none."""
    if not is_postgresql(changed.settings.url):
        return
    with (
        pytest.raises(DatabaseError, match="the audit may only grow"),
        changed.record.bare_writing() as session,
    ):
        session.execute(text("TRUNCATE audit"))


# -- read --------------------------------------------------------------------------------------


def pages(desk: Desk, query: str) -> Iterator[int]:
    """Yield the numbers of the lines of a list, page by page."""
    cursor = ""
    while cursor is not None:
        page = desk.get(f"/v1/audit?{query}{cursor and '&cursor=' + cursor}", **ADMINISTRATOR)
        yield from (line["number"] for line in page["items"])
        cursor = page["next"]


def test_the_audit_is_read_newest_first(changed: Desk) -> None:
    """Page after page, each line once; or of one subject only."""
    assert list(pages(changed, "limit=2")) == [6, 5, 4, 3, 2, 1]
    assert list(pages(changed, "limit=6")) == [6, 5, 4, 3, 2, 1]
    assert list(pages(changed, "limit=2&subject=T-3")) == [5]
    assert list(pages(changed, "subject=T-99")) == []


def test_a_line_says_who_did_what_to_what(changed: Desk) -> None:
    """With the day of the change, and the hashes by which it can be checked elsewhere."""
    line = changed.get("/v1/audit?subject=T-3", **ADMINISTRATOR)["items"][0]
    assert (line["actor"], line["role"], line["action"]) == ("a tester", "broker", "thing.changed")
    assert line["detail"] == {"number": 3, "at": "2026-04-01"}
    assert len(line["hash"]) == len(line["previous_hash"]) == 64


@pytest.mark.parametrize("cursor", ["Wy0xXQ", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"])
def test_a_cursor_with_a_number_that_no_line_has_is_refused(desk: Desk, cursor: str) -> None:
    """No page of the list made it."""
    refused(desk.call("GET", f"/v1/audit?cursor={cursor}", **ADMINISTRATOR), 400, "bad-call")


@pytest.mark.parametrize(
    "role", ["broker", "key_worker", "budget_holder", "commissioner", "provider"]
)
def test_only_an_administrator_reads_the_audit(sqlite_desk: Desk, role: str) -> None:
    """It names who decided what about everybody."""
    for path in ("/v1/audit", "/v1/audit/verification"):
        refused(sqlite_desk.call("GET", path, role=role), 403, "not-allowed")

"""Attacks on the record by somebody who can write to its database: each is found, and told plainly.

All are made on one signed record where much was done, within a transaction that is undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.storage.chain import AuditKeys
from api.tables import (
    ApiKeyRow,
    BookingRow,
    CommitmentRow,
    EnquiryRow,
    HistoryRow,
    InvitationRow,
    OfferRow,
    ProposalRow,
    ProviderRow,
    RecordRow,
    RequestRow,
    RunRow,
    ShortlistRow,
    UnplacedRow,
)
from tests.api.attacks import (
    BED,
    ENDED,
    Attack,
    a_later,
    changing,
    first,
    found,
    lived,
    seal,
    session,
)

__all__ = ["lived", "seal", "session"]
"""Fixtures of all attacks."""


def deeper(*path: Any, value: Any) -> Callable[[Any], Any]:
    """Return what changes one value within a document."""

    def changed(document: Any) -> Any:
        if not path:
            return value
        inner = dict(enumerate(document)) if isinstance(document, list) else dict(document)
        inner[path[0]] = deeper(*path[1:], value=value)(inner.get(path[0]))
        return list(inner.values()) if isinstance(document, list) else inner

    return changed


# -- a row alone -------------------------------------------------------------------------------


def swap_prices(session: Session) -> None:
    """Let two bookings change prices: every sum stays what it was."""
    one, other = (session.get_one(BookingRow, name) for name in (BED, ENDED))
    pence = one.weekly_cost_pence, other.weekly_cost_pence
    other.weekly_cost_pence, one.weekly_cost_pence = pence


def slip_in_a_key(session: Session) -> None:
    """Make an administrator's key whose secret somebody outside has."""
    row = first(session, ApiKeyRow, ApiKeyRow.role == "broker")
    told = {"prefix": "beef000001", "secret_hash": "0" * 64, "role": "administrator"}
    session.add(ApiKeyRow(**told, holder="Brokerage systems", made_at=row.made_at))


def invent_an_approval(session: Session) -> None:
    """Let a budget holder have approved what nobody asked one about."""
    offer = first(session, OfferRow, OfferRow.approved.is_(None))
    offer.approved, offer.approved_by, offer.approved_at = True, "the budget_holder", offer.made_at


def invent_a_booking(session: Session) -> None:
    """Order care that nobody chose."""
    row = session.get_one(BookingRow, BED)
    columns = {column.name: getattr(row, column.name) for column in BookingRow.__table__.columns}
    session.add(BookingRow(**{**columns, "order_ref": "IPO-000009"}))


def revive_a_turn(session: Session) -> None:
    """Add a turn to the fairness ledger."""
    line = first(session, HistoryRow)
    session.add(
        HistoryRow(provider_id=line.provider_id, offered_on=line.offered_on, outcome="declined")
    )


ROWS: dict[str, tuple[Attack, str]] = {
    "a price doubled": (
        changing(BookingRow, "weekly_cost_pence", 188_000, BookingRow.order_ref == BED),
        "Booking IPO-000001 is not as line",
    ),
    "two prices swapped": (swap_prices, "weekly_cost_pence is now 94000"),
    "a start moved": (
        changing(BookingRow, "starts_on", a_later, BookingRow.order_ref == BED),
        "starts_on is now 2026-04-13",
    ),
    "an end taken back": (
        changing(BookingRow, "ends_on", None, BookingRow.order_ref == ENDED),
        "ends_on is now empty",
    ),
    "an ended booking deleted": (
        lambda session: session.delete(session.get_one(BookingRow, ENDED)),
        "Booking IPO-000002 is gone from the database",
    ),
    "a booking invented": (invent_a_booking, "Booking IPO-000009 stands in the database, but no"),
    "an approval invented": (invent_an_approval, "approved is now True"),
    "an approval never needed": (
        changing(OfferRow, "needs_approval", lambda was: not was),
        "needs_approval is now",
    ),
    "a choice of somebody else": (
        changing(OfferRow, "chosen_by", "family", OfferRow.chosen_by == "person"),
        "chosen_by is now family",
    ),
    "an offer's terms": (changing(OfferRow, "document", {}), "document is another now"),
    "a need struck out": (
        changing(RequestRow, "document", deeper("needs", value=["none"])),
        "document is another now",
    ),
    "a budget raised": (
        changing(RequestRow, "document", deeper("personal_budget_pence_per_week", value=999_999)),
        "Request R-",
    ),
    "a place in the queue": (
        changing(RequestRow, "waiting_since", a_later, RequestRow.waiting_since.is_not(None)),
        "waiting_since is now",
    ),
    "a request taken from its key worker": (
        changing(RequestRow, "key_worker", "worker-9"),
        "key_worker is now worker-9",
    ),
    "an administrator's key slipped in": (slip_in_a_key, "API key beef000001 stands in the data"),
    "a key of more power": (
        changing(ApiKeyRow, "role", "administrator", ApiKeyRow.role == "provider"),
        "role is now administrator",
    ),
    "a key that opens with another secret": (
        changing(ApiKeyRow, "secret_hash", "f" * 64),
        "secret_hash is another now",
    ),
    "a key's deletion": (
        lambda session: session.delete(first(session, ApiKeyRow)),
        "is gone from the database",
    ),
    "an outcome of the fairness ledger": (
        changing(HistoryRow, "outcome", "withdrawn"),
        "outcome is now withdrawn",
    ),
    "a turn added": (revive_a_turn, "Line of the fairness ledger"),
    "a turn taken out": (
        lambda session: session.delete(first(session, HistoryRow)),
        "Line of the fairness ledger",
    ),
    "a proposal for another provider": (
        changing(ProposalRow, "document", deeper("provider_id", value="frome")),
        "Proposal prp",
    ),
    "a run's plan": (
        changing(RunRow, "files", deeper("placements.csv", value="request_id,provider_id\n")),
        "files is another now",
    ),
    "a reason for nobody": (
        changing(UnplacedRow, "reason", "no_rates"),
        "Reason for not placing R-",
    ),
    "a rate raised": (
        changing(ProviderRow, "rates", deeper(0, "line", "amount_pence", value=9_999)),
        "rates is another now",
    ),
    "an embargo lifted": (
        changing(ProviderRow, "document", deeper("status", value="embargoed")),
        "Provider ",
    ),
    "beds that nobody stated": (changing(ProviderRow, "bed_capacity", [{"place": 0}]), "bed_cap"),
    "the policy": (
        changing(RecordRow, "policy_text", "[shortlist]\noptions = 1\n"),
        "The terms of the record is not as line",
    ),
    "a framework rate": (changing(RecordRow, "framework_rates", []), "framework_rates is another"),
    "a hold that lasts": (
        changing(CommitmentRow, "expires_at", a_later, CommitmentRow.expires_at.is_not(None)),
        "expires_at is now",
    ),
    "why others were out": (changing(ShortlistRow, "evidence", []), "evidence is another now"),
    "a window for replies": (changing(EnquiryRow, "closes_at", a_later), "closes_at is now"),
    "a reason to decline": (
        changing(InvitationRow, "decline_reason", "Ill", InvitationRow.declined_at.is_not(None)),
        "decline_reason is another now",
    ),
}


UNREADABLE = {
    "sqlite": [
        "UPDATE shortlists SET considered = x'00'",
        "UPDATE requests SET document = '{' WHERE request_id = 'R-101'",
        "UPDATE bookings SET booked_at = 'yesterday'",
        "UPDATE offers SET made_by = x'00ff' WHERE offer_id = (SELECT min(offer_id) FROM offers)",
    ],
    "postgresql": ["UPDATE shortlists SET considered = '\\x00'"],
}


UNREADABLE_NOUNS = {
    "sqlite": {"Shortlist", "Request", "Booking", "Offer"},
    "postgresql": {"Shortlist"},
}


def test_a_value_that_is_none_is_found(session: Session) -> None:
    """What cannot be read is told as a fault, as are all others; nothing else is amiss with it."""
    for statement in UNREADABLE[session.get_bind().dialect.name]:
        session.execute(text(statement))
    told = found(session)
    assert all("cannot be read" in fault for fault in told)
    assert {fault.split()[0] for fault in told} == UNREADABLE_NOUNS[session.get_bind().dialect.name]


def test_a_value_that_is_none_hides_nothing_else(session: Session) -> None:
    """Another row of the same table was changed as well: both are told."""
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL takes no value that is none of its column")
    session.execute(text("UPDATE bookings SET booked_at = 'x' WHERE order_ref = :id"), {"id": BED})
    changed = "UPDATE bookings SET weekly_cost_pence = 1 WHERE order_ref = :id"
    session.execute(text(changed), {"id": ENDED})
    told = found(session)
    assert any(f"Booking {BED} cannot be read" in fault for fault in told), told
    assert any(f"Booking {ENDED} is not as" in fault for fault in told), told


@pytest.mark.parametrize("name", ROWS)
def test_a_row_changed_behind_the_audit_is_found(session: Session, name: str) -> None:
    """Each is told with what it is, by itself, with or without the secret."""
    assert found(session) == []
    attack, expected = ROWS[name]
    attack(session)
    told = found(session)
    assert any(expected in fault for fault in told), told
    assert all("outside the service" in fault for fault in told)
    assert len(told) == (2 if name == "two prices swapped" else 1)
    assert found(session, keys=AuditKeys()) == told

"""Tests of the ledger check: each fault is planted and found, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.tables import BookingRow, CommitmentRow, OfferRow, ProviderRow, RequestRow
from tests.api.desk import Desk
from tests.api.offering import bed_terms, booked, chosen, faults, recorded, terms

Plant = Callable[[Session], None]


@pytest.fixture
def busy_desk(desk: Desk) -> Desk:
    """Give a desk with a booked bed and a held package."""
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    chosen(desk, recorded(desk, "maiden"))
    recorded(desk, "frome", terms(2400))
    return desk


def no_beds(session: Session) -> None:
    """Let the home have stated nothing."""
    session.get_one(ProviderRow, "poundbury").bed_capacity = []


def no_capacity(session: Session) -> None:
    """Give the capacity of the booking back behind its back."""
    for row in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "booking")):
        row.released_at = row.made_at


def another_home(session: Session) -> None:
    """Let the booking be with another home than its capacity."""
    session.get_one(BookingRow, "IPO-000001").provider_id = "grange"


def no_booking(session: Session) -> None:
    """End the booking and keep its capacity."""
    row = session.get_one(BookingRow, "IPO-000001")
    row.ended_at, row.ends_on = row.booked_at, date(2026, 4, 6)


def runs_out(session: Session) -> None:
    """Let the capacity of a running booking run out."""
    for row in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "booking")):
        row.expires_at = row.made_at + timedelta(days=400)


def no_end(session: Session) -> None:
    """Let a hold never expire."""
    session.execute(
        update(CommitmentRow).where(CommitmentRow.kind == "hold").values(expires_at=None)
    )


def ended(session: Session) -> None:
    """End a request without giving back what it holds."""
    session.get_one(RequestRow, "R-101").state = "ended"


def waiting(session: Session) -> None:
    """Let a booked request wait again."""
    session.get_one(RequestRow, "R-201").state = "waiting"


def two_chosen(session: Session) -> None:
    """Let two offers of a request be chosen."""
    session.execute(update(OfferRow).where(OfferRow.request_id == "R-101").values(state="chosen"))


def booked_without_order(session: Session) -> None:
    """Let an offer be booked without an order."""
    session.execute(update(OfferRow).where(OfferRow.state == "chosen").values(state="booked"))


def test_a_ledger_at_work_has_no_fault(busy_desk: Desk) -> None:
    """Booked, held, offered: all is as it must be."""
    assert faults(busy_desk) == []


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (no_beds, ["Provider poundbury has promised more than it stated."]),
        (no_capacity, ["Booking IPO-000001 has no capacity at poundbury."]),
        (another_home, ["Booking IPO-000001 takes the capacity of poundbury for R-201."]),
        (
            no_booking,
            [
                "Capacity {booking} of poundbury is taken for good by 0 bookings.",
                "Request R-201 is arranged with 0 running bookings.",
            ],
        ),
        (
            runs_out,
            [
                "Booking IPO-000001 has no capacity at poundbury.",
                "Capacity {booking} of poundbury runs out unasked.",
            ],
        ),
        (no_end, ["Hold {hold} at maiden never expires."]),
        (ended, ["Request R-101 has ended and still holds capacity."]),
        (waiting, ["Request R-201 is waiting with 1 running bookings."]),
        (two_chosen, ["Request R-101 has 2 offers chosen or booked."]),
        (booked_without_order, ["Offer {chosen} is booked, which its orders do not bear out."]),
    ],
)
def test_each_fault_is_found(busy_desk: Desk, plant: Plant, expected: list[str]) -> None:
    """A planted fault is told in plain words, alone."""
    with busy_desk.record.bare_writing() as session:
        names = {
            row.kind: row.commitment_id
            for row in session.scalars(
                select(CommitmentRow).where(CommitmentRow.released_at.is_(None))
            )
        }
        names["chosen"] = session.scalars(
            select(OfferRow.offer_id).where(OfferRow.state == "chosen")
        ).one()
        plant(session)
    assert faults(busy_desk) == [line.format(**names) for line in expected]


def test_counted_capacity_is_no_fault(busy_desk: Desk) -> None:
    """A booking that the home has allowed for since takes nothing more, and is still there."""
    with busy_desk.record.bare_writing() as session:
        for row in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "booking")):
            row.counted_at = row.made_at
        no_beds(session)
    assert faults(busy_desk) == []


def ended_ahead(desk: Desk) -> None:
    """End the booked bed on a day to come."""
    body = {"reason": "moved_away", "ends_on": "2026-04-20"}
    desk.post("/v1/bookings/IPO-000001/end", body)


def test_care_that_runs_out_is_no_fault(busy_desk: Desk) -> None:
    """A booking that was ended for a later day keeps its bed until then."""
    ended_ahead(busy_desk)
    assert faults(busy_desk) == []


def test_care_that_runs_out_still_takes_its_bed(busy_desk: Desk) -> None:
    """Until its last night a bed that is not there is promised all the same."""
    ended_ahead(busy_desk)
    with busy_desk.record.bare_writing() as session:
        no_beds(session)
    assert faults(busy_desk) == ["Provider poundbury has promised more than it stated."]


def test_care_that_ends_today_still_takes_its_bed(desk: Desk) -> None:
    """Whoever sleeps there tonight has it, so another who would have it too is seen."""
    offer = recorded(desk, "poundbury", bed_terms(start_date="2026-04-01"), "R-201")
    order = booked(desk, chosen(desk, offer))["order_ref"]
    body = {"order_ref": order, "last_day": "2026-04-01", "reason": "Cannot meet needs"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    assert faults(desk) == []
    with desk.record.bare_writing() as session:
        query = select(CommitmentRow).where(CommitmentRow.kind == "booking")
        taken = session.scalars(query).one()
        session.add(twin_of(taken, "R-202"))
    assert "Provider poundbury has promised more than it stated." in faults(desk)


def twin_of(row: CommitmentRow, request_id: str) -> CommitmentRow:
    """Return the same promise once more, to somebody else."""
    columns = {each.name: getattr(row, each.name) for each in CommitmentRow.__table__.columns}
    twin = {"commitment_id": f"{row.commitment_id}-twin", "request_id": request_id}
    return CommitmentRow(**(columns | twin))

"""Tests of a service that is killed while it books: no booking is half made, none is lost."""

from __future__ import annotations

import random
from pathlib import Path
from time import sleep

from sqlalchemy import select

from api.storage.chain import verify_chain
from api.storage.checking import ledger_faults
from api.storage.record import SOFTWARE
from api.tables import AuditRow, BookingRow, ProviderRow, RecordRow
from matcher.geography import Gazetteer
from tests.api.desk import Desk
from tests.api.nursery import kill, nursery, wait_for

KILLS = 50
LONGEST_LIFE = 0.2
"""Seconds from the first booking until the service is killed, at most: some bookings take place."""
BEDS = 500


def test_no_booking_is_half_made_when_the_service_is_killed(
    desk: Desk, loaded_url: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """Fifty services are killed at random moments; whatever was answered is there, and whole."""
    widen(desk)
    told = tmp_path / "told"
    told.touch()
    chance = random.Random(4)
    with nursery(loaded_url, gazetteer) as services:
        for _ in range(KILLS):
            size = told.stat().st_size
            child = services.start("book", desk.key(), desk.key("budget_holder"), str(told))
            wait_for(lambda size=size: told.stat().st_size > size)
            sleep(chance.uniform(0, LONGEST_LIFE))
            kill(child)
    answered = dict(line.split() for line in told.read_text().splitlines())
    require_whole(desk, answered)


def widen(desk: Desk) -> None:
    """Let one home have beds for everybody."""
    with desk.record.writing(SOFTWARE) as writing:
        row = writing.session.get(ProviderRow, "poundbury")
        assert row is not None
        line = {**row.bed_capacity[0]["line"], "beds": BEDS}
        row.bed_capacity = [{**row.bed_capacity[0], "line": line}]
        writing.supply_changed(row)


def require_whole(desk: Desk, answered: dict[str, str]) -> None:
    """Fail unless all bookings are whole, and all that were answered are there.

    Parameters
    ----------
    desk
        The record.
    answered
        The request of each order that a caller was told of.
    """
    with desk.record.reading() as session:
        assert ledger_faults(session, desk.record.clock.now()) == []
        assert verify_chain(session)[1] == []
        rows = session.scalars(select(BookingRow).where(BookingRow.offer_id.is_not(None)))
        booked = {row.order_ref: row.request_id for row in rows}
        made = session.scalars(
            select(AuditRow.subject).where(AuditRow.action == "booking.made")
        ).all()
        orders = session.scalar(select(RecordRow.order_count))
    assert answered.items() <= booked.items()
    assert len(answered) >= KILLS
    assert sorted(made) == sorted(booked)
    assert orders == len(booked)
    assert len(set(booked.values())) == len(booked)

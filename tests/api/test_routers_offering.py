"""Tests of who may ask, offer, approve, choose and book, and that a change is whole or not made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from api.acts import bookings
from api.tables import (
    AuditRow,
    BookingRow,
    CommitmentRow,
    EnquiryRow,
    HistoryRow,
    OfferRow,
    RecordRow,
    RequestRow,
)
from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    bed_terms,
    booked,
    chosen,
    enquire,
    faults,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import new_request

EVERYBODY = ("broker", "key_worker", "budget_holder", "commissioner", "provider", "administrator")
STAFF = ("broker", "budget_holder", "commissioner", "administrator")
ROUTES = [
    ("POST", "/v1/requests/R-101/enquiries", ("broker",), ()),
    ("GET", "/v1/enquiries", ("broker", "provider"), ()),
    ("GET", "/v1/enquiries/{enquiry}", ("broker",), ("provider", "key_worker")),
    ("POST", "/v1/enquiries/{enquiry}/closing", ("broker",), ()),
    ("PUT", "/v1/enquiries/{enquiry}/offer", (), ("provider",)),
    ("POST", "/v1/enquiries/{enquiry}/decline", (), ("provider",)),
    ("POST", "/v1/requests/R-101/offers", ("broker",), ()),
    ("GET", "/v1/requests/R-101/offers", ("broker", "budget_holder"), ("key_worker",)),
    ("GET", "/v1/offers/{offer}", ("broker", "budget_holder"), ("provider", "key_worker")),
    ("PUT", "/v1/offers/{offer}/approval", ("budget_holder",), ()),
    ("PUT", "/v1/offers/{offer}/choice", ("broker",), ("key_worker",)),
    ("POST", "/v1/offers/{offer}/unsuitable", ("broker",), ("provider",)),
    ("POST", "/v1/offers/{offer}/withdrawal", ("broker",), ("provider",)),
    ("POST", "/v1/offers/{offer}/booking", ("broker",), ()),
    ("POST", "/v1/requests/R-101/bookings", ("broker",), ()),
    ("GET", "/v1/bookings", (*STAFF, "key_worker", "provider"), ()),
    ("GET", "/v1/bookings/{order}", STAFF, ("key_worker", "provider")),
    ("POST", "/v1/bookings/{order}/end", ("broker",), ()),
]
"""Each route with the roles that may call it for anybody's, and those that may for their own."""
TABLES = (AuditRow, BookingRow, CommitmentRow, HistoryRow, OfferRow)


@pytest.mark.parametrize(("method", "path", "anybody", "only_own"), ROUTES)
def test_each_role_gets_as_far_as_its_rule(
    sqlite_desk: Desk,
    method: str,
    path: str,
    anybody: tuple[str, ...],
    only_own: tuple[str, ...],
) -> None:
    """Who may not is told so; of somebody else's it is as if it did not exist."""
    names = {
        "enquiry": enquire(sqlite_desk, "maiden")["enquiry_id"],
        "offer": recorded(sqlite_desk, "maiden")["offer_id"],
        "order": "RUN-000001",
    }
    for role in EVERYBODY:
        provider_id = "chesil" if role == "provider" else None
        body = {} if method != "GET" else None
        answered = sqlite_desk.call(
            method, path.format(**names), body, role=role, provider_id=provider_id
        )
        if role in anybody:
            assert answered.status_code not in {401, 403, 404}, (role, answered.text)
        elif role in only_own:
            assert answered.status_code == 404, (role, answered.text)
        else:
            assert answered.status_code == 403, (role, answered.text)
    assert sqlite_desk.client.request(method, path.format(**names)).status_code == 401


def test_a_provider_learns_nothing_by_asking_for_a_request(sqlite_desk: Desk) -> None:
    """Naming a request does not tell a provider whether its advert is of that one (H7)."""
    enquire(sqlite_desk, "maiden")
    for request_id in ("R-101", "R-103"):
        path = f"/v1/enquiries?request_id={request_id}"
        assert len(sqlite_desk.get(path, **own("maiden"))["items"]) == 1


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-04-01T12:00:00Z"]
)
def test_no_moment_is_too_far_to_be_refused(sqlite_desk: Desk, moment: str) -> None:
    """The first and the last moment there is, and one that has passed, are told apart from now."""
    body = {"provider_ids": ["maiden"], "closes_at": moment}
    answered = sqlite_desk.call("POST", "/v1/requests/R-101/enquiries", body)
    refused(answered, 400, "bad-call")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_no_day_is_too_far_to_be_refused(sqlite_desk: Desk, day: str) -> None:
    """The first and the last day there is are no days on which care starts or ends."""
    told = {"provider_id": "poundbury", "told_by": "telephone"}
    body = {**bed_terms(start_date=day), **told}
    refused(sqlite_desk.call("POST", "/v1/requests/R-201/offers", body), 400, "bad-call")


def test_the_same_offer_sent_twice_is_made_once(desk: Desk) -> None:
    """With an idempotency key a repeated reply needs no version, and changes nothing."""
    path = f"/v1/enquiries/{enquire(desk, 'maiden')['enquiry_id']}/offer"
    key = {"Idempotency-Key": "offer-0001"}
    first = desk.call("PUT", path, terms(), headers=key, **own("maiden"))
    again = desk.call("PUT", path, terms(), headers=key, **own("maiden"))
    assert ok(first) == ok(again)
    assert again.headers["ETag"] == first.headers["ETag"] == '"1"'


# -- whole or not at all -----------------------------------------------------------------------


def counted(desk: Desk) -> dict[str, Any]:
    """Return how much there is of everything, and how it stands."""
    with desk.record.reading() as session:
        found: dict[str, Any] = {
            table.__tablename__: session.scalar(select(func.count()).select_from(table))
            for table in TABLES
        }
        record = session.scalars(select(RecordRow)).one()
        found["record"] = (record.audit_hash, record.order_count, record.supply_version)
        query = select(RequestRow.request_id, RequestRow.state, RequestRow.version)
        found["requests"] = sorted(map(tuple, session.execute(query)))
        offers = select(OfferRow.offer_id, OfferRow.state, OfferRow.version)
        found["offers"] = sorted(map(tuple, session.execute(offers)))
        promises = select(CommitmentRow.commitment_id, CommitmentRow.released_at)
        found["promises"] = sorted(str(tuple(row)) for row in session.execute(promises))
        found["open"] = session.scalar(
            select(func.count()).select_from(EnquiryRow).where(EnquiryRow.closed_at.is_(None))
        )
    return found


class PlugPulledError(Exception):
    """Stands for whatever may go wrong half-way."""


@pytest.fixture(params=["promise_for_good", "lose_offers", "close_enquiries", "note_outcomes"])
def broken_step(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """Let one step of a booking fail after it was done."""
    step = getattr(bookings, request.param)

    def broken(*given: Any, **more: Any) -> None:
        step(*given, **more)
        raise PlugPulledError

    with monkeypatch.context() as patched:
        patched.setattr(bookings, request.param, broken)
        yield patched


def test_half_a_booking_is_none(desk: Desk, broken_step: pytest.MonkeyPatch) -> None:
    """Whichever step fails, nothing of the booking is left; the next try is whole."""
    told = enquire(desk, "maiden", "frome")
    reply(desk, told, "frome", terms(2400))
    offer = chosen(desk, recorded(desk, "maiden"))
    before = counted(desk)
    with pytest.raises(PlugPulledError):
        desk.call("POST", f"/v1/offers/{offer['offer_id']}/booking")
    assert counted(desk) == before
    assert faults(desk) == []
    broken_step.undo()
    assert booked(desk, offer)["order_ref"] == "IPO-000001"
    assert faults(desk) == []


def test_a_refused_call_leaves_nothing(desk: Desk) -> None:
    """A booking that is refused after its offer was made takes the offer with it."""
    made = desk.post("/v1/requests/R-201/shortlists", {})
    with desk.record.bare_writing() as session:
        for hold in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "hold")):
            hold.expires_at = hold.made_at
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    home = made["shortlist"]["options"][0]["provider_id"]
    booked(desk, chosen(desk, recorded(desk, home, bed_terms(), "N-1")))
    before = counted(desk)
    body = {
        "shortlist_id": made["shortlist_id"],
        "provider_id": home,
        "chosen_by": "person",
    }
    answered = desk.call("POST", "/v1/requests/R-201/bookings", body)
    refused(answered, 409, "capacity-taken")
    assert counted(desk) == before


def test_every_step_is_in_the_audit(desk: Desk) -> None:
    """From advert to order each decision has its line, with who made it and when (H14)."""
    began = datetime.now(UTC)
    told = enquire(desk, "maiden")
    made = reply(desk, told, "maiden", terms(2700))
    path = f"/v1/offers/{made['offer_id']}"
    holder = {"role": "budget_holder", "version": 1}
    ok(desk.call("PUT", f"{path}/approval", {"approve": True, "note": "Fair"}, **holder))
    booked(desk, chosen(desk, desk.get(path)))
    with desk.record.reading() as session:
        lines = session.scalars(
            select(AuditRow).where(AuditRow.at >= began).order_by(AuditRow.number)
        ).all()
    assert [(line.action, line.actor) for line in lines] == [
        ("enquiry.opened", "the broker"),
        ("offer.made", "maiden office"),
        ("offer.approved", "the budget_holder"),
        ("offer.chosen", "the broker"),
        ("enquiry.closed", "the broker"),
        ("booking.made", "the broker"),
    ]
    assert lines[2].detail["weekly_cost_pence"] == 23_625
    assert lines[3].detail["chosen_by"] == "person"

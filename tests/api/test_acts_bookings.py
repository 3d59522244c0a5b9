"""Tests of bookings: after a choice and an approval, wholly or not at all, and their end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.tables import AuditRow, CommitmentRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    agreed,
    approved,
    bed_terms,
    booked,
    change_provider,
    chosen,
    enquire,
    faults,
    history,
    holds,
    let_pass,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import WORKER, new_request


def taken(desk: Desk, request_id: str) -> list[tuple[str, str]]:
    """Return what a request has taken for good: provider and kind."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id, CommitmentRow.released_at.is_(None)
    )
    with desk.record.reading() as session:
        return [(row.provider_id, row.kind) for row in session.scalars(query)]


def actions(desk: Desk, subject: str) -> list[str]:
    """Return what the audit says was done to something."""
    query = select(AuditRow.action).where(AuditRow.subject == subject).order_by(AuditRow.number)
    with desk.record.reading() as session:
        return list(session.scalars(query))


# -- of an offer -------------------------------------------------------------------------------


def test_a_booking_settles_everything(desk: Desk) -> None:
    """Capacity, order, request, offers, enquiries and ledger change together."""
    told = enquire(desk, "maiden", "frome")
    other = reply(desk, told, "frome", terms(2400))
    mine = recorded(desk, "maiden")
    chosen(desk, mine)
    answered = desk.call("POST", f"/v1/offers/{mine['offer_id']}/booking")
    assert answered.status_code == 201
    order = answered.json()
    assert answered.headers["Location"] == f"/v1/bookings/{order['order_ref']}"
    assert order["order_ref"] == "IPO-000001"
    assert (order["starts_on"], order["weekly_cost_pence"]) == ("2026-04-06", 21_924)
    assert order["terms"]["visits"] == terms()["visits"]
    now = desk.get("/v1/requests/R-101")
    assert (now["state"], now["order_ref"], now["provider_id"]) == (
        "arranged",
        "IPO-000001",
        "maiden",
    )
    assert taken(desk, "R-101") == [("maiden", "booking")]
    assert desk.get(f"/v1/offers/{mine['offer_id']}")["state"] == "booked"
    assert desk.get(f"/v1/offers/{other['offer_id']}")["state"] == "lost"
    assert not desk.get(f"/v1/enquiries/{told['enquiry_id']}")["is_open"]
    assert history(desk) == [("maiden", "accepted")]  # nobody loses a turn by offering (S3)
    assert actions(desk, "IPO-000001") == ["booking.made"]
    assert faults(desk) == []


def test_nothing_is_booked_that_nobody_chose(desk: Desk) -> None:
    """The person decides: an offer alone is never booked (H14)."""
    made = recorded(desk, "maiden")
    path = f"/v1/offers/{made['offer_id']}/booking"
    assert "H14" in refused(desk.call("POST", path), 409, "conflict")["detail"]
    chosen(desk, made)
    refused(desk.call("POST", path, **WORKER), 403, "not-allowed")
    refused(desk.call("POST", path, **own("maiden")), 403, "not-allowed")
    booked(desk, made)
    refused(desk.call("POST", path), 409, "conflict")


def test_above_the_rate_is_booked_once_approved(desk: Desk) -> None:
    """Chosen and above the rate is not enough; refused is never enough (H9)."""
    dear = chosen(desk, recorded(desk, "maiden", terms(2700)))
    path = f"/v1/offers/{dear['offer_id']}/booking"
    assert "H9" in refused(desk.call("POST", path), 409, "conflict")["detail"]
    approved(desk, dear)
    assert booked(desk, dear)["weekly_cost_pence"] == 23_625
    never = chosen(desk, recorded(desk, "frome", terms(2900, visits=TEA), "R-102"))
    approved(desk, never, approve=False)
    refused(desk.call("POST", f"/v1/offers/{never['offer_id']}/booking"), 409, "conflict")


TEA = [{"visit_no": 1, "at_minute": 480}, {"visit_no": 2, "at_minute": 17 * 60}]


@pytest.fixture(autouse=True)
def frome_at_tea(request: pytest.FixtureRequest) -> None:
    """Give Frome Valley carers at tea, which it has not in the book."""
    for name in ("desk", "sqlite_desk"):
        if name in request.fixturenames:
            desk: Desk = request.getfixturevalue(name)
            days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            line = {
                "provider_id": "frome",
                "days": days,
                "start_minute": 420,
                "end_minute": 1320,
                "carers": 2,
            }
            change_provider(desk, "frome", homecare_capacity=[{"place": 0, "line": line}])


def test_a_lower_budget_since_needs_an_approval(desk: Desk) -> None:
    """What has become too dear since it was offered is not booked as if it had not (H9)."""
    made = chosen(desk, recorded(desk, "maiden"))
    agreed(desk, "R-101", personal_budget_pence_per_week=20_000)
    path = f"/v1/offers/{made['offer_id']}/booking"
    made = desk.get(f"/v1/offers/{made['offer_id']}")
    assert made["state"] == "chosen"
    assert "H9" in refused(desk.call("POST", path), 409, "conflict")["detail"]
    assert approved(desk, made)["needs_approval"]
    booked(desk, made)


def test_a_request_that_was_changed_is_not_booked(desk: Desk) -> None:
    """An offer for other visits than are needed now is not booked."""
    made = chosen(desk, recorded(desk, "maiden"))
    visits = desk.get("/v1/requests/R-101")["request"]["package"]["visits"]
    visits[0]["minutes"] = 60
    change = {"changes": {"package": {"visits": visits}}, "reason": "More is needed"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    refused(desk.call("POST", f"/v1/offers/{made['offer_id']}/booking"), 409, "conflict")
    assert desk.get("/v1/requests/R-101")["state"] == "waiting"


def test_a_suspended_request_is_not_booked(desk: Desk) -> None:
    """Care that is suspended is not arranged until it resumes (H19)."""
    made = chosen(desk, recorded(desk, "maiden"))
    suspension = {"suspended_from": "2026-03-30", "reason": "Hospital"}
    desk.post("/v1/requests/R-101/suspension", suspension)
    refused(desk.call("POST", f"/v1/offers/{made['offer_id']}/booking"), 409, "conflict")
    desk.call("DELETE", "/v1/requests/R-101/suspension")
    booked(desk, made)


def test_capacity_that_is_gone_is_not_booked(desk: Desk) -> None:
    """A choice whose hold has lapsed is booked if there is still room, and not otherwise."""
    made = chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    let_holds_lapse(desk)
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    other = chosen(desk, recorded(desk, "poundbury", bed_terms(), "N-1"))
    path = f"/v1/offers/{made['offer_id']}/booking"
    refused(desk.call("POST", path), 409, "capacity-taken")
    assert desk.get("/v1/requests/R-201")["state"] == "waiting"
    desk.post(f"/v1/offers/{other['offer_id']}/withdrawal", {"reason": "Another home"})
    booked(desk, made)
    assert faults(desk) == []


def let_holds_lapse(desk: Desk) -> None:
    """Let every hold be over, as it would be a day later."""
    with desk.record.bare_writing() as session:
        for row in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "hold")):
            row.expires_at = row.made_at


def test_silence_past_the_window_is_noted_at_a_booking(desk: Desk) -> None:
    """Whoever let the whole window pass is noted; whoever still had time is not."""
    over = enquire(desk, "frome")
    enquire(desk, "maiden")
    let_pass(desk, over)
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    assert sorted(history(desk)) == [("frome", "no_reply"), ("maiden", "accepted")]


def test_a_call_sent_twice_books_once(desk: Desk) -> None:
    """With an idempotency key a repeated booking is answered as the first was."""
    made = chosen(desk, recorded(desk, "maiden"))
    path, key = f"/v1/offers/{made['offer_id']}/booking", {"Idempotency-Key": "booking-1"}
    first = desk.call("POST", path, headers=key)
    again = desk.call("POST", path, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert len(desk.get("/v1/bookings?limit=200")["items"]) == 2  # one ran in the book


def test_a_change_of_provider_ends_the_care_before_it(desk: Desk) -> None:
    """When the new care is booked, the care it replaces ends the day before (H18)."""
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    challenge = {
        "request_id": "C-1",
        "why_not_times": "Tried",
        "why_not_carer": "Tried",
        "why_not_tasks": "Tried",
        "care_team_agrees": True,
        "reason": "Trust has broken down",
    }
    desk.post("/v1/requests/R-101/changes-of-provider", challenge)
    offer = recorded(desk, "frome", terms(2400), "C-1")
    booked(desk, chosen(desk, offer))
    before = desk.get("/v1/bookings/IPO-000001")
    assert (before["ends_on"], before["end_reason"]) == ("2026-04-05", "replaced")
    assert desk.get("/v1/requests/R-101")["state"] == "ended"
    assert desk.get("/v1/requests/C-1")["order_ref"] == "IPO-000002"
    assert faults(desk) == []


# -- straight from a shortlist -----------------------------------------------------------------


def option_of(desk: Desk, request_id: str = "R-101", needs_approval: bool = False) -> Any:
    """Return a shortlist and the first option on it that needs an approval, or none."""
    made = desk.post(f"/v1/requests/{request_id}/shortlists", {})
    options = made["shortlist"]["options"]
    found = [each for each in options if each["needs_approval"] is needs_approval]
    return made["shortlist_id"], found[0]


def direct(shortlist_id: str, provider_id: str) -> dict[str, str]:
    """Return the body of a booking straight from a shortlist."""
    return {"shortlist_id": shortlist_id, "provider_id": provider_id, "chosen_by": "person"}


def test_an_option_is_taken_at_once(desk: Desk) -> None:
    """What a person takes at once is offer, choice and booking in one change (H14)."""
    shortlist_id, option = option_of(desk)
    order = desk.post("/v1/requests/R-101/bookings", direct(shortlist_id, option["provider_id"]))
    assert order["starts_on"] == option["start_date"]
    assert order["weekly_cost_pence"] == option["weekly_cost_pence"]
    offer = desk.get(f"/v1/offers/{order['offer_id']}")
    assert (offer["source"], offer["state"], offer["chosen_by"]) == (
        "shortlist",
        "booked",
        "person",
    )
    assert taken(desk, "R-101") == [(option["provider_id"], "booking")]
    assert holds(desk) == []
    assert faults(desk) == []


def test_an_option_above_the_rate_is_not_taken_at_once(desk: Desk) -> None:
    """It needs an offer and an approval first (H9)."""
    shortlist_id, option = option_of(desk, needs_approval=True)
    body = direct(shortlist_id, option["provider_id"])
    answered = desk.call("POST", "/v1/requests/R-101/bookings", body)
    assert "H9" in refused(answered, 409, "conflict")["detail"]


def test_an_option_is_of_a_shortlist_of_the_request(desk: Desk) -> None:
    """Nobody is booked who was not shown to this person."""
    shortlist_id, option = option_of(desk)
    path = "/v1/requests/R-101/bookings"
    body = direct(shortlist_id, option["provider_id"])
    refused(desk.call("POST", "/v1/requests/R-103/bookings", body), 404, "not-found")
    refused(desk.call("POST", path, direct("sho-none", "maiden")), 404, "not-found")
    refused(desk.call("POST", path, direct(shortlist_id, "poundbury")), 409, "conflict")
    refused(desk.call("POST", path, body, **WORKER), 403, "not-allowed")


def test_an_option_of_yesterday_is_not_taken(desk: Desk) -> None:
    """Once the request is another, or the price is, a new shortlist is needed."""
    shortlist_id, option = option_of(desk)
    path, body = "/v1/requests/R-101/bookings", direct(shortlist_id, option["provider_id"])
    change = {"changes": {"needs": ["dementia"]}, "reason": "Diagnosis"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    told = refused(desk.call("POST", path, body), 409, "conflict")
    assert told["expected"] == "a new shortlist"
    shortlist_id, option = option_of(desk)
    rate = {
        "provider_id": option["provider_id"],
        "service_type": "homecare",
        "unit": "hour",
        "amount_pence": 2404,
    }
    change_provider(desk, option["provider_id"], rates=[{"place": 0, "line": rate}])
    body = direct(shortlist_id, option["provider_id"])
    told = refused(desk.call("POST", path, body), 409, "conflict")
    assert "costs" in told["detail"]


# -- shown and ended ---------------------------------------------------------------------------


def test_everybody_sees_the_bookings_that_are_theirs(desk: Desk) -> None:
    """Staff see all, providers and key workers their own, page after page."""
    desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    booked(desk, chosen(desk, recorded(desk, "frome", terms(2400), "N-1")))
    page = desk.get("/v1/bookings?limit=1")
    assert [each["order_ref"] for each in page["items"]] == ["IPO-000001"]
    rest = desk.get(f"/v1/bookings?limit=1&cursor={page['next']}")
    assert [each["order_ref"] for each in rest["items"]] == ["RUN-000001"]
    assert rest["items"][0]["terms"] is None
    for who in (own("frome"), WORKER):
        assert len(desk.get("/v1/bookings", **who)["items"]) == 1
        desk.get("/v1/bookings/IPO-000001", **who)
        refused(desk.call("GET", "/v1/bookings/RUN-000001", **who), 404, "not-found")
        refused(desk.call("GET", "/v1/bookings/IPO-000009", **who), 404, "not-found")
    refused(desk.call("GET", "/v1/bookings/IPO-000009"), 404, "not-found")


def test_an_end_frees_the_capacity(desk: Desk) -> None:
    """Care that ends gives its bed back from then on and ends the request with it (H25)."""
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    path = "/v1/bookings/IPO-000001/end"
    body = {"ends_on": "2026-05-01", "reason": "moved_away"}
    early = {**body, "ends_on": "2026-03-31"}  # before today and before it starts
    refused(desk.call("POST", path, early), 400, "bad-call")
    ended = desk.post(path, body)
    assert (ended["ends_on"], ended["end_reason"]) == ("2026-05-01", "moved_away")
    assert desk.get("/v1/requests/R-201")["state"] == "ended"
    assert desk.post(path, body) == ended  # told twice, it is the same
    assert desk.get("/v1/bookings/IPO-000001") == ended
    running = desk.get("/v1/bookings")["items"]
    assert "IPO-000001" not in [each["order_ref"] for each in running]
    everything = desk.get("/v1/bookings?only_running=false")["items"]
    assert "IPO-000001" in [each["order_ref"] for each in everything]
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    later = bed_terms(start_date="2026-05-02")
    booked(desk, chosen(desk, recorded(desk, "poundbury", later, "N-1")))
    assert faults(desk) == []


def test_a_booking_is_called_off_before_it_starts(sqlite_desk: Desk) -> None:
    """Care that has not begun may end today."""
    booked(sqlite_desk, chosen(sqlite_desk, recorded(sqlite_desk, "maiden")))
    body = {"ends_on": "2026-04-01", "reason": "declined_by_person"}
    assert sqlite_desk.post("/v1/bookings/IPO-000001/end", body)["ends_on"] == "2026-04-01"


def test_care_from_the_book_ends_like_any_other(desk: Desk) -> None:
    """Care that ran before this record takes none of its capacity, and gives none back."""
    desk.post("/v1/bookings/RUN-000001/end", {"ends_on": "2026-04-10", "reason": "moved_away"})
    assert desk.get("/v1/requests/R-100")["state"] == "ended"
    assert faults(desk) == []

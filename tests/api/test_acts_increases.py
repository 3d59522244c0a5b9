"""Tests of increases and changes of provider: asked first, challenged, and settled."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.acts.increases import may_go_to_market, settle_parent
from api.storage.record import SOFTWARE
from api.storage.requests import request_row
from api.tables import BookingRow, EnquiryRow, RequestRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import chosen, enquire, faults, let_pass, own, recorded, reply

WORKER = {"role": "key_worker", "holder": "worker-7"}
VISIT = {"visit_no": 1, "days": ["mon", "thu"], "band": "morning", "minutes": 30}
MORE = {"request_id": "R-100-more", "package": {"visits": [VISIT]}, "reason": "Needs help to wash"}
OTHER = {
    "request_id": "R-100-other",
    "why_not_times": "Other times were tried for a month",
    "why_not_carer": "Three carers were tried",
    "why_not_tasks": "The tasks are right",
    "care_team_agrees": True,
    "reason": "Trust is broken",
}
OFFER = {
    "visits": [{"visit_no": 1, "at_minute": 480}],
    "start_date": "2026-04-06",
    "rate": {"unit": "hour", "amount_pence": 2505},
}


def more(desk: Desk, **other: Any) -> Any:
    """Return an increase asked for beside R-100, whose care maiden gives."""
    return desk.post("/v1/requests/R-100/increases", {**MORE, **other})


def elsewhere(desk: Desk, **other: Any) -> Any:
    """Return a change of provider asked for beside R-100."""
    return desk.post("/v1/requests/R-100/changes-of-provider", {**OTHER, **other})


def is_open(desk: Desk, request_id: str = "R-100-more") -> bool:
    """Say whether a request may go to the market."""
    with desk.record.reading() as session:
        row = request_row(session, request_id)
        return may_go_to_market(session, row, desk.record.clock.now())


def shortlist(desk: Desk, request_id: str = "R-100-more") -> Any:
    """Return the answer to a shortlist asked for."""
    return desk.call("POST", f"/v1/requests/{request_id}/shortlists", {})


def bookings(desk: Desk, request_id: str = "R-100") -> list[BookingRow]:
    """Return all bookings of a request."""
    with desk.record.reading() as session:
        query = select(BookingRow).where(BookingRow.request_id == request_id)
        return list(session.scalars(query))


# -- increases ---------------------------------------------------------------------------------


def test_an_increase_is_a_request_of_its_own(desk: Desk) -> None:
    """It is for the same person, of the visits that come on top, and waits from today."""
    answered = desk.call("POST", "/v1/requests/R-100/increases", MORE)
    assert answered.status_code == 201
    assert answered.headers["Location"] == "/v1/requests/R-100-more"
    child = ok(answered)
    parent = desk.get("/v1/requests/R-100")
    assert (child["kind"], child["parent_id"], child["state"]) == ("increase", "R-100", "waiting")
    request = child["request"]
    assert request["current_provider_id"] == parent["provider_id"] == "maiden"
    assert [visit["days"] for visit in request["package"]["visits"]] == [["mon", "thu"]]
    assert request["waiting_since"] == "2026-04-01"
    for name in ("postcode", "risk", "needs", "plan_signed_off", "has_mental_capacity"):
        assert request[name] == parent["request"][name]
    assert parent["state"] == "arranged"
    with desk.record.reading() as session:
        assert request_row(session, "R-100-more").reasons == {"reason": MORE["reason"]}


def test_an_increase_has_what_the_care_leaves_of_the_budget(sqlite_desk: Desk) -> None:
    """R-100 has £200 a week, of which half an hour a day at £25.05 an hour takes £87.71."""
    child = more(sqlite_desk)
    assert child["request"]["personal_budget_pence_per_week"] == 20_000
    assert child["budget_left_pence_per_week"] == 20_000 - 8_771


def test_a_booking_says_what_the_care_costs(sqlite_desk: Desk) -> None:
    """The price that was agreed counts, not the one on file; and a budget is never negative."""
    with sqlite_desk.record.bare_writing() as session:
        session.scalars(select(BookingRow)).one().weekly_cost_pence = 25_000
    assert more(sqlite_desk)["budget_left_pence_per_week"] == 0


def test_urgency_is_told_anew(sqlite_desk: Desk) -> None:
    """That the first care was urgent says nothing of more care (H21)."""
    body = {"reason": "Fell twice"}
    ok(sqlite_desk.call("PUT", "/v1/requests/R-100/urgency", body))
    assert more(sqlite_desk)["urgent_by"] is None


@pytest.mark.parametrize(
    ("request_id", "body", "status", "kind"),
    [
        ("R-101", MORE, 409, "conflict"),  # nothing is arranged yet
        ("R-999", MORE, 404, "not-found"),
        ("R-100", {**MORE, "request_id": "R-101"}, 409, "conflict"),  # the id is taken
        ("R-100", {**MORE, "package": {"visits": []}}, 409, "request-refused"),  # no visits
        ("R-100", {**MORE, "reason": ""}, 422, "bad-shape"),  # no reason
        ("R-100", {**MORE, "reason": "Key safe code 1234"}, 422, "bad-shape"),  # H8
    ],
)
def test_what_cannot_be_increased(
    sqlite_desk: Desk, request_id: str, body: dict[str, Any], status: int, kind: str
) -> None:
    """Only homecare that is arranged, by complete visits and with a reason."""
    path = f"/v1/requests/{request_id}/increases"
    refused(sqlite_desk.call("POST", path, body), status, kind)


def test_a_bed_is_not_increased(sqlite_desk: Desk) -> None:
    """A placement has no visits that could be more."""
    with sqlite_desk.record.bare_writing() as session:
        row = request_row(session, "R-201")
        row.state = "arranged"
        booking = session.scalars(select(BookingRow)).one()
        booking.request_id, booking.provider_id = "R-201", "poundbury"
    answered = sqlite_desk.call("POST", "/v1/requests/R-201/increases", MORE)
    assert refused(answered, 409, "conflict")["expected"] == "homecare"


def test_a_key_worker_asks_for_her_own(sqlite_desk: Desk) -> None:
    """The increase is then hers too; nobody else's requests are hers to increase."""
    path = "/v1/requests/R-100/increases"
    refused(sqlite_desk.call("POST", path, MORE, **WORKER), 404, "not-found")
    with sqlite_desk.record.bare_writing() as session:
        request_row(session, "R-100").key_worker = "worker-7"
    assert sqlite_desk.post(path, MORE, **WORKER)["key_worker"] == "worker-7"
    sqlite_desk.get("/v1/requests/R-100-more", **WORKER)


# -- first refusal -----------------------------------------------------------------------------


def test_the_market_waits_for_the_current_provider(desk: Desk) -> None:
    """Nobody else is shown or asked before it was asked (H17)."""
    more(desk)
    assert not is_open(desk)
    told = refused(shortlist(desk), 409, "conflict")
    assert told["value"] == "maiden"
    assert told["expected"] == "an enquiry with first refusal to maiden"
    path = "/v1/requests/R-100-more/enquiries"
    refused(desk.call("POST", path, {"provider_ids": ["frome"]}), 409, "conflict")
    refused(desk.call("POST", path, {"provider_ids": ["frome", "maiden"]}), 409, "conflict")
    enquiry = enquire(desk, "maiden", request_id="R-100-more")
    with desk.record.reading() as session:
        assert session.get_one(EnquiryRow, enquiry["enquiry_id"]).first_refusal
    assert not is_open(desk)


def test_once_it_declines_the_market_is_asked(desk: Desk) -> None:
    """A refusal opens the market at once."""
    more(desk)
    enquiry = enquire(desk, "maiden", request_id="R-100-more")
    path = f"/v1/enquiries/{enquiry['enquiry_id']}/decline"
    ok(desk.call("POST", path, {"reason": "No carers on Mondays"}, **own("maiden")))
    assert is_open(desk)
    answered = ok(shortlist(desk))
    assert "frome" in [o["provider_id"] for o in answered["shortlist"]["options"]]


def test_once_its_time_is_over_the_market_is_asked(desk: Desk) -> None:
    """Silence until the window closes counts as a refusal."""
    more(desk)
    enquiry = enquire(desk, "maiden", request_id="R-100-more")
    assert shortlist(desk).status_code == 409
    let_pass(desk, enquiry)
    assert is_open(desk)
    assert shortlist(desk).status_code == 201


def test_whoever_is_asked_first_has_the_usual_time(desk: Desk) -> None:
    """An hour's enquiry is no first refusal (H17): the usual time is the least, and may be more."""
    more(desk)
    path, clock = "/v1/requests/R-100-more/enquiries", desk.record.clock
    usual = clock.after_working_hours(clock.now(), desk.settings.offer_hours)
    for closes_at in (clock.now() + timedelta(hours=1), usual - timedelta(minutes=1)):
        body = {"provider_ids": ["maiden"], "closes_at": closes_at.isoformat()}
        told = refused(desk.call("POST", path, body), 400, "bad-call")
        assert told["thing"] == "closes_at"
    longer = (usual + timedelta(hours=1)).isoformat()
    enquire(desk, "maiden", request_id="R-100-more", closes_at=longer)


def test_an_enquiry_closed_by_a_broker_is_no_refusal(sqlite_desk: Desk) -> None:
    """The time is the provider's: only its own answer makes it shorter (H17)."""
    more(sqlite_desk)
    enquiry = enquire(sqlite_desk, "maiden", request_id="R-100-more")
    sqlite_desk.post(f"/v1/enquiries/{enquiry['enquiry_id']}/closing")
    assert not is_open(sqlite_desk)


def test_an_offer_that_stands_keeps_the_market_closed(desk: Desk) -> None:
    """If the current provider can, nobody else is asked, even when the window has closed."""
    more(desk)
    enquiry = enquire(desk, "maiden", request_id="R-100-more")
    offer = reply(desk, enquiry, "maiden", OFFER)
    let_pass(desk, enquiry)
    assert not is_open(desk)
    path = f"/v1/offers/{offer['offer_id']}/withdrawal"
    ok(desk.call("POST", path, {"reason": "A carer left"}))
    assert is_open(desk)


def test_who_no_longer_gives_the_care_has_no_first_refusal(desk: Desk) -> None:
    """Once the care has ended with it, the increase is anybody's."""
    more(desk)
    with desk.record.bare_writing() as session:
        session.scalars(select(BookingRow)).one().ended_at = desk.record.clock.now()
    assert is_open(desk)


@pytest.mark.parametrize("request_id", ["R-100", "R-101", "R-100-other"])
def test_only_increases_have_a_first_refusal(sqlite_desk: Desk, request_id: str) -> None:
    """Referrals and changes of provider go to the market at once."""
    elsewhere(sqlite_desk)
    assert is_open(sqlite_desk, request_id)


# -- changes of provider -----------------------------------------------------------------------


def test_a_change_of_provider_is_for_all_the_care(desk: Desk) -> None:
    """It is of the whole package, without the current provider, with every reason kept (H18)."""
    answered = desk.call("POST", "/v1/requests/R-100/changes-of-provider", OTHER)
    assert answered.status_code == 201
    child, parent = ok(answered), desk.get("/v1/requests/R-100")
    assert (child["kind"], child["parent_id"]) == ("change", "R-100")
    assert child["request"]["package"] == parent["request"]["package"]
    assert child["request"]["excluded_providers"] == ["maiden"]
    assert child["request"]["current_provider_id"] is None
    assert parent["state"] == "arranged"
    with desk.record.reading() as session:
        reasons = request_row(session, "R-100-other").reasons
    assert reasons == {name: each for name, each in OTHER.items() if name != "request_id"}
    record = ok(shortlist(desk, "R-100-other"))
    pack = desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    maiden = next(each for each in pack["considered"] if each["provider_id"] == "maiden")
    assert "R-100-other excludes Maiden Castle Homecare." in maiden["refusals"]


@pytest.mark.parametrize("name", ["why_not_times", "why_not_carer", "why_not_tasks", "reason"])
def test_every_challenge_needs_its_answer(sqlite_desk: Desk, name: str) -> None:
    """Without a written reason against times, carer and tasks, nothing is looked for (H18)."""
    path = "/v1/requests/R-100/changes-of-provider"
    for body in ({**OTHER, name: ""}, {k: v for k, v in OTHER.items() if k != name}):
        told = refused(sqlite_desk.call("POST", path, body), 422, "bad-shape")
        assert name in told["fields"][0]["where"]


def test_the_care_team_must_agree(sqlite_desk: Desk) -> None:
    """Without its agreement the challenge has failed (H18)."""
    body = {**OTHER, "care_team_agrees": False}
    path = "/v1/requests/R-100/changes-of-provider"
    told = refused(sqlite_desk.call("POST", path, body), 409, "conflict")
    assert (told["thing"], told["value"]) == ("care_team_agrees", "False")
    refused(sqlite_desk.call("GET", "/v1/requests/R-100-other"), 404, "not-found")


def test_one_change_at_a_time(sqlite_desk: Desk) -> None:
    """A second one waits until the first has ended."""
    elsewhere(sqlite_desk)
    path, body = "/v1/requests/R-100/changes-of-provider", {**OTHER, "request_id": "R-100-third"}
    assert refused(sqlite_desk.call("POST", path, body), 409, "conflict")["value"] == "R-100-other"
    ok(sqlite_desk.call("POST", "/v1/requests/R-100-other/end", {"reason": "other"}))
    sqlite_desk.post(path, body)


def test_care_that_is_not_arranged_is_not_changed(sqlite_desk: Desk) -> None:
    """Who waits has no provider to change."""
    path = "/v1/requests/R-101/changes-of-provider"
    refused(sqlite_desk.call("POST", path, OTHER), 409, "conflict")


def test_a_placement_that_is_changed_has_no_old_dates(sqlite_desk: Desk) -> None:
    """The window of the first admission binds no later one; the kind of bed stays."""
    with sqlite_desk.record.bare_writing() as session:
        row = request_row(session, "R-203")
        placement = {"admit_from": "2026-01-01", "admit_to": "2026-01-31"}
        row.document = {**row.document, "placement": placement}
        row.state = "arranged"
        booking = session.scalars(select(BookingRow)).one()
        booking.request_id, booking.provider_id = "R-203", "grange"
    path = "/v1/requests/R-203/changes-of-provider"
    request = sqlite_desk.post(path, OTHER)["request"]
    assert request["placement"]["admit_to"] is None
    assert request["excluded_providers"] == ["grange"]
    assert request["preferred_providers"] == []


# -- settled -----------------------------------------------------------------------------------


def settled(desk: Desk, request_id: str, starts_on: date) -> None:
    """Settle the parent of a request that is booked."""
    with desk.record.writing(SOFTWARE) as writing:
        settle_parent(writing, request_row(writing.session, request_id), starts_on)


def test_the_old_care_ends_the_day_before_the_new(desk: Desk) -> None:
    """Nobody is without care for a day, and nobody has it twice."""
    elsewhere(desk)
    settled(desk, "R-100-other", date(2026, 4, 20))
    (booking,) = bookings(desk)
    assert booking.ends_on == date(2026, 4, 20) - timedelta(days=1)
    assert (booking.ended_at is not None, booking.end_reason) == (True, "replaced")
    parent = desk.get("/v1/requests/R-100")
    assert (parent["state"], parent["end_reason"]) == ("ended", "replaced")
    assert desk.get("/v1/requests/R-100-other")["state"] == "waiting"


def test_booking_a_change_settles_it(desk: Desk) -> None:
    """With the booking of the new provider, the old care is replaced in the same change."""
    elsewhere(desk)
    body = {**OFFER, "visits": [{"visit_no": 1, "at_minute": 11 * 60 + 40}]}
    path = "/v1/providers/frome/capacity"
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    stated = {"homecare": [{"days": days, "start_minute": 600, "end_minute": 840, "carers": 1}]}
    version = desk.get("/v1/providers/frome")["version"]
    ok(desk.call("PUT", path, stated, version=version))
    offer = chosen(desk, recorded(desk, "frome", body, "R-100-other"))
    desk.post(f"/v1/offers/{offer['offer_id']}/booking")
    assert desk.get("/v1/requests/R-100-other")["provider_id"] == "frome"
    parent = desk.get("/v1/requests/R-100")
    assert (parent["state"], parent["end_reason"]) == ("ended", "replaced")
    assert bookings(desk)[0].ends_on == date(2026, 4, 5)
    assert faults(desk) == []


def test_an_increase_leaves_the_care_as_it_is(desk: Desk) -> None:
    """More visits replace nothing."""
    more(desk)
    settled(desk, "R-100-more", date(2026, 4, 20))
    settled(desk, "R-101", date(2026, 4, 20))
    assert desk.get("/v1/requests/R-100")["state"] == "arranged"
    assert bookings(desk)[0].ended_at is None


def test_care_that_has_ended_is_settled_already(sqlite_desk: Desk) -> None:
    """If the old care ended meanwhile, the new one is booked all the same."""
    elsewhere(sqlite_desk)
    with sqlite_desk.record.bare_writing() as session:
        request_row(session, "R-100").state = "ended"
    settled(sqlite_desk, "R-100-other", date(2026, 4, 20))
    assert bookings(sqlite_desk)[0].ended_at is None


@pytest.mark.parametrize("reason", ["died", "moved_away", "no_longer_needed"])
def test_what_is_asked_beside_care_ends_with_it(desk: Desk, reason: str) -> None:
    """A search for more care, or for other care, closes when the care ends for good (H25)."""
    more(desk)
    elsewhere(desk)
    ok(desk.call("POST", "/v1/requests/R-100/end", {"reason": reason}))
    with desk.record.reading() as session:
        rows = session.scalars(select(RequestRow).where(RequestRow.parent_id == "R-100")).all()
    assert {row.request_id: row.end_reason for row in rows} == {
        "R-100-more": reason,
        "R-100-other": reason,
    }

"""Tests of enquiries: the advert, who may be asked, the window, and what each side sees."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from api.tables import ProviderRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    change_provider,
    chosen,
    enquire,
    faults,
    history,
    in_hours,
    let_pass,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import WORKER, new_request

ASK = "/v1/requests/R-101/enquiries"


def test_an_enquiry_advertises_and_waits(desk: Desk) -> None:
    """Everyone asked is awaited until the window is over (H22)."""
    answered = desk.call("POST", ASK, {"provider_ids": ["maiden", "frome"]})
    assert answered.status_code == 201
    told = answered.json()
    assert answered.headers["Location"] == f"/v1/enquiries/{told['enquiry_id']}"
    assert told["is_open"]
    assert not told["first_refusal"]
    assert [(each["provider_id"], each["answer"]) for each in told["invited"]] == [
        ("frome", "awaited"),
        ("maiden", "awaited"),
    ]
    assert desk.get(f"/v1/enquiries/{told['enquiry_id']}") == told
    clocks = desk.get("/v1/requests/R-101")["clocks"]
    assert clocks[0]["done_at"] == told["opened_at"]
    assert faults(desk) == []


def test_the_usual_window_is_in_working_hours(sqlite_desk: Desk) -> None:
    """Where nothing is said, replies may come for 72 working hours (H22)."""
    told = enquire(sqlite_desk, "maiden")
    clock, opened = sqlite_desk.record.clock, datetime.fromisoformat(told["opened_at"])
    expected = clock.after_working_hours(opened, 72)
    assert datetime.fromisoformat(told["closes_at"]) == expected


def test_the_advert_holds_a_postcode_and_needs_only(sqlite_desk: Desk) -> None:
    """No id, risk, money or why is in what a provider sees (H7)."""
    request = sqlite_desk.get("/v1/requests/R-102")["request"]
    told = enquire(sqlite_desk, "maiden", request_id="R-102")
    seen = sqlite_desk.call("GET", f"/v1/enquiries/{told['enquiry_id']}", **own("maiden"))
    assert set(ok(seen)) == {
        "enquiry_id",
        "advert",
        "opened_at",
        "closes_at",
        "is_open",
        "declined_at",
        "offer",
    }
    advert = seen.json()["advert"]
    assert advert["postcode"] == request["postcode"]
    assert advert["needs"] == ["diabetes"]
    assert set(advert) == {
        "service_type",
        "care_type",
        "postcode",
        "client_groups",
        "needs",
        "languages",
        "carer_gender",
        "start_by",
        "visits",
        "nights",
        "admit_from",
        "admit_to",
    }
    assert advert["visits"][0]["at_minute"] == 480
    for word in ("R-102", "red", "Hospital", "Insulin", "budget", "frome", "reason"):
        assert word not in seen.text


def test_a_provider_sees_its_own_only(desk: Desk) -> None:
    """Who is not asked sees nothing, and nobody sees how many others are."""
    told = enquire(desk, "maiden", "frome")
    reply(desk, told, "frome")
    path = f"/v1/enquiries/{told['enquiry_id']}"
    refused(desk.call("GET", path, **own("chesil")), 404, "not-found")
    seen = desk.call("GET", path, **own("maiden"))
    assert ok(seen)["offer"] is None
    assert "frome" not in seen.text
    assert desk.get("/v1/enquiries", **own("chesil"))["items"] == []
    [line] = desk.get("/v1/enquiries", **own("maiden"))["items"]
    assert line == seen.json()
    mine = desk.get(path, **own("frome"))
    assert mine["offer"]["state"] == "offered"


def test_a_key_worker_sees_enquiries_of_her_own_request(desk: Desk) -> None:
    """Another's enquiry is as if it did not exist."""
    desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    told = enquire(desk, "maiden", request_id="N-1")
    path = f"/v1/enquiries/{told['enquiry_id']}"
    assert desk.get(path, **WORKER)["request_id"] == "N-1"
    refused(desk.call("GET", path, role="key_worker", holder="worker-8"), 404, "not-found")
    refused(desk.call("GET", "/v1/enquiries", **WORKER), 403, "not-allowed")


@pytest.mark.parametrize(
    "provider_id",
    [
        "radipole",  # under embargo in the book
        "bay",  # a nursing home gives no homecare
    ],
)
def test_only_who_may_take_it_on_is_asked(sqlite_desk: Desk, provider_id: str) -> None:
    """Providers under embargo or of another service are not asked."""
    refused(sqlite_desk.call("POST", ASK, {"provider_ids": [provider_id]}), 409, "conflict")


def test_a_closed_provider_is_not_asked(sqlite_desk: Desk) -> None:
    """A provider is asked while it is open, and not once it is closed."""
    enquire(sqlite_desk, "maiden")
    with sqlite_desk.record.reading() as session:
        document = session.get_one(ProviderRow, "maiden").document
    change_provider(sqlite_desk, "maiden", document={**document, "status": "closed"})
    refused(sqlite_desk.call("POST", ASK, {"provider_ids": ["maiden"]}), 409, "conflict")


def test_an_excluded_provider_is_not_asked(sqlite_desk: Desk) -> None:
    """Whoever the person excludes is not asked (H15)."""
    change = {"changes": {"excluded_providers": ["frome"]}, "reason": "The person's wish"}
    ok(sqlite_desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    enquire(sqlite_desk, "maiden")
    told = sqlite_desk.call("POST", ASK, {"provider_ids": ["frome", "maiden"]})
    assert refused(told, 409, "conflict")["value"] == "excluded"


def test_an_unknown_provider_is_not_asked(sqlite_desk: Desk) -> None:
    """Names that the record does not have are told."""
    refused(sqlite_desk.call("POST", ASK, {"provider_ids": ["nobody"]}), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {},  # asks nobody
        {"provider_ids": []},  # asks nobody
        {"provider_ids": ["maiden", "maiden"]},  # asks one twice
        {"provider_ids": ["maiden"], "shortlist_id": "sho-1"},  # asks in two ways
        {"provider_ids": ["maiden"], "closes_at": "2099-01-01T09:00:00"},  # no time zone
    ],
)
def test_what_is_no_enquiry(sqlite_desk: Desk, body: dict[str, object]) -> None:
    """An enquiry asks some providers once each, in one way."""
    refused(sqlite_desk.call("POST", ASK, body), 422, "bad-shape")


@pytest.mark.parametrize(("hours", "is_kept"), [(-1, False), (1, True), (24 * 91, False)])
def test_an_enquiry_closes_in_the_near_future(
    sqlite_desk: Desk, hours: float, is_kept: bool
) -> None:
    """The window ends after now, and not months later."""
    body = {"provider_ids": ["maiden"], "closes_at": in_hours(hours, datetime.now(UTC))}
    answered = sqlite_desk.call("POST", ASK, body)
    if is_kept:
        ok(answered)
    else:
        refused(answered, 400, "bad-call")


def test_only_a_request_that_waits_is_advertised(desk: Desk) -> None:
    """Arranged, incomplete and suspended requests are not."""
    body = {"provider_ids": ["maiden"]}
    refused(desk.call("POST", "/v1/requests/R-100/enquiries", body), 409, "conflict")
    refused(desk.call("POST", "/v1/requests/R-107/enquiries", body), 409, "request-refused")
    suspension = {"suspended_from": "2026-03-30", "reason": "Hospital"}
    desk.post("/v1/requests/R-101/suspension", suspension)
    refused(desk.call("POST", ASK, body), 409, "conflict")
    desk.call("DELETE", "/v1/requests/R-101/suspension")
    enquire(desk, "maiden")


def test_the_options_of_a_shortlist_are_asked(desk: Desk) -> None:
    """A broker may ask everyone on a shortlist of that request, and of no other."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    options = [option["provider_id"] for option in made["shortlist"]["options"]]
    told = desk.post(ASK, {"shortlist_id": made["shortlist_id"]})
    assert sorted(options) == [each["provider_id"] for each in told["invited"]]
    other = {"shortlist_id": made["shortlist_id"]}
    refused(desk.call("POST", "/v1/requests/R-102/enquiries", other), 404, "not-found")


def test_an_increase_is_put_to_the_current_provider_first(desk: Desk) -> None:
    """Others are asked only when the current provider has declined (H17)."""
    visit = {"visit_no": 1, "days": ["mon"], "band": "tea", "minutes": 30}
    body = {"request_id": "I-1", "package": {"visits": [visit]}, "reason": "Needs tea"}
    desk.post("/v1/requests/R-100/increases", body)
    path = "/v1/requests/I-1/enquiries"
    for asked in (["frome"], ["maiden", "frome"]):
        refused(desk.call("POST", path, {"provider_ids": asked}), 409, "conflict")
    first = enquire(desk, "maiden", request_id="I-1")
    assert first["first_refusal"]
    decline = f"/v1/enquiries/{first['enquiry_id']}/decline"
    desk.post(decline, {"reason": "No room at tea"}, **own("maiden"))
    told = enquire(desk, "frome", "maiden", request_id="I-1")
    assert not told["first_refusal"]


def test_a_decline_is_noted_once(desk: Desk) -> None:
    """A decline is a line of the fairness ledger, and final."""
    told = enquire(desk, "maiden", "frome")
    path = f"/v1/enquiries/{told['enquiry_id']}/decline"
    reason = {"reason": "No carers in the evening"}
    refused(desk.call("POST", path, reason, **own("chesil")), 404, "not-found")
    refused(desk.call("POST", path, reason), 403, "not-allowed")
    desk.post(path, reason, **own("frome"))
    refused(desk.call("POST", path, reason, **own("frome")), 409, "conflict")
    offer = f"/v1/enquiries/{told['enquiry_id']}/offer"
    refused(desk.call("PUT", offer, terms(), **own("frome")), 409, "conflict")
    assert history(desk) == [("frome", "declined")]
    seen = desk.get(f"/v1/enquiries/{told['enquiry_id']}")["invited"][0]
    assert (seen["answer"], seen["decline_reason"]) == ("declined", "No carers in the evening")


def test_who_has_offered_withdraws_instead_of_declining(sqlite_desk: Desk) -> None:
    """An offer that stands is not declined away."""
    told = enquire(sqlite_desk, "maiden")
    reply(sqlite_desk, told, "maiden")
    path = f"/v1/enquiries/{told['enquiry_id']}/decline"
    refused(sqlite_desk.call("POST", path, {"reason": "No"}, **own("maiden")), 409, "conflict")


@pytest.mark.parametrize("is_chosen", [False, True])
def test_no_offer_stands_beside_a_decline(desk: Desk, is_chosen: bool) -> None:
    """Whoever offered by telephone takes that back first, so that no and yes are not both told."""
    made, told = recorded(desk, "maiden"), enquire(desk, "maiden", "frome")
    if is_chosen:
        chosen(desk, made)
    path, body = f"/v1/enquiries/{told['enquiry_id']}/decline", {"reason": "No carers"}
    answered = refused(desk.call("POST", path, body, **own("maiden")), 409, "conflict")
    assert answered["value"] == made["offer_id"]
    assert history(desk) == []
    desk.post(path, body, **own("frome"))
    withdrawal = f"/v1/offers/{made['offer_id']}/withdrawal"
    desk.post(withdrawal, {"reason": "No carers"}, **own("maiden"))
    desk.post(path, body, **own("maiden"))
    refused(desk.call("POST", f"/v1/offers/{made['offer_id']}/booking"), 409, "conflict")
    assert history(desk) == [
        ("frome", "declined"),
        ("maiden", "withdrawn"),
        ("maiden", "declined"),
    ]
    assert faults(desk) == []


def test_an_offer_for_somebody_else_forbids_no_decline(sqlite_desk: Desk) -> None:
    """What a provider offers another person says nothing of this one."""
    recorded(sqlite_desk, "maiden", request_id="R-101")
    sqlite_desk.post("/v1/requests", new_request(sqlite_desk))
    told = enquire(sqlite_desk, "maiden", request_id="N-1")
    path = f"/v1/enquiries/{told['enquiry_id']}/decline"
    sqlite_desk.post(path, {"reason": "No carers"}, **own("maiden"))


def test_closing_notes_the_silent(desk: Desk) -> None:
    """Whoever neither offered nor declined is noted, once; then nobody answers any more."""
    told = enquire(desk, "maiden", "frome")
    reply(desk, told, "maiden")
    path = f"/v1/enquiries/{told['enquiry_id']}"
    closed = desk.post(f"{path}/closing")
    assert not closed["is_open"]
    assert [each["answer"] for each in closed["invited"]] == ["no_reply", "offered"]
    assert history(desk) == [("frome", "no_reply")]
    refused(desk.call("POST", f"{path}/closing"), 409, "conflict")
    refused(desk.call("PUT", f"{path}/offer", terms(), **own("frome")), 409, "conflict")
    assert desk.get("/v1/enquiries", **own("frome"))["items"] == []


def test_a_window_that_has_passed_is_closed_by_the_next_enquiry(desk: Desk) -> None:
    """After the window nobody answers, and the silence is noted without anybody's doing."""
    told = enquire(desk, "maiden", "frome")
    let_pass(desk, told)
    path = f"/v1/enquiries/{told['enquiry_id']}"
    refused(desk.call("PUT", f"{path}/offer", terms(), **own("frome")), 409, "conflict")
    refused(desk.call("POST", f"{path}/decline", {"reason": "No"}, **own("frome")), 409, "conflict")
    assert history(desk) == []
    enquire(desk, "chesil", request_id="R-103")
    assert history(desk) == [("frome", "no_reply"), ("maiden", "no_reply")]


def test_an_end_closes_enquiries_without_blame(desk: Desk) -> None:
    """Nobody is noted as silent when the person's request ends within the window (H25)."""
    told = enquire(desk, "maiden")
    desk.post("/v1/requests/R-101/end", {"reason": "died"})
    assert not desk.get(f"/v1/enquiries/{told['enquiry_id']}")["is_open"]
    assert history(desk) == []


def test_enquiries_are_listed_newest_first_in_pages(desk: Desk) -> None:
    """A broker sees them with their answers, page after page, and may narrow the list."""
    first = enquire(desk, "maiden", "frome")
    reply(desk, first, "maiden")
    second = enquire(desk, "chesil", request_id="R-103")
    desk.post(f"/v1/enquiries/{second['enquiry_id']}/closing")
    page = desk.get("/v1/enquiries?limit=1")
    assert [each["enquiry_id"] for each in page["items"]] == [second["enquiry_id"]]
    rest = desk.get(f"/v1/enquiries?limit=1&cursor={page['next']}")
    [line] = rest["items"]
    assert (line["asked"], line["offered"], line["declined"]) == (2, 1, 0)
    assert rest["next"] is None
    [only] = desk.get("/v1/enquiries?only_open=true")["items"]
    assert only == line
    [only] = desk.get("/v1/enquiries?request_id=R-103")["items"]
    assert only["enquiry_id"] == second["enquiry_id"]

"""Tests of requests at the desk: taken in whole, kept right, suspended and ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import DAY, Desk, refused

WORKER = {"role": "key_worker", "holder": "worker-7"}


def new_request(desk: Desk, request_id: str = "N-1", like: str = "R-101", **other: Any) -> Any:
    """Return the body of a new request like one of the sample's, which waits from today."""
    found = desk.get(f"/v1/requests/{like}")["request"]
    return {**found, "request_id": request_id, "waiting_since": DAY, **other}


def test_a_request_is_taken_in_and_stands_on_the_list(desk: Desk) -> None:
    """What a key worker sends is the council's from then on, with its clocks running."""
    answered = desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    assert answered.status_code == 201
    assert answered.headers["Location"] == "/v1/requests/N-1"
    assert answered.headers["ETag"] == '"1"'
    found = desk.get("/v1/requests/N-1")
    assert found["state"] == "waiting"
    assert found["key_worker"] == "worker-7"
    assert found["may_be_searched"]
    assert [clock["name"] for clock in found["clocks"]] == [
        "respond",
        "find_homecare",
        "service_received",
    ]
    assert "N-1" in [line["request_id"] for line in desk.get("/v1/requests")["items"]]


def test_everything_missing_is_told_at_once(desk: Desk) -> None:
    """An incomplete request is refused with every missing field (H2, H23)."""
    body = {"request_id": "N-1", "service_type": "homecare", "has_mental_capacity": False}
    told = refused(desk.call("POST", "/v1/requests", body), 409, "request-refused")
    assert told["missing"] == [
        "postcode",
        "risk",
        "funding",
        "plan_signed_off",
        "funding_agreed",
        "best_interests_recorded",
        "visits",
    ]
    refused(desk.call("GET", "/v1/requests/N-1"), 404, "not-found")


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("plan_signed_off", False, "NOT_AGREED"),  # H1: no search before the plan is signed off
        ("funding_agreed", False, "NOT_AGREED"),  # H1: nor before the money is agreed
    ],
)
def test_what_is_not_agreed_is_refused(
    sqlite_desk: Desk, field: str, value: object, rule: str
) -> None:
    """A request waits elsewhere until its plan and its funding are agreed (H1)."""
    body = new_request(sqlite_desk, **{field: value})
    told = refused(sqlite_desk.call("POST", "/v1/requests", body), 409, "request-refused")
    assert [each["rule_id"] for each in told["refusals"]] == [rule]


def test_a_discharge_form_stands_in_for_the_plan(sqlite_desk: Desk) -> None:
    """Hospital discharge needs no signed plan (H24)."""
    body = new_request(sqlite_desk, plan_signed_off=None, hospital_discharge=True)
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201


def test_the_same_id_is_taken_in_once(desk: Desk) -> None:
    """A second request of an id is refused, and the first stays."""
    desk.post("/v1/requests", new_request(desk))
    other = new_request(desk, risk="red")
    refused(desk.call("POST", "/v1/requests", other), 409, "conflict")
    assert desk.get("/v1/requests/N-1")["request"]["risk"] == "amber"


def test_a_call_sent_twice_is_done_once(desk: Desk) -> None:
    """With an idempotency key the second call is answered as the first was."""
    key = {"Idempotency-Key": "referral-0001"}
    first = desk.call("POST", "/v1/requests", new_request(desk), headers=key)
    again = desk.call("POST", "/v1/requests", new_request(desk), headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replay"] == "true"
    other = desk.call("POST", "/v1/requests", new_request(desk, "N-2"), headers=key)
    refused(other, 409, "conflict")


def test_only_the_key_worker_rates_the_risk(desk: Desk) -> None:
    """Risk is the key worker's own; a broker can neither rate it nor change it in passing (H20)."""
    desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    rating = {"risk": "red", "reason": "Had a fall"}
    path = "/v1/requests/N-1/risk"
    refused(desk.call("PUT", path, rating, version=1), 403, "not-allowed")
    other = {"role": "key_worker", "holder": "worker-8"}
    refused(desk.call("PUT", path, rating, version=1, **other), 404, "not-found")
    change = {"changes": {"risk": "green"}, "reason": "To make it fit"}
    refused(desk.call("PATCH", "/v1/requests/N-1", change, version=1), 400, "bad-call")
    assert desk.call("PUT", path, rating, version=1, **WORKER).json()["request"]["risk"] == "red"
    assert desk.get("/v1/requests?risk=red")["items"][0]["risk"] == "red"


def test_a_change_says_which_version_it_is_of(desk: Desk) -> None:
    """Without a version nothing is changed, and an old one is refused."""
    change = {"changes": {"needs": ["dementia"]}, "reason": "Diagnosis"}
    refused(desk.call("PATCH", "/v1/requests/R-101", change), 428, "version-needed")
    refused(desk.call("PATCH", "/v1/requests/R-101", change, version=7), 412, "stale")
    changed = desk.call("PATCH", "/v1/requests/R-101", change, version=1)
    assert changed.json()["request"]["needs"] == ["dementia"]
    assert changed.headers["ETag"] == '"2"'


def test_urgent_is_who_when_and_why(desk: Desk) -> None:
    """Urgency names who said so (H21), and can be lifted."""
    told = desk.call("PUT", "/v1/requests/R-101/urgency", {"reason": "Carer in hospital"}).json()
    assert told["urgent_by"] == "the broker"
    assert told["urgent_at"] is not None
    assert told["request"]["urgent_reason"] == "Carer in hospital"
    lifted = desk.call("DELETE", "/v1/requests/R-101/urgency").json()
    assert lifted["urgent_by"] is None


def test_a_suspension_ends_by_itself_or_by_word(desk: Desk) -> None:
    """A suspended request is not searched for until it resumes (H19)."""
    suspension = {"suspended_from": "2026-03-30", "restarts_on": "2026-04-20", "reason": "Hospital"}
    told = desk.post("/v1/requests/R-101/suspension", suspension)
    assert not told["may_be_searched"]
    again = desk.call("POST", "/v1/requests/R-101/suspension", suspension)
    refused(again, 409, "conflict")
    resumed = desk.call("DELETE", "/v1/requests/R-101/suspension").json()
    assert resumed["may_be_searched"]
    over = {**suspension, "restarts_on": "2026-04-01"}
    assert desk.post("/v1/requests/R-101/suspension", over)["may_be_searched"]


def test_an_end_is_an_end(desk: Desk) -> None:
    """An ended request leaves the list with its reason, and nothing more is done to it (H25)."""
    told = desk.post("/v1/requests/R-101/end", {"reason": "died"})
    assert (told["state"], told["end_reason"]) == ("ended", "died")
    assert "R-101" not in [line["request_id"] for line in desk.get("/v1/requests")["items"]]
    refused(desk.call("POST", "/v1/requests/R-101/end", {"reason": "other"}), 409, "conflict")


def test_the_list_comes_in_pages(desk: Desk) -> None:
    """Page after page gives everyone waiting once, the riskiest and longest waiting first."""
    everyone = [line["request_id"] for line in desk.get("/v1/requests?limit=200")["items"]]
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/v1/requests?limit=2{cursor and '&cursor=' + cursor}")
        seen += [line["request_id"] for line in page["items"]]
        cursor = page["next"]
    assert seen == everyone
    assert len(seen) > 4
    refused(desk.call("GET", "/v1/requests?cursor=bm9uZQ"), 400, "bad-call")


def test_a_code_to_a_door_is_refused_and_not_repeated(sqlite_desk: Desk) -> None:
    """Free text with a key-safe code is refused without being said again (H8)."""
    body = {"reason": "key safe code 4711"}
    told = sqlite_desk.call("PUT", "/v1/requests/R-101/urgency", body)
    refused(told, 422, "bad-shape")
    assert "4711" not in told.text

"""Tests of requests over HTTP: who may do what, versions, bodies, filters and pages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from api.security import Role
from tests.api.desk import Desk, ok, refused
from tests.api.offering import booked, chosen, holds, recorded
from tests.api.test_acts_requests import new_request

WORKER = {"role": "key_worker", "holder": "worker-7"}
COLLEAGUE = {"role": "key_worker", "holder": "worker-8"}
PATH = "/v1/requests/R-101"
WHY = {"reason": "As discussed"}
SUSPENDED = {"suspended_from": "2026-04-01", "restarts_on": "2026-04-20", **WHY}


def listed(desk: Desk, query: str = "", **who: Any) -> list[str]:
    """Return who is on the list."""
    return [each["request_id"] for each in desk.get(f"/v1/requests{query}", **who)["items"]]


def changed(desk: Desk, path: str = PATH, version: int = 1, **changes: Any) -> Any:
    """Return the answer to a change of what is asked for."""
    return desk.call("PATCH", path, {"changes": changes, **WHY}, version=version)


# -- taken in ----------------------------------------------------------------------------------


def test_what_was_taken_in_is_where_it_says(desk: Desk) -> None:
    """The answer names the place and the version, and reading it gives the same."""
    answered = desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    assert answered.status_code == 201
    found = desk.call("GET", answered.headers["Location"], **WORKER)
    assert found.headers["ETag"] == answered.headers["ETag"] == '"1"'
    assert found.json() == answered.json()


def test_who_sends_a_request_owns_it_or_not(desk: Desk) -> None:
    """A key worker's is her own; a broker's is nobody's, for a broker rates no risk (H20)."""
    sent = desk.post("/v1/requests", new_request(desk, "N-1"), **WORKER)
    assert sent["key_worker"] == "worker-7"
    assert desk.post("/v1/requests", new_request(desk, "N-2"))["key_worker"] is None
    refused(desk.call("GET", "/v1/requests/N-1", **COLLEAGUE), 404, "not-found")
    refused(desk.call("GET", "/v1/requests/N-2", **WORKER), 404, "not-found")


@pytest.mark.parametrize("role", [r for r in Role if r not in {Role.BROKER, Role.KEY_WORKER}])
def test_nobody_else_takes_requests_in(sqlite_desk: Desk, role: Role) -> None:
    """Neither whoever pays nor whoever provides."""
    body = new_request(sqlite_desk)
    answered = sqlite_desk.call("POST", "/v1/requests", body, role=role, provider_id="maiden")
    refused(answered, 403, "not-allowed")
    refused(sqlite_desk.call("GET", "/v1/requests/N-1"), 404, "not-found")


def test_a_wait_is_from_the_day_that_is_told(sqlite_desk: Desk) -> None:
    """The clocks begin when it is received, and the wait when it began."""
    sqlite_desk.post("/v1/requests", new_request(sqlite_desk))
    body = {"changes": {"waiting_since": "2026-03-25"}, "reason": "Asked for at the hospital"}
    told = ok(sqlite_desk.call("PATCH", "/v1/requests/N-1", body, version=1))
    assert told["waited_days"] == 7
    assert told["received_at"][:10] == sqlite_desk.record.clock.now().date().isoformat()


def test_urgent_from_the_start_names_who_said_so(sqlite_desk: Desk) -> None:
    """The reason that comes with a request is as good as one told later (H21)."""
    body = new_request(sqlite_desk, urgent_reason="Carer in hospital")
    told = sqlite_desk.post("/v1/requests", body, **WORKER)
    assert told["urgent_by"] == "worker-7"
    assert told["urgent_at"] is not None


@pytest.mark.parametrize(
    ("other", "status", "kind"),
    [
        ({"request_id": "N 1"}, 422, "bad-shape"),
        ({"service_type": "massage"}, 422, "bad-shape"),
        ({"unheard_of": 1}, 422, "bad-shape"),
        ({"postcode": "JE1 0BD"}, 400, "bad-postcode"),
        ({"request_id": "R-100"}, 409, "conflict"),
        ({"risk": None}, 409, "request-refused"),
        ({"funding_agreed": False}, 409, "request-refused"),
        ({"urgent_reason": "key safe code 4711"}, 422, "bad-shape"),
    ],
)
def test_what_is_refused_leaves_nothing(
    desk: Desk, other: dict[str, Any], status: int, kind: str
) -> None:
    """Whatever is wrong with a request, the list and the audit are as before."""
    before, lines = listed(desk), desk.get("/v1/audit?limit=200", role="administrator")
    body = new_request(desk, **other)
    refused(desk.call("POST", "/v1/requests", body), status, kind)
    assert listed(desk) == before
    assert desk.get("/v1/audit?limit=200", role="administrator") == lines


# -- listed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        *("state=gone", "state=Waiting", "state=", "risk=blue", "service_type=massage"),
        *("limit=0", "limit=201", "limit=many", "cursor=", "zone=two%20words"),
    ],
)
def test_what_cannot_be_asked_for(sqlite_desk: Desk, query: str) -> None:
    """A filter that is none is told, and not left out in silence."""
    refused(sqlite_desk.call("GET", f"/v1/requests?{query}"), 422, "bad-shape")


@pytest.mark.parametrize(
    "cursor",
    ["bm9uZQ", "W10", "WzEsMl0", "WyJhIiwiYiIsImMiXQ", "%00", "e30", "W251bGxd", "x" * 400],
)
def test_a_cursor_of_nowhere_is_a_bad_call(desk: Desk, cursor: str) -> None:
    """Whatever it holds: text, too little, other kinds, nothing at all."""
    refused(desk.call("GET", f"/v1/requests?cursor={cursor}"), 400, "bad-call")


def test_a_cursor_of_another_list_is_a_bad_call(desk: Desk) -> None:
    """Bookings and providers have other places."""
    other = desk.get("/v1/providers?limit=1")["next"]
    refused(desk.call("GET", f"/v1/requests?cursor={other}"), 400, "bad-call")


def test_a_cursor_with_a_day_that_is_none_is_a_bad_call(desk: Desk) -> None:
    """Of the right kinds, and still of no page of this list."""
    for cursor in ("WzAsIm5vIGRheSIsIlItMTAxIl0", "WzAsIjIwMjYtMTMtMDEiLCJSLTEwMSJd"):
        refused(desk.call("GET", f"/v1/requests?cursor={cursor}"), 400, "bad-call")


@pytest.mark.parametrize("limit", [1, 200])
def test_a_page_has_bounds(sqlite_desk: Desk, limit: int) -> None:
    """The shortest and the longest."""
    assert 1 <= len(listed(sqlite_desk, f"?limit={limit}")) <= limit


def test_filters_narrow_together(desk: Desk) -> None:
    """By risk, service and zone, on who waits unless told otherwise."""
    assert listed(desk, "?risk=red") == ["R-202", "R-102"]
    assert listed(desk, "?risk=red&service_type=homecare") == ["R-102"]
    assert listed(desk, "?state=arranged") == ["R-100"]
    assert listed(desk, "?state=ended") == []
    assert set(listed(desk, "?zone=weymouth")) >= {"R-103", "R-104"}
    assert not set(listed(desk, "?zone=weymouth")) & set(listed(desk, "?zone=dorchester"))
    assert listed(desk, "?zone=nowhere") == []


def test_a_key_worker_lists_her_own(desk: Desk) -> None:
    """With every filter, and on every page; the brokerage lists all."""
    for name, who in (("N-1", WORKER), ("N-2", COLLEAGUE), ("N-3", WORKER)):
        desk.post("/v1/requests", new_request(desk, name), **who)
    assert listed(desk, **WORKER) == ["N-1", "N-3"]
    assert listed(desk, "?risk=amber", **COLLEAGUE) == ["N-2"]
    page = desk.get("/v1/requests?limit=1", **WORKER)
    assert listed(desk, f"?limit=1&cursor={page['next']}", **WORKER) == ["N-3"]
    assert {"N-1", "N-2", "N-3"} <= set(listed(desk))


@pytest.mark.parametrize("role", ["budget_holder", "commissioner", "administrator"])
def test_who_may_look_may_not_change(sqlite_desk: Desk, role: str) -> None:
    """Reading is for all of the brokerage, and changing for brokers."""
    assert listed(sqlite_desk, role=role) == listed(sqlite_desk)
    sqlite_desk.get(PATH, role=role)
    for method, path, body in (
        ("PUT", "urgency", WHY),
        ("POST", "suspension", SUSPENDED),
        ("POST", "end", {"reason": "died"}),
    ):
        answered = sqlite_desk.call(method, f"{PATH}/{path}", body, role=role)
        refused(answered, 403, "not-allowed")


# -- changed -----------------------------------------------------------------------------------


def test_each_change_makes_a_version(desk: Desk) -> None:
    """Whatever is changed, an older version is not changed any more."""
    assert ok(changed(desk, needs=["dementia"]))["version"] == 2
    ok(desk.call("PUT", f"{PATH}/urgency", WHY))
    refused(changed(desk, version=2, needs=[]), 412, "stale")
    assert desk.get(PATH)["version"] == 3
    assert ok(changed(desk, version=3, needs=[]))["version"] == 4


def test_of_two_changes_of_one_version_the_second_is_stale(desk: Desk) -> None:
    """Two who read the same do not overwrite each other."""
    ok(changed(desk, needs=["dementia"]))
    told = refused(changed(desk, needs=["diabetes"]), 412, "stale")
    assert told["value"] == "1"
    assert desk.get(PATH)["request"]["needs"] == ["dementia"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("request_id", "R-999"),
        ("service_type", "respite"),
        ("risk", "red"),
        ("urgent_reason", "Now"),
    ],
)
def test_some_fields_have_ways_of_their_own(sqlite_desk: Desk, field: str, value: str) -> None:
    """Named alone or beside others, they are not changed in passing."""
    told = refused(changed(sqlite_desk, **{field: value}), 400, "bad-call")
    assert told["thing"] == field
    refused(changed(sqlite_desk, **{field: value, "needs": ["dementia"]}), 400, "bad-call")
    assert sqlite_desk.get(PATH)["version"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"needs": 7}, 422, "bad-shape"),
        ({"unheard_of": 7}, 422, "bad-shape"),
        ({"package": {"visits": []}}, 409, "request-refused"),
        ({"plan_signed_off": False}, 409, "request-refused"),
        ({"has_mental_capacity": None}, 409, "request-refused"),
        ({"postcode": None}, 409, "request-refused"),
        ({"postcode": "JE1 0BD"}, 400, "bad-postcode"),
        ({}, 422, "bad-shape"),
    ],
)
def test_a_change_leaves_a_request_whole_or_as_it_was(
    sqlite_desk: Desk, changes: dict[str, Any], status: int, kind: str
) -> None:
    """What would lack something, or could not stand, is not changed at all."""
    before = sqlite_desk.get(PATH)
    refused(changed(sqlite_desk, **changes), status, kind)
    assert sqlite_desk.get(PATH) == before


def test_what_was_held_is_given_back_only_by_a_change_that_is_made(desk: Desk) -> None:
    """A refused one leaves the holds as they are."""
    desk.post(f"{PATH}/shortlists", {})
    held = holds(desk)
    assert held != []
    refused(changed(desk, postcode=None), 409, "request-refused")
    assert holds(desk) == held
    ok(changed(desk, needs=["dementia"]))
    assert holds(desk) == []


def test_who_moves_is_listed_elsewhere(desk: Desk) -> None:
    """The zone is that of the new postcode, and the place on the list that of the new wait."""
    assert "R-101" in listed(desk, "?zone=dorchester")
    ok(changed(desk, postcode="DT4 8NN", waiting_since="2025-01-01"))
    assert "R-101" not in listed(desk, "?zone=dorchester")
    assert listed(desk, "?zone=weymouth&risk=amber")[0] == "R-101"


def test_care_that_is_arranged_is_not_changed(desk: Desk) -> None:
    """It is increased, or its provider changed; its risk and its urgency are told as before."""
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    version = desk.get(PATH)["version"]
    told = refused(changed(desk, version=version, needs=["dementia"]), 409, "conflict")
    assert told["value"] == "arranged"
    assert ok(desk.call("PUT", f"{PATH}/urgency", WHY))["state"] == "arranged"


# -- rated, suspended, ended -------------------------------------------------------------------


def test_a_rating_is_of_a_version_and_by_its_owner(desk: Desk) -> None:
    """Without a version, of an old one, and of somebody else's it is refused (H20)."""
    desk.post("/v1/requests", new_request(desk), **WORKER)
    path, body = "/v1/requests/N-1/risk", {"risk": "red", **WHY}
    refused(desk.call("PUT", path, body, **WORKER), 428, "version-needed")
    refused(desk.call("PUT", path, body, version=9, **WORKER), 412, "stale")
    refused(desk.call("PUT", path, body, version=1, **COLLEAGUE), 404, "not-found")
    refused(desk.call("PUT", f"{PATH}/risk", body, version=1, **WORKER), 404, "not-found")
    assert desk.call("PUT", path, body, version=1, **WORKER).headers["ETag"] == '"2"'
    assert listed(desk, "?risk=red") == ["R-202", "R-102", "N-1"]


@pytest.mark.parametrize(
    ("restarts_on", "status"),
    [("2026-03-31", 400), ("2026-04-01", 400), ("2026-04-02", 201), (None, 201)],
)
def test_care_restarts_after_it_is_suspended(
    sqlite_desk: Desk, restarts_on: str | None, status: int
) -> None:
    """Before it, on the same day, on the next, and on a day that nobody knows."""
    body = {**SUSPENDED, "restarts_on": restarts_on}
    answered = sqlite_desk.call("POST", f"{PATH}/suspension", body)
    assert answered.status_code == status
    assert sqlite_desk.get(PATH)["may_be_searched"] is (status == 400)


def test_a_suspension_sent_twice_is_one(desk: Desk) -> None:
    """With the same key the second is answered as the first; without one it is refused."""
    key = {"Idempotency-Key": "suspension-1"}
    first = desk.call("POST", f"{PATH}/suspension", SUSPENDED, headers=key)
    again = desk.call("POST", f"{PATH}/suspension", SUSPENDED, headers=key)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    refused(desk.call("POST", f"{PATH}/suspension", SUSPENDED), 409, "conflict")
    assert desk.get(PATH)["version"] == 2


def test_who_is_not_suspended_cannot_resume(desk: Desk) -> None:
    """And once resumed, not again."""
    refused(desk.call("DELETE", f"{PATH}/suspension"), 409, "conflict")
    desk.post(f"{PATH}/suspension", SUSPENDED)
    ok(desk.call("DELETE", f"{PATH}/suspension"))
    refused(desk.call("DELETE", f"{PATH}/suspension"), 409, "conflict")


def test_a_key_worker_ends_her_own(desk: Desk) -> None:
    """She is the first to know; another's is not there for her."""
    desk.post("/v1/requests", new_request(desk), **WORKER)
    body = {"reason": "died"}
    refused(desk.call("POST", "/v1/requests/N-1/end", body, **COLLEAGUE), 404, "not-found")
    assert desk.post("/v1/requests/N-1/end", body, **WORKER)["state"] == "ended"
    assert listed(desk, "?state=ended", **WORKER) == ["N-1"]
    refused(desk.call("POST", "/v1/requests/N-1/end", body, **WORKER), 409, "conflict")


def test_an_end_sent_twice_is_one(desk: Desk) -> None:
    """A line that broke off does not make an error of what was done."""
    key, body = {"Idempotency-Key": "end-of-R-101"}, {"reason": "died"}
    first = desk.call("POST", f"{PATH}/end", body, headers=key)
    again = desk.call("POST", f"{PATH}/end", body, headers=key)
    assert again.json() == first.json()
    assert date.fromisoformat(first.json()["ended_at"][:10])

"""Tests of versions: no change of a thing that has one is made of what was not seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute
from httpx2 import Response
from sqlalchemy import select

from api.app import create_app, rules_of
from api.security import Role, Rule
from api.tables import ReplayRow
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok, refused
from tests.api.offering import HOLDER, WORKER, booked, chosen, faults, own, recorded, terms

PLURALS = {
    "request_id": "requests",
    "offer_id": "offers",
    "provider_id": "providers",
    "order_ref": "bookings",
}
"""By the parameter that names it, where each thing that has a version is read."""
CREATING = {"record_offer", "open_enquiry", "make_shortlist", "increase_care", "change_provider"}
"""Routes that make something new beside what their path names, which stays as it is."""
APP = create_app(settings_at("sqlite://"))
PATHS: dict[str, Any] = APP.openapi()["paths"]
CHANGING = [
    (route, rule)
    for route, rule in rules_of(APP)
    if isinstance(rule, Rule)
    and "GET" not in route.methods
    and PLURALS.keys() & route.param_convertors.keys()
]
VERSIONED = [(route, rule) for route, rule in CHANGING if route.name not in CREATING]
CALLERS: dict[Role, dict[str, Any]] = {
    Role.KEY_WORKER: WORKER,
    Role.BUDGET_HOLDER: HOLDER,
    Role.COMMISSIONER: {"role": "commissioner"},
    Role.PROVIDER: own("maiden"),
    Role.BROKER: {},
}
"""Who calls in each role: the least far-reaching first."""
WHY = {"reason": "As discussed"}
ENDED = {"reason": "died"}


def method_of(route: APIRoute) -> str:
    """Return how a route is called."""
    return min(route.methods)


def described(route: APIRoute) -> dict[str, Any]:
    """Return how a route is described."""
    operation: dict[str, Any] = PATHS[route.path][method_of(route).lower()]
    return operation


def takes_version(route: APIRoute) -> bool:
    """Say whether a route takes an If-Match."""
    parameters = described(route).get("parameters", [])
    return any(each["name"].lower() == "if-match" for each in parameters)


def body_for(route: APIRoute) -> Any:
    """Return the body by which a route is described; ``None`` where it takes none."""
    if "requestBody" not in described(route):
        return None
    content = described(route)["requestBody"]["content"]["application/json"]
    return content.get("example") or next(iter(content["examples"].values()))["value"]


def test_every_change_of_a_version_takes_one() -> None:
    """All routes that change a request, offer, provider or booking; what only makes does not."""
    assert {route.name for route, _ in CHANGING if not takes_version(route)} == CREATING


@pytest.fixture
def things(sqlite_desk: Desk) -> dict[str, str]:
    """Give the id of a thing of each kind, all of the same key worker and provider."""
    body = {"key_worker": WORKER["holder"], **WHY}
    ok(sqlite_desk.call("PUT", "/v1/requests/R-101/key-worker", body, version=1))
    offer = chosen(sqlite_desk, recorded(sqlite_desk, "maiden", terms(2700)))
    return {
        "request_id": "R-101",
        "offer_id": offer["offer_id"],
        "provider_id": "maiden",
        "order_ref": "RUN-000001",
    }


@pytest.mark.parametrize(
    ("route", "rule"), VERSIONED, ids=[f"{method_of(r)} {r.path}" for r, _ in VERSIONED]
)
def test_no_change_is_made_of_a_version_that_is_not_the_newest(
    sqlite_desk: Desk, things: dict[str, str], route: APIRoute, rule: Rule
) -> None:
    """An older or unheard-of version is refused as stale, whatever is changed; the newest not."""
    [named] = PLURALS.keys() & route.param_convertors.keys()
    read = sqlite_desk.call("GET", f"/v1/{PLURALS[named]}/{things[named]}")
    newest = int(ok(read) and read.headers["ETag"].strip('"'))
    who = next(caller for role, caller in CALLERS.items() if role in rule.reach)

    def called(version: int) -> Response:
        path, body = route.path.format(**things), body_for(route)
        return sqlite_desk.call(method_of(route), path, body, version=version, **who)

    for version in (newest - 1, newest + 1):
        told = refused(called(version), 412, "stale")
        assert told["expected"] == f"version {newest}"
    again = sqlite_desk.call("GET", f"/v1/{PLURALS[named]}/{things[named]}")
    assert again.json() == read.json()
    assert called(newest).status_code not in {412, 428}


@pytest.mark.parametrize(
    ("method", "what", "body"),
    [
        ("PUT", "urgency", WHY),
        ("DELETE", "urgency", None),
        ("POST", "suspension", {"suspended_from": "2026-04-02", **WHY}),
        ("POST", "end", ENDED),
    ],
)
def test_what_another_broker_changed_is_read_first(
    desk: Desk, method: str, what: str, body: Any
) -> None:
    """Who says of which version her change is learns that there is a newer one."""
    seen = desk.get("/v1/requests/R-102")["version"]
    ok(desk.call("PUT", "/v1/requests/R-102/urgency", WHY, version=seen))
    path = f"/v1/requests/R-102/{what}"
    refused(desk.call(method, path, body, version=seen), 412, "stale")
    now = desk.get("/v1/requests/R-102")
    assert (now["state"], now["version"]) == ("waiting", seen + 1)
    ok(desk.call(method, path, body, version=seen + 1))


def test_a_booking_has_versions(desk: Desk) -> None:
    """It is made, ended and cut short, each once of what was seen."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    path = f"/v1/bookings/{order['order_ref']}"
    read = desk.call("GET", path)
    assert (order["version"], read.headers["ETag"]) == (1, '"1"')
    body = {"ends_on": "2026-05-01", "reason": "no_longer_needed"}
    refused(desk.call("POST", f"{path}/end", body, version=2), 412, "stale")
    ended = desk.call("POST", f"{path}/end", body, version=1)
    assert (ok(ended)["version"], ended.headers["ETag"]) == (2, '"2"')
    refused(desk.call("POST", f"{path}/end", body, version=1), 412, "stale")
    assert faults(desk) == []


def test_care_cut_short_is_a_new_version_of_its_booking(desk: Desk) -> None:
    """The death of who has changed her provider ends the notice of the old one."""
    first = booked(desk, chosen(desk, recorded(desk, "maiden", terms(start_date="2026-04-06"))))
    body = {"order_ref": first["order_ref"], "last_day": "2026-04-20", **WHY}
    desk.post("/v1/providers/maiden/hand-backs", body, **own("maiden"))
    path = f"/v1/bookings/{first['order_ref']}"
    assert desk.get(path)["version"] == 2
    desk.post("/v1/requests/R-101/end", ENDED)
    told = desk.get(path)
    assert (told["version"], told["ends_on"]) == (3, "2026-04-01")


def test_who_does_not_say_a_version_changes_the_newest(sqlite_desk: Desk) -> None:
    """Where it is not needed, a change without one is made as before."""
    ok(sqlite_desk.call("PUT", "/v1/requests/R-102/urgency", WHY))
    ok(sqlite_desk.call("DELETE", "/v1/requests/R-102/urgency"))
    ok(sqlite_desk.call("POST", "/v1/requests/R-102/end", ENDED))


def test_an_answer_kept_before_bookings_had_versions_is_given_again(sqlite_desk: Desk) -> None:
    """A call that is sent again after an upgrade is answered as it was, not with a fault."""
    path, headers = "/v1/bookings/RUN-000001/end", {"Idempotency-Key": "sent-twice"}
    body = {"ends_on": "2026-04-20", "reason": "other"}
    first = ok(sqlite_desk.call("POST", path, body, headers=headers))
    with sqlite_desk.record.bare_writing() as session:
        row = session.scalars(select(ReplayRow)).one()
        kept = json.loads(row.body)
        del kept["version"]
        row.body = json.dumps(kept)
    again = ok(sqlite_desk.call("POST", path, body, headers=headers))
    assert again == {**first, "version": 1}

"""Tests of odd calls: no path, cursor, body or moment, however strange, is a fault of ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import rules_of
from api.security import Rule
from tests.api.desk import Desk, refused
from tests.api.offering import WORKER, own

ADMINISTRATOR = {"role": "administrator"}
DEEP = 900
"""Lists in lists: more than any writer of JSON follows."""
KEY = {"role": "broker", "holder": "a desk"}


def cursor(*key: object) -> str:
    """Return a cursor with any key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.fixture
def frank_desk(desk: Desk) -> Desk:
    """Give a desk that answers a fault as clients see it, and does not raise it."""
    desk.client.close()
    desk.client = TestClient(desk.app, raise_server_exceptions=False)
    return desk


# -- paths -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/v1/requests/{}", WORKER),
        ("/v1/shortlists/{}", WORKER),
        ("/v1/enquiries/{}", WORKER),
        ("/v1/providers/{}", own("maiden")),
        ("/v1/enquiries/{}", own("maiden")),
        ("/v1/bookings/{}", own("maiden")),
    ],
)
@pytest.mark.parametrize("name", ["a%00b", "%ED%A0%80", "a" * 65, "%C3%A9", "R-101%0A"])
def test_what_no_id_can_be_is_nobodys_own(
    frank_desk: Desk, path: str, who: dict[str, str], name: str
) -> None:
    """Whoever reaches only their own is told that there is no such thing."""
    refused(frank_desk.call("GET", path.format(name), **who), 404, "not-found")


def test_who_reaches_everything_is_told_the_shape(frank_desk: Desk) -> None:
    """What no id can be is then of the wrong shape."""
    refused(frank_desk.call("GET", "/v1/requests/a%00b"), 422, "bad-shape")


def test_a_key_with_a_nul_is_no_key(frank_desk: Desk) -> None:
    """It is not asked for in the record."""
    headers = {"Authorization": "Bearer cm_\x00_secret"}
    answered = frank_desk.client.get("/v1/requests", headers=headers)
    refused(answered, 401, "not-signed-in")


# -- cursors -----------------------------------------------------------------------------------

LISTS = {
    "/v1/requests": (0, "2026-01-01", "R-101"),
    "/v1/requests/R-101/shortlists": ("S",),
    "/v1/offers": ("O",),
    "/v1/bookings": ("B",),
    "/v1/enquiries": ("E",),
    "/v1/allocations": ("A",),
    "/v1/proposals": (0, "P"),
    "/v1/providers": ("P",),
    "/v1/keys": ("broker", "a", "b"),
    "/v1/audit": (1,),
}
"""Every list with a cursor that is one of its own."""
ODD: dict[type, tuple[object, ...]] = {
    int: (-1, 2**31, 10**30, True, 1.5, "1", None),
    str: ("\ud800", "a\0", 1, None, ["a"]),
}


def who_lists(path: str) -> dict[str, str]:
    """Return who may read a list."""
    return ADMINISTRATOR if path in {"/v1/keys", "/v1/audit"} else {}


def test_every_list_is_among_these(sqlite_desk: Desk) -> None:
    """None is forgotten here."""
    found = {
        route.path
        for route, rule in rules_of(sqlite_desk.app)
        if isinstance(rule, Rule)
        and "cursor" in str(sqlite_desk.app.openapi()["paths"][route.path])
    }
    named = {"/v1/requests/{request_id}/shortlists", "/v1/allocations/{run_id}/proposals"}
    assert found - named == LISTS.keys() - {"/v1/requests/R-101/shortlists"}


@pytest.mark.parametrize("path", sorted(LISTS))
def test_a_cursor_is_one_of_the_list(frank_desk: Desk, path: str) -> None:
    """Its own pass; any part that is not as the list makes it is refused plainly."""
    key, who = LISTS[path], who_lists(path)
    assert frank_desk.call("GET", f"{path}?cursor={cursor(*key)}", **who).status_code == 200
    for place, part in enumerate(key):
        for odd in ODD[type(part)]:
            spoilt = cursor(*key[:place], odd, *key[place + 1 :])
            refused(frank_desk.call("GET", f"{path}?cursor={spoilt}", **who), 400, "bad-call")


@pytest.mark.parametrize("day", ["", "not-a-date", "2026-02-30", "9999-99-99", "2026-01-01T00:00"])
def test_a_day_in_a_cursor_is_a_day(frank_desk: Desk, day: str) -> None:
    """Before the database sees it."""
    path = f"/v1/requests?cursor={cursor(0, day, 'R-101')}"
    refused(frank_desk.call("GET", path), 400, "bad-call")


# -- bodies ------------------------------------------------------------------------------------


def nested(depth: int = DEEP) -> str:
    """Return a document that is a list in a list, and so on."""
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/requests", '{"request_id": "N-1", "service_type": "homecare", "x": %s}'),
        ("POST", "/v1/requests", '{"request_id": %s, "service_type": "homecare"}'),
        ("PATCH", "/v1/requests/R-101", '{"changes": {"needs": %s}, "reason": "deep"}'),
        ("PATCH", "/v1/requests/R-101", '{"changes": {"package": %s}, "reason": "deep"}'),
        ("PUT", "/v1/requests/R-101/urgency", '{"reason": %s}'),
        ("POST", "/v1/shortlists", '{"request": %s}'),
        ("POST", "/v1/allocations", "%s"),
    ],
)
@pytest.mark.parametrize("depth", [300, DEEP, 100_000])
def test_a_body_may_be_as_deep_as_it_likes(
    frank_desk: Desk, method: str, path: str, body: str, depth: int
) -> None:
    """It is refused, and with an idempotency key too."""
    headers = {
        "Authorization": f"Bearer {frank_desk.key()}",
        "Content-Type": "application/json",
        "If-Match": '"1"',
        "Idempotency-Key": "deep-0001",
    }
    sent = (body % nested(depth)).encode()
    answered = frank_desk.client.request(method, path, content=sent, headers=headers)
    assert 400 <= answered.status_code < 500, answered.text


# -- moments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2036-03-30T00:00:00Z", 201),  # within ten years of the desk's day or of the real one
        ("9999-12-31T23:59:59-12:00", 400),  # beyond all calendars in another zone
        ("0001-01-01T00:00:00+14:00", 400),
        ("2099-01-01T00:00:00Z", 400),
        ("9999-12-31T23:59:59.999999Z", 400),
        ("10000-01-01T00:00:00Z", 422),
    ],
)
def test_a_key_expires_within_ten_years(frank_desk: Desk, moment: str, status: int) -> None:
    """If at all; no moment is too odd to be refused."""
    body: dict[str, Any] = {**KEY, "expires_at": moment}
    assert frank_desk.call("POST", "/v1/keys", body, **ADMINISTRATOR).status_code == status


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_an_enquiry_closes_at_a_moment_there_is(frank_desk: Desk, moment: str) -> None:
    """Beyond all calendars it is refused too."""
    body = {"provider_ids": ["maiden"], "closes_at": moment}
    answered = frank_desk.call("POST", "/v1/requests/R-101/enquiries", body)
    assert 400 <= answered.status_code < 500, answered.text

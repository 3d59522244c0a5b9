"""Tests of what stands before every route: who calls is asked before anything else of a call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient

from api.app import UnruledRouteError, rules_of
from api.dependencies import Allow
from api.security import BROKER, Rule
from matcher.geography import Gazetteer
from tests.api.desk import Desk, ok, refused

JSON = {"Content-Type": "application/json"}
READABLE = ["/healthz", "/readyz", "/v1/openapi.json", "/v1/requests", "/v1/requests/R-101"]
WHAT_IS_NOT = [
    ("GET", "/v1/nowhere"),
    ("POST", "/"),
    ("PUT", "/healthz"),
    ("BREW", "/v1/requests"),
    ("OPTIONS", "/v1/requests"),
]


@pytest.fixture
def strict_desk(sqlite_desk: Desk, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk that lets an address call three times in a minute without a key."""
    settings = sqlite_desk.settings.model_copy(update={"calls_per_minute": 3})
    found = Desk(settings, gazetteer)
    yield found
    found.close()


# -- who first ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
@pytest.mark.parametrize("path", ["/v1/requests", "/v1/shortlists", "/v1/keys", "/v1/allocations"])
def test_a_body_without_a_key_is_nobodys_business(
    sqlite_desk: Desk, path: str, content: bytes
) -> None:
    """Whatever it is, the answer is that nobody is signed in, and says nothing of the body."""
    answered = sqlite_desk.client.post(path, content=content, headers=JSON)
    refused(answered, 401, "not-signed-in")


def test_who_may_not_is_told_so_whatever_is_sent(sqlite_desk: Desk) -> None:
    """A role that may not do something does not learn how it is done, nor is its body read."""
    headers = {**JSON, "Authorization": f"Bearer {sqlite_desk.key()}"}
    answered = sqlite_desk.client.post("/v1/keys", content=b"{", headers=headers)
    refused(answered, 403, "not-allowed")


def test_bad_bodies_of_nobody_are_counted(strict_desk: Desk) -> None:
    """As any other call without a key; whoever has one goes on."""
    answers = [strict_desk.client.post("/v1/requests", content=b"{") for _ in range(4)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429]
    ok(strict_desk.call("GET", "/v1/requests"))


@pytest.mark.parametrize(("method", "path"), WHAT_IS_NOT)
def test_calls_of_what_is_not_are_counted(strict_desk: Desk, method: str, path: str) -> None:
    """Whoever looks for addresses is slowed down as whoever guesses keys is."""
    answers = [strict_desk.client.request(method, path) for _ in range(4)]
    assert len({each.status_code for each in answers[:3]}) == 1
    told = refused(answers[3], 429, "too-many-calls")
    assert "without a valid one" in told["detail"]
    assert strict_desk.client.get("/healthz").status_code == 200
    assert strict_desk.client.get("/readyz").status_code == 200


def test_houses_of_addresses_are_counted_as_one(strict_desk: Desk) -> None:
    """Of IPv6 a house has more addresses than there are calls; the house next door is another."""
    seen = []
    for number in range(4):
        client = TestClient(strict_desk.app, client=(f"2001:db8:1:2::{number:x}", 5))
        seen.append(client.get("/v1/requests").status_code)
    assert seen == [401, 401, 401, 429]
    neighbour = TestClient(strict_desk.app, client=("2001:db8:1:3::1", 5))
    assert neighbour.get("/v1/requests").status_code == 401


def test_a_ruled_route_that_is_not_guarded_stops_the_service() -> None:
    """It would read bodies before it asked for a key, so the app does not even start."""
    router = APIRouter(prefix="/v1/unguarded")

    @router.post("", dependencies=[Depends(Allow(Rule(BROKER)))])
    def unguarded() -> None:
        """Do something."""

    app = FastAPI()
    app.include_router(router)
    with pytest.raises(UnruledRouteError, match="GuardedRoute"):
        list(rules_of(app))


# -- what may be done --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/requests", "GET, HEAD, OPTIONS, POST"),
        ("/v1/requests/R-101", "GET, HEAD, OPTIONS, PATCH"),
        ("/v1/offers/any/choice", "OPTIONS, PUT"),
        ("/v1/shortlists", "OPTIONS, POST"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_an_address_tells_all_that_may_be_done(sqlite_desk: Desk, path: str, allowed: str) -> None:
    """Asked by OPTIONS, and whenever something is tried that may not be."""
    asked = sqlite_desk.client.options(path)
    assert (asked.status_code, asked.headers["Allow"], asked.content) == (204, allowed, b"")
    tried = sqlite_desk.client.request("BREW", path)
    refused(tried, 405, "method-not-allowed")
    assert tried.headers["Allow"] == allowed


def test_no_address_has_no_options(sqlite_desk: Desk) -> None:
    """Where there is nothing, nothing may be done."""
    refused(sqlite_desk.client.options("/v1/nowhere"), 404, "not-found")


@pytest.mark.parametrize("path", READABLE)
def test_what_can_be_read_can_be_asked_for_without_its_body(sqlite_desk: Desk, path: str) -> None:
    """HEAD is answered as GET is, headers and all."""
    whole, alone = (sqlite_desk.call(method, path) for method in ("GET", "HEAD"))
    assert (alone.status_code, alone.content) == (200, b"")
    ours = {"date", "x-request-id"}
    assert {k: v for k, v in alone.headers.items() if k not in ours} == {
        k: v for k, v in whole.headers.items() if k not in ours
    }


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/nowhere", 404), ("/v1/shortlists", 405), ("/v1/keys", 403)]
)
def test_a_refusal_without_its_body_is_the_same(sqlite_desk: Desk, path: str, status: int) -> None:
    """HEAD of what cannot be read, or not by everybody, is refused as GET is."""
    answered = sqlite_desk.call("HEAD", path)
    assert (answered.status_code, answered.content) == (status, b"")

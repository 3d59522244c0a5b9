"""Tests of what surrounds every call: headers, ids, limits, log lines and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from httpx2 import Response

from api.edge import HEADERS
from api.security import OPEN
from api.settings import Mode
from tests.api.desk import Desk, refused

SECRET_WORDS = "told by her daughter"


@pytest.fixture
def shaky_desk(sqlite_desk: Desk) -> Desk:
    """Give a desk with a route that has a fault, whose answers are looked at and not raised."""

    @sqlite_desk.app.post("/v1/shaky/{name}", tags=[OPEN])
    def shaky(name: str) -> None:
        raise RuntimeError(f"{name} {SECRET_WORDS}") from KeyError(name)

    sqlite_desk.client = TestClient(sqlite_desk.app, raise_server_exceptions=False)
    return sqlite_desk


def every_answer(desk: Desk) -> Iterator[tuple[int, Response]]:
    """Yield an answer of each kind, with the status that it must have."""
    limit = desk.settings.most_body_bytes
    yield 200, desk.client.get("/healthz")
    yield 200, desk.call("GET", "/v1/requests")
    yield 200, desk.client.get("/v1/openapi.json")
    yield 200, desk.call("GET", "/metrics", role="administrator")
    yield (
        201,
        desk.call("POST", "/v1/keys", {"role": "broker", "holder": "A"}, role="administrator"),
    )
    yield 400, desk.call("GET", "/v1/requests?cursor=bm9uZQ")
    yield 401, desk.client.get("/v1/requests")
    yield 403, desk.call("GET", "/v1/keys")
    yield 404, desk.call("GET", "/v1/requests/R-999")
    yield 404, desk.client.get("/nowhere")
    yield 405, desk.client.put("/healthz")
    yield 412, desk.call("PATCH", "/v1/requests/R-101", change(), version=9)
    yield 413, desk.call("POST", "/v1/requests", "x" * limit)
    yield 422, desk.call("POST", "/v1/requests", {})
    yield 428, desk.call("PATCH", "/v1/requests/R-101", change())
    yield 500, desk.client.post("/v1/shaky/somebody")


def change() -> dict[str, Any]:
    """Return the body of a change of a request."""
    return {"changes": {"needs": ["dementia"]}, "reason": "Diagnosis"}


def test_every_answer_has_strict_headers_and_an_id(shaky_desk: Desk) -> None:
    """Refusals and faults included: nothing leaves without them."""
    ids = set()
    for status, answered in every_answer(shaky_desk):
        assert answered.status_code == status, answered.text
        for name, value in HEADERS.items():
            assert answered.headers[name] == value, (status, name)
        ids.add(answered.headers["X-Request-Id"])
        if status >= 400:
            assert answered.headers["content-type"] == "application/problem+json"
            assert answered.json()["request_id"] == answered.headers["X-Request-Id"]
            assert answered.json()["status"] == status
    assert len(ids) == len(list(every_answer(shaky_desk)))


def test_the_id_is_ours_to_give(sqlite_desk: Desk) -> None:
    """What a caller sends as one is not taken over: it would end in the log."""
    answered = sqlite_desk.client.get("/healthz", headers={"X-Request-Id": "R-101"})
    assert answered.headers["X-Request-Id"] != "R-101"
    assert len(answered.headers["X-Request-Id"]) == 16


# -- bodies ------------------------------------------------------------------------------------


def filled(size: int) -> bytes:
    """Return a JSON body of so many bytes."""
    return b'{"a": "' + b"x" * (size - 9) + b'"}'


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize(("over", "status", "kind"), [(0, 422, "bad-shape"), (1, 413, "too-large")])
def test_a_body_has_a_limit(
    sqlite_desk: Desk, is_streamed: bool, over: int, status: int, kind: str
) -> None:
    """Whether its length is said beforehand or not; one just as large as it may be is read."""
    body = filled(sqlite_desk.settings.most_body_bytes + over)
    content = iter([body[:1000], body[1000:]]) if is_streamed else body
    headers = {"Authorization": f"Bearer {sqlite_desk.key()}", "Content-Type": "application/json"}
    answered = sqlite_desk.client.post("/v1/requests", content=content, headers=headers)
    told = refused(answered, status, kind)
    if over:
        assert told["detail"] == "A body may have 1,000,000 bytes at most."


def test_a_body_said_to_be_too_large_is_not_read(sqlite_desk: Desk) -> None:
    """Nobody is made to send what is refused anyway."""
    headers = {"Content-Length": "9" * 30, "Authorization": f"Bearer {sqlite_desk.key()}"}
    answered = sqlite_desk.client.post("/v1/requests", content=iter([b"{}"]), headers=headers)
    refused(answered, 413, "too-large")


def test_a_length_that_is_none_is_counted_as_it_comes(sqlite_desk: Desk) -> None:
    """A header that says nonsense does not get past the limit."""
    body = filled(sqlite_desk.settings.most_body_bytes + 1)
    headers = {"Content-Length": "x", "Authorization": f"Bearer {sqlite_desk.key()}"}
    answered = sqlite_desk.client.post("/v1/requests", content=body, headers=headers)
    refused(answered, 413, "too-large")


# -- queries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "wrong", "known"),
    [
        ("/v1/requests?stat=arranged", "stat", "state"),  # misspelt: no filter, if let pass
        ("/v1/unmet-need?where=nowhere&zone=a", "where", "zone"),
        ("/v1/requests/R-101?state=waiting", "state", "no query parameter"),
    ],
)
def test_a_query_parameter_that_is_none_is_refused(
    sqlite_desk: Desk, path: str, wrong: str, known: str
) -> None:
    """The answer to a misspelt filter would look like the answer to the filter."""
    told = refused(sqlite_desk.call("GET", path), 422, "bad-shape")
    (field,) = told["fields"]
    assert field["where"] == wrong
    assert known in field["expected"]
    assert "nowhere" not in str(told)


def test_a_known_query_parameter_is_none_the_worse(sqlite_desk: Desk) -> None:
    """Also twice, and with others of the same route."""
    sqlite_desk.get("/v1/requests?limit=2&state=waiting")


def test_a_change_with_a_query_that_is_none_is_not_made(sqlite_desk: Desk) -> None:
    """A body's parts in the query are not passed over in silence."""
    path = "/v1/requests/R-101/urgency?reason=fall"
    refused(sqlite_desk.call("PUT", path, {"reason": "a fall"}), 422, "bad-shape")
    lines = sqlite_desk.get("/v1/audit?subject=R-101", role="administrator")
    assert lines["items"] == []


# -- logs --------------------------------------------------------------------------------------


def test_a_log_line_says_which_route_how_and_by_whom(sqlite_desk: Desk) -> None:
    """Route, method, status, time, role and the public part of the key; and nothing else."""
    prefix = sqlite_desk.key().split("_")[1]
    with structlog.testing.capture_logs() as lines:
        sqlite_desk.get("/v1/requests/R-101/shortlists?limit=47")
    (line,) = lines
    assert line.pop("milliseconds") > 0
    assert line == {
        "event": "call",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/requests/{request_id}/shortlists",
        "status": 200,
        "key": prefix,
        "role": "broker",
    }


def test_no_log_line_holds_what_a_call_says(shaky_desk: Desk) -> None:
    """No id, query, body or secret of any call, whatever becomes of it (H7, H8)."""
    key = shaky_desk.key()
    with structlog.testing.capture_logs() as lines:
        for _ in every_answer(shaky_desk):
            pass
        shaky_desk.call("GET", "/v1/requests?zone=weymouth&cursor=secret")
        shaky_desk.client.get("/v1/requests", headers={"Authorization": "Bearer cm_ab_secret"})
        shaky_desk.call("PUT", "/v1/requests/R-101/urgency", {"reason": "key safe 4711"})
    told = json.dumps(lines, default=str)
    for word in (
        "R-101",
        "R-999",
        "weymouth",
        "cursor",
        "secret",
        "4711",
        "Diagnosis",
        "dementia",
        "nowhere",
        "somebody",
        SECRET_WORDS,
        key.split("_", 2)[2],
    ):
        assert word not in told, word
    assert len(lines) == len(list(every_answer(shaky_desk))) + 4  # one more says of the fault


def test_who_is_refused_is_in_the_log(sqlite_desk: Desk) -> None:
    """A key that tries what it may not is seen by its prefix; without one there is nobody."""
    prefix = sqlite_desk.key().split("_")[1]
    with structlog.testing.capture_logs() as lines:
        sqlite_desk.call("GET", "/v1/keys")
        sqlite_desk.client.get("/v1/keys")
        sqlite_desk.client.get("/nowhere")
    found = [(line["route"], line["status"], line["key"], line["role"]) for line in lines]
    assert found == [
        ("/v1/keys", 403, prefix, "broker"),
        ("/v1/keys", 401, None, None),
        ("none", 404, None, None),
    ]


def test_a_fault_is_logged_by_its_kind_and_place(shaky_desk: Desk) -> None:
    """Enough to find it, without its text: that may be what somebody wrote about a person."""
    with structlog.testing.capture_logs() as lines:
        answered = shaky_desk.client.post("/v1/shaky/somebody")
    fault, call = lines
    assert (fault["event"], fault["log_level"]) == ("fault", "error")
    assert fault["kinds"] == ["RuntimeError", "KeyError"]
    assert fault["places"][-1].startswith("test_edge.py:")
    assert fault["places"][-1].endswith(" shaky")
    assert (call["status"], call["route"]) == (500, "/v1/shaky/{name}")
    refused(answered, 500, "our-fault")


def test_a_fault_reaches_the_server_only_where_things_are_tried_out(shaky_desk: Desk) -> None:
    """A server logs what reaches it, with its text; production keeps it from there."""
    with pytest.raises(RuntimeError, match=SECRET_WORDS):
        TestClient(shaky_desk.app).post("/v1/shaky/somebody")
    service = shaky_desk.app.state.service
    settings = service.settings.model_copy(update={"mode": Mode.PRODUCTION})
    object.__setattr__(service, "settings", settings)
    shaky_desk.app.middleware_stack = shaky_desk.app.build_middleware_stack()
    answered = TestClient(shaky_desk.app).post("/v1/shaky/somebody")
    refused(answered, 500, "our-fault")


# -- figures -----------------------------------------------------------------------------------


def test_calls_are_counted_by_route_method_and_status(sqlite_desk: Desk) -> None:
    """By the route's template, so that no id becomes a figure."""
    sqlite_desk.call("GET", "/v1/requests/R-101")
    sqlite_desk.call("GET", "/v1/requests/R-102")
    sqlite_desk.client.request("BREW", "/nowhere/R-103")
    text = sqlite_desk.call("GET", "/metrics", role="administrator").text
    route = 'route="/v1/requests/{request_id}"'
    assert f'carematch_calls_total{{method="GET",{route},status="200"}} 2.0' in text
    assert 'carematch_calls_total{method="other",route="none",status="404"} 1.0' in text
    assert f"carematch_call_seconds_count{{{route}}} 2.0" in text
    assert "R-10" not in text
    assert "BREW" not in text


def test_figures_are_not_for_everybody(sqlite_desk: Desk) -> None:
    """How busy a council is, is its own business."""
    refused(sqlite_desk.call("GET", "/metrics"), 403, "not-allowed")
    refused(sqlite_desk.client.get("/metrics"), 401, "not-signed-in")

"""Tests of problem documents: one table from every error to its answer, and nothing given away."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from api import errors
from api.errors import ANSWERS, OUR_FAULT, MalformedError, answer_of, faults_of, stands
from api.problems import RESPONSES, answer_with_problems
from matcher.errors import BadInputError, Fault, MatcherError, PostcodeError, RefereeError
from matcher.model import CareRequest
from tests.api.desk import Desk, refused


class Told(BaseModel):
    """A body with a number."""

    number: int


def answer_to(error: Exception) -> Any:
    """Return the answer of an app whose only route raises an error."""
    app = FastAPI()
    answer_with_problems(app)

    @app.post("/")
    def fail(body: Told) -> None:
        raise error

    with TestClient(app, raise_server_exceptions=False) as client:
        return client.post("/", json={"number": 1})


def told_of(error: Exception) -> dict[str, Any]:
    """Return the problem document of an error."""
    answered = answer_to(error)
    assert answered.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answered.json()
    assert document["status"] == answered.status_code
    return document


# -- the table ---------------------------------------------------------------------------------


def subclasses(kind: type[MatcherError]) -> set[type[MatcherError]]:
    """Return every kind of error below one."""
    return {kind}.union(*(subclasses(each) for each in kind.__subclasses__()))


@pytest.mark.parametrize("kind", sorted(subclasses(MatcherError), key=lambda kind: kind.__name__))
def test_every_kind_of_error_has_an_answer(kind: type[MatcherError]) -> None:
    """Its own, or that of the nearest kind that it is of."""
    answer = answer_of(kind.__new__(kind))
    assert answer in ANSWERS.values()
    if kind in ANSWERS:
        assert answer == ANSWERS[kind]


def test_kinds_and_statuses_go_together() -> None:
    """One kind of problem is always of one status and one title."""
    told = {(answer.kind, answer.status, answer.title) for answer in ANSWERS.values()}
    assert len({kind for kind, _, _ in told}) == len(told)
    described = {answer.status for answer in ANSWERS.values()} - {OUR_FAULT.status}
    assert described <= set(RESPONSES)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.BadCallError, 400),
        (errors.NotSignedInError, 401),
        (errors.NotAllowedError, 403),
        (errors.NotFoundError, 404),
        (errors.ConflictError, 409),
        (errors.CapacityTakenError, 409),
        (errors.StaleError, 412),
        (errors.VersionNeededError, 428),
        (errors.NotReadyError, 503),
        (PostcodeError, 400),
    ],
)
def test_an_error_says_what_where_and_what_was_expected(
    kind: type[MatcherError], status: int
) -> None:
    """As one document for every kind."""
    told = told_of(kind("It is\nso.", thing="thing", value=7, expected="8"))
    assert told == {
        "type": f"urn:carematch:problem:{ANSWERS[kind].kind}",
        "title": ANSWERS[kind].title,
        "status": status,
        "detail": "It is so.",
        "request_id": "",
        "thing": "thing",
        "value": "7",
        "expected": "8",
    }


def test_what_is_not_known_is_left_out() -> None:
    """No member stands there empty."""
    told = told_of(errors.ConflictError("It is so."))
    assert sorted(told) == ["detail", "request_id", "status", "title", "type"]


def test_a_value_is_shown_short_and_plain() -> None:
    """Without control characters, door codes, or more of it than anybody reads."""
    assert told_of(errors.BadCallError("No.", value="a\x07b"))["value"] == "a�b"
    assert told_of(errors.BadCallError("No.", value="key safe 4711"))["value"] == "(withheld)"
    assert told_of(errors.BadCallError("key safe 4711"))["detail"] == "(withheld)"
    assert len(told_of(errors.BadCallError("No.", value="x" * 999))["value"]) == 200


def test_too_many_calls_say_when_to_try_again() -> None:
    """As a header that clients know."""
    assert answer_to(errors.TooManyCallsError("Too many.", 7)).headers["Retry-After"] == "7"


def test_faults_of_input_are_listed() -> None:
    """Where each is and what was expected, and not what was met."""
    fault = Fault("rates.csv", 3, "unit", "fortnight 4711", "hour, week or night")
    told = told_of(BadInputError([fault]))
    assert told["fields"] == [{"where": "rates.csv unit", "expected": "hour, week or night"}]


# -- faults of ours ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("told by her daughter"),
        KeyError("told by her daughter"),
        RefereeError("told by her daughter", thing="told by her daughter"),
    ],
)
def test_a_fault_of_ours_is_told_without_its_text(error: Exception) -> None:
    """Whatever it says may be about a person; the request id is how we find it."""
    told = told_of(error)
    assert (told["status"], told["type"]) == (500, "urn:carematch:problem:our-fault")
    assert "daughter" not in str(told)
    assert sorted(told) == ["detail", "request_id", "status", "title", "type"]


# -- the framework's own -----------------------------------------------------------------------


def test_the_frameworks_answers_are_problems_too(sqlite_desk: Desk) -> None:
    """No such path, no such method."""
    refused(sqlite_desk.client.get("/nowhere"), 404, "not-found")
    answered = sqlite_desk.client.put("/healthz")
    refused(answered, 405, "method-not-allowed")
    assert answered.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"request_id": "N 1", "service_type": "homecare"}', "body.request_id"),
        (b'{"request_id": "N-1", "service_type": "homecare", "x": 1}', "body.x"),
    ],
)
def test_a_body_of_another_shape_is_told_field_by_field(
    sqlite_desk: Desk, content: bytes, where: str
) -> None:
    """What was expected and where; never what was sent."""
    headers = {"Authorization": f"Bearer {sqlite_desk.key()}", "Content-Type": "application/json"}
    answered = sqlite_desk.client.post("/v1/requests", content=content, headers=headers)
    told = refused(answered, 422, "bad-shape")
    assert [field["where"] for field in told["fields"]] == [where]
    assert "N 1" not in answered.text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "at character 1: expecting property name enclosed in double quotes."),
        (b'{"note": code 4711}', "at character 9: expecting value."),
        (b"{} {}", "at character 3: extra data."),
    ],
)
def test_a_body_that_is_no_json_is_told_where_it_breaks(
    sqlite_desk: Desk, content: bytes, told: str
) -> None:
    """In words and by the character; not what stands there."""
    headers = {"Authorization": f"Bearer {sqlite_desk.key()}", "Content-Type": "application/json"}
    answered = sqlite_desk.client.post("/v1/requests", content=content, headers=headers)
    problem = refused(answered, 422, "bad-shape")
    assert problem["detail"] == f"The body is not valid JSON {told}"
    assert problem["fields"] == [{"where": "body", "expected": "valid JSON"}]


def test_an_address_that_is_none_tells_where_all_are_listed(sqlite_desk: Desk) -> None:
    """Whoever opens the service by its name alone is shown the way on."""
    for path in ("/", "/v1/nowhere"):
        told = refused(sqlite_desk.client.get(path), 404, "not-found")
        assert "/v1/openapi.json" in told["detail"]


def test_a_door_code_is_not_repeated_wherever_it_stands(sqlite_desk: Desk) -> None:
    """As the name of a field, or as a value that a message would name (H8)."""
    usual = {"request_id": "N-1", "service_type": "homecare"}
    for body in ({**usual, "key safe 4711": 1}, {**usual, "postcode": "key safe 4711"}):
        answered = sqlite_desk.call("POST", "/v1/requests", body)
        refused(answered, 422, "bad-shape")
        assert "4711" not in answered.text


# -- nouns that cannot stand -------------------------------------------------------------------


def test_a_noun_that_cannot_stand_is_malformed() -> None:
    """Every field of it is named, with what was expected."""
    document = {"request_id": "N 1", "service_type": "massage"}
    with pytest.raises(MalformedError) as caught:
        stands(CareRequest, document, "Request N-1")
    assert [where for where, _ in caught.value.faults] == ["request_id", "service_type"]
    told = told_of(caught.value)
    sentence = "Request N-1 would not be of the shape that is asked for. request_id: "
    assert told["detail"].startswith(sentence)
    assert [field["where"] for field in told["fields"]] == ["request_id", "service_type"]
    assert "massage" not in str(told)


def test_a_noun_that_can_stand_stands() -> None:
    """As the model has it."""
    request = stands(CareRequest, {"request_id": "N-1", "service_type": "homecare"}, "It")
    assert request.request_id == "N-1"


def test_where_a_fault_is_is_told_from_the_outside_in() -> None:
    """Part by part, and no longer than anybody reads."""
    item = {"loc": ("body", "visits", 0, "x" * 300), "msg": "Value error, a day"}
    ((where, expected),) = faults_of([item])
    assert where.startswith("body.visits.0.xxx")
    assert len(where) == 200
    assert expected == "a day"

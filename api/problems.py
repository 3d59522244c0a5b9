"""Errors as problem documents (RFC 9457): what, where, which value, what was expected."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.errors import (
    ANSWERS,
    NO_JSON,
    OUR_FAULT,
    TOO_LARGE,
    TOO_SLOW,
    Answer,
    BusyError,
    MalformedError,
    TooManyCallsError,
    UnansweredError,
    answer_of,
    fault_told,
    faults_of,
    not_json,
)
from matcher.errors import BadInputError, MatcherError
from matcher.shortlist import RequestRefusedError
from matcher.vocabulary import printable

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:carematch:problem:"
log = structlog.get_logger(__name__)


class Refusal(BaseModel):
    """One rule against a request."""

    rule_id: str
    citation: str
    sentence: str


class FieldFault(BaseModel):
    """One field that is not as asked for; its value is not repeated."""

    where: str
    expected: str


class Problem(BaseModel):
    """Why a call was not done."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    thing: str | None = None
    value: str | None = None
    expected: str | None = None
    refusals: list[Refusal] | None = None
    missing: list[str] | None = None
    fields: list[FieldFault] | None = None


def document_of(answer: Answer, detail: str, request_id: str, **more: Any) -> Problem:
    """Return what a problem document says: see :func:`problem`."""
    return Problem(
        type=TYPE + answer.kind,
        title=answer.title,
        status=answer.status,
        detail=detail,
        request_id=request_id,
        **more,
    )


def problem(request: Request, answer: Answer, detail: str, **more: Any) -> JSONResponse:
    """Return a problem document as the answer to a call.

    Parameters
    ----------
    request
        The call.
    answer
        Status, kind and title.
    detail
        One or two plain sentences.
    more
        Further members of the document.
    """
    document = document_of(answer, detail, getattr(request.state, "request_id", ""), **more)
    return JSONResponse(
        document.model_dump(mode="json", exclude_none=True),
        status_code=answer.status,
        media_type=MEDIA_TYPE,
    )


def refused(request: Request, error: MatcherError) -> JSONResponse:
    """Return the answer to a call that was not done, by the kind of its error."""
    answer = answer_of(error)
    if answer is OUR_FAULT:
        return _our_fault(request, error)
    more: dict[str, Any] = {"thing": error.thing, "expected": error.expected}
    if error.value is not None:
        more["value"] = printable(str(error.value))[:200]
    if isinstance(error, RequestRefusedError):
        more["refusals"] = [
            Refusal(rule_id=r.rule_id, citation=r.citation, sentence=r.sentence)
            for r in error.refusals
        ]
    more["missing"] = getattr(error, "missing", None) or None
    if isinstance(error, MalformedError):
        more["fields"] = [FieldFault(where=w, expected=e) for w, e in error.faults]
    if isinstance(error, BadInputError):
        more["fields"] = [
            FieldFault(where=f"{fault.file} {fault.column}".strip(), expected=fault.expected)
            for fault in error.faults
        ]
    response = problem(request, answer, printable(" ".join(error.message.split())), **more)
    if isinstance(error, TooManyCallsError | BusyError | UnansweredError):
        response.headers["Retry-After"] = str(error.retry_seconds)
    if isinstance(error, UnansweredError):
        log.warning("the record does not answer", database=error.database, reason=error.reason)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _our_fault(request: Request, error: Exception) -> JSONResponse:
    log.error("fault", **fault_told(error))
    return problem(
        request,
        OUR_FAULT,
        "Sorry, this is a fault of the service and not of your call. Please report it with the "
        "request_id.",
    )


def _bad_shape(request: Request, error: RequestValidationError) -> JSONResponse:
    kind = request.headers.get("content-type", "")
    is_json = "json" in kind or not request.headers.get("content-length", "0").strip("0")
    broken = next((each for each in error.errors() if each["type"] == NO_JSON), None)
    if broken is not None:
        told = f"The body is {not_json(broken)}."
    elif is_json:
        told = "The call is not of the shape that is asked for."
    else:
        told = "The body is not sent as JSON: add the header Content-Type: application/json."
    fields = [FieldFault(where=w, expected=e) for w, e in faults_of(error.errors())]
    return problem(request, ANSWERS[MalformedError], told, fields=fields)


def of_the_framework(request: Request, error: HTTPException) -> JSONResponse:
    """Return the answer to what the framework itself refuses."""
    title = HTTPStatus(error.status_code).phrase
    answer = Answer(error.status_code, title.lower().replace(" ", "-"), title)
    answer = next((each for each in (TOO_LARGE, TOO_SLOW) if each.status == answer.status), answer)
    detail = f"{error.detail}."
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "There is no such address: GET /v1/openapi.json describes all that there are."
    response = problem(request, answer, detail)
    response.headers.update(error.headers or {})
    return response


Telling = Callable[[Request, Any], JSONResponse]


def _at_once(tell: Telling) -> Callable[[Request, Any], Coroutine[Any, Any, JSONResponse]]:
    """Let an error be told without a thread: it may be that all threads wait for the record."""

    async def told(request: Request, error: Any) -> JSONResponse:
        return tell(request, error)

    return told


def answer_with_problems(app: FastAPI) -> None:
    """Let every error of an app be answered by a problem document."""
    app.add_exception_handler(MatcherError, _at_once(refused))
    app.add_exception_handler(RequestValidationError, _at_once(_bad_shape))
    app.add_exception_handler(HTTPException, _at_once(of_the_framework))
    app.add_exception_handler(Exception, _at_once(_our_fault))


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, title in {
        400: "Cannot be done as asked",
        401: "No valid API key",
        403: "Not this role's to do",
        404: "Not in the record, or not yours",
        408: "Sent too slowly",
        409: "Not as things stand",
        412: "Changed since it was read",
        413: "Too large",
        422: "Not of the shape that is asked for",
        428: "If-Match is needed",
        429: "Too many calls",
        503: "Not ready, too many at once, or a record that does not answer",
    }.items()
}
"""Every answer that a route may give other than its own, for its description."""

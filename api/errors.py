"""What may be wrong with a call, and the one table from each error to an HTTP answer."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from matcher.errors import (
    BadInputError,
    DataSourceError,
    MatcherError,
    PostcodeError,
    RefereeError,
    UnknownIdError,
    WorkerLostError,
)
from matcher.shortlist import RequestRefusedError
from matcher.vocabulary import printable

Noun = TypeVar("Noun", bound=BaseModel)


class ServiceError(MatcherError):
    """Something that the caller can read and act on."""


class BadCallError(ServiceError):
    """A call that says something that cannot be, other than by its shape."""


class MalformedError(ServiceError):
    """Something that no noun can hold, with every field that is not as asked for.

    Parameters
    ----------
    message
        What to tell.
    faults
        Where, and what was expected; values are not repeated (H8).
    """

    def __init__(self, message: str, faults: Sequence[tuple[str, str]]) -> None:
        told = "; ".join(
            f"{where}: {expected}" if where else expected for where, expected in faults
        )
        super().__init__(f"{message} {told}".rstrip())
        self.faults = tuple(faults)


class NotSignedInError(ServiceError):
    """A call without a valid API key."""


class NotAllowedError(ServiceError):
    """A call that the caller's role may not make."""


class NotFoundError(ServiceError):
    """Something that is not in the record, or not the caller's to see."""


class ConflictError(ServiceError):
    """A call that does not go with what has become of its subject."""


class CapacityTakenError(ConflictError):
    """Capacity that somebody else was promised first."""


class StaleError(ServiceError):
    """A change to a version that is no longer the newest."""


class VersionNeededError(ServiceError):
    """A change that does not say which version it is of."""


class TooManyCallsError(ServiceError):
    """More calls in a minute than one key may make.

    Parameters
    ----------
    message
        What to tell.
    retry_seconds
        Seconds after which to try again.
    """

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class BusyError(ServiceError):
    """A record at which too many others stand in line: nothing was done, and it may be tried again.

    Parameters
    ----------
    message
        What to tell.
    retry_seconds
        Seconds after which to try again.
    """

    def __init__(self, message: str, retry_seconds: int) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class UnansweredError(ServiceError):
    """A database behind the record that does not answer.

    Parameters
    ----------
    database, reason
        Where it was looked for, without secrets, and why it does not answer: for who runs the
        service, not for callers.
    retry_seconds
        Seconds after which to try again.
    told
        What anybody may know, as the end of a sentence that begins with the database.
    """

    def __init__(
        self, database: str, reason: str, retry_seconds: int, told: str = "does not answer"
    ) -> None:
        super().__init__(
            f"The database behind the record {told}, so try again. Whether a change that was under "
            "way is kept is not known: read it before it is made anew.",
            thing="record",
            expected="a database that answers",
        )
        self.database, self.reason, self.told = database, reason, told
        self.retry_seconds = retry_seconds


class NotReadyError(ServiceError):
    """A service that cannot answer yet or any more."""


class Answer(NamedTuple):
    """The HTTP status of an error, its kind (the end of the problem's type) and its title."""

    status: int
    kind: str
    title: str


POSTCODE, A_POSTCODE = "postcode", "a full postcode such as DT1 1XJ"
"""The type of the one fault whose message repeats what was met, and what to say in its place."""
NO_JSON = "json_invalid"
"""The type of the fault of a body that is no JSON at all."""
MOST_PLACES = 20
"""Places in the code that a fault is logged with, the innermost one last."""
OUR_FAULT = Answer(500, "our-fault", "A fault of this service")
TOO_LARGE = Answer(413, "too-large", "Too large")
TOO_SLOW = Answer(408, "too-slow", "Sent too slowly")
NO_HTTP = Answer(400, "no-http", "No HTTP call")
FULL = Answer(503, "full", "Too many connections")
ANSWERS: Mapping[type[MatcherError], Answer] = MappingProxyType(
    {
        NotSignedInError: Answer(401, "not-signed-in", "No valid API key"),
        NotAllowedError: Answer(403, "not-allowed", "Not this role's to do"),
        NotFoundError: Answer(404, "not-found", "Not in the record"),
        UnknownIdError: Answer(404, "not-found", "Not in the record"),
        CapacityTakenError: Answer(409, "capacity-taken", "The capacity is promised already"),
        ConflictError: Answer(409, "conflict", "Not as things stand"),
        RequestRefusedError: Answer(409, "request-refused", "May not be arranged yet"),
        StaleError: Answer(412, "stale", "Changed since it was read"),
        VersionNeededError: Answer(428, "version-needed", "If-Match is needed"),
        TooManyCallsError: Answer(429, "too-many-calls", "Too many calls"),
        NotReadyError: Answer(503, "not-ready", "Not ready"),
        BusyError: Answer(503, "busy", "Too many at once"),
        UnansweredError: Answer(503, "unanswered", "The record does not answer"),
        MalformedError: Answer(422, "bad-shape", "Not of the shape that is asked for"),
        BadCallError: Answer(400, "bad-call", "Cannot be done as asked"),
        PostcodeError: Answer(400, "bad-postcode", "No such postcode"),
        BadInputError: Answer(400, "bad-input", "Faults in the input"),
        RefereeError: OUR_FAULT,
        DataSourceError: OUR_FAULT,
        WorkerLostError: OUR_FAULT,
        MatcherError: Answer(400, "bad-call", "Cannot be done as asked"),
    }
)
"""Every kind of error with its answer; the nearest kind that an error is of counts."""


def answer_of(error: MatcherError) -> Answer:
    """Return the HTTP answer to an error."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def faults_of(errors: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return where validation failed and what was expected; values are never repeated (H8).

    Names of fields come from the caller too, and some messages name what was met.
    """
    return [(printable(_where(item)[:200]), printable(_expected_by(item))) for item in errors]


def not_json(item: Mapping[str, Any]) -> str:
    """Return from which character on a body is no JSON, and why: nothing of what stands there."""
    reason = str(item.get("ctx", {}).get("error", "no JSON"))
    return f"not valid JSON at character {item['loc'][-1]}: {reason[:1].lower()}{reason[1:]}"


def _where(item: Mapping[str, Any]) -> str:
    # Of a body that is no JSON the place is a character, which is no name of a field.
    parts = item["loc"][:1] if item.get("type") == NO_JSON else item["loc"]
    return ".".join(str(part) for part in parts)


def _expected_by(item: Mapping[str, Any]) -> str:
    if item.get("type") == POSTCODE:
        return A_POSTCODE
    if item.get("type") == NO_JSON:
        return "valid JSON"
    return str(item["msg"]).removeprefix("Value error, ")


def fault_told(error: BaseException) -> dict[str, list[str]]:
    """Return what may be logged of a fault: the kinds of it and of those behind it, and where.

    Not its text and no values: those may be what somebody wrote about a person (H7).
    """
    frames = traceback.extract_tb(error.__traceback__)[-MOST_PLACES:]
    return {
        "kinds": list(_kinds(error)),
        "places": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
    }


def _kinds(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        yield type(error).__name__
        error = error.__cause__ or error.__context__


def stands(kind: type[Noun], document: Mapping[str, Any], what: str) -> Noun:
    """Return a noun of a document that a caller had a part in.

    Parameters
    ----------
    kind
        The noun.
    document
        What it is to hold.
    what
        What to call it in the error.

    Raises
    ------
    MalformedError
        If it cannot hold that.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        faults = faults_of(error.errors(include_input=False, include_url=False))
        raise MalformedError(
            f"{what} would not be of the shape that is asked for.", faults
        ) from None

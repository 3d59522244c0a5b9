"""Tests of the kinds of error: each has one answer, and none gives away what somebody wrote."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

import api.errors
import matcher.errors
from api.acts.requests import IncompleteRequestError
from api.errors import (
    ANSWERS,
    OUR_FAULT,
    Answer,
    BadCallError,
    CapacityTakenError,
    ConflictError,
    MalformedError,
    NotFoundError,
    ServiceError,
    TooManyCallsError,
    answer_of,
    faults_of,
    stands,
)
from api.schemas.offers import RecordedOffer
from api.schemas.providers import CapacityChange
from api.schemas.requests import Ending, Increase, RequestChange, Suspension
from matcher.errors import (
    BadInputError,
    DataSourceError,
    Fault,
    MatcherError,
    PostcodeError,
    RefereeError,
    WorkerLostError,
)
from matcher.model import CareRequest, Provider
from matcher.shortlist import RequestRefusedError

ROOMS = (api.errors, matcher.errors)
KINDS = sorted(
    {
        kind
        for room in ROOMS
        for _, kind in inspect.getmembers(room, inspect.isclass)
        if issubclass(kind, MatcherError)
    },
    key=lambda kind: kind.__name__,
)
SECRET = "Mrs Pike 4711"
"""What nobody wants to read in an answer."""
NOUNS: tuple[type[BaseModel], ...] = (
    *(CareRequest, Provider, Suspension, Ending, Increase, RequestChange),
    *(CapacityChange, RecordedOffer),
)
NAMES = [
    (noun, name) for noun in NOUNS for name in sorted({f for f in noun.model_fields if f != "note"})
]


def made(kind: type[MatcherError]) -> MatcherError:
    """Return an error of a kind, whatever it is made of."""
    return kind.__new__(kind)


# -- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_the_answer_of_the_nearest(kind: type[MatcherError]) -> None:
    """Its own where it has one, else that of the first of its parents that has one."""
    nearest = next(each for each in kind.__mro__ if each in ANSWERS)
    assert answer_of(made(kind)) == ANSWERS[nearest]
    assert kind in ANSWERS or kind is ServiceError, f"{kind.__name__} has no answer of its own"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_not_known_is_answered_as_its_parent(kind: type[MatcherError]) -> None:
    """Nobody has to think of the table to be more exact."""
    child = type("ChildError", (kind,), {})
    grandchild = type("GrandchildError", (child,), {})
    assert answer_of(made(child)) == answer_of(made(grandchild)) == answer_of(made(kind))


def test_of_two_parents_the_first_counts() -> None:
    """As Python looks things up."""
    both = type("BothError", (NotFoundError, ConflictError), {})
    other = type("OtherError", (ConflictError, NotFoundError), {})
    assert answer_of(made(both)).status == 404
    assert answer_of(made(other)).status == 409


def test_who_is_more_exact_comes_first() -> None:
    """Capacity that is taken is told from other conflicts, and a request that lacks something."""
    assert answer_of(CapacityTakenError("Taken.")).kind == "capacity-taken"
    assert answer_of(ConflictError("Not now.")).kind == "conflict"
    assert issubclass(IncompleteRequestError, RequestRefusedError)
    assert answer_of(made(IncompleteRequestError)).kind == "request-refused"


def test_every_kind_of_problem_has_one_status() -> None:
    """A client that knows the kind knows the status and the title."""
    known: dict[str, set[Answer]] = defaultdict(set)
    for answer in ANSWERS.values():
        known[answer.kind].add(answer)
    assert {kind: answers for kind, answers in known.items() if len(answers) > 1} == {}


@pytest.mark.parametrize("answer", sorted(set(ANSWERS.values())), ids=lambda each: each.kind)
def test_an_answer_is_an_error_in_plain_words(answer: Answer) -> None:
    """Of the caller's or of ours, named for a machine and for a person."""
    assert 400 <= answer.status < 600
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", answer.kind)
    assert answer.title[0].isupper()
    assert not answer.title.endswith(".")


def test_only_faults_of_ours_are_answered_as_such() -> None:
    """Nothing that a caller could do anything about is called a fault of the service."""
    ours = {kind for kind, answer in ANSWERS.items() if answer is OUR_FAULT}
    assert ours == {RefereeError, DataSourceError, WorkerLostError}
    assert not any(issubclass(kind, ServiceError) for kind in ours)


def test_the_table_cannot_be_changed() -> None:
    """It is one for everybody."""
    with pytest.raises(TypeError):
        ANSWERS[ConflictError] = OUR_FAULT  # type: ignore[index]


def test_whatever_else_can_be_read_is_a_bad_call() -> None:
    """An error that somebody can act on is not hidden behind a fault of ours."""
    assert answer_of(MatcherError("It is so.")) == answer_of(BadCallError("It is so."))
    assert answer_of(PostcodeError("It is so.")).status == 400


# -- what an error holds -----------------------------------------------------------------------


def test_an_error_keeps_what_it_is_told() -> None:
    """The thing, the value and what was expected; the text is the message."""
    error = ConflictError("It is so.", thing="request R-1", value=3, expected="4")
    told = (str(error), error.message, error.thing, error.value, error.expected)
    assert told == ("It is so.", "It is so.", "request R-1", 3, "4")
    bare = ConflictError("It is so.")
    assert (bare.thing, bare.value, bare.expected) == (None, None, None)


def test_too_many_calls_know_when_to_come_back() -> None:
    """In whole seconds."""
    assert TooManyCallsError("Too many.", 7).retry_seconds == 7


def test_faults_of_input_are_told_once_and_in_order() -> None:
    """By file, row and column; and an error without faults is none."""
    late, early = Fault("b.csv", 2, "x", "1", "2"), Fault("a.csv", 9, "y", "1", "2")
    assert BadInputError([late, early, late]).faults == (early, late)
    with pytest.raises(ValueError, match="at least one"):
        BadInputError([])


def test_what_is_malformed_keeps_its_fields() -> None:
    """As they were told, for whoever comes later."""
    faults = [("a", "b"), ("c", "d")]
    error = MalformedError("It is so.", faults)
    faults.clear()
    assert error.faults == (("a", "b"), ("c", "d"))


# -- nothing is given away (H8) ----------------------------------------------------------------


def told_of(noun: type[BaseModel], document: dict[str, object]) -> str:
    """Return all that is told of a document that cannot stand; nothing where it can."""
    try:
        stands(noun, document, "It")
    except MalformedError as error:
        return f"{error} {error.faults}"
    return ""


@pytest.mark.parametrize(
    ("noun", "name"), NAMES, ids=[f"{noun.__name__}.{name}" for noun, name in NAMES]
)
@pytest.mark.parametrize("wrap", ["text", "list", "nested"])
def test_no_field_repeats_its_value(noun: type[BaseModel], name: str, wrap: str) -> None:
    """Whatever a field of any noun holds, and however deep, is not said again (H8)."""
    value = {"text": SECRET, "list": [SECRET], "nested": [{"days": SECRET, "band": [SECRET]}]}[wrap]
    told = told_of(noun, {name: value})
    assert told != ""  # something is missing of each
    assert "Pike" not in told
    assert "4711" not in told


@given(
    st.dictionaries(
        st.sampled_from(sorted(CareRequest.model_fields)),
        st.recursive(
            st.sampled_from([SECRET, f"key safe {SECRET}", None, True]),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("days"), inner),
            max_leaves=4,
        ),
        max_size=6,
    )
)
def test_no_mixture_of_fields_repeats_a_value(document: dict[str, object]) -> None:
    """Nor do several fields that are wrong together."""
    told = told_of(CareRequest, document)
    assert "Pike" not in told
    assert "4711" not in told


def test_a_name_of_a_field_with_a_code_is_withheld() -> None:
    """Names come from the caller too."""
    ((where, _),) = faults_of([{"loc": ("body", "key safe 4711"), "msg": "Extra"}])
    assert where == "(withheld)"
    ((where, expected),) = faults_of([{"loc": (), "msg": "met key safe 4711"}])
    assert (where, expected) == ("", "(withheld)")


def test_nothing_stands_behind_the_error() -> None:
    """What validation said, with its values, is not chained to what goes to a log."""
    with pytest.raises(MalformedError) as caught:
        stands(CareRequest, {"request_id": SECRET}, "It")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_postcode_is_not_repeated_but_asked_for() -> None:
    """Its own message names what was met, so another stands in its place."""
    document = {"request_id": "N-1", "service_type": "homecare", "postcode": SECRET}
    with pytest.raises(MalformedError) as caught:
        stands(CareRequest, document, "It")
    assert caught.value.faults == (("postcode", "a full postcode such as DT1 1XJ"),)


def test_every_field_at_fault_is_told() -> None:
    """All at once and each where it is, so that nobody has to try again and again."""
    document = {"request_id": "N 1", "service_type": "homecare", "risk": "blue", "needs": 7}
    with pytest.raises(MalformedError) as caught:
        stands(CareRequest, document, "Request N 1")
    assert [where for where, _ in caught.value.faults] == ["request_id", "risk", "needs"]
    assert caught.value.message.startswith("Request N 1 would not be")


def test_what_can_stand_is_not_changed() -> None:
    """The document that was given stays as it is."""
    document = {"reason": "died", "note": "In her sleep"}
    kept = dict(document)
    assert stands(Ending, document, "It").note == "In her sleep"
    assert document == kept

"""Errors are for people: faults say where, what was met and what was expected."""

from __future__ import annotations

import pytest

from matcher.errors import BadInputError, Fault, MatcherError, UnknownIdError


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("a.csv", 3, "beds", "x", "a number"), "a.csv, row 3, column beds: found 'x'"),
        (Fault("a.csv", 3, "", "x", "a number"), "a.csv, row 3: found 'x'"),  # the whole row
        (Fault("a.toml", 0, "title", "", "a title"), "a.toml, column title: found ''"),  # no rows
        (Fault("a.csv", 0, "", "", "a table"), "a.csv: found ''"),  # the whole file
    ],
)
def test_a_fault_names_the_place_as_closely_as_it_is_known(fault: Fault, text: str) -> None:
    """File always, row and column where there is one."""
    assert str(fault) == f"{text}; expected {fault.expected}"


def test_bad_input_lists_every_fault_once_in_order() -> None:
    """By file, then row, then column, however they were found."""
    first, second = Fault("a.csv", 2, "x", "", "a"), Fault("a.csv", 10, "x", "", "b")
    error = BadInputError([second, first, second])
    assert error.faults == (first, second)
    assert str(error) == f"2 faults found:\n  {first}\n  {second}"
    assert str(BadInputError([first])).startswith("1 fault found:\n")


def test_bad_input_without_a_fault_is_a_mistake_of_ours() -> None:
    """Nobody is told that nothing is wrong."""
    with pytest.raises(ValueError, match="at least one fault"):
        BadInputError([])


def test_every_error_carries_thing_value_and_what_was_expected() -> None:
    """For whoever shows it in another form than the sentence."""
    error = UnknownIdError("No R-9.", thing="request", value="R-9", expected="a request_id")
    assert isinstance(error, MatcherError)
    assert (str(error), error.message) == ("No R-9.", "No R-9.")
    assert (error.thing, error.value, error.expected) == ("request", "R-9", "a request_id")

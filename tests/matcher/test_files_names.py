"""When two names may be of one home."""

from __future__ import annotations

import pytest

from matcher.files.names import nearly_one_name


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Elm Court", "Elm Court", True),
        ("Elm Court Nursing Home", "Elm Court Residential Home", True),
        ("St. Mary's Lodge", "St Marys Lodge Limited", True),
        ("Elm Court", "Elm Cuort", True),  # misspelt
        ("Elm House", "Elm", True),
        ("Elm Court", "Oak Court", False),
        ("Owner Group - Brierley Bungalow", "Owner Group - Teversall Bungalow", False),
        ("Elm House 1", "Elm House 2", False),
        ("1 Elm Road", "2 Elm Road", False),
        ("Unit A", "Unit B", False),
        ("Elm View", "Elm Lodge", False),
        ("Nursing Home", "Care Home", False),  # nothing is left to compare but the kinds
    ],
)
def test_when_names_are_nearly_one(one: str, other: str, alike: bool) -> None:
    """Legal forms and kinds of home do not count; numbers and what is not shared do."""
    assert nearly_one_name(one, other) is alike
    assert nearly_one_name(other, one) is alike

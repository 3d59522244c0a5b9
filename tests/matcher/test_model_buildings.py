"""When two names may be of one home."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.geography import Gazetteer, Postcode
from matcher.model import Frozen
from matcher.model.buildings import nearly_one_name
from matcher.report.pair import explain_pair
from matcher.report.shortlist import shortlist_page
from matcher.shortlist import make_shortlist
from tests.builders import (
    OUT_OF_TOWN,
    beds,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    weekly,
)
from tests.matcher.report.printed import one_line


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


def twins(**later: Any) -> list[Frozen]:
    """Return one building under two ids, the second with changes."""
    first = home("H-2", name="Elm Court Care Home")
    usual = {"name": "Elm Court"}
    pence = later.pop("pence", 90_000)
    second = home("H-1", **{**usual, **later})
    supply = (beds("H-1"), beds("H-2"), weekly("H-1", pence), weekly("H-2", 80_000))
    return [first, second, *supply]


def offered_by(gazetteer: Gazetteer, *things: Frozen, **asked: Any) -> list[tuple[str, ...]]:
    """Return each option of a shortlist with the other ids of its building."""
    supply = market(gazetteer, *things, placement_request(**asked))
    options = make_shortlist(supply, "R-1").shortlist.options
    return [(each.provider_id, *each.also_registered_as) for each in options]


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, [("H-2", "H-1")]),  # the cheaper registration fits best
        ({"pence": 70_000}, [("H-1", "H-2")]),
        ({"name": "Elm House"}, [("H-2",), ("H-1",)]),  # a neighbour
        ({"postcode": Postcode(OUT_OF_TOWN)}, [("H-2",), ("H-1",)]),  # a namesake elsewhere
        ({"status": "embargoed"}, [("H-2",)]),  # the other cannot start, so it is not named
    ],
)
def test_one_building_is_offered_once(
    changes: dict[str, Any], options: list[tuple[str, ...]], gazetteer: Gazetteer
) -> None:
    """By the registration that fits best, with the other id beside it."""
    assert offered_by(gazetteer, *twins(**changes)) == options


def test_the_affordable_registration_is_the_one_offered(gazetteer: Gazetteer) -> None:
    """Where the one that ranks first is above the budget and the other is not (L1)."""
    better = {"contract": "block", "pence": 110_000}
    found = offered_by(gazetteer, *twins(**better))
    assert [option[0] for option in found] == ["H-2"]


def test_the_page_names_the_other_id(gazetteer: Gazetteer) -> None:
    """A broker sees why one of two rows is not there; asked about, it has its building's rank."""
    supply = market(gazetteer, *twins(), placement_request())
    text = one_line(shortlist_page(supply, make_shortlist(supply, "R-1")))
    assert "H-2 is registered as H-1 too: one building, offered once" in text
    pair = explain_pair(supply, "R-1", "H-1")
    assert pair.offer is not None
    assert pair.offer.rank == 1


def test_two_agencies_at_one_door_are_two(gazetteer: Gazetteer) -> None:
    """Branches that share an address and a name are asked each by itself."""
    agencies = [
        thing
        for name in ("P-1", "P-2")
        for thing in (provider(name, name="Care Ltd"), hours(name), hourly(name))
    ]
    supply = market(gazetteer, *agencies, homecare_request())
    assert len(make_shortlist(supply, "R-1").shortlist.options) == 2

"""Cautions about places: closed homes lived in, strange postcodes, and homes told twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book
from matcher.geography import Gazetteer
from tests.breaking import SAMPLE, Step, cell, copy_of_sample, row

LEEDS, SWANAGE = "LS14 6PF", "BH19 3AU"


def warned(tmp_path: Path, gazetteer: Gazetteer | None, *steps: Step) -> list[tuple[str, int, str]]:
    """Return file, row and expectation of each caution about the sample after some steps."""
    folder = copy_of_sample(tmp_path)
    for step in steps:
        step(folder)
    warnings = read_book(folder, gazetteer=gazetteer).warnings
    return [(each.file, each.row, each.expected) for each in warnings]


def test_whoever_has_care_from_a_closed_provider_is_named(tmp_path: Path) -> None:
    """The caution stands on the line of running care, and says that nobody is moved (H18)."""
    (found,) = warned(tmp_path, None, cell("providers.csv", 2, "status", "closed"))
    assert found == (
        "running.csv",
        2,
        "an open provider: Maiden Castle Homecare is closed, so R-100 has to be found another "
        "place (H18: not moved here)",
    )


def test_an_embargo_is_no_closure(tmp_path: Path) -> None:
    """What runs under an embargo goes on."""
    assert warned(tmp_path, None, cell("providers.csv", 2, "status", "embargoed")) == []


def test_a_postcode_of_another_council_is_told(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Leeds in a book of Dorset: told once, of the authority and not of zones besides."""
    (found,) = warned(tmp_path, gazetteer, cell("requests.csv", 3, "postcode", LEEDS))
    assert found == (
        "requests.csv",
        3,
        "a postcode of Dorset, the book's council: it is in Leeds",
    )


def test_people_of_one_other_council_are_told_together(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """One caution an authority, with how many people there are."""
    steps = (cell("requests.csv", number, "postcode", LEEDS) for number in (3, 4, 5))
    (found,) = warned(tmp_path, gazetteer, *steps)
    assert found[1:] == (
        3,
        "a postcode of Dorset, the book's council: it is in Leeds; 3 people in all",
    )


@pytest.mark.parametrize("council", ["england", "Dorset-and-Somerset"])
def test_a_book_of_no_one_council_has_nobody_outside(
    tmp_path: Path, gazetteer: Gazetteer, council: str
) -> None:
    """Where the council is no authority's code, only zones are looked at."""
    folder = copy_of_sample(tmp_path)
    head = folder / "book.toml"
    head.write_text(head.read_text("utf-8").replace("E06000059", council), "utf-8")
    cell("requests.csv", 3, "postcode", LEEDS)(folder)
    (found,) = read_book(folder, gazetteer=gazetteer).warnings
    assert "no zone holds LS14" in found.expected


def test_a_postcode_in_no_zone_is_told(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Swanage is in Dorset, and no zone of the book holds it: once, for both people there."""
    steps = (cell("requests.csv", number, "postcode", SWANAGE) for number in (3, 4))
    (found,) = warned(tmp_path, gazetteer, *steps)
    assert found == (
        "requests.csv",
        3,
        "a postcode of a zone: no zone holds BH19, so nobody who is bound to zones can be offered; "
        "2 people in all",
    )


@pytest.mark.parametrize(
    "number",
    [
        2,  # why: her care runs already
        10,  # why: a bed, and no home is bound to zones
    ],
)
def test_zones_are_told_only_where_they_matter(
    tmp_path: Path, gazetteer: Gazetteer, number: int
) -> None:
    """Nobody need be in a zone who is not offered anything by zones."""
    assert warned(tmp_path, gazetteer, cell("requests.csv", number, "postcode", SWANAGE)) == []


@pytest.mark.parametrize(
    ("name", "postcode", "told"),
    [
        ("Poundbury Nursing Home", "DT1 3AA", True),  # why: the same but for what all are called
        ("POUNDBURY HOUSE LTD", "DT1 3AA", True),
        ("Poundbury House", "DT1 1XJ", False),  # another building
        ("Brewery Court", "DT1 3AA", False),  # a neighbour
    ],
)
def test_two_registrations_of_one_building_are_told(
    tmp_path: Path, name: str, postcode: str, told: bool
) -> None:
    """Two open homes with one postcode and nearly one name may have their beds counted twice."""
    home = {"kind": "care_home", "services": "residential", "contract": "spot"}
    told_twice = row("providers.csv", provider_id="twin", name=name, postcode=postcode, **home)
    folder = copy_of_sample(tmp_path)
    told_twice(folder)
    expected = [each.expected for each in read_book(folder).warnings if each.column == "name"]
    assert bool(expected) is told
    if told:
        assert expected == [
            "one row for one home: row 6 is Poundbury House at DT1 3AA too, so its beds may be "
            "counted twice"
        ]


def test_a_closed_twin_counts_nothing_twice(tmp_path: Path) -> None:
    """The registration that went before is closed, and nothing need be said."""
    home = {"kind": "care_home", "services": "residential", "contract": "spot", "status": "closed"}
    twin = row(
        "providers.csv", provider_id="twin", name="Poundbury House", postcode="DT1 3AA", **home
    )
    assert warned(tmp_path, None, twin) == []


def test_the_sample_is_in_its_council_and_its_zones(gazetteer: Gazetteer) -> None:
    """Nothing is odd about the places of the sample."""
    assert read_book(SAMPLE, gazetteer=gazetteer).warnings == ()

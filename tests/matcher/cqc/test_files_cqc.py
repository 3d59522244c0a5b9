"""Tests of the import of CQC registers: what is kept, left out and refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.files.cqc import import_register
from matcher.geography import Gazetteer
from matcher.model import Provider
from matcher.vocabulary import (
    ClientGroup,
    Contract,
    CqcRating,
    ProviderKind,
    ServiceType,
)
from tests.matcher.cqc.extracts import (
    ACTIVE,
    AS_OF,
    BAND,
    DORSET,
    HOMECARE,
    NURSING,
    RESIDENTIAL,
    active,
    directory,
    entry,
    faults,
    home,
    written,
)

# -- what is kept ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "services"),
    [
        ({}, ["residential"]),
        ({f"{BAND}Dementia": "Y"}, ["residential", "residential_dementia"]),
        ({NURSING: "Y", RESIDENTIAL: ""}, ["nursing"]),
        ({NURSING: "y", RESIDENTIAL: "N", f"{BAND}Dementia": "Y"}, ["nursing", "nursing_dementia"]),
        (
            {NURSING: "Y", f"{BAND}Dementia": "Y"},
            ["residential", "nursing", "residential_dementia", "nursing_dementia"],
        ),
    ],
)
def test_services_follow_nursing_and_dementia(
    tmp_path: Path, gazetteer: Gazetteer, cells: dict[str, str], services: list[str]
) -> None:
    """With nursing sells nursing, without it residential, each with dementia where registered."""
    found = import_register(active(tmp_path, home(1, **cells)), gazetteer=gazetteer, as_of=AS_OF)
    assert [service.value for service in found.providers[0].services] == services


def test_an_active_location_becomes_a_provider(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Id, name, postcode, beds and groups of people are kept; the contract is spot and unrated."""
    path = active(tmp_path, home(7, **{f"{BAND}Dementia": "Y", "Registered manager": "A Person"}))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    assert found.layout == "HSCA active locations"
    assert found.registered_beds == {"1-7": 20}
    assert found.providers == (
        Provider(
            provider_id="1-7",
            name="Teasel House 007",
            kind=ProviderKind.CARE_HOME,
            postcode="DT1 1XJ",
            services=(ServiceType.RESIDENTIAL, ServiceType.RESIDENTIAL_DEMENTIA),
            client_groups=(ClientGroup.OLDER_PEOPLE, ClientGroup.DEMENTIA),
            contract=Contract.SPOT,
        ),
    )
    assert "A Person" not in repr(found)


def test_columns_may_stand_in_any_order(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Headings are matched by name, whatever their order, capitals and spacing."""
    rows = [home(1), home(2, **{NURSING: "Y"})]
    straight = import_register(active(tmp_path, *rows), gazetteer=gazetteer, as_of=AS_OF)
    path = written(tmp_path / "turned.csv", tuple(reversed(ACTIVE)), rows)
    path.write_text(path.read_text().replace("Location Name", " location  NAME "))
    assert import_register(path, gazetteer=gazetteer, as_of=AS_OF) == straight


def test_ratings_are_taken_where_there_is_a_column(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A rating keeps its day; no published rating is its own class and has none."""
    rating, day = "Location Latest Overall Rating", "Publication Date"
    path = active(
        tmp_path,
        home(1, **{rating: "Requires improvement", day: "03/02/2024"}),
        home(2, **{rating: "Outstanding"}),
        home(3, **{rating: "No published rating", day: "2024-02-03"}),
        home(4),
    )
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF).providers
    assert [(home.cqc_rating, home.cqc_rated_on) for home in found] == [
        (CqcRating.REQUIRES_IMPROVEMENT, date(2024, 2, 3)),
        (CqcRating.OUTSTANDING, None),
        (CqcRating.NOT_YET_RATED, None),
        (CqcRating.NOT_YET_RATED, None),
    ]


def test_directory_entries_become_homes_and_agencies(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The preamble is passed over; agencies are kept as such; phone numbers are not kept."""
    path = directory(
        tmp_path,
        entry(1),
        entry(2, **{"Service types": "Homecare agencies|Supported living"}),
        entry(3, **{"Service types": "Residential homes|Homecare agencies"}),
    )
    found = import_register(
        path, gazetteer=gazetteer, as_of=AS_OF, contract=Contract.FRAMEWORK, authority=DORSET
    )
    assert found.layout == "CQC directory"
    assert [(p.kind, p.services) for p in found.providers] == [
        (ProviderKind.CARE_HOME, (ServiceType.NURSING, ServiceType.NURSING_DEMENTIA)),
        (ProviderKind.HOMECARE, (ServiceType.HOMECARE,)),
        (ProviderKind.CARE_HOME, (ServiceType.RESIDENTIAL, ServiceType.RESIDENTIAL_DEMENTIA)),
    ]
    assert found.providers[0].client_groups == (
        ClientGroup.OLDER_PEOPLE,
        ClientGroup.DEMENTIA,
    )
    assert all(provider.contract is Contract.FRAMEWORK for provider in found.providers)
    assert found.registered_beds == {}
    assert "01632960001" not in repr(found)


def test_active_homecare_locations_become_agencies(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The whole workbook also lists agencies, whose number of beds is not looked at."""
    path = active(tmp_path, home(1, **{RESIDENTIAL: "", HOMECARE: "Y", "Care homes beds": ""}))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    assert found.providers[0].kind is ProviderKind.HOMECARE
    assert found.registered_beds == {}


# -- what is left out --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({f"{BAND}Older People": "", f"{BAND}Children 0-18 years": "Y"}, "children only"),
        ({RESIDENTIAL: ""}, "neither a care home nor a homecare agency"),
        ({RESIDENTIAL: "", "Location Postal Code": "at sea"}, "neither"),  # no need to mend it
        ({"Location Postal Code": "DT1 8ZZ"}, "DT1 8ZZ is not in the"),  # never was one
    ],
)
def test_what_cannot_be_used_is_left_out_with_the_reason(
    tmp_path: Path, gazetteer: Gazetteer, cells: dict[str, str], reason: str
) -> None:
    """Nothing disappears: read is kept and left out together, each with row, id and reason."""
    path = active(tmp_path, home(1), home(2, **cells))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    assert (found.read, len(found.providers)) == (2, 1)
    (left_out,) = found.left_out
    assert (left_out.row, left_out.location_id) == (3, "1-2")
    assert reason in left_out.reason


def test_a_home_for_children_and_adults_is_kept(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Children among others do not make it a children's home, and are no group here."""
    path = active(tmp_path, home(1, **{f"{BAND}Children 0-18 years": "Y"}))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    assert found.providers[0].client_groups == (ClientGroup.OLDER_PEOPLE,)


def test_a_location_listed_twice_is_kept_once(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The second row is left out and names the first."""
    found = import_register(active(tmp_path, home(1), home(1)), gazetteer=gazetteer, as_of=AS_OF)
    assert (found.read, len(found.providers)) == (2, 1)
    assert "row 2" in found.left_out[0].reason


def test_only_one_authority_is_kept(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The lad column decides; where it is empty or absent the postcode's authority does."""
    rows = [
        home(1),
        home(2, lad="E06000017"),
        home(3, lad=""),
        home(4, lad="", **{"Location Postal Code": "DE1 1AA"}),  # Derby
    ]
    with_column = import_register(
        active(tmp_path, *rows), gazetteer=gazetteer, as_of=AS_OF, authority=DORSET
    )
    assert [p.provider_id for p in with_column.providers] == ["1-1", "1-3"]
    assert (with_column.read, with_column.elsewhere) == (2, 2)
    header = tuple(name for name in ACTIVE if name != "lad")
    bare = [{name: row[name] for name in row if name != "lad"} for row in rows]
    path = written(tmp_path / "no_lad.csv", header, bare)
    without = import_register(path, gazetteer=gazetteer, as_of=AS_OF, authority=DORSET)
    assert [p.provider_id for p in without.providers] == ["1-1", "1-2", "1-3"]
    assert without.elsewhere == 1


# -- faults ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"Location ID": ""}, "Location ID"),  # nothing to call it by
        ({"Location ID": "1 2"}, "Location ID"),  # an id has no spaces
        ({"Location Postal Code": ""}, "Location Postal Code"),  # nowhere
        ({"Location Postal Code": "DT1"}, "Location Postal Code"),  # half a postcode
        ({"Care homes beds": ""}, "Care homes beds"),  # a home has beds
        ({"Care homes beds": "20.5"}, "Care homes beds"),  # half a bed
        ({"Care homes beds": "2001"}, "Care homes beds"),  # one above the limit
        ({NURSING: "maybe"}, NURSING),  # neither yes nor no
        ({f"{BAND}Dementia": "5"}, f"{BAND}Dementia"),  # a count where a flag belongs
        ({"Location Latest Overall Rating": "Fine"}, "Location Latest Overall Rating"),  # no rating
        (
            {"Location Latest Overall Rating": "Good", "Publication Date": "2024-13-01"},
            "Publication Date",
        ),  # no such month
    ],
)
def test_a_bad_cell_is_named(
    tmp_path: Path, gazetteer: Gazetteer, cells: dict[str, str], column: str
) -> None:
    """Every fault has its file, row, column and value, and good rows do not hide it."""
    (fault,) = faults(active(tmp_path, home(1), home(2, **cells)), gazetteer)
    assert (fault.file, fault.row, fault.column) == ("active.csv", 3, column)
    assert fault.value in cells.get(column, "") or fault.value.endswith("...")
    assert fault.expected


def test_all_faults_are_listed_together(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """One run tells everything that has to be mended."""
    path = active(tmp_path, home(1, **{NURSING: "?"}), home(2, **{"Location ID": ""}), home(3))
    assert [fault.row for fault in faults(path, gazetteer)] == [2, 3]


@pytest.mark.parametrize("beds", ["0", "2000"])
def test_bed_counts_at_the_edge_are_read(tmp_path: Path, gazetteer: Gazetteer, beds: str) -> None:
    """Both ends of the range are accepted."""
    path = active(tmp_path, home(1, **{"Care homes beds": beds}))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    assert found.registered_beds == {"1-1": int(beds)}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", "nothing"),
        ("Name,Beds,Town\nA,1,B\n", "first header cells are Name, Beds, Town"),
        (",".join(ACTIVE).replace("Care homes beds", "Beds") + "\n", "first header cells are Loc"),
        ("filler\n" * 11 + ",".join(ACTIVE) + "\n", "first header cells are filler"),  # too deep
    ],
)
def test_another_layout_is_named(
    tmp_path: Path, gazetteer: Gazetteer, text: str, value: str
) -> None:
    """A file of neither layout is refused with its first headings and what both layouts need."""
    path = tmp_path / "other.csv"
    path.write_text(text)
    (fault,) = faults(path, gazetteer)
    assert fault.value.startswith(value)
    assert "HSCA active locations" in fault.expected
    assert "CQC directory" in fault.expected


def test_broken_files_are_refused_without_a_traceback(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A missing file, a short row and an open quotation mark each become a fault."""
    (absent,) = faults(tmp_path / "absent.csv", gazetteer)
    assert absent.value == "no such file"
    path = active(tmp_path, home(1))
    whole = path.read_text()
    path.write_text(whole + "1-2,short\n")
    (short,) = faults(path, gazetteer)
    assert (short.row, short.value) == (3, "2 cells")
    path.write_text(whole + '1-2,"open\n')
    (unclosed,) = faults(path, gazetteer)
    assert unclosed.row == 3
    assert "closed" in unclosed.expected


def test_a_second_header_row_is_named(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Sheets pasted one under the other repeat their headings, which are no location."""
    path = active(tmp_path, home(1))
    header, row = path.read_text().splitlines()
    path.write_text("\n".join([header, row, header]))
    (fault,) = faults(path, gazetteer)
    assert (fault.row, fault.column) == (3, "Location ID")
    assert "one header row" in fault.expected


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_understood(
    tmp_path: Path, gazetteer: Gazetteer, separator: str
) -> None:
    """As a spreadsheet of another country writes them, with a mark at the start of the file."""
    path = active(tmp_path, home(1), home(2))
    straight = import_register(path, gazetteer=gazetteer, as_of=AS_OF)
    path.write_text(path.read_text().replace(",", separator), encoding="utf-8-sig")
    assert import_register(path, gazetteer=gazetteer, as_of=AS_OF) == straight


def test_a_register_of_nobody_is_read(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Headings alone are no fault: whoever imports them is told that there is nobody."""
    found = import_register(active(tmp_path), gazetteer=gazetteer, as_of=AS_OF)
    assert (found.read, found.providers) == (0, ())

"""Tests of vacancies from a wide extract, and of those of places registered twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.files.cqc import ImportedHomes, import_register
from matcher.geography import Gazetteer
from matcher.vocabulary import CareType
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
    written,
)

VACANT = "Vacant accepting admissions - "
WIDE = (
    "CQC Location ID", "Care Home Name", "Occupied", "Vacant reserved",
    f"{VACANT}Dementia Nursing", f"{VACANT}Dementia Residential", f"{VACANT}General Nursing",
    f"{VACANT}General Residential", f"{VACANT}Mental Health Residential", "Last updated",
)  # fmt: skip
DUAL, PRIMARY = "Location Dual Registered", "Primary ID (Dual registration locations)"


def extract(tmp_path: Path, *rows: dict[str, str], preamble: str = "") -> Path:
    """Write a wide extract."""
    return written(tmp_path / "tracker.csv", WIDE, list(rows), preamble)


def free(number: int, **beds: str) -> dict[str, str]:
    """Return the row of a home with vacancies by kind, updated on 30 March in the morning."""
    kinds = {f"{VACANT}{kind.replace('_', ' ')}": count for kind, count in beds.items()}
    usual = {"Occupied": "15", "Vacant reserved": "2", "Last updated": "30/03/2026 09:12"}
    return {"CQC Location ID": f"1-{number}", **usual, **kinds}


def imported(tmp_path: Path, gazetteer: Gazetteer, vacancies: Path) -> ImportedHomes:
    """Import three homes, one of them for everything, and an agency, with vacancies."""
    return import_register(
        register(tmp_path),
        gazetteer=gazetteer,
        as_of=AS_OF,
        authority=DORSET,
        vacancies=vacancies,
    )


def register(tmp_path: Path) -> Path:
    """Write the register of the homes that the vacancies are of."""
    return active(
        tmp_path,
        home(1),
        home(2, **{NURSING: "Y", f"{BAND}Dementia": "Y"}),
        home(3),
        home(4, **{RESIDENTIAL: "", HOMECARE: "Y"}),
        home(5, lad="E06000017"),
        home(6, **{DUAL: "Y", PRIMARY: "1-3"}),
    )


def test_a_wide_extract_is_read(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A line for each kind that is free, from the book's day on; reserved beds are not."""
    found = imported(
        tmp_path,
        gazetteer,
        extract(
            tmp_path,
            free(1, General_Residential="3", General_Nursing="0"),
            free(2, Dementia_Nursing="1", General_Residential="2") | {"Last updated": ""},
            free(5, General_Residential="4"),
            preamble="Vacancies of a county\n\n",
        ),
    )
    assert {
        (line.provider_id, line.care_type, line.beds, line.available_from, line.as_of)
        for line in found.bed_capacity
    } == {
        ("1-1", CareType.RESIDENTIAL, 3, AS_OF, date(2026, 3, 30)),
        ("1-2", CareType.NURSING_DEMENTIA, 1, AS_OF, None),
        ("1-2", CareType.RESIDENTIAL, 2, AS_OF, None),
    }
    assert len(found.bed_capacity) == 3
    assert found.vacancies_elsewhere == 1
    assert not any(line.assumed for line in found.bed_capacity)


def test_a_full_home_has_told_so(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Nothing free is word from the home: no vacancies are assumed of it."""
    found = import_register(
        register(tmp_path),
        gazetteer=gazetteer,
        as_of=AS_OF,
        authority=DORSET,
        vacancies=extract(tmp_path, free(1)),
        assume_vacancies=0.5,
    )
    beds = {line.provider_id: (line.beds, line.assumed) for line in found.bed_capacity}
    assert beds["1-1"] == (0, False)
    assert beds["1-3"] == (10, True)


def test_kinds_that_no_book_tells_apart_are_counted(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """They are not offered to others, nor do they vanish in silence."""
    rows = [
        free(1, Mental_Health_Residential="2", General_Residential="1"),
        free(2, Mental_Health_Residential="3"),
    ]
    found = imported(tmp_path, gazetteer, extract(tmp_path, *rows))
    assert found.vacancies_other == {"mental health residential": 5}
    assert [line.beds for line in found.bed_capacity if line.beds] == [1]


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        (free(1, General_Residential="few"), f"{VACANT}General Residential", "whole number"),
        (free(1, General_Residential="-1"), f"{VACANT}General Residential", "whole number"),
        (free(1, General_Residential="21"), f"{VACANT}General Residential", "at most the 20 beds"),
        (free(1, General_Nursing="1"), f"{VACANT}General Nursing", "registered for: residential"),
        (free(4, General_Residential="1"), f"{VACANT}General Residential", "homecare agency"),
        (free(9), "CQC Location ID", "in the register"),
        (free(1) | {"CQC Location ID": ""}, "CQC Location ID", "an id"),
        (free(1) | {"CQC Location ID": "CQC Location ID"}, "CQC Location ID", "an id"),
        (free(3), "CQC Location ID", "each home once; row 2"),
        (free(1) | {"Last updated": "yesterday"}, "Last updated", "a date"),
        (free(1) | {"Last updated": "30/03/26 09:12"}, "Last updated", "four digits"),
        (free(1) | {"Last updated": "02/04/2026 09:12"}, "Last updated", "no later than"),
        (free(1) | {"Last updated": "30/03/2026 at nine"}, "Last updated", "time of day"),
    ],
)
def test_bad_cells_of_an_extract_are_named(
    tmp_path: Path, gazetteer: Gazetteer, row: dict[str, str], column: str, expected: str
) -> None:
    """Each with its row, its column as the file writes it, and what is expected."""
    path = extract(tmp_path, free(3), row)
    (fault,) = faults(register(tmp_path), gazetteer, vacancies=path)
    assert (fault.file, fault.row, fault.column) == ("tracker.csv", 3, column)
    assert expected in fault.expected


def test_all_faults_of_an_extract_are_listed(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Two in one row and one in the next are three."""
    rows = [
        free(1, General_Residential="x", Dementia_Nursing="y"),
        free(2) | {"Last updated": "z"},
    ]
    found = faults(register(tmp_path), gazetteer, vacancies=extract(tmp_path, *rows))
    assert [fault.row for fault in found] == [2, 2, 3]


def test_an_extract_names_its_homes(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Without a column of ids nothing can be matched, which is said."""
    path = extract(tmp_path, free(1))
    path.write_text(path.read_text().replace("CQC Location ID", "Home"))
    (fault,) = faults(register(tmp_path), gazetteer, vacancies=path)
    assert "CQC Location ID" in fault.expected


@pytest.mark.parametrize(
    ("rows", "beds", "twice"),
    [
        ([free(6, General_Residential="2")], 2, 0),  # told of the second registration alone
        ([free(6, General_Residential="2"), free(3, General_Residential="2")], 2, 1),
        ([free(3, General_Residential="1"), free(6, General_Residential="2")], 1, 1),
    ],
)
def test_beds_of_a_place_registered_twice_count_once(
    tmp_path: Path, gazetteer: Gazetteer, rows: list[dict[str, str]], beds: int, twice: int
) -> None:
    """What the kept registration says goes before what the other says."""
    found = imported(tmp_path, gazetteer, extract(tmp_path, *rows))
    assert [(line.provider_id, line.beds) for line in found.bed_capacity] == [("1-3", beds)]
    assert found.vacancies_twice == twice


def test_beds_told_in_a_books_columns_count_once_too(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Rows of bed_capacity.csv for both registrations are rows of one place."""
    path = tmp_path / "beds.csv"
    rows = ["provider_id,care_type,beds,available_from"]
    rows += [f"1-{number},residential,1,2026-04-01" for number in (6, 3)]
    path.write_text("\n".join(rows))
    found = imported(tmp_path, gazetteer, path)
    assert [(line.provider_id, line.beds) for line in found.bed_capacity] == [("1-3", 1)]


def test_an_empty_extract_tells_nothing(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A header without rows is no fault and no vacancy."""
    assert imported(tmp_path, gazetteer, extract(tmp_path)).bed_capacity == ()

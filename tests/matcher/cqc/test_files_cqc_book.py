"""Tests of vacancies, fees and whole books from CQC registers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import MatcherError
from matcher.files import read_book, write_book
from matcher.files.cqc import ImportedHomes, import_register, imported_book
from matcher.files.cqc.assumptions import ADMITTABLE_SHARE, assumed_vacancies
from matcher.geography import Gazetteer
from matcher.model import Provider
from matcher.vocabulary import (
    CareType,
    ClientGroup,
    Contract,
    ProviderKind,
    RateUnit,
    ServiceType,
)
from tests.matcher.cqc.extracts import (
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

REAL_REGISTER = Path(__file__).parents[4] / "shared" / "data" / "uk" / "care_homes_england_2021.csv"
# -- vacancies and fees ------------------------------------------------------------------------

VACANCY_COLUMNS = ("provider_id", "care_type", "beds", "available_from", "available_to", "as_of")


def vacancies(tmp_path: Path, *rows: tuple[str, str, str]) -> Path:
    """Write a vacancies file of ids, care types and beds."""
    named = [
        dict(zip(VACANCY_COLUMNS, (*row, "2026-04-01", "", "2026-03-30"), strict=True))
        for row in rows
    ]
    return written(tmp_path / "vacancies.csv", VACANCY_COLUMNS, named)


def test_recorded_vacancies_go_before_assumed_ones(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """A home with a record keeps it; only silent homes are filled in, and marked."""
    path = active(tmp_path, home(1), home(2, **{"Care homes beds": "40"}), home(3, lad="E06000017"))
    found = import_register(
        path,
        gazetteer=gazetteer,
        as_of=AS_OF,
        authority=DORSET,
        vacancies=vacancies(tmp_path, ("1-1", "residential", "1"), ("1-3", "residential", "2")),
        assume_vacancies=0.5,
    )
    assert [(row.provider_id, row.beds, row.assumed) for row in found.bed_capacity] == [
        ("1-1", 1, False),
        ("1-2", 20, True),
    ]
    assert found.vacancies_elsewhere == 1


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [
        (("1-9", "residential", "1"), "provider_id", "in the register"),  # no such location
        (("1-1", "nursing", "1"), "care_type", "residential"),  # not what it is registered for
        (("1-1", "residential", "21"), "beds", "at most the 20 beds"),  # one bed too many
        (("1-1", "residential", "few"), "beds", "whole number"),  # no number
        (("1-2", "residential", "1"), "care_type", "homecare agency"),  # has no beds
    ],
)
def test_vacancies_are_checked_against_the_register(
    tmp_path: Path, gazetteer: Gazetteer, row: tuple[str, str, str], column: str, expected: str
) -> None:
    """A vacancy must be of a home in the register, of a kind it has, and not above its beds."""
    path = active(tmp_path, home(1), home(2, **{RESIDENTIAL: "", HOMECARE: "Y"}))
    (fault,) = faults(path, gazetteer, vacancies=vacancies(tmp_path, row))
    assert (fault.file, fault.row, fault.column) == ("vacancies.csv", 2, column)
    assert expected in fault.expected


def test_a_full_home_of_vacancies_is_accepted(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """As many vacancies as beds are just possible."""
    found = import_register(
        active(tmp_path, home(1)),
        gazetteer=gazetteer,
        as_of=AS_OF,
        vacancies=vacancies(tmp_path, ("1-1", "residential", "20")),
    )
    assert found.bed_capacity[0].beds == 20


@pytest.mark.parametrize("share", [-0.01, 1.01])
def test_a_share_of_vacancies_is_a_share(
    tmp_path: Path, gazetteer: Gazetteer, share: float
) -> None:
    """Shares below 0 or above 1 are refused before anything is read."""
    with pytest.raises(MatcherError, match="share"):
        import_register(
            tmp_path / "absent.csv", gazetteer=gazetteer, as_of=AS_OF, assume_vacancies=share
        )


def invented(number: int, *services: ServiceType) -> Provider:
    """Return a home that sells some services."""
    return Provider(
        provider_id=f"1-{number}",
        name=f"Gorse House {number}",
        kind=ProviderKind.CARE_HOME,
        postcode="DT1 1XJ",
        services=services,
        contract=Contract.SPOT,
    )


@given(
    beds=st.integers(0, 200),
    share=st.floats(0, 1),
    kinds=st.sets(st.sampled_from(list(CareType)), min_size=1),
    number=st.integers(1, 10**9),
)
def test_assumed_vacancies_of_one_home(
    beds: int, share: float, kinds: set[CareType], number: int
) -> None:
    """A home gets its share rounded down or up, divided evenly, no bed counted twice."""
    home = invented(number, *(ServiceType(kind.value) for kind in sorted(kinds)))
    rows = assumed_vacancies([home], {home.provider_id: beds}, share=share, as_of=AS_OF)
    total = sum(row.beds for row in rows)
    assert abs(total - beds * share) < 1
    assert total <= beds
    assert {row.care_type for row in rows} <= kinds
    given = [row.beds for row in rows] + [0] * (len(kinds) - len(rows))
    assert max(given) - min(given) <= 1
    assert all(row.assumed and row.available_to is None for row in rows)


def test_an_agency_has_no_beds_to_be_vacant() -> None:
    """Without a kind of bed there is no vacancy, whatever the number of beds says."""
    agency = invented(1, ServiceType.HOMECARE)
    assert assumed_vacancies([agency], {agency.provider_id: 20}, share=1.0, as_of=AS_OF) == []


def test_small_homes_have_their_share_together() -> None:
    """A thousand homes of four beds have about 432 vacancies, though none is owed a whole one."""
    homes = [invented(number, ServiceType.RESIDENTIAL) for number in range(1000)]
    beds = {home.provider_id: 4 for home in homes}
    rows = assumed_vacancies(homes, beds, share=ADMITTABLE_SHARE, as_of=AS_OF)
    assert sum(row.beds for row in rows) == pytest.approx(432, abs=50)
    one = assumed_vacancies(homes[7:8], beds, share=ADMITTABLE_SHARE, as_of=AS_OF)
    assert one == [row for row in rows if row.provider_id == "1-7"]


def test_assumed_fees_are_national_averages(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """956 and 1,089 pounds a week, the same with dementia, and 25.05 an hour, all marked."""
    path = directory(tmp_path, entry(1), entry(2, **{"Service types": "Homecare agencies"}))
    found = import_register(path, gazetteer=gazetteer, as_of=AS_OF, assume_fees=True)
    assert [(rate.service_type, rate.unit, rate.amount_pence) for rate in found.rates] == [
        (ServiceType.NURSING, RateUnit.WEEK, 108_900),
        (ServiceType.NURSING_DEMENTIA, RateUnit.WEEK, 108_900),
        (ServiceType.HOMECARE, RateUnit.HOUR, 2505),
    ]
    assert all(rate.assumed for rate in found.rates)


# -- the book ----------------------------------------------------------------------------------


def round_trip(found: ImportedHomes, folder: Path, gazetteer: Gazetteer) -> None:
    """Write an import as a book and read it back unchanged."""
    book = imported_book(found, council=DORSET, as_of=AS_OF, title="Homes of the register")
    write_book(folder, book)
    assert read_book(folder, gazetteer=gazetteer).book == book
    assert book.requests == ()


def test_an_import_makes_a_book_without_faults(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """The checker accepts what the import gives, assumptions included."""
    path = active(tmp_path, home(1), home(2, **{NURSING: "Y", f"{BAND}Dementia": "Y"}))
    found = import_register(
        path, gazetteer=gazetteer, as_of=AS_OF, assume_vacancies=0.3, assume_fees=True
    )
    assert found.bed_capacity
    round_trip(found, tmp_path / "book", gazetteer)


@pytest.mark.skipif(
    not REAL_REGISTER.exists(), reason="the register of care homes is not on this machine"
)
def test_dorset_of_the_real_register(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """All 125 homes of Dorset in 2021 are accounted for, with their people, in a faultless book."""
    found = import_register(
        REAL_REGISTER,
        gazetteer=gazetteer,
        as_of=AS_OF,
        authority=DORSET,
        assume_vacancies=ADMITTABLE_SHARE,
        assume_fees=True,
    )
    assert found.read == len(found.providers) + len(found.left_out) == 125
    assert found.elsewhere == 15_403 - 125
    others = [p for p in found.providers if ClientGroup.OLDER_PEOPLE not in p.client_groups]
    assert len(others) == 9
    assert [group.postcode for group in found.look_alikes] == ["DT4 9QX"]
    assert found.rated_by == ""
    beds = sum(found.registered_beds.values())
    assert beds == 3968
    assert sum(row.beds for row in found.bed_capacity) / beds == pytest.approx(0.108, abs=0.01)
    round_trip(found, tmp_path / "book", gazetteer)

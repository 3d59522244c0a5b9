"""The commands that write a book: generate and import-cqc."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from matcher.files import read_book
from tests.matcher.cli.conftest import Command
from tests.matcher.cqc.extracts import ACTIVE, BAND, DORSET, home, written

TINY = (
    *("--agencies", 3, "--homes", 2, "--waiting-homecare", 4, "--waiting-placements", 1),
    *("--running", 2, "--zones", 2, "--history-days", 5),
)


def test_a_county_has_the_sizes_asked_for(carematch: Command, tmp_path: Path) -> None:
    """Each size given as an option is the size of the book written."""
    out = tmp_path / "county"
    ran = carematch("generate", "--out", out, *TINY, "--title", "A tiny county")
    assert ran.code == 0, ran.err
    assert "invented" in ran.out
    book = read_book(out).book
    assert book.title == "A tiny county"
    assert len(book.providers) == 5
    assert len(book.waiting) == 5
    assert len(book.running) == 2


def test_the_same_seed_writes_the_same_county(carematch: Command, tmp_path: Path) -> None:
    """Two runs with one seed agree to the byte; another seed does not."""
    for name, seed in (("one", 4), ("two", 4), ("three", 5)):
        assert carematch("generate", "--out", tmp_path / name, *TINY, "--seed", seed).code == 0
    one, two, three = (tmp_path / name / "requests.csv" for name in ("one", "two", "three"))
    assert one.read_bytes() == two.read_bytes() != three.read_bytes()


def test_a_county_as_a_document(carematch: Command, tmp_path: Path) -> None:
    """--json gives the folder and the counts."""
    ran = carematch("generate", "--out", tmp_path / "c", *TINY, "--as-of", "2026-05-01", "--json")
    document = ran.document
    assert document["as_of"] == "2026-05-01"
    assert (document["agencies"], document["care_homes"]) == (3, 2)


@pytest.mark.parametrize(
    "options",
    [
        ("--council", "E99999999"),  # no such authority
        ("--capacity-share", "0"),  # a county without any capacity
        ("--agencies", "-1"),  # fewer than none
        ("--as-of", "yesterday"),  # no date
    ],
)
def test_impossible_counties_are_refused(
    carematch: Command, tmp_path: Path, options: tuple[str, str]
) -> None:
    """An option out of range gives exit code 2, and nothing is written."""
    assert carematch("generate", "--out", tmp_path / "c", *options).code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """Give a register of two homes, one for children only, one in another authority."""
    rows = [
        home(1),
        home(2, **{f"{BAND}Dementia": "Y"}),
        home(3, **{f"{BAND}Children 0-18 years": "Y", f"{BAND}Older People": ""}),
        home(4, lad="E06000058"),
        home(1),
        home(5, **{"Location Postal Code": "DT1 1ZZ"}),
    ]
    return written(tmp_path / "register.csv", ACTIVE, rows)


def test_an_import_accounts_for_every_row(
    carematch: Command, tmp_path: Path, register: Path
) -> None:
    """Kept, left out and elsewhere are told, with reasons, and nothing is assumed unasked."""
    out = tmp_path / "book"
    ran = carematch("import-cqc", register, "--out", out, "--council", DORSET)
    assert ran.code == 0, ran.err
    for told in ("for children only", "listed twice", "cannot be placed", "1 location of other"):
        assert told in ran.out
    book = read_book(out).book
    assert [provider.provider_id for provider in book.providers] == ["1-1", "1-2"]
    assert not book.bed_capacity
    assert not book.rates


def test_assumptions_are_named(carematch: Command, tmp_path: Path, register: Path) -> None:
    """What the import fills in is said on the page and marked in the book."""
    options = ("--assume-vacancies", "0.5", "--assume-fees", "--as-of", "2026-04-01")
    out = tmp_path / "book"
    ran = carematch("import-cqc", register, "--out", out, *options)
    assert "Assumed: 30 vacancies in 3 homes" in ran.out
    assert "Assumed:" in ran.out
    assert "national averages" in ran.out
    book = read_book(out).book
    assert book.as_of == date(2026, 4, 1)
    assert all(line.assumed for line in (*book.bed_capacity, *book.rates))


def test_an_import_as_a_document(carematch: Command, tmp_path: Path, register: Path) -> None:
    """--json lists every location left out with its row."""
    vacancies = tmp_path / "vacancies.csv"
    lines = ["provider_id,care_type,beds,available_from"]
    lines += ["1-1,residential,2,2026-04-01", "1-3,residential,1,2026-04-01"]
    vacancies.write_text("\n".join(lines))
    options = ("--council", DORSET, "--vacancies", vacancies, "--json")
    ran = carematch("import-cqc", register, "--out", tmp_path / "book", *options)
    document = ran.document
    assert document["kept"] + len(document["left_out"]) == document["read"]
    assert document["vacancies"] == 2
    assert document["vacancies_elsewhere"] == 1
    assert [line["row"] for line in document["left_out"]] == [4, 6, 7]


def test_vacancies_of_homes_not_kept_are_mentioned(
    carematch: Command, tmp_path: Path, register: Path
) -> None:
    """A vacancy that cannot be used does not vanish in silence."""
    vacancies = tmp_path / "vacancies.csv"
    rows = "provider_id,care_type,beds,available_from\n1-3,residential,1,2026-04-01\n"
    vacancies.write_text(rows)
    options = ("--council", DORSET, "--vacancies", vacancies)
    out = carematch("import-cqc", register, "--out", tmp_path / "book", *options).out
    assert "1 row of vacancies in homes that are not kept" in out


def test_a_file_that_is_no_register_is_bad_input(carematch: Command, tmp_path: Path) -> None:
    """Some other CSV file gives exit code 2 and says what was expected."""
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    ran = carematch("import-cqc", other, "--out", tmp_path / "book")
    assert ran.code == 2
    assert "other.csv" in ran.err


def test_an_import_of_nothing_writes_nothing(
    carematch: Command, tmp_path: Path, register: Path
) -> None:
    """A council that the register does not hold is bad input, not an empty book."""
    out = tmp_path / "book"
    ran = carematch("import-cqc", register, "--out", out, "--council", "E06999999")
    assert ran.code == 2
    assert "E06999999" in ran.err
    assert not out.exists()

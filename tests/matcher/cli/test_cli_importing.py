"""import-cqc with everything that a council can say of a register."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book
from matcher.vocabulary import ClientGroup, Contract, CqcRating
from tests.matcher.cli.conftest import Command
from tests.matcher.cqc.extracts import BAND, active, directory, entry, home

TOLD = ("--as-of", "2026-04-01")


def test_what_a_council_says_of_a_register_holds(carematch: Command, tmp_path: Path) -> None:
    """A contract is no assumption any more; places for other people are left out and counted."""
    older = f"{BAND}Older People"
    rows = [home(1), home(2, **{f"{BAND}Dementia": "Y"}), home(3, **{older: ""})]
    rows.append(home(4, **{older: "", f"{BAND}Mental Health": "Y"}))
    out = tmp_path / "book"
    ran = carematch(
        "import-cqc", active(tmp_path, *rows), "--out", out, *TOLD, "--contract", "framework",
        "--client-group", "dementia", "--client-group", "mental_health",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "Assumed: every contract" not in ran.out
    assert "1 It is not registered for dementia or mental health." in " ".join(ran.out.split())
    book = read_book(out).book
    assert [home.provider_id for home in book.providers] == ["1-2", "1-4"]
    assert {home.contract for home in book.providers} == {Contract.FRAMEWORK}
    assert ClientGroup.DEMENTIA in book.providers[0].client_groups


def test_a_directory_takes_a_file_of_ratings(carematch: Command, tmp_path: Path) -> None:
    """Without one the page says that no rating is known; with one the book holds them."""
    path = directory(tmp_path, entry(1), entry(2, **{"Service types": "Homecare agencies"}))
    bare = carematch("import-cqc", path, "--out", tmp_path / "bare", *TOLD)
    assert "tells no ratings" in bare.out
    ratings = tmp_path / "ratings.csv"
    ratings.write_text(
        "Location ID,Service / Population Group,Domain,Latest Rating,Publication Date\n"
        "1-1,Overall,Overall,Inadequate,14/05/2025\n"
    )
    out = tmp_path / "rated"
    ran = carematch("import-cqc", path, "--out", out, *TOLD, "--ratings", ratings, "--json")
    assert ran.document["rated_by"] == "ratings.csv"
    assert read_book(out).book.providers[0].cqc_rating is CqcRating.INADEQUATE


def test_the_page_says_what_is_missing(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File by file and counted, with the option that fills it; the document has the same."""
    path = active(tmp_path, home(1), home(2))
    # Paths as people type them: those of tests take lines that the page does not have.
    monkeypatch.chdir(tmp_path)
    ran = carematch("import-cqc", path, "--out", "one", *TOLD)
    text = " ".join(ran.out.split())
    assert "bed_capacity.csv beds: all 2 without; add free beds (--vacancies FILE)" in text
    assert "requests.csv nobody" in text
    assert len(ran.out.splitlines()) <= 24
    document = carematch("import-cqc", path, "--out", tmp_path / "two", *TOLD, "--json").document
    assert {"file": "requests.csv", "column": "", "found": "nobody"}.items() <= document["missing"][
        0
    ].items()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("E10000019", "Lincolnshire"),  # a county, of which the file has nobody
        ("E06000095", "E06000059 (Dorset)"),  # no such code
        ("Dorset", "E06000059 (Dorset)"),  # its name
    ],
)
def test_a_code_that_finds_nobody_is_explained(
    carematch: Command, tmp_path: Path, code: str, told: str
) -> None:
    """With the authority's name, or with the names of those that are near."""
    path = active(tmp_path, home(1))
    ran = carematch("import-cqc", path, "--out", tmp_path / "book", "--council", code)
    assert ran.code == 2
    assert told in " ".join(ran.err.split())
    assert not (tmp_path / "book").exists()


def test_a_former_code_finds_its_successor(carematch: Command, tmp_path: Path) -> None:
    """West Dorset's homes are Dorset's, and an invented county may stand on its postcodes."""
    path = active(tmp_path, home(1))
    ran = carematch("import-cqc", path, "--out", tmp_path / "book", "--council", "E07000052")
    assert ran.code == 0, ran.err
    assert read_book(tmp_path / "book").book.title == "CQC register, West Dorset"
    sizes = ("--agencies", 1, "--homes", 1, "--waiting-homecare", 1, "--running", 0)
    sizes = (*sizes, "--waiting-placements", 0)
    ran = carematch("generate", "--out", tmp_path / "new", *sizes, "--council", "E10000011")
    assert ran.code == 0, ran.err

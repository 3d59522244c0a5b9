"""The first page of every command fits the screens it is meant for, and speaks plainly."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from matcher.cli import demo
from matcher.cli.allocating import place_everyone
from matcher.cli.books import open_book
from matcher.eligibility import request_refusals
from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from matcher.result import Limits, Method
from matcher.synthetic import CountySpec, generate
from tests.breaking import SAMPLE
from tests.matcher.cli.conftest import Command

ONE_SCREEN = 30
TWO_SCREENS = 48
GLOSSARY = Path(__file__).parents[3] / "matcher" / "report" / "README.md"
COUNTY = CountySpec(
    agencies=25,
    homes=40,
    waiting_homecare=16,
    waiting_placements=10,
    running=6,
    zones=3,
    history_days=20,
    capacity_share=3.0,
    seed=77,
)


def lines(text: str) -> int:
    """Return how many lines a page has."""
    return len(text.rstrip("\n").splitlines())


def cautious(folder: Path) -> Path:
    """Make many kinds of cautions in a book: old and assumed capacity, few rates, no ceilings."""
    beds = folder / "bed_capacity.csv"
    rows = beds.read_text("utf-8").splitlines()
    columns = rows[0].split(",")
    as_of, assumed = columns.index("as_of"), columns.index("assumed")
    for number, row in enumerate(rows[1:], start=1):
        cells = row.split(",")
        cells[as_of], cells[assumed] = "2025-12-01", "yes"
        rows[number] = ",".join(cells)
    beds.write_text("\n".join(rows) + "\n", "utf-8")
    rates = (folder / "rates.csv").read_text("utf-8").splitlines()
    (folder / "rates.csv").write_text("\n".join(rates[: len(rates) // 2]) + "\n", "utf-8")
    framework = (folder / "framework_rates.csv").read_text("utf-8").splitlines()
    (folder / "framework_rates.csv").write_text(framework[0] + "\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """Give the folder of a county with room, so that most people have three options."""
    folder = tmp_path_factory.mktemp("roomy") / "book"
    write_book(folder, generate(COUNTY, Gazetteer(cache_folder)))
    return folder


def searchable(folder: Path) -> list[str]:
    """Return the ids of the people who may be searched for."""
    read = read_book(folder)
    return [
        request.request_id
        for request in read.book.waiting
        if not request_refusals(request, read.book, read.policy)
    ]


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_a_shortlist_is_one_screen(
    columns: int, carematch: Command, roomy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked for, in the sample and in a county, the answer fits one screen."""
    monkeypatch.setenv("COLUMNS", str(columns))
    of_three = 0
    for folder in (SAMPLE, roomy):
        for request_id in searchable(folder):
            out = carematch("shortlist", folder, request_id).out
            assert lines(out) <= ONE_SCREEN, out
            assert all(len(line) <= columns for line in out.splitlines())
            of_three += re.search(r"^  3  \S", out, re.MULTILINE) is not None
    assert of_three > 5  # full shortlists are among them


def test_a_check_is_two_screens(carematch: Command, roomy: Path, tmp_path: Path) -> None:
    """The sample, a county, and one with many kinds of cautions each fit two screens."""
    write_book(tmp_path / "book", read_book(roomy).book)
    many = cautious(tmp_path / "book")
    assert len(carematch("check", many, "--json").document["warnings"]) > 30
    for folder in (SAMPLE, roomy, many):
        out = carematch("check", folder).out
        assert lines(out) <= TWO_SCREENS, out


def test_a_demo_is_two_screens(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shortlists, the plan and where everything is fit two screens."""
    monkeypatch.setattr(demo, "COUNTY", dataclasses.replace(COUNTY, capacity_share=4.0))
    monkeypatch.setattr(demo.shutil, "which", lambda name: name)
    monkeypatch.chdir(tmp_path)
    ran = carematch("demo", "--seconds", 1)
    assert ran.code == 0, ran.err
    assert lines(ran.out) <= TWO_SCREENS, ran.out


def test_a_plan_is_one_screen(
    carematch: Command, roomy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is placed where, and who waits and why, stand on the first screen; all fits two."""
    # Paths as people type them: those of tests take lines that the page does not have.
    monkeypatch.chdir(tmp_path)
    for name, folder in (("sample", SAMPLE), ("county", roomy)):
        Path(name).symlink_to(folder.resolve())
        out = carematch("allocate", name, "--out", "night", "--seconds", 1).out
        first, _, rest = out.partition("\nBy risk\n")
        assert lines(first) <= ONE_SCREEN, out
        assert re.search(r"^Placed\n  [RP]\S+ +(red|amber|green)  ", first, re.MULTILINE), out
        assert re.search(r"^No place\n  [RP]\S+ +(red|amber|green)  ", first, re.MULTILINE), out
        assert rest
        assert lines(out) <= TWO_SCREENS, out


# -- words -------------------------------------------------------------------------------------


def instead_of() -> list[str]:
    """Return the words that the glossary bans from pages."""
    block = GLOSSARY.read_text("utf-8").partition("## Words not used")[2]
    return re.findall(r"^\| ([a-z ]+?) \|", block, re.MULTILINE)[1:]


def spoken(page: str) -> str:
    """Return the words of a page, without the names of figures and files."""
    return re.sub(r"\S*[_/]\S*", "", " ".join(page.lower().split()))


def test_no_page_speaks_our_own_words(
    carematch: Command, roomy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the glossary bans stands on no page, neither on the first nor behind --why."""
    banned = instead_of()
    assert len(banned) > 10
    monkeypatch.chdir(tmp_path)
    limits = Limits.reproducible(0.5)
    place_everyone(open_book(roomy).market, Path("night"), Method.EXACT, limits=limits, seed=0)
    pages = [carematch("check", roomy, "--why").out]
    pages += [carematch("allocate", SAMPLE, "--out", "plan", "--why").out]
    for request_id in searchable(roomy):
        pages.append(carematch("shortlist", roomy, request_id, "--why").out)
        pages.append(carematch("explain", roomy, request_id, "--allocation", "night", "--why").out)
        pages.append(carematch("explain", roomy, request_id, "A-001", "--why").out)
    assert all(pages)
    found = {word for word in banned for page in pages if re.search(rf"\b{word}\b", spoken(page))}
    assert found == set()


def test_a_banned_word_would_be_found() -> None:
    """The search for words tells a page that has one from a page that has none."""
    assert "nearest miss" in instead_of()
    assert re.search(r"\bnearest miss\b", spoken("The  Nearest\nmiss"))
    assert not re.search(r"\bnear misses\b", spoken("near_misses 3"))

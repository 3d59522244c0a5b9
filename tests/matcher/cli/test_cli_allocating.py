"""``carematch allocate`` and ``demo``: everyone at once, with proof, whole or not at all."""

from __future__ import annotations

import dataclasses
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import allocating, demo
from matcher.cli.books import open_book
from matcher.errors import MatcherError, RefereeError
from matcher.files.results import read_allocation, read_summary
from matcher.model import CareRequest
from matcher.referee import check
from matcher.report.objective import title_of, value_text
from matcher.result import Method, Progress, Result, Status
from tests.breaking import SAMPLE
from tests.matcher.cli.conftest import SMALL, Command

FILES = {"placements.csv", "prices.csv", "summary.json", "unplaced.csv", "visit_times.csv"}


def test_everyone_is_placed_or_accounted_for(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """The folder holds its five files, and the referee accepts what is read back from them."""
    out = tmp_path / "night"
    ran = carematch("allocate", county, "--out", out, "--seconds", 3)
    assert ran.code == 0, ran.err
    assert {path.name for path in out.iterdir()} == FILES
    market = open_book(county).market
    allocation = read_allocation(out)
    assert check(market, allocation) == ()
    told = len(allocation.placed) + len(allocation.unplaced)
    assert told == len(market.book.waiting) == SMALL.waiting_homecare + SMALL.waiting_placements


def test_the_page_compares_with_today_and_with_the_bound(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """Plain sentences say how many have a place, beside today's way and beside any other plan."""
    ran = carematch("allocate", county, "--out", tmp_path / "night", "--seconds", 3)
    page = " ".join(ran.out.split())
    assert "than by today's way" in page or "as many as by today's way" in page
    assert "no plan can place more" in page or "could be placed" in page
    assert "nobody is booked" in page
    assert "Placing" in ran.err


def test_the_document_is_the_summary(carematch: Command, county: Path, tmp_path: Path) -> None:
    """--json prints the head of the folder, with counts that add up and bounds below values."""
    out = tmp_path / "night"
    ran = carematch("allocate", county, "--out", out, "--seconds", 3, "--json")
    document = ran.document
    assert document.pop("folder") == str(out)
    assert document == read_summary(out).model_dump(mode="json")
    counts = document["counts"]
    assert counts["placed"] + counts["needs_approval"] + counts["unplaced"] == counts["waiting"]
    assert sum(counts["unplaced_by_reason"].values()) == counts["unplaced"]
    assert all(stage["bound"] <= stage["value"] for stage in document["stages"])


@pytest.mark.parametrize("columns", [80, 120])
def test_the_page_of_a_night_fits(
    columns: int,
    carematch: Command,
    county: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The aims stand one a line, with value, what is proved and today's value beside them."""
    monkeypatch.setenv("COLUMNS", str(columns))
    out = tmp_path / "night"
    lines = carematch("allocate", county, "--out", out, "--seconds", 2, "--why").out.splitlines()
    assert all(len(line) <= columns for line in lines)
    head = next(line for line in lines if "Best possible" in line)
    assert head.split() == ["Aim", "This", "plan", "Best", "possible", "Today's", "way"]
    for stage in read_summary(out).stages:
        (row,) = [line for line in lines if line.strip().startswith(title_of(stage.name))]
        assert value_text(stage.name, stage.value) in row


def test_todays_way_claims_no_bound(carematch: Command, county: Path, tmp_path: Path) -> None:
    """Today's way has values but proves nothing, and is not compared with itself."""
    out = tmp_path / "night"
    ran = carematch("allocate", county, "--out", out, "--method", "today")
    assert ran.code == 0
    assert "Risk by risk" not in ran.out
    summary = read_summary(out)
    assert summary.status is Status.BASELINE
    assert summary.today is None
    assert all(stage.bound is None for stage in summary.stages)


def test_deterministic_time_gives_the_same_files(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """In the reproducible mode two runs write the same placements and times."""
    texts = []
    for name in ("one", "two"):
        out = tmp_path / name
        assert carematch("allocate", county, "--out", out, "--deterministic-time", 0.3).code == 0
        texts.append([(out / file).read_bytes() for file in sorted(FILES - {"summary.json"})])
    assert texts[0] == texts[1]
    assert read_summary(tmp_path / "one").limits.workers == 1


def test_reproducible_with_several_workers_is_refused(carematch: Command, tmp_path: Path) -> None:
    """Several workers cannot promise the same answer, so both together are a usage error."""
    options = ("--deterministic-time", 1, "--workers", 2)
    ran = carematch("allocate", SAMPLE, "--out", tmp_path / "x", *options)
    assert ran.code == 2
    assert "not reproducible" in ran.err


def test_a_folder_that_is_not_ours_is_left_alone(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's folder is refused before any work is done for it."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear all")

    def never(*arguments: object, **options: object) -> Result:
        raise AssertionError("solved although the answer cannot be written")

    monkeypatch.setattr(allocating, "solve", never)
    ran = carematch("allocate", SAMPLE, "--out", tmp_path / "letters")
    assert ran.code == 2
    assert "holds other things" in " ".join(ran.err.split())
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["dear.txt"]


def test_an_earlier_answer_is_replaced(carematch: Command, tmp_path: Path) -> None:
    """The same command may be given twice."""
    for _ in range(2):
        ran = carematch("allocate", SAMPLE, "--out", tmp_path / "night", "--seconds", 1)
        assert ran.code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["night"]


def test_ctrl_c_keeps_the_best_plan(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One Ctrl-C cancels the run; what it found is written and the page says it was stopped."""
    solve = allocating.solve

    def interrupted(*arguments: Any, **options: Any) -> Result:
        progress: Progress | None = options.get("progress")
        if progress is None:
            return solve(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        assert progress.cancelled
        # A book as small as this may be solved before the solver looks up.
        result = solve(*arguments, **options)
        return result.model_copy(update={"status": Status.CANCELLED})

    monkeypatch.setattr(allocating, "solve", interrupted)
    ran = carematch("allocate", SAMPLE, "--out", tmp_path / "night", "--why")
    assert ran.code == 0
    assert "keeping the best plan found" in ran.err
    assert "kept and written" in ran.err
    assert "stopped early" in ran.out
    assert check(open_book(SAMPLE).market, read_allocation(tmp_path / "night")) == ()


def test_a_second_ctrl_c_gives_up(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two presses give exit code 130 and write nothing."""

    def interrupted(*arguments: Any, **options: Any) -> Result:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("went on after the second Ctrl-C")

    monkeypatch.setattr(allocating, "solve", interrupted)
    before = signal.getsignal(signal.SIGINT)
    ran = carematch("allocate", SAMPLE, "--out", tmp_path / "night")
    assert ran.code == 130
    assert "What was under way is not written" in ran.err
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_refused_answer_is_our_fault(
    carematch: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that the referee refuses is never written, and is not blamed on the input."""

    def refused(*arguments: object, **options: object) -> Result:
        raise RefereeError("The referee refused the allocation, 1 rules broken.")

    monkeypatch.setattr(allocating, "solve", refused)
    ran = carematch("allocate", SAMPLE, "--out", tmp_path / "night")
    assert ran.code == 1
    assert "fault of Carematch" in ran.err
    assert list(tmp_path.iterdir()) == []


# -- demo --------------------------------------------------------------------------------------


@pytest.fixture
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the demo invent a small county."""
    spec = dataclasses.replace(SMALL, agencies=20, homes=40, capacity_share=4.0)
    monkeypatch.setattr(demo, "COUNTY", spec)


@pytest.mark.usefixtures("small_demo")
def test_the_demo_shows_two_shortlists_and_a_night(carematch: Command, tmp_path: Path) -> None:
    """The demo writes a book and an allocation of it, and shows a shortlist of each kind."""
    ran = carematch("demo", "--out", tmp_path / "demo", "--seconds", 3)
    assert ran.code == 0, ran.err
    assert ran.out.count("$ carematch shortlist") == 2
    assert "homecare" in ran.out
    assert "today's way" in ran.out
    market = open_book(tmp_path / "demo" / "book").market
    assert check(market, read_allocation(tmp_path / "demo" / "allocation")) == ()


@pytest.mark.usefixtures("small_demo")
def test_the_demo_as_a_document(carematch: Command, tmp_path: Path) -> None:
    """--json gives both shortlists of three and the head of the allocation in one document."""
    options = ("--out", tmp_path / "demo", "--seconds", 3, "--json")
    document = carematch("demo", *options).document
    homecare, bed = document["shortlists"]
    assert homecare["service_type"] == "homecare"
    assert bed["service_type"] != "homecare"
    assert all(len(each["options"]) == 3 for each in (homecare, bed))
    assert document["allocation"]["method"] == Method.EXACT.value


@pytest.mark.parametrize("wanted", [demo.wants_homecare, demo.wants_a_bed])
def test_a_book_without_three_options_has_no_demo(
    wanted: Callable[[CareRequest], bool],
) -> None:
    """The demo picks by rule and says so where nobody has three options."""
    market = open_book(SAMPLE).market
    with pytest.raises(MatcherError, match="has 3 options"):
        demo.first_with_options(market, wanted)


def test_the_demo_of_the_release_is_the_county_of_the_domain() -> None:
    """The real demo's county has the sizes of a county's book."""
    spec = demo.COUNTY
    assert (spec.council, spec.seed, spec.homes, spec.agencies) == ("E06000059", 0, 125, 60)
    assert (spec.waiting_homecare, spec.waiting_placements) == (120, 40)


def test_the_demo_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name alone where the shell finds it, the path from here where it does not."""
    monkeypatch.setattr(demo.sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(demo.shutil, "which", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert demo.program_name() == "carematch"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "carematch").touch()
    assert demo.program_name() == str(Path("bin") / "carematch")
    monkeypatch.setattr(demo.shutil, "which", lambda name: "anywhere")
    assert demo.program_name() == "carematch"

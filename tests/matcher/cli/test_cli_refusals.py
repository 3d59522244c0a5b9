"""Input that no book can hold is refused with exit code 2, before any work and in plain words."""

from __future__ import annotations

import errno
import io
import re
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from matcher.cli import entry
from matcher.cli.failures import explain_failure
from matcher.errors import MatcherError
from matcher.files import read_book
from matcher.model import Book, CareRequest
from tests.breaking import SAMPLE, Step, cell, copy_of_sample, faults_after, swap
from tests.builders import AS_OF
from tests.matcher.cli.conftest import Command
from tests.matcher.cqc.extracts import ACTIVE, home, written


@pytest.mark.parametrize(
    "arguments",
    [
        ("import-cqc", "x.csv", "--council", "bad council"),  # a space in a code
        ("import-cqc", "x.csv", "--council", ""),  # no code at all
        ("generate", "--council", "E06000059 "),
        ("generate", "--title", "x" * 201),  # one letter too long
        ("generate", "--title", "=1+1"),  # a formula
        ("generate", "--title", ""),  # nameless
        ("generate", "--seed", str(2**31)),  # one more than the solver takes
        ("allocate", str(SAMPLE), "--seed", "3000000000"),
        ("allocate", str(SAMPLE), "--seconds", "inf"),
        ("allocate", str(SAMPLE), "--seconds", "nan"),
        ("allocate", str(SAMPLE), "--deterministic-time", "nan"),
        ("allocate", str(SAMPLE), "--method", "today", "--gap", "0.01"),
        ("allocate", str(SAMPLE), "--method", "today", "--deterministic-time", "1"),
        ("demo", "--seconds", "inf"),
    ],
)
def test_options_no_book_or_solver_can_hold(
    carematch: Command, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Such an option is a usage error that names it, and nothing is written."""
    ran = carematch(*arguments, "--out", tmp_path / "out")
    assert ran.code == 2
    assert arguments[-2] in ran.err
    assert "Sorry" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_title_up_to_the_limit_is_kept(carematch: Command, tmp_path: Path) -> None:
    """Two hundred letters are a title; in book.toml one more is a fault that says so."""
    options = ("--agencies", 1, "--homes", 1, "--waiting-homecare", 0, "--waiting-placements", 0)
    out = tmp_path / "out"
    ran = carematch("generate", *options, "--running", 0, "--title", "x" * 200, "--out", out)
    assert ran.code == 0, ran.err
    assert read_book(out).book.title == "x" * 200
    (fault,) = faults_after(tmp_path, swap("book.toml", "Sample:", "x" * 201))
    assert "at most 200 characters" in fault.expected


def test_a_name_no_book_holds_does_not_block_the_register(
    carematch: Command, tmp_path: Path
) -> None:
    """One such row is left out with the reason, and its name is not repeated."""
    names = ["x" * 201, "@Home Care", "Key safe 4471", "a\x1b[31mb", "", "x" * 200]
    rows = [home(n, **{"Location Name": name}) for n, name in enumerate(names, start=1)]
    register = written(tmp_path / "register.csv", ACTIVE, rows)
    ran = carematch("import-cqc", register, "--out", tmp_path / "book", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["kept"] == 1
    told = [line["reason"] for line in ran.document["left_out"]]
    for reason, words in zip(
        told,
        ("at most 200 characters", "like a formula", "H8", "control", "at least 1 character"),
        strict=True,
    ):
        assert words in reason
    assert "4471" not in ran.out


def test_more_vacancies_than_a_row_holds_are_cut(carematch: Command, tmp_path: Path) -> None:
    """A home of 2,000 beds is taken to have at most 500 vacancies of one kind."""
    register = written(tmp_path / "r.csv", ACTIVE, [home(1, **{"Care homes beds": "2000"})])
    options = ("--out", tmp_path / "book", "--assume-vacancies", "1", "--as-of", "2026-04-01")
    ran = carematch("import-cqc", register, *options)
    assert ran.code == 0, ran.err
    assert [line.beds for line in read_book(tmp_path / "book").book.bed_capacity] == [500]


def test_a_vacancy_told_twice_is_a_fault(carematch: Command, tmp_path: Path) -> None:
    """Two snapshots of one home in a vacancies file are refused as in a book."""
    register = written(tmp_path / "r.csv", ACTIVE, [home(1)])
    line = "1-1,residential,2,2026-04-01,2026-03-"
    text = f"provider_id,care_type,beds,available_from,as_of\n{line}20\n{line}27\n"
    (tmp_path / "v.csv").write_text(text)
    options = ("--vacancies", tmp_path / "v.csv", "--out", tmp_path / "book")
    ran = carematch("import-cqc", register, *options)
    assert ran.code == 2
    assert "one snapshot" in " ".join(ran.err.split())


def test_what_a_noun_refuses_is_bad_input() -> None:
    """A noun's refusal is told by field, without the value and without blaming ourselves."""
    with pytest.raises(ValidationError) as caught:
        Book(title="key safe 4471", council="bad council", as_of=AS_OF)
    failure = explain_failure(caught.value)
    assert failure.code == 2
    assert "title: " in failure.message
    assert "council: " in failure.message
    assert "4471" not in failure.message
    assert "bad council" not in failure.message
    with pytest.raises(ValidationError) as between:
        CareRequest(
            request_id="R", service_type="nursing", package={"visits": [
                {"visit_no": 1, "days": ["mon"], "band": "tea", "minutes": 30}]},
        )  # fmt: skip
    assert "CareRequest: no visits" in explain_failure(between.value).message


def test_a_refusal_of_several_lines_keeps_them() -> None:
    """One line a reason; nothing else that a terminal acts upon gets through."""
    told = explain_failure(MatcherError("Two reasons:\n  one\n  \x1b[2Jtwo")).message
    assert told.split("\n")[:2] == ["Two reasons:", "  one"]
    assert "\x1b" not in told
    assert told.endswith("two")


@pytest.mark.parametrize("command", ["allocate", "generate", "demo"])
@pytest.mark.parametrize("place", ["file/out", "file/deep/out", "x" * 300])
def test_a_folder_that_cannot_be_written_is_refused_first(
    carematch: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    place: str,
) -> None:
    """Nothing is read or solved for an answer that cannot be kept."""
    for work in ("allocating.open_book", "county.generate_book", "demo.generate"):
        monkeypatch.setattr(f"matcher.cli.{work}", None)
    (tmp_path / "file").write_text("mine")
    book = [SAMPLE] if command == "allocate" else []
    ran = carematch(command, *book, "--out", tmp_path / place)
    assert ran.code == 2
    assert "could not be written" in " ".join(ran.err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


class _FullDisk(io.StringIO):
    """A stream to a disk without room."""

    def flush(self) -> None:
        """Fail as a disk does that is full."""
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("book", [str(SAMPLE), "nowhere at all"])
def test_a_full_disk_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    book: str,
) -> None:
    """Output that cannot be kept gives exit code 2 and one sentence."""
    monkeypatch.setattr(sys, "stdout", _FullDisk())
    assert entry.run(["check", book, *options]) == 2
    told = capsys.readouterr().err
    assert ("No space left on device" in told) == (book == str(SAMPLE))
    assert "Sorry" not in told


def test_a_program_without_output_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no standard output at all nothing is printed and nothing fails."""
    monkeypatch.setattr(sys, "stdout", None)
    assert entry.run(["check", str(SAMPLE), "--json"]) == 0
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert entry.run(["check", str(SAMPLE)]) == 0


CODES = re.compile(r"\b[A-Z]+_[A-Z_]+\b|\b[HLS]\d{1,2}\b|\bRUNNING\b|\bINCOMPLETE\b")
"""What only programs and the commentary of rules read."""


@pytest.mark.parametrize(
    ("change", "arguments", "told"),
    [
        (None, ("shortlist", "R-107"), "cannot be arranged until these are recorded"),
        (None, ("shortlist", "R-100"), "already runs with Maiden Castle Homecare"),
        (None, ("explain", "R-100", "chesil"), "already runs with Maiden Castle Homecare"),
        (cell("providers.csv", 2, "status", "closed"), ("shortlist", "R-100"), "placed anew"),
        (cell("visits.csv", 2, "reason", "key safe 4711"), ("check",), "reason"),
        (cell("visits.csv", 2, "band", ""), ("check",), "a band, unless the time is critical"),
    ],
)
def test_a_refusal_is_in_words_only(
    change: Step | None,
    arguments: tuple[str, ...],
    told: str,
    carematch: Command,
    tmp_path: Path,
) -> None:
    """People read no code of a rule on standard error; a program finds them in the document."""
    folder = copy_of_sample(tmp_path)
    if change is not None:
        change(folder)
    command, *rest = arguments
    ran = carematch(command, folder, *rest)
    text = " ".join((ran.err or ran.out).split())
    assert told in text
    assert not CODES.search(text), text
    if ran.code and command == "shortlist":
        document = carematch(command, folder, *rest, "--json").document
        assert all(each["rule_id"] for each in document["error"]["refusals"])


def test_who_lives_with_a_closed_provider_is_to_be_placed_anew(
    carematch: Command, tmp_path: Path
) -> None:
    """The plan names the person, and what is asked of it says what has to happen, not "never"."""
    folder = copy_of_sample(tmp_path)
    cell("providers.csv", 2, "status", "closed")(folder)
    plan = tmp_path / "plan"
    assert carematch("allocate", folder, "--out", plan, "--seconds", 1).code == 0
    ran = carematch("explain", folder, "R-100", "--allocation", plan)
    assert ran.code == 2
    assert "R-100 has care from Maiden Castle Homecare, which is closed, and has to be placed" in (
        " ".join(ran.err.split())
    )
    assert "no allocation" not in ran.err

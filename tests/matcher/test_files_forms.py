"""Files that cannot be read as tables: each is one fault with its place, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import BadInputError
from matcher.files import plain_files, read_book
from tests.breaking import (
    Step,
    cell,
    copy_of_sample,
    faults_after,
    folder_instead,
    gone,
    heading,
    holding,
    link_instead,
    recode,
    swap,
    without,
)

Place = tuple[str, int, str]
HEADER = "zone,postcodes\n"

BROKEN_FORMS: list[tuple[str, Step, Place, str, list[str]]] = [
    # The file as a whole
    ("required file missing", gone("requests.csv"), ("requests.csv", 0, ""), "no such", ["file"]),
    ("book.toml missing", gone("book.toml"), ("book.toml", 0, ""), "no such", ["file"]),
    ("empty file", holding("zones.csv", b""), ("zones.csv", 1, ""), "nothing", ["zone, postcodes"]),
    ("only a mark", holding("zones.csv", b"\xef\xbb\xbf"), ("zones.csv", 1, ""), "nothing", []),
    ("blank first line", recode("rates.csv", lambda text: ("\n" + text).encode()),
     ("rates.csv", 1, ""), "nothing", ["header row"]),
    ("folder", folder_instead("zones.csv"), ("zones.csv", 0, ""), "a folder", ["regular file"]),
    ("link", link_instead("rates.csv"), ("rates.csv", 0, ""), "symbolic link", ["regular file"]),
    ("workbook", holding("rates.csv", b"PK\x03\x04\x14\x00\x06"), ("rates.csv", 0, ""),
     "Excel workbook", ["CSV UTF-8"]),
    ("UTF-16", recode("zones.csv", lambda text: text.encode("utf-16")), ("zones.csv", 0, ""),
     "UTF-16", ["CSV UTF-8"]),
    ("UTF-16 without a mark", recode("zones.csv", lambda text: text.encode("utf-16-le")),
     ("zones.csv", 0, ""), "UTF-16", ["CSV UTF-8"]),
    ("Latin-1", recode("providers.csv", lambda text: text.replace("Bay", "Baÿ").encode("latin-1")),
     ("providers.csv", 0, ""), "Windows-1252 or Latin-1, line 7", ["CSV UTF-8"]),
    ("rubbish", holding("zones.csv", bytes(range(256)) * 4), ("zones.csv", 0, ""), "binary", []),
    ("rubbish without zeros", holding("zones.csv", HEADER.encode() + b"\x81\x8d\xff"),
     ("zones.csv", 0, ""), "binary data on line 2", ["CSV UTF-8"]),
    ("misnamed file", lambda folder: (folder / "visits.csv").rename(folder / "Visit.csv"),
     ("Visit.csv", 0, ""), "Visit.csv", ["did you mean visits.csv"]),
    # The header
    ("quote never closed in the header", holding("zones.csv", b'zone,"postcodes\nx,DT1\n'),
     ("zones.csv", 1, ""), "end of data", ["closing quotation mark"]),
    ("required column missing", without("zones.csv", "postcodes"), ("zones.csv", 1, "postcodes"),
     "no such column", ["postcodes"]),
    ("unknown column", heading("providers.csv", "tier", "teir"), ("providers.csv", 1, "teir"),
     "teir", ["did you mean tier?"]),
    ("required column misspelt", heading("visits.csv", "minutes", "minuts"),
     ("visits.csv", 1, "minuts"), "minuts", ["did you mean minutes?"]),
    ("column nobody knows", heading("rates.csv", "assumed", "colour"), ("rates.csv", 1, "colour"),
     "colour", ["one of provider_id, service_type"]),
    ("column twice", heading("providers.csv", "tier", "lot"), ("providers.csv", 1, "lot"),
     "lot", ["once"]),
    ("no header", holding("zones.csv", b"dorchester,DT1|DT2\n"), ("zones.csv", 1, ""),
     "dorchester,DT1|DT2", ["zone, postcodes"]),
    # The rows
    ("too many cells", swap("zones.csv", "DT1|DT2", "DT1,DT2"), ("zones.csv", 2, ""), "DT2",
     ["2 cells"]),
    ("too few cells", swap("zones.csv", "weymouth,", "weymouth"), ("zones.csv", 3, ""), "1 cells",
     ["2 cells"]),
    ("nameless column", recode("zones.csv", lambda text: text.replace("\n", ",\n", 1)
                               .replace("DT2\n", "DT2,note\n").encode()),
     ("zones.csv", 2, ""), "note", ["under a heading"]),
    ("quote never closed", swap("visits.csv", "Insulin before", '"Insulin before'),
     ("visits.csv", 5, ""), "end of data", ["closing quotation mark"]),
    ("quote inside a cell", swap("visits.csv", "Insulin before", '"Insulin" before'),
     ("visits.csv", 5, ""), "expected after", ["quotation marks"]),
    ("huge cell", cell("providers.csv", 3, "name", "x" * 10_001), ("providers.csv", 3, "name"),
     "xxx...", ["10,000 characters"]),
    ("10 MB cell", cell("providers.csv", 3, "name", "x" * 10_000_000), ("providers.csv", 3, ""),
     "limit", ["10,000 characters", "never be closed"]),
    # book.toml and policy.toml
    ("bad TOML", holding("book.toml", b"title = Dorset"), ("book.toml", 0, ""), "line 1",
     ["TOML"]),
    ("huge number in TOML", holding("book.toml", b"title = " + b"9" * 5000), ("book.toml", 0, ""),
     "limit", ["TOML"]),
    ("deep TOML", holding("book.toml", b"a=" + b"[" * 50_000), ("book.toml", 0, ""), "recursion",
     ["TOML"]),
    ("large TOML", holding("book.toml", b"#" * 1_048_577), ("book.toml", 0, ""), "1,048,577 bytes",
     ["at most 1,048,576 bytes"]),
    ("unknown key", swap("book.toml", "title", "tittle"), ("book.toml", 0, "tittle"), "tittle",
     ["did you mean title?"]),
    ("missing key", swap("book.toml", "council", "#"), ("book.toml", 0, "council"), "no such key",
     ["authority code"]),
    ("missing day", swap("book.toml", "as_of", "#"), ("book.toml", 0, "as_of"), "no such key",
     ["2026-04-01"]),
    ("title of the wrong kind", swap("book.toml", '"Sample: Dorchester and Weymouth"', "5"),
     ("book.toml", 0, "title"), "5", ["quotation marks"]),
    ("title like a formula", swap("book.toml", '"Sample', '"=Sample'), ("book.toml", 0, "title"),
     "=Sample", ["formula"]),
    ("day with a time", swap("book.toml", "2026-04-01", "2026-04-01T09:00:00"),
     ("book.toml", 0, "as_of"), "09:00", ["2026-04-01"]),
    ("day as a number", swap("book.toml", "2026-04-01", "20260401"), ("book.toml", 0, "as_of"),
     "20260401", ["2026-04-01"]),
    ("day in words", swap("book.toml", "2026-04-01", '"1st April"'), ("book.toml", 0, "as_of"),
     "1st April", ["day/month/year"]),
    ("year of another age", swap("book.toml", "2026-04-01", "0026-04-01"),
     ("book.toml", 0, "as_of"), "0026", ["1900"]),
    ("bad policy", holding("policy.toml", b"[bands"), ("policy.toml", 0, ""), "", ["TOML"]),
    ("unknown policy key", holding("policy.toml", b"[weights]\nprice = 1\n"),
     ("policy.toml", 0, "weights.price"), "", ["cost"]),
    ("policy not text", holding("policy.toml", b"\xff\xfet"), ("policy.toml", 0, ""), "UTF-16", []),
    ("huge number in policy", holding("policy.toml", b"a = " + b"9" * 5000),
     ("policy.toml", 0, ""), "limit", ["TOML"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "place", "value", "expected"),
    [case[1:] for case in BROKEN_FORMS],
    ids=[case[0] for case in BROKEN_FORMS],
)
def test_broken_form_is_one_fault_with_its_place(
    tmp_path: Path, step: Step, place: Place, value: str, expected: list[str]
) -> None:
    """A file that is no proper table is told once, where it lies, and nothing else is blamed."""
    faults = faults_after(tmp_path, step)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [place]
    assert value in faults[0].value
    assert len(faults[0].value) <= 80
    for words in expected:
        assert words in faults[0].expected


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder that is not there, or is a file, is a fault that names it."""
    with pytest.raises(BadInputError, match=r"no-such-book.*no such folder"):
        read_book(tmp_path / "no-such-book")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="found 'a file'"):
        read_book(tmp_path / "file")


def test_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is read only up to the limit: one byte more is a fault naming both sizes."""
    folder = copy_of_sample(tmp_path)
    size = (folder / "zones.csv").stat().st_size
    path = folder / "zones.csv"
    assert plain_files.read_plain_file(path, max_bytes=size)  # only just kept
    with pytest.raises(BadInputError, match=f"{size} bytes.*at most {size - 1} bytes"):
        plain_files.read_plain_file(path, max_bytes=size - 1)


def test_file_that_cannot_be_opened_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal by the operating system is told like any other fault."""
    folder = copy_of_sample(tmp_path)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(BadInputError, match=r"zones\.csv: found 'Permission denied'"):
        read_book(folder)


def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    """A named pipe where a file should be is refused instead of waited for."""
    import os

    os.mkfifo(tmp_path / "zones.csv")
    with pytest.raises(BadInputError, match="device or pipe"):
        plain_files.read_plain_file(tmp_path / "zones.csv")


def test_faults_in_many_files_are_all_told(tmp_path: Path) -> None:
    """One reading tells every fault of every file, in the order of file, row and column."""
    faults = faults_after(
        tmp_path,
        holding("policy.toml", b"titel = 'x'"),
        swap("book.toml", "2026-04-01", "soon"),
        gone("providers.csv"),
        cell("requests.csv", 3, "risk", "purple"),
        cell("requests.csv", 3, "plan_signed_off", "perhaps"),
        cell("requests.csv", 4, "postcode", "DT1"),
        cell("visits.csv", 3, "carers", "9"),
        cell("visits.csv", 3, "days", "someday"),
    )
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [
        ("book.toml", 0, ""),
        ("policy.toml", 0, "titel"),
        ("providers.csv", 0, ""),
        ("requests.csv", 3, "plan_signed_off"),
        ("requests.csv", 3, "risk"),
        ("requests.csv", 4, "postcode"),
        ("visits.csv", 3, "carers"),
        ("visits.csv", 3, "days"),
    ]


def test_rows_before_an_unclosed_quote_are_still_judged(tmp_path: Path) -> None:
    """A quote that is never closed hides only the rows below it."""
    faults = faults_after(
        tmp_path,
        cell("visits.csv", 2, "carers", "none"),
        swap("visits.csv", "Insulin before", '"Insulin before'),
    )
    assert [(fault.row, fault.column) for fault in faults] == [(2, "carers"), (5, "")]

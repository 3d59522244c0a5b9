"""Nothing that people type or write into a file is ever answered with an apology or a traceback."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.cli import run
from tests.breaking import SAMPLE

TABLES = sorted(path.name for path in SAMPLE.glob("*.csv"))
CELLS = st.sampled_from(
    [
        *("", " ", "0", "-1", "1e9", "NaN", "=1+1", "é", "x" * 600, "\0", "|", "a|b", '"', "'"),
        *("2026-02-30", "01/13/2026", "24:00", "07:03", "DT1 1ZZ", "R-101", "maiden", "yes", "£5"),
        *("homecare", "critical", "mon-sun", "9999999999", "12:00", "\u202eevil", "#REF!"),
    ]
) | st.text(max_size=20)
WORDS = st.sampled_from(
    [
        *("check", "shortlist", "explain", "import-cqc", "--json", "--seed", "--options", "--help"),
        *("--version", "-1", "3", "abc", "R-101", "R-107", "R-999", "maiden", "nobody", "--", ""),
        *(str(SAMPLE), str(SAMPLE / "visits.csv"), "nowhere", "--nothing", "-x", "é", "0x10"),
    ]
)


def _quiet(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(arguments)
    return code, out.getvalue(), err.getvalue()


@settings(max_examples=60, deadline=None)
@given(arguments=st.lists(WORDS, max_size=6))
def test_no_command_line_is_our_fault(arguments: list[str]) -> None:
    """Whatever is typed gives exit code 0 or 2; a fault always says something."""
    code, out, err = _quiet(arguments)
    assert code in {0, 2}
    assert "Traceback" not in err
    assert out if code == 0 else err
    if "--json" in arguments and code == 2:
        assert "error" in json.loads(out)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), text=CELLS)
def test_no_cell_of_a_book_is_our_fault(data: st.DataObject, text: str) -> None:
    """Whatever stands in a cell, the book is either used or its faults are listed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(SAMPLE, Path(temporary) / "book"))
        path = folder / data.draw(st.sampled_from(TABLES))
        records = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
        row = data.draw(st.integers(0, len(records) - 1))
        column = data.draw(st.integers(0, len(records[row]) - 1))
        records[row][column] = text
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator="\n").writerows(records)
        path.write_bytes(written.getvalue().encode("utf-8", "replace"))
        code, out, err = _quiet(["check", str(folder), "--json"])
    assert code in {0, 2}, err
    document = json.loads(out)
    faults = document["faults"] if code == 0 else document["error"]["faults"]
    assert bool(faults) == (code == 2)
    assert all(fault["file"] and fault["expected"] for fault in faults)


@settings(max_examples=40, deadline=None)
@given(request=st.sampled_from([f"R-10{n}" for n in range(9)]), text=CELLS, data=st.data())
def test_whatever_a_request_says_it_is_answered(
    request: str, text: str, data: st.DataObject
) -> None:
    """A shortlist of a changed request is an answer or a list of what is wrong with it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(shutil.copytree(SAMPLE, Path(temporary) / "book"))
        path = folder / "requests.csv"
        records = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
        rows = [record for record in records if record[0] == request]
        for record in rows:
            record[data.draw(st.integers(1, len(record) - 1))] = text
        written = io.StringIO(newline="")
        csv.writer(written, lineterminator="\n").writerows(records)
        path.write_bytes(written.getvalue().encode("utf-8", "replace"))
        code, out, err = _quiet(["shortlist", str(folder), request])
    assert code in {0, 2}, err
    assert ("people decide" in out) == (code == 0)

"""Ways to break a copy of the sample book, one step at a time."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files import read_book

SAMPLE = Path(__file__).parents[1] / "data" / "sample"

Step = Callable[[Path], object]


def copy_of_sample(tmp_path: Path) -> Path:
    """Return a fresh copy of the sample book's folder."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "book"))


def faults_after(tmp_path: Path, *steps: Step) -> tuple[Fault, ...]:
    """Return every fault of the sample book once it has been broken."""
    folder = copy_of_sample(tmp_path)
    for step in steps:
        step(folder)
    try:
        read_book(folder)
    except BadInputError as error:
        return error.faults
    return ()


def _records(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))


def _write(path: Path, records: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(records)
    path.write_text(text.getvalue(), "utf-8", newline="")


def cell(file: str, row: int, column: str, value: str) -> Step:
    """Put a value into one cell; rows count as a spreadsheet counts them."""

    def step(folder: Path) -> None:
        records = _records(folder / file)
        records[row - 1][records[0].index(column)] = value
        _write(folder / file, records)

    return step


def row(file: str, **cells: str) -> Step:
    """Add a row at the end of a file."""

    def step(folder: Path) -> None:
        records = _records(folder / file)
        assert set(cells) <= set(records[0])
        records.append([cells.get(column, "") for column in records[0]])
        _write(folder / file, records)

    return step


def heading(file: str, old: str, new: str) -> Step:
    """Rename a column."""

    def step(folder: Path) -> None:
        records = _records(folder / file)
        records[0][records[0].index(old)] = new
        _write(folder / file, records)

    return step


def without(file: str, *columns: str) -> Step:
    """Take columns out of a file."""

    def step(folder: Path) -> None:
        records = _records(folder / file)
        kept = [place for place, name in enumerate(records[0]) if name not in columns]
        _write(folder / file, [[record[place] for place in kept] for record in records])

    return step


def swap(file: str, old: str, new: str) -> Step:
    """Replace the first appearance of a text in a file."""

    def step(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), "utf-8", newline="")

    return step


def recode(file: str, change: Callable[[str], bytes]) -> Step:
    """Write a file anew from its text."""
    return lambda folder: (folder / file).write_bytes(change((folder / file).read_text("utf-8")))


def holding(file: str, data: bytes) -> Step:
    """Write bytes in place of a file."""
    return lambda folder: (folder / file).write_bytes(data)


def gone(file: str) -> Step:
    """Delete a file."""
    return lambda folder: (folder / file).unlink()


def folder_instead(file: str) -> Step:
    """Put a folder where a file should be."""

    def step(folder: Path) -> None:
        (folder / file).unlink(missing_ok=True)
        (folder / file).mkdir()

    return step


def link_instead(file: str) -> Step:
    """Put a symbolic link where a file should be."""

    def step(folder: Path) -> None:
        (folder / file).rename(folder / "elsewhere.txt")
        (folder / file).symlink_to(folder / "elsewhere.txt")

    return step

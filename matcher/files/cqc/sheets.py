"""Published sheets saved as CSV: found by their headings, below whatever stands above them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cells import LIST_SEPARATOR, CellError, read_date, shown
from matcher.files.plain_files import read_plain_file
from matcher.files.tables import SEPARATORS, BrokenRecordError, Record, numbered_records

_HEADER_WITHIN = 10
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?Z?")
YES_NO_FLAGS = {"y": True, "yes": True, "n": False, "no": False, "": False}


def plain(text: str) -> str:
    """Return a heading or word in small letters with single spaces, the same on both of a slash."""
    return " ".join(text.replace("/", " / ").replace("–", "-").split()).lower()


@dataclass(frozen=True)
class Cells:
    """The cells of one row by heading; capitals and spacing of headings do not matter."""

    file: str
    row: int
    header: list[str]
    places: Mapping[str, int]
    cells: list[str]

    def text(self, heading: str) -> str:
        """Return a cell stripped; empty where there is no such column."""
        place = self.places.get(plain(heading))
        return "" if place is None or place >= len(self.cells) else self.cells[place].strip()

    def flag(self, heading: str, words: Mapping[str, bool] = YES_NO_FLAGS) -> bool:
        """Return whether a cell says Y, or another of some words that mean so.

        Raises
        ------
        BadInputError
            If it says something else.
        """
        text = self.text(heading)
        if text.lower() not in words:
            raise BadInputError([self.fault(heading, "Y or nothing")])
        return words[text.lower()]

    def parts(self, heading: str) -> tuple[str, ...]:
        """Return the parts of a cell with several values, in lower case."""
        parts = (plain(part) for part in self.text(heading).split(LIST_SEPARATOR))
        return tuple(part for part in parts if part)

    def fault(self, heading: str, expected: str) -> Fault:
        """Return a fault of one cell, by its heading as the file writes it."""
        place = self.places.get(plain(heading))
        column = heading if place is None else self.header[place].strip()
        return Fault(self.file, self.row, column, shown(self.text(heading)), expected)


@dataclass(frozen=True)
class Sheet:
    """A file with a header row: its headings in plain form, and its rows one by one."""

    headings: frozenset[str]
    rows: Iterator[Cells]


def read_sheet(path: Path, is_header: Callable[[Collection[str]], bool]) -> Sheet | list[str]:
    """Return a file whose header is within its first rows, else the first cells that it has.

    Parameters
    ----------
    path
        The file.
    is_header
        Whether a row with these headings, in plain form, is the header looked for.

    Raises
    ------
    BadInputError
        If the file cannot be read.
    """
    text = read_plain_file(path)
    firsts = []
    for separator in SEPARATORS:
        first, sheet = _below_header(_records(path.name, text, separator), path.name, is_header)
        if sheet is not None:
            return sheet
        firsts.append(first)
    return firsts[0]


def _below_header(
    records: Iterator[Record],
    file: str,
    is_header: Callable[[Collection[str]], bool],
) -> tuple[list[str], Sheet | None]:
    """Return the first cells that there are, and the sheet where its header is found."""
    first: list[str] = []
    for (_row, cells), _ in zip(records, range(_HEADER_WITHIN), strict=False):
        first = first or [cell for cell in cells if cell.strip()]
        places = {plain(heading): place for place, heading in reversed([*enumerate(cells)])}
        if is_header(places.keys()):
            rows = (Cells(file, row, cells, places, found) for row, found in records)
            return first, Sheet(frozenset(places), rows)
    return first, None


def not_a_sheet(file: str, first: list[str], expected: str) -> BadInputError:
    """Return the error for a file whose headings are not those expected."""
    met = shown("first header cells are " + ", ".join(first[:4]) if first else "nothing")
    return BadInputError([Fault(file, 1, "", met, expected)])


def read_day(text: str) -> date:
    """Read a date that a time of day may follow.

    Raises
    ------
    CellError
        If it is neither.
    """
    day, _, time = text.replace("T", " ").partition(" ")
    if time.strip() and not _TIME.fullmatch(time.strip()):
        raise CellError("a date, with a time of day behind it or without, such as 30/03/2026 09:12")
    return read_date(day)


def _records(file: str, text: str, separator: str) -> Iterator[Record]:
    """Yield each row that is not empty with its number."""
    try:
        for row, cells in numbered_records(text, separator):
            if any(cell.strip() for cell in cells):
                yield row, cells
    except BrokenRecordError as broken:
        expected = "quotation marks around whole cells, doubled inside them, and closed"
        raise BadInputError([Fault(file, broken.row, "", shown(broken), expected)]) from broken

"""One CSV file as raw rows: its separator, its header, its records, and what is wrong with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cells import shown, suggestion, word_form
from matcher.files.plain_files import read_plain_file

SEPARATORS = (",", ";", "\t")
MAX_CELL_CHARACTERS = 10_000
# Excel leaves out the separators of trailing empty columns, deciding for 16 rows at a time.
_BLOCK_ROWS = 16
_HEADER_CHARACTERS = 100_000

Record = tuple[int, list[str]]


class BrokenRecordError(Exception):
    """A record of a CSV file that does not end where it should.

    Parameters
    ----------
    row
        Its row number as a spreadsheet shows it.
    problem
        What the reader says of it.
    """

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(problem)
        self.row, self.problem = row, problem


@dataclass(frozen=True)
class Table:
    """The raw rows of a file.

    Parameters
    ----------
    columns
        Place in a record of each known column that the file has.
    records
        Row number as a spreadsheet shows it (the header is row 1) with the row's raw cells, only
        rows that fit the header.
    keys
        First known column's text on every row; None where some row could not be told apart.
    """

    columns: dict[str, int]
    records: list[Record]
    keys: frozenset[str] | None


@dataclass
class _Sheet:
    """A file while it is being read, gathering its faults."""

    file: str
    known: Sequence[str]
    required: Sequence[str]
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self, row: int, column: str, value: object, expected: str, among: Sequence[str] = ()
    ) -> None:
        self.faults.append(Fault(self.file, row, column, shown(value, among=among), expected))


def read_table(
    path: Path, known: Sequence[str], required: Sequence[str]
) -> tuple[Table | None, list[Fault]]:
    """Return the raw rows of a CSV file with every fault of its form.

    Parameters
    ----------
    path
        The file.
    known
        Headings it may have, the one that names its rows first.
    required
        Headings it must have.

    Returns
    -------
    tuple
        The rows, or None where the file or its header cannot be read; and the faults.
    """
    sheet = _Sheet(path.name, known, required)
    try:
        text = read_plain_file(path)
    except BadInputError as error:
        return None, list(error.faults)
    records = _records(sheet, text)
    header = next(records, None)
    if header is None or not any(cell.strip() for cell in header[1]):
        if not sheet.faults:
            sheet.fault(1, "", "nothing", "a header row: " + ", ".join(known))
        return None, sheet.faults
    columns = _columns(sheet, header[1])
    if columns is None:
        return None, sheet.faults
    rows = [record for record in records if any(cell.strip() for cell in record[1])]
    unbroken = all(fault.row == 1 for fault in sheet.faults)
    fitting = list(_fitting(sheet, header[1], columns, rows))
    place = columns.get(known[0])
    keys = None
    if unbroken and len(fitting) == len(rows) and place is not None:
        keys = frozenset(cells[place].strip() for _, cells in fitting)
    return Table(columns, fitting, keys), sheet.faults


def numbered_records(text: str, separator: str) -> Iterator[Record]:
    """Yield each record with its row number; a record is one row however many lines it spans.

    Raises
    ------
    BrokenRecordError
        If a record cannot be told from the next.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenRecordError(row, str(error)) from error
        yield row, cells


def _records(sheet: _Sheet, text: str) -> Iterator[Record]:
    """Yield the records up to the first that is broken, which is a fault."""
    try:
        yield from numbered_records(text, _separator(text, sheet.known))
    except BrokenRecordError as broken:
        sheet.fault(broken.row, "", broken.problem, _quoting(broken.problem))


def _separator(text: str, known: Sequence[str]) -> str:
    """Return the separator that finds most of the known columns in the header line."""
    header = next(iter(text[:_HEADER_CHARACTERS].splitlines()), "")

    def found(separator: str) -> int:
        names = [word_form(name.strip().strip('"')) for name in header.split(separator)]
        return len(set(names) & set(known))

    return max(SEPARATORS, key=found)


def _quoting(problem: str) -> str:
    if "limit" in problem:
        return (
            f"cells of at most {MAX_CELL_CHARACTERS:,} characters; a quotation mark opened here"
            " may never be closed"
        )
    if "end of data" in problem:
        return "a closing quotation mark; the one opened in this row is never closed"
    return "quotation marks around whole cells, doubled inside them"


def _columns(sheet: _Sheet, header: list[str]) -> dict[str, int] | None:
    """Return the place of each known column, or None where a required one is missing."""
    if not {word_form(heading) for heading in header} & set(sheet.known):
        sheet.fault(1, "", ",".join(header), "a header row: " + ", ".join(sheet.known))
        return None
    columns: dict[str, int] = {}
    meant: set[str] = set()
    for place, heading in enumerate(header):
        name = word_form(heading)
        if name in columns:
            sheet.fault(1, name, heading, "each column once")
        elif name in sheet.known:
            columns[name] = place
        elif name:
            absent = [known for known in sheet.known if known not in map(word_form, header)]
            hint = suggestion(name, absent)
            meant |= {known for known in absent if f" {known}?" in hint}
            sheet.fault(
                1, shown(heading.strip()), heading, f"one of {', '.join(sheet.known)}{hint}"
            )
    missing = [name for name in sheet.required if name not in columns]
    # A column that is only misspelt has been reported already.
    for name in missing:
        if name not in meant:
            sheet.fault(1, name, "no such column", f"a column named {name}")
    return None if missing else columns


def _fitting(
    sheet: _Sheet, header: list[str], columns: dict[str, int], rows: list[Record]
) -> Iterator[Record]:
    """Yield the rows that have a cell under each heading, faulting the others."""
    width = len(header)
    nameless = [place for place, heading in enumerate(header) if not heading.strip()]
    used = 1 + max(place for place, heading in enumerate(header) if heading.strip())
    needed = 1 + max((columns[name] for name in sheet.required), default=0)
    widths = _block_widths(rows)
    for row, cells in rows:
        unnamed = [cells[place] for place in nameless if place < len(cells)] + cells[width:]
        stray = next((cell for cell in unnamed if cell.strip()), None)
        shortened = row > _BLOCK_ROWS and needed <= len(cells) == widths[_block(row)]
        if stray is not None:
            sheet.fault(row, "", stray, f"{used} cells, each under a heading", cells)
        elif len(cells) < used and not shortened:
            sheet.fault(row, "", f"{len(cells)} cells", f"{used} cells, one under each heading")
        else:
            yield row, cells


def _block(row: int) -> int:
    return (row - 1) // _BLOCK_ROWS


def _block_widths(rows: list[Record]) -> dict[int, int]:
    """Return the one number of cells of each block of 16 rows; 0 where they differ."""
    widths: dict[int, int] = {}
    for row, cells in rows:
        block = _block(row)
        widths[block] = len(cells) if widths.get(block, len(cells)) == len(cells) else 0
    return widths

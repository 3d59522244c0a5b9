"""From raw rows to nouns, each remembering the row it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from matcher.errors import Fault
from matcher.files.cells import CellError, DoorCodeError, shown
from matcher.files.columns import Column, FileSpec, Values
from matcher.files.tables import MAX_CELL_CHARACTERS, Record, Table, read_table
from matcher.model import Frozen
from matcher.vocabulary import WITHHELD

T = TypeVar("T", bound=Frozen)

_SPREADSHEET_ERROR = re.compile(
    r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA|#+)", re.IGNORECASE
)
_FORMULA_STARTS = frozenset("=+-@")
_HIDDEN_STARTS = frozenset("\t\r")
_LIMITS = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}
_WORDS = re.compile(r"[a-z_]+")


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A noun with the row that told of it.

    Parameters
    ----------
    row
        Row number as a spreadsheet shows it.
    item
        The noun.
    cells
        The raw cells of the row.
    """

    row: int
    item: T
    cells: list[str]


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The nouns of one file.

    Parameters
    ----------
    spec
        The file.
    lines
        Its rows that could be read.
    columns
        Place of each column that the file has.
    keys
        Text of the first column on every row, readable or not; None where it cannot be told on some
        row, so that nobody is called unknown because of a fault elsewhere.
    """

    spec: FileSpec
    lines: tuple[Sourced[T], ...]
    columns: dict[str, int]
    keys: frozenset[str] | None

    def __iter__(self) -> Iterator[Sourced[T]]:
        return iter(self.lines)

    @property
    def items(self) -> tuple[T, ...]:
        """The nouns alone, in the order of the file."""
        return tuple(line.item for line in self.lines)

    def fault(self, line: Sourced[Any], column: str, expected: str) -> Fault:
        """Return a fault of one cell of a row."""
        met = shown(_cell(line.cells, self.columns.get(column)), among=line.cells)
        return Fault(self.spec.file, line.row, column, met, expected)


def read_rows(folder: Path, spec: FileSpec, item: type[T]) -> tuple[Rows[T], list[Fault]]:
    """Return the nouns of one file of a folder, with every fault in it.

    Parameters
    ----------
    folder
        The book's folder.
    spec
        The file to read; one that is not required may be absent, which is the same as empty.
    item
        The noun its rows become, `spec.item`.
    """
    path = folder / spec.file
    if not (spec.required or path.exists() or path.is_symlink()):
        return Rows(spec, (), {}, frozenset()), []
    table, faults = read_table(path, tuple(spec.by_name), spec.required_names)
    if table is None:
        return Rows(spec, (), {}, None), faults
    lines = tuple(_read_lines(spec, item, table, faults))
    key = spec.columns[0].name
    unnamed = any(fault.row > 1 and fault.column == key for fault in faults)
    return Rows(spec, lines, table.columns, None if unnamed else table.keys), faults


def _read_lines(
    spec: FileSpec, item: type[T], table: Table, faults: list[Fault]
) -> Iterator[Sourced[T]]:
    plan = [_Read(spec.by_name[name], place, {}) for name, place in table.columns.items()]
    for record in table.records:
        values, bad = _read_cells(spec, plan, record)
        try:
            noun = item.model_validate(values)
        except ValidationError as error:
            details = error.errors(include_url=False)
            bad += _noun_faults(spec, table, record, details, {fault.column for fault in bad})
        if bad:
            faults += bad
        else:
            yield Sourced(record[0], noun, record[1])


class _Read(NamedTuple):
    """A column, its place in the file, and what its cells read so far say: many are alike."""

    column: Column
    place: int
    known: Values


def _read_cells(spec: FileSpec, plan: list[_Read], record: Record) -> tuple[Values, list[Fault]]:
    """Return the values of a row by field, nested as the noun is, and the faults of its cells."""
    values: Values = {}
    faults: list[Fault] = []
    row, cells = record
    for column, place, known in plan:
        raw = _cell(cells, place)
        text = raw.strip()
        if raw in known:
            _put(values, column.field, known[raw])
        elif text:
            try:
                value = _read_cell(column, raw, text)
            except CellError as error:
                secret = isinstance(error, DoorCodeError)
                met = WITHHELD if secret else shown(raw, among=cells)
                faults.append(Fault(spec.file, row, column.name, met, str(error)))
            else:
                known[raw] = value
                _put(values, column.field, value)
        elif column.required:
            faults.append(Fault(spec.file, row, column.name, "", column.kind.expected))
    if spec.complete:
        spec.complete(values)
    return values, faults


def _cell(cells: list[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _read_cell(column: Column, raw: str, text: str) -> Any:
    """Read one cell after refusing what no kind of cell may hold."""
    if len(text) > MAX_CELL_CHARACTERS:
        raise CellError(f"a cell of at most {MAX_CELL_CHARACTERS:,} characters")
    start = text[0]
    if start == "#" and _SPREADSHEET_ERROR.fullmatch(text):
        raise CellError(f"{column.kind.expected}, not a spreadsheet's error")
    if raw[0] in _HIDDEN_STARTS:
        raise CellError(f"{column.kind.expected}, not starting with a tab or line break")
    signed_number = column.kind.is_number and start in "+-" and text[1:2].isdigit()
    if start in _FORMULA_STARTS and not signed_number:
        raise CellError(f"{column.kind.expected}, not starting like a formula (= + - @)")
    return column.kind.read(text)


def _put(values: Values, field: tuple[str, ...], value: Any) -> None:
    for part in field[:-1]:
        values = values.setdefault(part, {})
    values[field[-1]] = value


def _noun_faults(
    spec: FileSpec,
    table: Table,
    record: Record,
    details: Iterable[ErrorDetails],
    told: set[str],
) -> list[Fault]:
    """Say in the file's terms why a row makes no noun, leaving out what its cells explain."""
    faults = []
    row, cells = record
    for detail in details:
        column = _column_at_fault(spec, detail)
        # A rule between cells says nothing reliable while one of its cells is unreadable.
        if (told and not _is_one_field(spec, detail)) or (column and column.name in told):
            continue
        name = column.name if column else ""
        value = _cell(cells, table.columns.get(name)) if column else "|".join(cells)
        met = shown(value, among=cells)
        faults.append(Fault(spec.file, row, name, met, _expected(column, detail)))
    return faults


def _is_one_field(spec: FileSpec, detail: ErrorDetails) -> bool:
    return _field(spec, detail) in spec.by_field


def _field(spec: FileSpec, detail: ErrorDetails) -> tuple[str, ...]:
    """Return the path of the field at fault, without the kind of value that was tried for it."""
    path = tuple(part for part in detail["loc"] if isinstance(part, str))
    return path[:-1] if path[:-1] in spec.by_field else path


def _column_at_fault(spec: FileSpec, detail: ErrorDetails) -> Column | None:
    """Return the column of a field; for a rule between fields, the first one that it names."""
    column = spec.by_field.get(_field(spec, detail))
    if column or detail["type"] != "value_error":
        return column
    named = (spec.by_name.get(word) for word in _WORDS.findall(_reason(detail)))
    return next((column for column in named if column), None)


def _reason(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Value error, ")


def _expected(column: Column | None, detail: ErrorDetails) -> str:
    kind = detail["type"]
    if column and kind in _LIMITS:
        bound, words = _LIMITS[kind]
        # The bound is in the noun's unit, so it is written as the column would write it.
        return f"{column.kind.expected}, {words} {column.kind.write(detail['ctx'][bound])}"
    if kind == "value_error" or column is None:
        return _reason(detail)
    return column.kind.expected

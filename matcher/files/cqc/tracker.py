"""A wide extract of a vacancy tracker: a row for each home, a column for each kind of bed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from matcher.errors import BadInputError, Fault
from matcher.files.cells import CellError, read_id, read_whole
from matcher.files.cqc.assumptions import care_types_of
from matcher.files.cqc.beds import IN_REGISTER, Homes, Told, kinds_of, most_of
from matcher.files.cqc.ratings import read_past_day
from matcher.files.cqc.sheets import Cells, Sheet, not_a_sheet, plain
from matcher.model import BedCapacity, Provider
from matcher.vocabulary import CareType

T = TypeVar("T")

_IDS = ("CQC Location ID", "Location ID", "provider_id")
_UPDATED = "Last updated"
_VACANT = "vacant accepting admissions - "
_KINDS = {
    "general residential": CareType.RESIDENTIAL,
    "general nursing": CareType.NURSING,
    "dementia residential": CareType.RESIDENTIAL_DEMENTIA,
    "dementia nursing": CareType.NURSING_DEMENTIA,
}
_MOST_BEDS = 500


def is_wide(headings: Collection[str]) -> bool:
    """Return whether a row of headings in plain form is that of a wide extract."""
    return any(heading.startswith(_VACANT) for heading in headings)


def wide_vacancies(sheet: Sheet, file: str, homes: Homes) -> Told:
    """Return what a wide extract tells of the homes that are kept.

    Only beds that are vacant and accept admissions count. What it tells is free from the day of
    the book on, as of the day of its last update.

    Raises
    ------
    BadInputError
        With every fault of every cell.
    """
    column = next((name for name in _IDS if plain(name) in sheet.headings), None)
    if column is None:
        raise not_a_sheet(file, sorted(sheet.headings), f"a column named {' or '.join(_IDS)}")
    kinds = sorted(heading for heading in sheet.headings if heading.startswith(_VACANT))
    extract = _Extract(homes, column, kinds)
    for cells in sheet.rows:
        extract.take(cells)
    if extract.faults:
        raise BadInputError(extract.faults)
    return Told(tuple(extract.lines), extract.elsewhere, dict(extract.other))


@dataclass
class _Extract:
    """An extract while it is gone through, home by home."""

    homes: Homes
    id_column: str
    kinds: list[str]
    lines: list[BedCapacity] = field(default_factory=list)
    elsewhere: int = 0
    other: Counter[str] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, cells: Cells) -> None:
        """Take the vacancies of one row, or count it as another home's, or fault its cells."""
        provider_id = self._cell(cells, self.id_column, read_id)
        vacant = self._vacant(cells)
        updated = self._updated(cells)
        if provider_id is None:
            return
        earlier = self.rows.setdefault(provider_id, cells.row)
        home = self.homes.kept(provider_id)
        if earlier != cells.row:
            expected = f"each home once; row {earlier} tells of it too"
            self.faults.append(cells.fault(self.id_column, expected))
        elif home is not None:
            self.faults += self._faults(cells, home, vacant)
            self._add(provider_id, home, vacant, updated)
        elif self.homes.is_registered(provider_id):
            self.elsewhere += 1
        else:
            self.faults.append(cells.fault(self.id_column, IN_REGISTER))

    def _vacant(self, cells: Cells) -> dict[str, int]:
        """Return the vacancies of each column that has any."""
        told = {kind: self._cell(cells, kind, _read_beds) for kind in self.kinds}
        return {kind: beds for kind, beds in told.items() if beds}

    def _updated(self, cells: Cells) -> date | None:
        as_of = self.homes.as_of
        return self._cell(cells, _UPDATED, lambda text: read_past_day(text, as_of))

    def _faults(self, cells: Cells, home: Provider, vacant: Mapping[str, int]) -> Iterator[Fault]:
        """Fault kinds of bed that the home does not have, and more vacancies than it has beds."""
        offered = care_types_of(home)
        for kind in vacant:
            if _care_type(kind) not in {None, *offered}:
                yield cells.fault(kind, kinds_of(home))
        beds = self.homes.beds_of(home)
        if beds is not None and sum(vacant.values()) > beds:
            most = max(vacant, key=lambda kind: vacant[kind])
            yield cells.fault(most, f"{most_of(beds)}, all kinds together")

    def _add(
        self, provider_id: str, home: Provider, vacant: Mapping[str, int], updated: date | None
    ) -> None:
        """Add a line for each kind of vacancy; none at all is told as a home without a free bed."""
        free = dict.fromkeys(care_types_of(home)[:1], 0)
        for kind, beds in vacant.items():
            care_type = _care_type(kind)
            if care_type is None:
                self.other[kind.removeprefix(_VACANT)] += beds
            else:
                free[care_type] = beds
        self.lines += [
            BedCapacity(
                provider_id=provider_id,
                care_type=care_type,
                beds=beds,
                available_from=self.homes.as_of,
                as_of=updated,
            )
            for care_type, beds in free.items()
            if beds or not any(free.values())
        ]

    def _cell(self, cells: Cells, heading: str, read: Callable[[str], T]) -> T | None:
        """Read one cell; None where it is at fault or, unless it is the id, empty."""
        text = cells.text(heading)
        if not text and heading != self.id_column:
            return None
        try:
            return read(text)
        except CellError as error:
            self.faults.append(cells.fault(heading, str(error)))
            return None


def _care_type(column: str) -> CareType | None:
    """Return the kind of bed of a column; None where a book has no word for it."""
    return _KINDS.get(column.removeprefix(_VACANT))


def _read_beds(text: str) -> int:
    beds = read_whole(text)
    if beds > _MOST_BEDS:
        raise CellError(f"a whole number of beds up to {_MOST_BEDS:,}")
    return beds

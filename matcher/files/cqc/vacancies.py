"""Vacancies that homes report, in the columns of a book or in those of a tracker."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files import columns
from matcher.files.cqc.assumptions import care_types_of
from matcher.files.cqc.beds import IN_REGISTER, Homes, Told, kinds_of, most_of
from matcher.files.cqc.imported import ImportedHomes
from matcher.files.cqc.sheets import Sheet, read_sheet
from matcher.files.cqc.tracker import is_wide, wide_vacancies
from matcher.files.rows import Rows, Sourced, read_rows
from matcher.files.snapshots import bed_faults
from matcher.model import BedCapacity, Provider


def with_vacancies(
    imported: ImportedHomes, path: Path, register_ids: Collection[str], as_of: date
) -> ImportedHomes:
    """Return an import with the vacancies of a file; every row is about a location of the register.

    Rows about a second registration are those of the place that is kept, unless the file tells
    of that as well: no bed is counted twice.

    Parameters
    ----------
    imported
        The import, without vacancies.
    path
        A file with the columns of ``bed_capacity.csv``, or a wide extract: see `tracker`.
    register_ids
        Ids of all locations that the register holds.
    as_of
        The day the book describes.

    Raises
    ------
    BadInputError
        With every fault of every cell.
    """
    homes = Homes(imported, register_ids, as_of)
    sheet = read_sheet(path, is_wide)
    if isinstance(sheet, Sheet):
        told = wide_vacancies(sheet, path.name, homes)
    else:
        told = _narrow(path, homes)
    source: dict[str, str] = {}
    for line in told.lines:
        home = homes.id_of(line.provider_id)
        source[home] = home if home == line.provider_id else source.get(home, line.provider_id)
    lines = tuple(
        line.model_copy(update={"provider_id": home})
        for line in told.lines
        for home in [homes.id_of(line.provider_id)]
        if source[home] == line.provider_id
    )
    return replace(
        imported,
        bed_capacity=lines,
        vacancies_elsewhere=told.elsewhere,
        vacancies_twice=len(told.lines) - len(lines),
        vacancies_other=told.other,
    )


def _narrow(path: Path, homes: Homes) -> Told:
    """Return what a file with the columns of ``bed_capacity.csv`` tells."""
    spec = replace(columns.BED_CAPACITY, file=path.name, required=True)
    rows, faults = read_rows(path.parent, spec, BedCapacity)
    faults += bed_faults(rows)
    lines = []
    for line in rows:
        home = homes.kept(line.item.provider_id)
        if home is not None:
            faults += _faults(rows, line, home, homes.beds_of(home))
            lines.append(line.item)
        elif not homes.is_registered(line.item.provider_id):
            faults.append(rows.fault(line, "provider_id", IN_REGISTER))
    if faults:
        raise BadInputError(faults)
    return Told(tuple(lines), len(rows.items) - len(lines), {})


def _faults(
    rows: Rows[BedCapacity], line: Sourced[BedCapacity], home: Provider, beds: int | None
) -> Iterator[Fault]:
    """Fault a kind of bed that the home does not have, and more vacancies than it has beds."""
    if line.item.care_type not in care_types_of(home):
        yield rows.fault(line, "care_type", kinds_of(home))
    if beds is not None and line.item.beds > beds:
        yield rows.fault(line, "beds", most_of(beds))

"""All rows of a book as they were read, before they are checked against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from matcher.errors import Fault
from matcher.files import columns
from matcher.files.cells import shown, suggestion, word_form
from matcher.files.columns import FileSpec, VisitLine
from matcher.files.rows import Rows, read_rows
from matcher.files.settings import BOOK_FILE, POLICY_FILE
from matcher.model import (
    BedCapacity,
    CareRequest,
    FrameworkRate,
    Frozen,
    HomecareCapacity,
    HomecarePackage,
    Offered,
    Provider,
    Rate,
    Running,
    Visit,
    Zone,
)

T = TypeVar("T", bound=Frozen)

DESCRIPTION_FILE = "datapackage.json"
COLUMNS_FILE = "columns.md"
BOOK_FILES = frozenset({BOOK_FILE, POLICY_FILE, DESCRIPTION_FILE, COLUMNS_FILE}) | {
    spec.file for spec in columns.FILES
}
"""Every name that a file of a book may have."""
_DOCUMENTS = (".md", ".pdf", ".doc", ".docx", ".odt", ".htm", ".html")
"""How names of files end that are for reading and cannot be meant as part of a book."""


@dataclass(frozen=True)
class BookRows:
    """The rows of each file of a book."""

    zones: Rows[Zone]
    providers: Rows[Provider]
    rates: Rows[Rate]
    framework_rates: Rows[FrameworkRate]
    homecare_capacity: Rows[HomecareCapacity]
    bed_capacity: Rows[BedCapacity]
    requests: Rows[CareRequest]
    visits: Rows[VisitLine]
    running: Rows[Running]
    history: Rows[Offered]

    @cached_property
    def whole_requests(self) -> tuple[CareRequest, ...]:
        """The requests with their visits, each package in the order of its visit numbers."""
        visits: dict[str, list[Visit]] = defaultdict(list)
        for line in self.visits:
            visits[line.item.request_id].append(line.item.visit)
        return tuple(
            _with_visits(request, visits.get(request.request_id, []))
            for request in self.requests.items
        )


def _with_visits(request: CareRequest, visits: list[Visit]) -> CareRequest:
    if not visits:
        return request
    ordered = tuple(sorted(visits, key=lambda visit: visit.visit_no))
    return request.model_copy(update={"package": HomecarePackage(visits=ordered)})


def read_book_rows(folder: Path) -> tuple[BookRows, list[Fault]]:
    """Return the rows of every CSV file in a book's folder, with the faults of each file."""
    faults = list(_misnamed_files(folder))

    def rows_of(spec: FileSpec, item: type[T]) -> Rows[T]:
        rows, found = read_rows(folder, spec, item)
        faults.extend(found)
        return rows

    rows = BookRows(
        zones=rows_of(columns.ZONES, Zone),
        providers=rows_of(columns.PROVIDERS, Provider),
        rates=rows_of(columns.RATES, Rate),
        framework_rates=rows_of(columns.FRAMEWORK_RATES, FrameworkRate),
        homecare_capacity=rows_of(columns.HOMECARE_CAPACITY, HomecareCapacity),
        bed_capacity=rows_of(columns.BED_CAPACITY, BedCapacity),
        requests=rows_of(columns.REQUESTS, CareRequest),
        visits=rows_of(columns.VISITS, VisitLine),
        running=rows_of(columns.RUNNING, Running),
        history=rows_of(columns.HISTORY, Offered),
    )
    return rows, faults


def _misnamed_files(folder: Path) -> Iterator[Fault]:
    """Fault a file named nearly as one of a book's is: it would be left out in silence."""
    present = {path.name for path in folder.iterdir()}
    absent = BOOK_FILES - present
    for name in sorted(present - BOOK_FILES):
        hint = ""
        if file := _file_meant(name):
            hint = "" if (folder / name).is_dir() else f" (did you mean {file}?)"
        elif name.endswith((".csv", ".CSV", ".toml")):
            hint = suggestion(name.lower().replace("-", "_"), sorted(absent))
        if hint:
            met = shown(name)
            yield Fault(met, 0, "", met, f"the name of a book's file{hint}")


def _file_meant(name: str) -> str:
    """Return the file of a book that another name begins like, such as ``running (1).xlsx``."""
    stem = word_form(name)
    if stem.endswith(_DOCUMENTS):
        return ""
    meant = [file for file in BOOK_FILES if _begins_like(stem, file.partition(".")[0])]
    return max(meant, key=len, default="")


def _begins_like(stem: str, start: str) -> bool:
    """Say whether a name is a start with something after it that makes it no other word."""
    return stem.startswith(start) and not stem[len(start) : len(start) + 1].isalpha()

"""Invented extracts of both layouts of the CQC register."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from matcher.errors import BadInputError, Fault
from matcher.files.cqc import import_register
from matcher.geography import Gazetteer

AS_OF = date(2026, 4, 1)
DORSET = "E06000059"
NURSING = "Service type - Care home service with nursing"
RESIDENTIAL = "Service type - Care home service without nursing"
HOMECARE = "Service type - Domiciliary care service"
BAND = "Service user band - "
ACTIVE = (
    "Location ID", "Location HSCA start date", "Care home?", "Location Name", "Care homes beds",
    "Location Street Address", "Location Postal Code", NURSING, RESIDENTIAL,
    f"{BAND}Children 0-18 years", f"{BAND}Dementia", f"{BAND}Older People", "lad",
)  # fmt: skip
DIRECTORY = (
    "Name", "Also known as", "Address", "Postcode", "Phone number",
    "Service's website (if available)", "Service types", "Date of latest check",
    "Specialisms/services", "Provider name", "Local authority", "Region", "Location URL",
    "CQC Location ID (for office use only)", "CQC Provider ID (for office use only)",
)  # fmt: skip
PREAMBLE = "CQC directory\nAs of April 2026\nThis list is invented\n\n"


def home(number: int, **cells: str) -> dict[str, str]:
    """Return an invented row of the active-locations layout: a residential home of 20 beds."""
    row = {
        "Location ID": f"1-{number}",
        "Location Name": f"Teasel House {number:03d}",
        "Care home?": "Y",
        "Care homes beds": "20",
        "Location Postal Code": "DT1 1XJ",
        RESIDENTIAL: "Y",
        f"{BAND}Older People": "Y",
        "lad": DORSET,
    }
    return row | cells


def entry(number: int, **cells: str) -> dict[str, str]:
    """Return an invented row of the directory layout: a nursing home."""
    row = {
        "Name": f"Osier House {number:03d}",
        "Postcode": "dt11xj",
        "Phone number": "01632960001",
        "Service types": "Nursing homes",
        "Specialisms/services": "Dementia|Caring for adults over 65 yrs|Personal care",
        "CQC Location ID (for office use only)": f"1-{number}",
    }
    return row | cells


def written(
    path: Path, header: tuple[str, ...], rows: list[dict[str, str]], preamble: str = ""
) -> Path:
    """Write rows as CSV under a header and return the path."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(preamble + text.getvalue(), encoding="utf-8")
    return path


def active(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """Write an extract in the active-locations layout."""
    header = ACTIVE + tuple(
        dict.fromkeys(name for row in rows for name in row if name not in ACTIVE)
    )
    return written(tmp_path / "active.csv", header, list(rows))


def directory(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """Write an extract in the directory layout, with its preamble."""
    return written(tmp_path / "directory.csv", DIRECTORY, list(rows), PREAMBLE)


def faults(path: Path, gazetteer: Gazetteer, **settings: object) -> tuple[Fault, ...]:
    """Return the faults that an import raises."""
    with pytest.raises(BadInputError) as refusal:
        import_register(path, gazetteer=gazetteer, as_of=AS_OF, **settings)  # type: ignore[arg-type]
    return refusal.value.faults

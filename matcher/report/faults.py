"""Faults and warnings of input: where, what was met and what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group
from rich.text import Text

from matcher.errors import Fault
from matcher.report.page import QUIET, page, table
from matcher.vocabulary import printable, without_controls

SHOWN = 200
"""A page lists so many at most; the JSON document lists all."""


def faults_table(faults: Sequence[Fault], *, most: int = SHOWN) -> Group:
    """Return faults as a table, and how many more there are."""
    rows = [
        (fault.file, str(fault.row or ""), fault.column, fault.value, fault.expected)
        for fault in map(_printable, faults[:most])
    ]
    parts: list[Any] = [table(("File", "Row", "Column", "Found", "Expected"), rows, right=("Row",))]
    if len(faults) > most:
        parts.append(Text(f"  ... and {len(faults) - most:,} more; --json lists all.", QUIET))
    return page(parts)


def faults_document(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Return every fault for a JSON document."""
    return [asdict(_printable(fault)) for fault in faults]


def _printable(fault: Fault) -> Fault:
    """Return a fault that shows no door code (H8) and nothing that a terminal acts upon."""
    return Fault(
        without_controls(fault.file),
        fault.row,
        without_controls(fault.column),
        printable(fault.value),
        without_controls(fault.expected),
    )

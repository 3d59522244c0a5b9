"""Faults and warnings of input: where, what was met and what was expected."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.errors import Fault
from matcher.report.page import QUIET, listing, note, page, table
from matcher.report.wording import count_text, plain_text, some_text
from matcher.vocabulary import printable, without_controls

_IDS = re.compile(r"\S*\d\S*")
"""Ids, days and figures: what differs between faults of one kind."""
SHOWN = 200
"""A page lists so many at most; the JSON document lists all."""


def faults_table(faults: Sequence[Fault], *, most: int = SHOWN) -> Group:
    """Return faults as a table, and how many more there are."""
    rows = [
        (fault.file, str(fault.row or ""), fault.column, fault.value, plain_text(fault.expected))
        for fault in map(_printable, faults[:most])
    ]
    parts: list[Any] = [table(("File", "Row", "Column", "Found", "Expected"), rows, right=("Row",))]
    if len(faults) > most:
        parts.append(Text(f"  ... and {len(faults) - most:,} more; --json lists all.", QUIET))
    return page(parts)


def grouped_faults(faults: Sequence[Fault], *, most: int, rows: int) -> Group:
    """Return faults by kind: how many, what was expected, and where the first few are.

    Parameters
    ----------
    faults
        The faults.
    most
        How many kinds are shown, the commonest first.
    rows
        How many places are named of each kind.
    """
    kinds: defaultdict[tuple[str, str, str], list[Fault]] = defaultdict(list)
    for fault in map(_printable, faults):
        kinds[fault.file, fault.column, _IDS.sub("...", fault.expected)].append(fault)
    ordered = sorted(kinds.values(), key=lambda found: -len(found))
    parts: list[RenderableType] = [
        listing(
            [(f"{len(found):,}", _kind_text(found, rows)) for found in ordered[:most]], right=(0,)
        )
    ]
    rest = ordered[most:]
    if rest:
        left = count_text(sum(map(len, rest)), "other")
        parts.append(
            note(f"and {left} of {count_text(len(rest), 'kind')} (--why lists all)", QUIET)
        )
    return page(parts)


def _kind_text(found: Sequence[Fault], rows: int) -> str:
    """Return what was expected, and in which rows it was not met by what."""
    first = found[0]
    places = [f"{each.row} ({each.value})" if each.row else each.value for each in found]
    where = f"{first.file}, {first.column}" if first.column else first.file
    row = "" if not first.row else " row" if len(found) == 1 else " rows"
    return f"Expected {plain_text(first.expected)}: {where},{row} {some_text(places, rows)}"


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

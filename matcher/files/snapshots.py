"""Checks that capacity is told once: two snapshots of one provider would be added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from datetime import date
from typing import TypeVar

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.rows import Rows, Sourced
from matcher.model import BedCapacity, HomecareCapacity

C = TypeVar("C", HomecareCapacity, BedCapacity)


def snapshot_faults(rows: BookRows) -> Iterator[Fault]:
    """Yield every row of capacity that repeats another or is of another day than one beside it."""
    yield from carer_faults(rows.homecare_capacity)
    yield from bed_faults(rows.bed_capacity)


def carer_faults(rows: Rows[HomecareCapacity]) -> Iterator[Fault]:
    """Yield the rows of carers that count carers of a provider a second time."""
    yield from _counted_twice(rows, lambda row: row.provider_id, _share_time)


def bed_faults(rows: Rows[BedCapacity]) -> Iterator[Fault]:
    """Yield the rows of beds that count beds of one care type of a home a second time."""
    yield from _counted_twice(rows, lambda row: (row.provider_id, row.care_type), _share_nights)


def _counted_twice(
    rows: Rows[C], key_of: Callable[[C], Hashable], overlap: Callable[[C, C], bool]
) -> Iterator[Fault]:
    first: dict[C, int] = {}
    told: dict[Hashable, dict[date | None, list[Sourced[C]]]] = defaultdict(dict)
    for line in rows:
        earlier = first.setdefault(line.item, line.row)
        snapshots = told[key_of(line.item)]
        other = _of_another_day(line.item, snapshots, overlap)
        if earlier != line.row:
            expected = f"each row once; row {earlier} is the same, and rows add up"
            yield rows.fault(line, "provider_id", expected)
        elif other is not None:
            day = other.item.as_of or "no day"
            yield rows.fault(
                line,
                "as_of",
                "one snapshot: rows of one as_of add up, rows of different ones do not;"
                f" row {other.row} is as of {day} and overlaps",
            )
        else:
            snapshots.setdefault(line.item.as_of, []).append(line)


def _of_another_day(
    item: C,
    snapshots: dict[date | None, list[Sourced[C]]],
    overlap: Callable[[C, C], bool],
) -> Sourced[C] | None:
    """Return the first row kept of another as_of that holds on a time of this one, if any."""
    others = (line for day, lines in snapshots.items() if day != item.as_of for line in lines)
    return next((line for line in others if overlap(line.item, item)), None)


def _share_time(one: HomecareCapacity, other: HomecareCapacity) -> bool:
    return (
        one.start_minute < other.end_minute
        and other.start_minute < one.end_minute
        and not set(one.days).isdisjoint(other.days)
    )


def _share_nights(one: BedCapacity, other: BedCapacity) -> bool:
    return one.available_from <= (other.available_to or date.max) and other.available_from <= (
        one.available_to or date.max
    )

"""Checks of dates: nothing recorded in the future, periods in order, no two rates at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from datetime import date
from typing import Any, TypeVar

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.rows import Rows, Sourced
from matcher.model import FrameworkRate, Rate

R = TypeVar("R", Rate, FrameworkRate)


def period_faults(rows: BookRows, as_of: date | None) -> Iterator[Fault]:
    """Yield every fault of a date; without the book's day only those between dates of a row."""
    if as_of is not None:
        for source, column in _recorded(rows):
            yield from _after(source, column, as_of)
    yield from _backwards(rows.rates)
    yield from _backwards(rows.framework_rates)
    yield from _overlapping(rows.rates, lambda rate: (rate.provider_id, *rate.what_for))
    yield from _overlapping(rows.framework_rates, lambda rate: rate.what_for)


def _recorded(rows: BookRows) -> tuple[tuple[Rows[Any], str], ...]:
    """Return the columns that record what has happened, so never lie in the book's future.

    Care that is booked runs in the book from then on, though its first day may be yet to come.
    """
    return (
        (rows.providers, "cqc_rated_on"),
        (rows.homecare_capacity, "as_of"),
        (rows.bed_capacity, "as_of"),
        (rows.requests, "waiting_since"),
        (rows.history, "offered_on"),
    )


def _after(source: Rows[Any], column: str, as_of: date) -> Iterator[Fault]:
    for line in source:
        day = getattr(line.item, column)
        if day is not None and day > as_of:
            yield source.fault(line, column, f"a day no later than {as_of}, the book's as_of")


def _backwards(rates: Rows[R]) -> Iterator[Fault]:
    for line in rates:
        if _is_backwards(line.item):
            yield rates.fault(line, "valid_to", f"a day on or after {line.item.valid_from}")


def _is_backwards(rate: Rate | FrameworkRate) -> bool:
    return bool(rate.valid_from and rate.valid_to and rate.valid_to < rate.valid_from)


def _overlapping(rates: Rows[R], key_of: Callable[[R], Hashable]) -> Iterator[Fault]:
    """Fault two rates for the same thing on the same day; the one further down gets the fault."""
    groups: dict[Hashable, list[Sourced[R]]] = defaultdict(list)
    told: set[int] = set()
    for line in rates:
        if not _is_backwards(line.item):
            for day in line.item.days or (None,):
                groups[key_of(line.item), day].append(line)
    for group in groups.values():
        group.sort(key=lambda line: line.item.valid_from or date.min)
        latest = group[0]
        for line in group[1:]:
            if (line.item.valid_from or date.min) <= _end(latest):
                upper, lower = sorted([latest, line], key=lambda either: either.row)
                if lower.row not in told:
                    told.add(lower.row)
                    yield rates.fault(
                        lower,
                        "valid_from",
                        f"one rate a day for the same thing; row {upper.row} is in force then too",
                    )
            latest = max(latest, line, key=_end)


def _end(line: Sourced[R]) -> date:
    return line.item.valid_to or date.max

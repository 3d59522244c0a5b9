"""What a person should look at although the book can be used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.former import former_cautions
from matcher.files.rows import Rows, Sourced
from matcher.files.unheeded import unheeded
from matcher.policy import Policy
from matcher.vocabulary import ProviderStatus

FRESH_DAYS = 28
"""Days after which what a provider said of its capacity is called old *(assumed)*."""


def cautions(rows: BookRows, as_of: date, policy: Policy) -> Iterator[Fault]:
    """Yield what makes answers less certain: old, assumed and missing facts, short visits."""
    yield from former_cautions(rows)
    yield from _old_capacity(rows, as_of - timedelta(days=FRESH_DAYS))
    yield from _short_visits(rows, policy.times.visit_warning_minutes.value)
    yield from _nothing_to_offer(rows)
    yield from _assumed(rows.rates)
    yield from _assumed(rows.bed_capacity)
    yield from _sectors_inside_other_zones(rows)
    yield from _windows_over(rows, as_of)
    yield from _groups_among_specialisms(rows)
    yield from unheeded(rows, as_of, policy)


def _old_capacity(rows: BookRows, oldest: date) -> Iterator[Fault]:
    """Name the first old row of each provider and file."""
    sources: tuple[Rows[Any], ...] = (rows.homecare_capacity, rows.bed_capacity)
    for source in sources:
        told: set[str] = set()
        for line in source:
            item = line.item
            if item.as_of and item.as_of < oldest and item.provider_id not in told:
                told.add(item.provider_id)
                expected = f"word from {item.provider_id} on or after {oldest}"
                yield source.fault(line, "as_of", expected)


def _short_visits(rows: BookRows, least: int) -> Iterator[Fault]:
    """Name visits below the guidance's least length (L3)."""
    for line in rows.visits:
        if line.item.visit.minutes < least:
            yield rows.visits.fault(line, "minutes", f"visits of at least {least} minutes (L3)")


def _nothing_to_offer(rows: BookRows) -> Iterator[Fault]:
    """Name open providers without capacity or without a rate: they can be offered to nobody."""
    sources: tuple[Rows[Any], ...] = (rows.homecare_capacity, rows.bed_capacity)
    with_capacity = {line.item.provider_id for source in sources for line in source}
    with_rate = {rate.provider_id for rate in rows.rates.items}
    for line in rows.providers:
        name = line.item.provider_id
        if line.item.status is not ProviderStatus.OPEN:
            continue
        if name not in with_capacity:
            yield rows.providers.fault(line, "provider_id", "a provider with rows of capacity")
        if name not in with_rate:
            yield rows.providers.fault(line, "provider_id", "a provider with a rate in rates.csv")


def _assumed(source: Rows[Any]) -> Iterator[Fault]:
    """Name the first assumed row of a file, with how many there are."""
    assumed: list[Sourced[Any]] = [line for line in source if line.item.assumed]
    if assumed:
        rows = f"{len(assumed)} of {len(source.lines)} rows are assumed"
        yield source.fault(assumed[0], "assumed", f"figures on record; {rows}")


def _groups_among_specialisms(rows: BookRows) -> Iterator[Fault]:
    """Name the first home whose specialisms are read as its groups, with how many there are."""
    read = [line for line in rows.providers if line.item.groups_among_specialisms]
    if read:
        groups = "|".join(sorted(read[0].item.groups_among_specialisms))
        expected = (
            f"in client_groups what a home is registered for, such as {groups}; until then its "
            f"specialisms are read as that (L4), as of {len(read)} of the book's providers"
        )
        yield rows.providers.fault(read[0], "specialisms", expected)


def _windows_over(rows: BookRows, as_of: date) -> Iterator[Fault]:
    """Name people who wait for a bed inside a window that has passed."""
    running = {line.request_id for line in rows.running.items}
    for line in rows.requests:
        placement = line.item.placement
        last = placement.admit_to if placement else None
        if last is not None and last < as_of and line.item.request_id not in running:
            expected = f"a day on or after {as_of}: nobody can be admitted inside this window"
            yield rows.requests.fault(line, "admit_to", expected)


def _sectors_inside_other_zones(rows: BookRows) -> Iterator[Fault]:
    """Name a sector whose outward code belongs to another zone."""
    holder = {area: zone.zone for zone in rows.zones.items for area in zone.postcodes}
    for line in rows.zones:
        for area in line.item.postcodes:
            outward, _, digit = area.partition(" ")
            zone = holder.get(outward, line.item.zone)
            if digit and zone != line.item.zone:
                yield rows.zones.fault(
                    line, "postcodes", f"one zone for {area}; zone {zone} holds all of {outward}"
                )

"""Providers that a book's lines still name although they left the register: read as closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.cells import suggestion
from matcher.files.rows import Rows, Sourced
from matcher.model import Provider
from matcher.vocabulary import Contract, ProviderKind, ProviderStatus, ServiceType

_MOST_LINES = 5
"""A caution names so many lines at most."""


@dataclass
class Former:
    """An id that no row of ``providers.csv`` has.

    Parameters
    ----------
    provider_id
        The id.
    first
        The first line that names it, as a fault that expects something else there.
    lines
        Every line that names it, by file and row.
    services
        What it is known to have sold.
    """

    provider_id: str
    first: Fault
    lines: list[str] = field(default_factory=list)
    services: set[ServiceType] = field(default_factory=set)

    def provider(self) -> Provider:
        """Return the closed provider that stands in for it; all else that it says is a guess."""
        homecare = ServiceType.HOMECARE in self.services
        usual = ServiceType.HOMECARE if homecare else ServiceType.RESIDENTIAL
        beds = tuple(service for service in ServiceType if service in self.services)
        return Provider(
            provider_id=self.provider_id,
            name=f"Former provider ({self.provider_id})",
            kind=ProviderKind.HOMECARE if homecare else ProviderKind.CARE_HOME,
            services=(usual,) if homecare else beds or (usual,),
            contract=Contract.SPOT,
            status=ProviderStatus.CLOSED,
        )


def former_providers(rows: BookRows) -> list[Former]:
    """Return every provider that lines of a book name and ``providers.csv`` does not hold.

    An id changes when a home is sold, and the care that runs there does not end with it: such a
    book can be used, with the former provider closed. None where ``providers.csv`` cannot be read
    whole, so that nobody is called unknown because of a fault elsewhere.
    """
    known = rows.providers.keys
    found: dict[str, Former] = {}
    if known is None:
        return []
    for source, line, column, provider_id, service in _named(rows):
        if provider_id not in known:
            if provider_id not in found:
                hint = suggestion(provider_id, sorted(known))
                expected = f"ids that providers.csv holds; {provider_id} is read as closed{hint}"
                found[provider_id] = Former(provider_id, source.fault(line, column, expected))
            former = found[provider_id]
            former.lines.append(f"{source.spec.file} row {line.row}")
            if service is not None:
                former.services.add(service)
    return list(found.values())


def former_cautions(rows: BookRows) -> Iterator[Fault]:
    """Name each former provider once, with the lines that name it and the id it may be."""
    for former in former_providers(rows):
        first = former.first
        others = [line for line in dict.fromkeys(former.lines) if line != former.lines[0]]
        named = ", ".join(others[:_MOST_LINES])
        more = len(others) - _MOST_LINES
        told = f"{named} and {more} more" if more > 0 else named
        expected = f"{first.expected}; it stands in {told} too" if told else first.expected
        yield Fault(first.file, first.row, first.column, first.value, expected)


_Naming = tuple[Rows[Any], Sourced[Any], str, str, ServiceType | None]


def _named(rows: BookRows) -> Iterator[_Naming]:
    """Yield each provider that a line names: whose line, its column, the id, and what it sells."""
    services = {request.request_id: request.service_type for request in rows.requests.items}
    for source in (rows.running, rows.history):
        for line in source:
            item = line.item
            yield source, line, "provider_id", item.provider_id, services.get(item.request_id or "")
    for request in rows.requests:
        for column, provider_id in _wishes(request):
            yield rows.requests, request, column, provider_id, request.item.service_type
    for rate in rows.rates:
        yield rows.rates, rate, "provider_id", rate.item.provider_id, rate.item.service_type
    for hours in rows.homecare_capacity:
        homecare = ServiceType.HOMECARE
        yield rows.homecare_capacity, hours, "provider_id", hours.item.provider_id, homecare
    for bed in rows.bed_capacity:
        care_type = ServiceType(bed.item.care_type.value)
        yield rows.bed_capacity, bed, "provider_id", bed.item.provider_id, care_type


def _wishes(request: Sourced[Any]) -> Iterator[tuple[str, str]]:
    item = request.item
    for column in ("preferred_providers", "excluded_providers"):
        for provider_id in getattr(item, column):
            yield column, provider_id
    if item.current_provider_id is not None:
        yield "current_provider_id", item.current_provider_id

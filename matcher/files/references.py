"""Checks between files: ids told once, ids that name nobody, and rows in the wrong file."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, TypeVar

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.cells import suggestion
from matcher.files.rows import Rows, Sourced
from matcher.model import CareRequest, Frozen, Zone
from matcher.vocabulary import LONG_TERM_SERVICES, Outcome, ProviderKind, ServiceType

T = TypeVar("T", bound=Frozen)


def reference_faults(rows: BookRows) -> Iterator[Fault]:
    """Yield every fault of an id that is told twice, names nobody or stands in the wrong file."""
    yield from _told_twice(rows)
    yield from _areas_in_two_zones(rows.zones)
    yield from _unknown_zones(rows)
    yield from _unknown_requests(rows)
    yield from _capacity_of_the_wrong_kind(rows)
    yield from _visits_of_no_homecare(rows)
    yield from _unsuitable_for_nobody(rows)
    for line in rows.requests:
        yield from _request_faults(rows.requests, line)


def _told_twice(rows: BookRows) -> Iterator[Fault]:
    yield from _repeats(rows.zones, "zone", lambda zone: zone.zone)
    yield from _repeats(rows.providers, "provider_id", lambda provider: provider.provider_id)
    yield from _repeats(rows.requests, "request_id", lambda request: request.request_id)
    yield from _repeats(rows.running, "request_id", lambda line: line.request_id)
    yield from _repeats(
        rows.visits, "visit_no", lambda line: (line.request_id, line.visit.visit_no)
    )


def _repeats(rows: Rows[T], column: str, key_of: Callable[[T], Hashable]) -> Iterator[Fault]:
    first: dict[Hashable, int] = {}
    for line in rows:
        earlier = first.setdefault(key_of(line.item), line.row)
        if earlier != line.row:
            yield rows.fault(line, column, f"a {column} told once; row {earlier} tells it too")


def _areas_in_two_zones(zones: Rows[Zone]) -> Iterator[Fault]:
    holder: dict[str, str] = {}
    for line in zones:
        for area in line.item.postcodes:
            zone = holder.setdefault(area, line.item.zone)
            if zone != line.item.zone:
                yield zones.fault(
                    line, "postcodes", f"each area in one zone; {area} is in zone {zone} too"
                )


def _unknown_zones(rows: BookRows) -> Iterator[Fault]:
    for line in rows.providers:
        yield from _unknown(rows.providers, line, "zones", line.item.zones, rows.zones)
    for rates in (rows.rates, rows.framework_rates):
        for rate in rates:
            asked = [rate.item.zone] if rate.item.zone else []
            yield from _unknown(rates, rate, "zone", asked, rows.zones)


def _unknown(
    rows: Rows[Any],
    line: Sourced[Any],
    column: str,
    ids: Iterable[str],
    source: Rows[Any],
) -> Iterator[Fault]:
    """Fault each id that its own file does not hold; an unreadable file may hold anything."""
    known = source.keys
    if known is None:
        return
    for name in ids:
        if name not in known:
            hint = suggestion(name, sorted(known))
            expected = f"ids that {source.spec.file} holds; it has no {name}{hint}"
            yield rows.fault(line, column, expected)


def _unknown_requests(rows: BookRows) -> Iterator[Fault]:
    """Fault visits and running care of no request; the ledger outlives its requests, so not it."""
    sources: tuple[Rows[Any], ...] = (rows.visits, rows.running)
    for source in sources:
        for line in source:
            asked = [line.item.request_id]
            yield from _unknown(source, line, "request_id", asked, rows.requests)


def _capacity_of_the_wrong_kind(rows: BookRows) -> Iterator[Fault]:
    # Of a closed provider that is nowhere the kind is a guess, and its capacity has no effect.
    kinds = {p.provider_id: p.kind for p in rows.providers.items if p.postcode is not None}
    for line in rows.homecare_capacity:
        if kinds.get(line.item.provider_id) is ProviderKind.CARE_HOME:
            yield rows.homecare_capacity.fault(
                line, "provider_id", "an agency; a care home's vacancies stand in bed_capacity.csv"
            )
    for bed in rows.bed_capacity:
        if kinds.get(bed.item.provider_id) is ProviderKind.HOMECARE:
            yield rows.bed_capacity.fault(
                bed, "provider_id", "a care home; an agency's carers stand in homecare_capacity.csv"
            )


def _visits_of_no_homecare(rows: BookRows) -> Iterator[Fault]:
    services = {request.request_id: request.service_type for request in rows.requests.items}
    for line in rows.visits:
        service = services.get(line.item.request_id, ServiceType.HOMECARE)
        if service is not ServiceType.HOMECARE:
            yield rows.visits.fault(
                line, "request_id", f"a request for homecare; this one asks for {service}"
            )


def _unsuitable_for_nobody(rows: BookRows) -> Iterator[Fault]:
    """Fault a finding of unsuitable that names no request: it would keep nobody away (H15)."""
    for line in rows.history:
        if line.item.outcome is Outcome.UNSUITABLE and line.item.request_id is None:
            yield rows.history.fault(
                line, "request_id", "the request that the provider found unsuitable (H15)"
            )


def _request_faults(requests: Rows[CareRequest], line: Sourced[CareRequest]) -> Iterator[Fault]:
    """Fault cells of one request that contradict each other."""
    item = line.item
    if both := set(item.preferred_providers) & set(item.excluded_providers):
        names = ", ".join(sorted(both))
        yield requests.fault(
            line, "excluded_providers", f"nobody who is preferred as well, such as {names}"
        )
    placement = item.placement
    if placement is None:
        return
    if item.is_homecare:
        for column in ("care_type", "nights", "admit_from", "admit_to"):
            if getattr(placement, column) is not None:
                yield requests.fault(line, column, "nothing, because homecare is asked for")
    elif item.service_type in LONG_TERM_SERVICES and placement.care_type != item.service_type.value:
        yield requests.fault(
            line, "care_type", f"{item.service_type} or nothing, because that is the service_type"
        )

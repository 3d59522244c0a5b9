"""The book's price list read plainly, one price at a time: the referee's own arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from matcher.model import Book, CareRequest
from matcher.vocabulary import RateUnit, ServiceType, in_force

Price = Callable[[ServiceType, RateUnit, int | None], int | None]
"""Amount in pence for a service, a unit and a visit length; ``None`` where none is on file."""


class Tariff:
    """Rates in force on the book's as_of.

    Parameters
    ----------
    book
        The book whose rates and framework rates are read.
    """

    def __init__(self, book: Book) -> None:
        today = book.as_of
        self._rates = {
            (rate.provider_id, rate.service_type, rate.unit, rate.visit_minutes): rate.amount_pence
            for rate in book.rates
            if in_force(rate.valid_from, rate.valid_to, today)
        }
        self._framework = {
            (rate.zone, rate.service_type, rate.unit, rate.visit_minutes): rate.amount_pence
            for rate in book.framework_rates
            if in_force(rate.valid_from, rate.valid_to, today)
        }
        self._zones = {part: zone.zone for zone in book.zones for part in zone.postcodes}

    def weekly_pence(self, request: CareRequest, provider_id: str) -> int | None:
        """Return what a request costs a week at a provider; ``None`` without a rate."""

        def price(service: ServiceType, unit: RateUnit, minutes: int | None) -> int | None:
            return self._rates.get((provider_id, service, unit, minutes))

        return _weekly(request, price)

    def framework_pence(self, request: CareRequest) -> int | None:
        """Return what a request costs a week at framework rates; ``None`` without one."""
        zone = None
        if request.postcode is not None:
            zone = self._zones.get(request.postcode.sector) or self._zones.get(
                request.postcode.outward
            )

        def price(service: ServiceType, unit: RateUnit, minutes: int | None) -> int | None:
            # A zone's rate for any length goes before a rate of all zones for that length.
            for place in (zone, None):
                for length in (minutes, None):
                    amount = self._framework.get((place, service, unit, length))
                    if amount is not None:
                        return amount
            return None

        return _weekly(request, price)


def _weekly(request: CareRequest, price: Price) -> int | None:
    return _homecare_week(request, price) if request.is_homecare else _bed_week(request, price)


def _homecare_week(request: CareRequest, price: Price) -> int | None:
    total = Fraction(0)
    for visit in request.package.visits:
        hourly = price(ServiceType.HOMECARE, RateUnit.HOUR, visit.minutes)
        if hourly is None:
            hourly = price(ServiceType.HOMECARE, RateUnit.HOUR, None)
        if hourly is None:
            return None
        total += Fraction(hourly * visit.minutes * visit.carers * len(visit.days), 60)
    return int(total + Fraction(1, 2))


def _bed_week(request: CareRequest, price: Price) -> int | None:
    services = [request.service_type]
    if request.is_respite and request.care_type is not None:
        services.append(ServiceType(request.care_type.value))
    for service in services:
        week = price(service, RateUnit.WEEK, None)
        if week is not None:
            return week
        night = price(service, RateUnit.NIGHT, None)
        if night is not None:
            return night * 7
    return None

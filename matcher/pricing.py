"""What a request would cost a week at each provider, and the ceilings it is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.market import NO_RATE, Ints, Market, Mask
from matcher.model import CareRequest, Visit
from matcher.vocabulary import DAYS_PER_WEEK, RateUnit, ServiceType

MINUTES_PER_HOUR = 60


@dataclass(frozen=True)
class Prices:
    """Weekly cost of one request at every provider.

    Parameters
    ----------
    weekly_pence
        Cost a week, pence, [providers]; meaningless where ``known`` is false.
    known
        Whether every rate needed is on file and in force on the book's as_of, [providers].
    framework_pence
        The cost a week at framework rates in the person's zone; ``None`` when none is on file.
    """

    weekly_pence: Ints
    known: Mask
    framework_pence: int | None


def rounded_pence(numerator: int, denominator: int) -> int:
    """Return a fraction of pence as whole pence, halves up: the only rounding of costs."""
    return (2 * numerator + denominator) // (2 * denominator)


def priced_services(request: CareRequest) -> tuple[ServiceType, ...]:
    """Return the services under which a bed may be priced, the most particular first."""
    if request.is_respite and request.care_type is not None:
        return (ServiceType.RESPITE, ServiceType(request.care_type.value))
    return (request.service_type,)


def prices(market: Market, request: CareRequest, zone: str | None) -> Prices:
    """Return what a request would cost a week at every provider, by rates in force on as_of.

    Homecare: the sum over visits of hourly rate x hours x days x carers (H6), where a rate for
    visits of that length goes before the rate for any length. Beds: the weekly rate, else seven
    times the nightly one; respite falls back on the care type's own rate.
    """
    if request.is_homecare:
        return _homecare_prices(market, request.package.visits, zone)
    return _bed_prices(market, request, zone)


def _homecare_prices(market: Market, visits: tuple[Visit, ...], zone: str | None) -> Prices:
    pence_minutes = np.zeros(len(market), np.int64)
    known = np.ones(len(market), np.bool_)
    ceiling: int | None = 0
    for visit in visits:
        hourly = _column(market, ServiceType.HOMECARE, RateUnit.HOUR, visit.minutes)
        any_length = _column(market, ServiceType.HOMECARE, RateUnit.HOUR, None)
        amount = np.where(hourly == NO_RATE, any_length, hourly)
        known &= amount != NO_RATE
        pence_minutes += amount * visit.weekly_minutes
        framework = market.framework_pence(ServiceType.HOMECARE, RateUnit.HOUR, visit.minutes, zone)
        if framework is None or ceiling is None:
            ceiling = None
        else:
            ceiling += framework * visit.weekly_minutes
    weekly = (2 * pence_minutes + MINUTES_PER_HOUR) // (2 * MINUTES_PER_HOUR)
    rounded = None if ceiling is None else rounded_pence(ceiling, MINUTES_PER_HOUR)
    return Prices(weekly, known, rounded)


def _bed_prices(market: Market, request: CareRequest, zone: str | None) -> Prices:
    weekly = np.full(len(market), NO_RATE, np.int64)
    ceiling: int | None = None
    for service in priced_services(request):
        by_week = _column(market, service, RateUnit.WEEK, None)
        by_night = _column(market, service, RateUnit.NIGHT, None)
        nights = np.where(by_night == NO_RATE, NO_RATE, by_night * DAYS_PER_WEEK)
        amount = np.where(by_week == NO_RATE, nights, by_week)
        weekly = np.where(weekly == NO_RATE, amount, weekly)
        if ceiling is None:
            ceiling = _framework_week(market, service, zone)
    return Prices(weekly, weekly != NO_RATE, ceiling)


def _framework_week(market: Market, service: ServiceType, zone: str | None) -> int | None:
    by_week = market.framework_pence(service, RateUnit.WEEK, None, zone)
    if by_week is not None:
        return by_week
    by_night = market.framework_pence(service, RateUnit.NIGHT, None, zone)
    return None if by_night is None else by_night * DAYS_PER_WEEK


def _column(market: Market, service: ServiceType, unit: RateUnit, minutes: int | None) -> Ints:
    column = market.rate_pence.get((service, unit, minutes))
    return np.full(len(market), NO_RATE, np.int64) if column is None else column

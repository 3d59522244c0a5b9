"""What a request would cost at each provider on its days of care, and the framework's ceilings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

import numpy as np

from matcher.calendar import is_bank_holiday
from matcher.market import AMOUNT_OF_FRAMEWORK, NO_RATE, Ints, Market, Mask, RateKey, RateSheet
from matcher.model import CareRequest, Visit
from matcher.vocabulary import (
    BED_UNITS,
    DAYS_PER_WEEK,
    HOMECARE_UNITS,
    RateDay,
    RateUnit,
    ServiceType,
)

MINUTES_PER_HOUR = 60
Whole = TypeVar("Whole", int, Ints)
Days = tuple[RateDay, ...]
"""What one day of care counts as, the most particular first: a bank holiday, its day of week."""


@dataclass(frozen=True)
class Prices:
    """What one request costs at every provider from its first day of care there.

    Parameters
    ----------
    weekly_pence
        A standard week, without bank holidays, at the rates of the first day, [providers];
        ``NO_RATE`` where a rate needed is not on file or not in force then.
    framework_pence
        The same at framework rates in the person's zone, [providers]; ``NO_RATE`` where none is
        on file.
    bill_pence, framework_bill_pence
        What is held against ceilings: of a stay the total over its nights, each at the rate in
        force on it; else the week, [providers].
    """

    weekly_pence: Ints
    framework_pence: Ints
    bill_pence: Ints
    framework_bill_pence: Ints

    @property
    def known(self) -> Mask:
        """Where every rate needed is on file and in force, [providers]."""
        return np.asarray((self.weekly_pence >= 0) & (self.bill_pence >= 0), np.bool_)

    @property
    def figures(self) -> tuple[Ints, Ints, Ints, Ints]:
        """All four, in the order in which they are told."""
        return self.weekly_pence, self.framework_pence, self.bill_pence, self.framework_bill_pence

    def rows(self, numbers: Ints) -> list[tuple[int, ...]]:
        """Return all figures of some providers, a tuple each: equal where their price is."""
        return [tuple(row) for row in np.stack(self.figures, axis=1)[numbers].tolist()]

    def cost_of(self, number: int) -> int | None:
        """Return a standard week's cost at one provider, if its price is known."""
        return int(self.weekly_pence[number]) if self.known[number] else None

    def bill_of(self, number: int) -> int | None:
        """Return the total of a stay, else a week's cost, if the price is known."""
        return int(self.bill_pence[number]) if self.known[number] else None

    def framework_of(self, number: int) -> int | None:
        """Return a standard week's cost at framework rates, if they are on file."""
        pence = int(self.framework_pence[number])
        return pence if pence >= 0 else None


def rounded_pence(numerator: Whole, denominator: int) -> Whole:
    """Return a fraction of pence as whole pence, halves up: the only rounding of costs.

    As an invoice has it: the price of each visit is rounded, then multiplied by days and carers;
    nights in a bed are summed exactly, and the sum, of a week or of a stay, is rounded.
    """
    return (2 * numerator + denominator) // (2 * denominator)


def nights_share(pence_per_week: int, nights: int | None) -> int:
    """Return what a weekly sum comes to for some nights; the sum itself until further notice."""
    return (
        pence_per_week if nights is None else rounded_pence(pence_per_week * nights, DAYS_PER_WEEK)
    )


def priced_services(request: CareRequest) -> tuple[ServiceType, ...]:
    """Return the services under which a bed may be priced, the most particular first."""
    if request.is_respite and request.care_type is not None:
        return (ServiceType.RESPITE, ServiceType(request.care_type.value))
    return (request.service_type,)


def is_steady(market: Market, request: CareRequest) -> bool:
    """Say whether a request costs the same whenever care begins."""
    price_list = market.price_list
    dated = request.stay_nights is not None and price_list.on(0).nights_differ
    return not price_list.changes and not dated


def priced_alike(market: Market, request: CareRequest, days: Ints) -> Ints:
    """Return for each first day of care one that has the same price, [days]."""
    if is_steady(market, request):
        return np.zeros_like(days)
    if request.stay_nights is not None:
        return days
    starts = np.array([0, *market.price_list.changes], np.int64)
    return np.asarray(starts[np.searchsorted(starts, days, side="right") - 1], np.int64)


def prices(market: Market, request: CareRequest, zone: str | None, days: Ints) -> Prices:
    """Return what a request would cost at every provider.

    Of several rates the most particular goes: one for the person's zone before one for any, then
    one for that length of visit, then one for that day. Of two as particular a price by the visit
    goes before one by the hour, and one by the week before one by the night. Respite falls back
    on the care type's own rate.

    Parameters
    ----------
    market, request, zone
        Who is asked for what, and the person's zone.
    days
        First day of care at each provider, counted from as_of, [providers].
    """
    alike = priced_alike(market, request, days)
    first, *more = np.unique(alike).tolist() or [0]
    found = _prices_on(market, request, zone, first)
    for day in more:
        there, here = _prices_on(market, request, zone, day), alike == day
        pairs = zip(there.figures, found.figures, strict=True)
        found = Prices(*(np.where(here, mine, old) for mine, old in pairs))
    return found


def _prices_on(market: Market, request: CareRequest, zone: str | None, day: int) -> Prices:
    sheet = market.price_list.on(day)
    if request.is_homecare:
        week, limit = _week_of_visits(sheet, len(market), request.package.visits, zone)
    else:
        week, limit = _nights(market, request, zone, Counter((day, (on,)) for on in _WEEK))
    if request.stay_nights is None:
        return Prices(week, limit, week, limit)
    stay = Counter(_night_of(market, day + n) for n in range(request.stay_nights))
    return Prices(week, limit, *_nights(market, request, zone, stay))


_WEEK = tuple(RateDay)[:DAYS_PER_WEEK]


# -- visits --------------------------------------------------------------------------------------


def _week_of_visits(
    sheet: RateSheet, providers: int, visits: tuple[Visit, ...], zone: str | None
) -> tuple[Ints, Ints]:
    weekly, limit = np.zeros(providers, np.int64), np.zeros(providers, np.int64)
    for visit in visits:
        worth = partial(visit_pence, minutes=visit.minutes)
        for days, count in _alike_days(sheet, visit):
            wanted = _keys(ServiceType.HOMECARE, HOMECARE_UNITS, visit.minutes, zone, days)
            amount, framework = _first_found(sheet, providers, list(wanted), worth)
            weekly = _plus(weekly, amount, count * visit.carers)
            limit = _plus(limit, framework, count * visit.carers)
    return weekly, limit


def visit_pence(unit: RateUnit, amount: Whole, minutes: int) -> Whole:
    """Return what one carer's visit costs at a rate by the hour or by the visit."""
    by_visit = unit is RateUnit.VISIT
    return amount if by_visit else rounded_pence(amount * minutes, MINUTES_PER_HOUR)


def _alike_days(sheet: RateSheet, visit: Visit) -> Iterator[tuple[Days, int]]:
    """Yield days of a visit, each that has rates of its own alone, the others by their count."""
    own = {day for unit, day in sheet.days_with_rates if unit in HOMECARE_UNITS}
    named = [RateDay(day.value) for day in visit.days if RateDay(day.value) in own]
    for day in named:
        yield (day,), 1
    if len(visit.days) > len(named):
        yield (), len(visit.days) - len(named)


# -- nights --------------------------------------------------------------------------------------


def days_of(on: date) -> Days:
    """Return what a date counts as: a bank holiday before its day of the week."""
    weekday = _WEEK[on.weekday()]
    return (RateDay.BANK_HOLIDAY, weekday) if is_bank_holiday(on) else (weekday,)


def _night_of(market: Market, day: int) -> tuple[int, Days]:
    """Return what a night is priced by: a day with the same rates, and what it counts as."""
    on = date.fromordinal(min(market.book.as_of.toordinal() + day, date.max.toordinal()))
    differ = market.price_list.on(day).nights_differ
    return market.price_list.period_of(day), days_of(on) if differ else ()


def _nights(
    market: Market, request: CareRequest, zone: str | None, nights: Counter[tuple[int, Days]]
) -> tuple[Ints, Ints]:
    """Return the price of some nights; in sevenths of a penny no weekly rate has a remainder."""
    total, limit = np.zeros(len(market), np.int64), np.zeros(len(market), np.int64)
    services = priced_services(request)
    for (day, days), count in nights.items():
        wanted = [key for s in services for key in _keys(s, BED_UNITS, None, zone, days)]
        night = _first_found(market.price_list.on(day), len(market), wanted, _sevenths)
        total, limit = _plus(total, night[0], count), _plus(limit, night[1], count)
    return _rounded_sevenths(total), _rounded_sevenths(limit)


def _sevenths(unit: RateUnit, amount: Ints) -> Ints:
    return amount if unit is RateUnit.WEEK else amount * DAYS_PER_WEEK


def _rounded_sevenths(pence: Ints) -> Ints:
    return np.where(pence >= 0, rounded_pence(pence, DAYS_PER_WEEK), NO_RATE)


# -- rates ---------------------------------------------------------------------------------------


def _keys(
    service: ServiceType,
    units: tuple[RateUnit, ...],
    minutes: int | None,
    zone: str | None,
    days: Days,
) -> Iterator[RateKey]:
    """Yield what a rate may be for, the most particular first."""
    for place in dict.fromkeys((zone, None)):
        for length in dict.fromkeys((minutes, None)):
            for day in (*days, None):
                for unit in units:
                    yield service, unit, length, place, day


def _first_found(
    sheet: RateSheet,
    providers: int,
    wanted: Sequence[RateKey],
    worth: Callable[[RateUnit, Ints], Ints],
) -> tuple[Ints, Ints]:
    """Return what the first rate on file is worth, and the first framework rate, [providers]."""
    limit = np.full(providers, NO_RATE, np.int64)
    for key in wanted:
        if key in sheet.framework:
            limit[:] = worth(key[1], np.array([sheet.framework[key]], np.int64))
            break
    amount, missing = np.full(providers, NO_RATE, np.int64), np.ones(providers, np.bool_)
    for key in wanted:
        column = sheet.pence.get(key)
        if column is not None:
            value = np.where(column == AMOUNT_OF_FRAMEWORK, limit, worth(key[1], column))
            amount = np.where(missing & (column != NO_RATE), value, amount)
            missing &= column == NO_RATE
    return amount, limit


def _plus(total: Ints, more: Ints, times: int) -> Ints:
    """Return a sum that is unknown where anything in it is."""
    unknown = (total < 0) | (more < 0)
    return np.where(unknown, NO_RATE, total + more * times)


def bank_holiday_rates(
    market: Market, request: CareRequest, zone: str | None, number: int
) -> tuple[tuple[RateUnit, int | None], ...]:
    """Return the rates of one provider on bank holidays, where it has some of their own.

    Each once, by today's list; an amount of ``None`` is whatever the framework pays. Empty for a
    stay, whose total counts each night as the date it is.
    """
    sheet = market.price_list.on(0)
    if request.stay_nights is not None or not sheet.days_with_rates:
        return ()
    found: dict[tuple[RateUnit, int | None], None] = {}
    for service in priced_services(request):
        units = HOMECARE_UNITS if request.is_homecare else BED_UNITS
        lengths: list[int | None] = [visit.minutes for visit in request.package.visits]
        for minutes in lengths or [None]:
            for key in _keys(service, units, minutes, zone, (RateDay.BANK_HOLIDAY,)):
                amount = int(sheet.pence[key][number]) if key in sheet.pence else NO_RATE
                if amount != NO_RATE:
                    if key[4] is RateDay.BANK_HOLIDAY:
                        found[key[1], amount if amount >= 0 else None] = None
                    break
    return tuple(found)

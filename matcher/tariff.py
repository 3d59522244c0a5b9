"""The book's price list read plainly, one visit and one night at a time: the referee's own sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple, TypeVar

from matcher.calendar import is_bank_holiday
from matcher.model import Book, CareRequest, FrameworkRate, Rate
from matcher.payers import PaidBy
from matcher.vocabulary import (
    AT_FRAMEWORK,
    NURSING_CARE,
    Funding,
    RateDay,
    RateUnit,
    ServiceType,
    in_force,
)

AnyRate = TypeVar("AnyRate", Rate, FrameworkRate)


class Care(NamedTuple):
    """One visit or night to be priced: what, where, how long, and as which days it counts."""

    service: ServiceType
    zone: str | None
    minutes: int | None
    days: tuple[RateDay, ...]
    on: date


class Tariff:
    """What providers charge and the framework pays from a first day of care on.

    Parameters
    ----------
    book
        The book whose rates and framework rates are read.
    """

    def __init__(self, book: Book) -> None:
        self._framework = book.framework_rates[::-1]
        self._rates: dict[str, list[Rate]] = defaultdict(list)
        for rate in reversed(book.rates):
            self._rates[rate.provider_id].append(rate)
        self._zones = {part: zone.zone for zone in book.zones for part in zone.postcodes}

    def weekly_pence(self, request: CareRequest, provider_id: str, first: date) -> int | None:
        """Return what a standard week costs at a provider; ``None`` without every rate needed."""
        total = self._bill(request, provider_id, first)
        return None if total is None else self._week(request, provider_id, first)

    def bill_pence(self, request: CareRequest, provider_id: str, first: date) -> int | None:
        """Return a stay's total, else the week's cost; ``None`` without every rate needed."""
        week = self._week(request, provider_id, first)
        return None if week is None else self._bill(request, provider_id, first)

    def paid_by(self, request: CareRequest, provider_id: str, first: date) -> PaidBy | None:
        """Return who pays what of the bill, taken from it one payer after another."""
        left = self.bill_pence(request, provider_id, first)
        if left is None:
            return None
        if request.funding is Funding.HEALTH:
            return PaidBy(health_pence=left)
        nhs = third_party = own = 0
        if request.care_type in NURSING_CARE:
            nhs = min(left, _for_stay(request, request.nursing_contribution_pence_per_week))
            left -= nhs
        if request.funding is Funding.SELF_FUNDED:
            return PaidBy(health_pence=nhs, own_pence=left)
        if request.funding is Funding.JOINT:
            shared = _halves_up(Fraction(left * (request.health_share_percent or 0), 100))
            nhs, left = nhs + shared, left - shared
        limits = [limit for limit in self.limits(request, first) if limit is not None]
        if limits and left > min(limits):
            agreed = _for_stay(request, request.third_party_top_up_pence_per_week)
            third_party = min(left - min(limits), agreed)
            left -= third_party
        own = min(left, _for_stay(request, request.own_contribution_pence_per_week))
        return PaidBy(
            council_pence=left - own,
            health_pence=nhs,
            third_party_pence=third_party,
            own_pence=own,
        )

    def limits(self, request: CareRequest, first: date) -> tuple[int | None, int | None]:
        """Return the bill at framework rates, and the personal budget for the same time."""
        budget = request.personal_budget_pence_per_week
        nights = request.stay_nights
        if budget is not None and nights is not None and nights > 7:
            budget = _halves_up(Fraction(budget * nights, 7))
        return self._bill(request, None, first), budget

    # -- sums ----------------------------------------------------------------------------------

    def _bill(self, request: CareRequest, provider_id: str | None, first: date) -> int | None:
        nights = request.stay_nights
        if nights is None:
            return self._week(request, provider_id, first)
        total = Fraction(0)
        for number in range(nights):
            night = date.fromordinal(min(first.toordinal() + number, date.max.toordinal()))
            counts_as = [list(RateDay)[night.weekday()]]
            if is_bank_holiday(night):
                counts_as.insert(0, RateDay.BANK_HOLIDAY)
            price = self._night(request, provider_id, tuple(counts_as), night)
            if price is None:
                return None
            total += price
        return _halves_up(total)

    def _week(self, request: CareRequest, provider_id: str | None, first: date) -> int | None:
        if request.is_homecare:
            return self._week_of_visits(request, provider_id, first)
        total = Fraction(0)
        for day in list(RateDay)[:7]:
            price = self._night(request, provider_id, (day,), first)
            if price is None:
                return None
            total += price
        return _halves_up(total)

    def _week_of_visits(
        self, request: CareRequest, provider_id: str | None, first: date
    ) -> int | None:
        total, zone = 0, self._zone(request)
        for visit in request.package.visits:
            for day in visit.days:
                named = (RateDay(day.value),)
                care = Care(ServiceType.HOMECARE, zone, visit.minutes, named, first)
                price = self._price([care], provider_id)
                if price is None:
                    return None
                total += _halves_up(price) * visit.carers
        return total

    def _night(
        self, request: CareRequest, provider_id: str | None, days: tuple[RateDay, ...], on: date
    ) -> Fraction | None:
        services = [request.service_type]
        if request.is_respite and request.care_type is not None:
            services.append(ServiceType(request.care_type.value))
        zone = self._zone(request)
        return self._price([Care(s, zone, None, days, on) for s in services], provider_id)

    def _price(self, cares: Sequence[Care], provider_id: str | None) -> Fraction | None:
        """Return the price of care under the first of its names that has one."""
        for care in cares:
            if provider_id is None:
                rate: Rate | FrameworkRate | None = _best(self._framework, care)
            else:
                rate = _best(self._rates[provider_id], care)
            if rate is not None:
                if rate.amount_pence == AT_FRAMEWORK:
                    return self._price(cares, None)
                return _worth(rate.unit, Fraction(rate.amount_pence), care.minutes or 0)
        return None

    def _zone(self, request: CareRequest) -> str | None:
        if request.postcode is None:
            return None
        sector = self._zones.get(request.postcode.sector)
        return sector or self._zones.get(request.postcode.outward)


def _best(rates: Sequence[AnyRate], care: Care) -> AnyRate | None:
    """Return the most particular rate for some care: by zone, by length, by day, by unit."""
    units = {RateUnit.HOUR: 0, RateUnit.VISIT: 1}
    if care.service is not ServiceType.HOMECARE:
        units = {RateUnit.NIGHT: 0, RateUnit.WEEK: 1}

    def particular(rate: AnyRate) -> tuple[bool, bool, int, int]:
        named = [len(care.days) - n for n, day in enumerate(care.days) if day in rate.days]
        return (
            rate.zone is not None,
            rate.visit_minutes is not None,
            max(named, default=0),
            units[rate.unit],
        )

    fitting = [
        rate
        for rate in rates
        if rate.service_type is care.service
        and rate.unit in units
        and rate.zone in {None, care.zone}
        and rate.visit_minutes in {None, care.minutes}
        and (not rate.days or set(rate.days) & set(care.days))
        and in_force(rate.valid_from, rate.valid_to, care.on)
    ]
    return max(fitting, key=particular, default=None)


def _worth(unit: RateUnit, amount: Fraction, minutes: int) -> Fraction:
    """Return pence for one visit of one carer, or one night."""
    shares = {RateUnit.HOUR: Fraction(minutes, 60), RateUnit.WEEK: Fraction(1, 7)}
    return amount * shares.get(unit, Fraction(1))


def _for_stay(request: CareRequest, pence_per_week: int | None) -> int:
    return _halves_up(Fraction((pence_per_week or 0) * (request.stay_nights or 7), 7))


def _halves_up(pence: Fraction) -> int:
    return int(pence + Fraction(1, 2))

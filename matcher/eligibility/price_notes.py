"""What has to be said beside a price: who pays it, what it will be later, and on other days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from matcher.eligibility.approval import span_text
from matcher.enquiry import Enquiry
from matcher.model import Frozen
from matcher.payers import PaidBy, council_pays
from matcher.pricing import bank_holiday_rates
from matcher.vocabulary import RateUnit, pounds_text


class LaterPrice(Frozen):
    """A week's cost from a later day on, as the rates on file have it; ``None``: no rate then."""

    since: date
    weekly_cost_pence: int | None


def paid_by(enquiry: Enquiry, number: int) -> PaidBy | None:
    """Return who pays what at one provider, of a week or of a stay; ``None`` without a price."""
    return enquiry.parts.of(number) if enquiry.prices.known[number] else None


def stay_cost_pence(enquiry: Enquiry, number: int) -> int | None:
    """Return what a stay costs in all; ``None`` without a price, and for care without an end."""
    stays = enquiry.request.stay_nights is not None
    return enquiry.prices.bill_of(number) if stays else None


def later_prices(enquiry: Enquiry, number: int) -> tuple[LaterPrice, ...]:
    """Return each change of a week's cost that is on file; of a stay, those that it meets."""
    return tuple(_changes(enquiry, number))


def _changes(enquiry: Enquiry, number: int) -> Iterator[LaterPrice]:
    market, cost = enquiry.market, enquiry.prices.cost_of(number)
    if cost is None:
        return
    first, nights = int(enquiry.first_days[number]), enquiry.request.stay_nights
    for day in market.price_list.changes_of[market.providers[number].provider_id]:
        if nights is not None and day >= first + nights:
            return
        then = enquiry.beginning(day).prices.cost_of(number) if day > first else cost
        if then != cost:
            yield LaterPrice(since=enquiry.date_of(day), weekly_cost_pence=then)
            cost = then


def price_notes(enquiry: Enquiry, number: int) -> tuple[str, ...]:
    """Return what has to be said beside the price of one provider, in sentences."""
    return tuple(_notes(enquiry, number))


def _notes(enquiry: Enquiry, number: int) -> Iterator[str]:
    cost, bill = enquiry.prices.cost_of(number), enquiry.prices.bill_of(number)
    if cost is None or bill is None:
        if not council_pays(enquiry.request):
            name = enquiry.market.providers[number].name
            yield f"{name} has no rate on file: whoever pays agrees a price with it first."
        return
    if changes := later_prices(enquiry, number):
        told = f"{pounds_text(cost)}{{}}{''.join(map(_later_text, changes))}."
        stays = enquiry.request.stay_nights is not None
        each = "Each night at its day's rate: " if stays else ""
        yield each + told.format(" a week" if stays else "")
    rates = bank_holiday_rates(enquiry.market, enquiry.request, enquiry.zone, number)
    if rates:
        told = " and ".join(_rate_text(unit, amount) for unit, amount in rates)
        yield f"Bank holidays at {told}, which a week's cost leaves out."
    payers = enquiry.parts.of(number)
    if payers.council_pence != bill:
        span = span_text(enquiry, bill).removeprefix(pounds_text(bill))
        yield f"Paid by: {payers.text}{span}."


def _rate_text(unit: RateUnit, amount_pence: int | None) -> str:
    if amount_pence is None:
        return "the framework rate"
    return f"{pounds_text(amount_pence)} {'an' if unit is RateUnit.HOUR else 'a'} {unit}"


def _later_text(change: LaterPrice) -> str:
    until = change.since - timedelta(days=1)
    cost = change.weekly_cost_pence
    then = "no rate on file" if cost is None else pounds_text(cost)
    return f" until {until.day} {until:%B %Y}, then {then}"

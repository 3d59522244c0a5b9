"""Rates by the day they are in force: one sheet for each period in which none of them changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from matcher.market.tables import NO_RATE, Ints
from matcher.model import Book, FrameworkRate, Rate
from matcher.vocabulary import (
    AT_FRAMEWORK,
    BED_UNITS,
    RateDay,
    RateUnit,
    ServiceType,
    in_force,
)

RateKey = tuple[ServiceType, RateUnit, int | None, str | None, RateDay | None]
"""Service, unit, length of visit, zone and day of care; ``None`` stands for any."""
AMOUNT_OF_FRAMEWORK = -2
"""Stands inside rate arrays for whatever the framework pays; never leaves them."""


@dataclass(frozen=True)
class RateSheet:
    """All rates in force on one day.

    Parameters
    ----------
    pence
        What providers charge by what it is for, [providers] each.
    framework
        Framework rates by what they are for.
    assumed
        Ids and services of the providers whose rate is assumed.
    """

    pence: Mapping[RateKey, Ints]
    framework: Mapping[RateKey, int]
    assumed: frozenset[tuple[str, ServiceType]]

    @cached_property
    def days_with_rates(self) -> frozenset[tuple[RateUnit, RateDay]]:
        """Days of care that have a rate of their own, and in which unit."""
        keys = (*self.pence, *self.framework)
        return frozenset((key[1], key[4]) for key in keys if key[4] is not None)

    @cached_property
    def nights_differ(self) -> bool:
        """Whether what a bed costs depends on the day of the night."""
        return any(unit in BED_UNITS for unit, _ in self.days_with_rates)


class PriceList:
    """What every provider charges and the framework pays, now and on days to come.

    Parameters
    ----------
    book
        The book whose framework rates are read.
    rates
        What the providers of the index charge.
    index
        Each provider's place in every array.
    """

    def __init__(self, book: Book, rates: Iterable[Rate], index: Mapping[str, int]) -> None:
        self._book, self._rates, self._index = book, tuple(rates), index
        self.changes = tuple(
            sorted({*self._turns(self._rates), *self._turns(book.framework_rates)})
        )
        """Days from as_of, the first of them at least 1, from which other rates are in force."""
        self._sheets: dict[int, RateSheet] = {}

    @cached_property
    def changes_of(self) -> Mapping[str, tuple[int, ...]]:
        """Days from as_of on which each provider's own rates, or the framework's, change."""
        framework = set(self._turns(self._book.framework_rates))
        own: dict[str, set[int]] = {provider_id: set(framework) for provider_id in self._index}
        for rate in self._rates:
            own[rate.provider_id].update(self._turns([rate]))
        return {provider_id: tuple(sorted(days)) for provider_id, days in own.items()}

    def period_of(self, day: int) -> int:
        """Return the first day, from as_of, of the period without change that a day lies in."""
        before = bisect_right(self.changes, day)
        return self.changes[before - 1] if before else 0

    def on(self, day: int) -> RateSheet:
        """Return the rates in force so many days after as_of; none are told for days before it."""
        first = self.period_of(day)
        if first not in self._sheets:
            self._sheets[first] = self._sheet(first)
        return self._sheets[first]

    def _turns(self, rates: tuple[Rate, ...] | tuple[FrameworkRate, ...] | list[Rate]) -> set[int]:
        as_of, latest = self._book.as_of, date.max
        turns = {(rate.valid_from - as_of).days for rate in rates if rate.valid_from}
        ends = (rate.valid_to for rate in rates if rate.valid_to and rate.valid_to < latest)
        return {day for day in turns | {(end - as_of).days + 1 for end in ends} if day > 0}

    def _sheet(self, day: int) -> RateSheet:
        on = date.fromordinal(self._book.as_of.toordinal() + day)
        pence: dict[RateKey, Ints] = {}
        mine = [r for r in self._rates if in_force(r.valid_from, r.valid_to, on)]
        for rate in mine:
            amount = rate.amount_pence
            for key in _keys(rate):
                column = pence.setdefault(key, np.full(len(self._index), NO_RATE, np.int64))
                column[self._index[rate.provider_id]] = (
                    AMOUNT_OF_FRAMEWORK if amount == AT_FRAMEWORK else amount
                )
        framework = {
            key: rate.amount_pence
            for rate in self._book.framework_rates
            if in_force(rate.valid_from, rate.valid_to, on)
            for key in _keys(rate)
        }
        assumed = frozenset((r.provider_id, r.service_type) for r in mine if r.assumed)
        return RateSheet(pence, framework, assumed)


def _keys(rate: Rate | FrameworkRate) -> Iterator[RateKey]:
    for day in rate.days or (None,):
        yield rate.service_type, rate.unit, rate.visit_minutes, rate.zone, day

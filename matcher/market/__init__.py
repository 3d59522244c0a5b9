"""A book's supply compiled to numpy arrays once, to be searched many times."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from datetime import date, timedelta
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.calendar import after_working_days
from matcher.errors import UnknownIdError
from matcher.geography import Gazetteer, Location, Postcode, Shores
from matcher.market.price_list import AMOUNT_OF_FRAMEWORK, PriceList, RateKey, RateSheet
from matcher.market.tables import (
    NO_LIMIT,
    NO_RATE,
    SLOTS_PER_DAY,
    Ints,
    Mask,
    Table,
    all_of,
    any_of,
)
from matcher.model import BedCapacity, Book, CareRequest, HomecareCapacity, Offered, Provider, Rate
from matcher.policy import Policy
from matcher.roads import RoadTable
from matcher.vocabulary import (
    DAYS_PER_WEEK,
    GREATEST_AGE,
    GRID_MINUTES,
    CareType,
    Contract,
    CqcRating,
    Outcome,
    ProviderKind,
    ProviderStatus,
    Residents,
    ServiceType,
)

Line = TypeVar("Line", Rate, HomecareCapacity, BedCapacity, Offered)


def _at_weekends(provider: Provider, policy: Policy) -> bool:
    own = provider.admits_at_weekends
    return policy.times.admit_at_weekends.value if own is None else own


def soonest_start(provider: Provider, policy: Policy, as_of: date) -> date:
    """Return the day on which a provider's lead time is over, counted in working days.

    To one that takes people on at weekends too every day is a working day.
    """
    times, lead = policy.times, provider.lead_days
    if lead is None:
        is_agency = provider.kind is ProviderKind.HOMECARE
        lead = (times.homecare_lead_days if is_agency else times.care_home_lead_days).value
    if _at_weekends(provider, policy):
        return as_of + timedelta(days=lead)
    return after_working_days(as_of, lead)


class Market:
    """The supply of one book under one policy, in the order of provider ids.

    Closed providers without a postcode are no part of it, and lines about them have no effect.

    Parameters
    ----------
    book
        The book to compile.
    policy
        The council's policy.
    gazetteer
        Where postcodes are.
    roads
        Road times to go by, where a routing server was asked.

    Raises
    ------
    PostcodeError
        If a provider's postcode is unknown or has no grid reference.
    UnknownIdError
        If a rate, a capacity or a line of the ledger names a provider that the book lacks.
    """

    def __init__(
        self, book: Book, policy: Policy, gazetteer: Gazetteer, roads: RoadTable | None = None
    ) -> None:
        self.book = book
        self.roads = roads
        self.policy = policy
        self.gazetteer = gazetteer
        somewhere = {p.provider_id: p.postcode for p in book.providers if p.postcode is not None}
        self.nowhere = frozenset(p.provider_id for p in book.providers) - somewhere.keys()
        self.providers: tuple[Provider, ...] = tuple(
            sorted(
                (provider for provider in book.providers if provider.postcode is not None),
                key=lambda provider: provider.provider_id,
            )
        )
        self.index = {provider.provider_id: i for i, provider in enumerate(self.providers)}
        located = gazetteer.locate_many([somewhere[provider_id] for provider_id in self.index])
        self.shores = Shores(located.eastings_metres, located.northings_metres)
        self._compile_terms()
        self._compile_words()
        rates = self._about_supply(book.rates)
        for rate in rates:
            self.provider_number(rate.provider_id)
        self.price_list = PriceList(book, rates, self.index)
        self._compile_capacity()
        self._compile_ledger()

    def __len__(self) -> int:
        return len(self.providers)

    # -- single things ---------------------------------------------------------------------

    def provider_number(self, provider_id: str) -> int:
        """Return a provider's place in every array.

        Raises
        ------
        UnknownIdError
            If the book has no such provider, or only knows that it is closed.
        """
        try:
            return self.index[provider_id]
        except KeyError:
            reason = f"The book has no provider {provider_id!r}."
            if provider_id in self.nowhere:
                reason = f"Provider {provider_id!r} is closed, and nothing else is known of it."
            raise UnknownIdError(
                reason,
                thing="provider",
                value=provider_id,
                expected="a provider_id of providers.csv",
            ) from None

    @cached_property
    def _requests(self) -> dict[str, CareRequest]:
        return {request.request_id: request for request in self.book.requests}

    def request(self, request_id: str) -> CareRequest:
        """Return a request of the book by its id.

        Raises
        ------
        UnknownIdError
            If the book has no such request.
        """
        try:
            return self._requests[request_id]
        except KeyError:
            raise UnknownIdError(
                f"The book has no request {request_id!r}.",
                thing="request",
                value=request_id,
                expected="a request_id of requests.csv",
            ) from None

    def locate(self, postcode: Postcode) -> Location:
        """Return where a postcode is.

        Raises
        ------
        PostcodeError
            If it is unknown or has no grid reference.
        """
        return self.gazetteer.locate(postcode)

    def zone_of(self, postcode: Postcode) -> str | None:
        """Return the zone of a postcode: by its sector if a zone names that, else its outward."""
        return self._zone_of_part.get(postcode.sector) or self._zone_of_part.get(postcode.outward)

    def word_mask(self, kind: str, word: str) -> Mask:
        """Return which providers have a specialism, group, language or zone."""
        none = np.zeros(len(self), dtype=np.bool_)
        return self._words[kind].get(word, none)

    def restocked(
        self,
        provider_ids: Collection[str],
        homecare: Iterable[HomecareCapacity],
        beds: Iterable[BedCapacity],
    ) -> Market:
        """Return this market with other capacity of some providers.

        The tables of capacity are compiled anew, of everybody; terms, words and rates are not.

        Parameters
        ----------
        provider_ids
            Whose capacity is replaced.
        homecare, beds
            All that these providers have.

        Raises
        ------
        UnknownIdError
            If a line names a provider that the book lacks.
        """
        lines = [
            line for line in self.book.homecare_capacity if line.provider_id not in provider_ids
        ]
        nights = [line for line in self.book.bed_capacity if line.provider_id not in provider_ids]
        changes = {
            "homecare_capacity": (*lines, *homecare),
            "bed_capacity": (*nights, *beds),
        }
        other = copy(self)
        other.book = self.book.model_copy(update=changes)
        other._compile_capacity()
        return other

    def with_history(self, history: Iterable[Offered]) -> Market:
        """Return this market with another fairness ledger, which alone is compiled anew.

        Parameters
        ----------
        history
            The whole ledger.

        Raises
        ------
        UnknownIdError
            If a line names a provider that the book lacks.
        """
        other = copy(self)
        other.book = self.book.model_copy(update={"history": tuple(history)})
        other._compile_ledger()
        return other

    def by_road(self, roads: RoadTable) -> Market:
        """Return this market with road times to go by."""
        other = copy(self)
        other.roads = roads
        return other

    # -- compiling -------------------------------------------------------------------------

    def _compile_terms(self) -> None:
        providers = self.providers
        lots = self.policy.rules.specialist_lots.value
        self.is_homecare = self._mask(p.kind is ProviderKind.HOMECARE for p in providers)
        self.is_open = self._mask(p.status is ProviderStatus.OPEN for p in providers)
        self.is_specialist = self._mask(p.lot in lots for p in providers)
        self.female_carers = self._mask(p.female_carers is True for p in providers)
        self.male_carers = self._mask(p.male_carers is True for p in providers)
        self.has_zones = self._mask(bool(p.zones) for p in providers)
        self.on_contract = {c: self._mask(p.contract is c for p in providers) for c in Contract}
        self.rated = {r: self._mask(p.cqc_rating is r for p in providers) for r in CqcRating}
        self.has_groups = self._mask(bool(p.registered_groups) for p in providers)
        self.least_age = self._ints(p.least_age or 0 for p in providers)
        self.most_age = self._ints(
            GREATEST_AGE if p.most_age is None else p.most_age for p in providers
        )
        self.only_for = {r: self._mask(p.residents is r for p in providers) for r in Residents}
        self.rated_on_day = self._ints(
            p.cqc_rated_on.toordinal() if p.cqc_rated_on else 0 for p in providers
        )
        self.tier = self._ints(p.tier if p.tier is not None else 9 for p in providers)
        self.max_distance_metres = self._ints(
            NO_LIMIT if p.max_distance_metres is None else p.max_distance_metres for p in providers
        )
        self.min_weekly_minutes = self._ints(p.min_weekly_minutes or 0 for p in providers)
        self.at_weekends = self._mask(_at_weekends(each, self.policy) for each in providers)
        as_of, policy = self.book.as_of, self.policy
        leads = (self.day_number(soonest_start(each, policy, as_of)) for each in providers)
        self.lead_days = self._ints(leads)

    def _compile_words(self) -> None:
        columns: dict[str, dict[str, Mask]] = {
            kind: {} for kind in ("specialism", "group", "language", "zone")
        }
        self.sells = {service: np.zeros(len(self), np.bool_) for service in ServiceType}
        for i, provider in enumerate(self.providers):
            for service in provider.services:
                self.sells[service][i] = True
            words = {
                "specialism": provider.abilities,
                "group": sorted(provider.registered_groups),
                "language": provider.languages,
                "zone": provider.zones,
            }
            for kind, named in words.items():
                for word in named:
                    column = columns[kind].setdefault(word, np.zeros(len(self), np.bool_))
                    column[i] = True
        self._words = columns
        self._zone_of_part = {
            part: zone.zone for zone in self.book.zones for part in zone.postcodes
        }

    def _compile_capacity(self) -> None:
        self.assumed_beds = {
            (line.provider_id, line.care_type) for line in self.book.bed_capacity if line.assumed
        }
        homecare = self._about_supply(self.book.homecare_capacity)
        rows = self._rows(line.provider_id for line in homecare)
        grid = np.zeros((rows.max(initial=-1) + 1, DAYS_PER_WEEK, SLOTS_PER_DAY), np.int16)
        for line in homecare:
            row = rows[self.provider_number(line.provider_id)]
            start, end = line.start_minute // GRID_MINUTES, line.end_minute // GRID_MINUTES
            for day in line.days:
                grid[row, day.number, start:end] += line.carers
        self.carers = Table(rows, grid)
        self.beds = {care_type: self._bed_table(care_type) for care_type in CareType}

    def _bed_table(self, care_type: CareType) -> Table:
        beds = self._about_supply(self.book.bed_capacity)
        lines = [line for line in beds if line.care_type is care_type]
        rows = self._rows(line.provider_id for line in lines)
        horizon = self.policy.allocation.bed_horizon_days.value
        calendar = np.zeros((rows.max(initial=-1) + 1, horizon + 1), np.int16)
        for line in lines:
            # Only a vacancy without an end counts for ever after, and only if it begins within
            # the horizon: nights beyond are then never promised that are not there.
            first = max(self.day_number(line.available_from), 0)
            last = horizon if line.available_to is None else self.day_number(line.available_to)
            stop = horizon + 1 if line.available_to is None else max(min(last + 1, horizon), 0)
            if first < horizon:
                calendar[rows[self.provider_number(line.provider_id)], first:stop] += line.beds
        return Table(rows, calendar)

    def _compile_ledger(self) -> None:
        self.last_offered_day = np.zeros(len(self), np.int64)
        self.recent_offers = np.zeros(len(self), np.int64)
        self.unsuitable: dict[str, set[str]] = {}
        window = self.policy.allocation.fairness_days.value
        for line in self._about_supply(self.book.history):
            i = self.provider_number(line.provider_id)
            self.last_offered_day[i] = max(self.last_offered_day[i], line.offered_on.toordinal())
            if 0 <= (self.book.as_of - line.offered_on).days <= window:
                self.recent_offers[i] += 1
            if line.outcome is Outcome.UNSUITABLE and line.request_id:
                self.unsuitable.setdefault(line.request_id, set()).add(line.provider_id)

    def _about_supply(self, lines: Iterable[Line]) -> list[Line]:
        """Return the lines that are not about a closed provider of which nothing else is known."""
        return [line for line in lines if line.provider_id not in self.nowhere]

    def day_number(self, day: date) -> int:
        """Return days from the book's as_of to a day."""
        return (day - self.book.as_of).days

    def _rows(self, provider_ids: Iterable[str]) -> npt.NDArray[np.int32]:
        rows = np.full(len(self), -1, np.int32)
        numbers = sorted({self.provider_number(provider_id) for provider_id in provider_ids})
        rows[numbers] = np.arange(len(numbers), dtype=np.int32)
        return rows

    def _mask(self, values: Iterable[bool]) -> Mask:
        return np.fromiter(values, dtype=np.bool_, count=len(self))

    def _ints(self, values: Iterable[int]) -> Ints:
        return np.fromiter(values, dtype=np.int64, count=len(self))


__all__ = [
    "AMOUNT_OF_FRAMEWORK",
    "NO_LIMIT",
    "NO_RATE",
    "SLOTS_PER_DAY",
    "Ints",
    "Market",
    "Mask",
    "PriceList",
    "RateKey",
    "RateSheet",
    "Table",
    "all_of",
    "any_of",
]

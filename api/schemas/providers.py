"""What is said of providers: terms, rates, what they state they have free, and hand-backs."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, Field, model_validator

from api.schemas.requests import Reason
from matcher.model import (
    BedCapacity,
    Days,
    Frozen,
    GridMinute,
    HomecareCapacity,
    Id,
    PriceTerms,
    Provider,
    Rate,
    RateAmount,
)
from matcher.vocabulary import (
    CareType,
    Contract,
    CqcRating,
    ProviderKind,
    ProviderStatus,
)

Lines = TypeVar("Lines", bound=tuple[Frozen, ...])
MOST_HOMECARE_LINES, MOST_BED_LINES, MOST_RATES = 50, 40, 200


def _each_once(lines: Lines) -> Lines:
    if len(set(lines)) != len(lines):
        raise ValueError("each line once: lines for the same time add up")
    return lines


class CarersFree(Frozen):
    """Carers free at the same time for new visits, on some days between two times."""

    days: Days
    start_minute: GridMinute
    end_minute: GridMinute
    carers: Annotated[int, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end_minute <= self.start_minute:
            raise ValueError("an end_minute later than start_minute")
        return self

    def of(self, provider_id: str, as_of: date) -> HomecareCapacity:
        """Return this as a provider's capacity, stated on a day."""
        return HomecareCapacity(provider_id=provider_id, as_of=as_of, **dict(self))


class BedsFree(Frozen):
    """Admittable vacancies of one care type, from a first night to a last one (inclusive)."""

    care_type: CareType
    beds: Annotated[int, Field(ge=0, le=500)]
    available_from: date
    available_to: date | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.available_to is not None and self.available_to < self.available_from:
            raise ValueError("an available_to on or after available_from")
        return self

    def of(self, provider_id: str, as_of: date) -> BedCapacity:
        """Return this as a provider's vacancies, stated on a day."""
        return BedCapacity(provider_id=provider_id, as_of=as_of, **dict(self))


class CapacityChange(Frozen):
    """All that a provider has free from now on, every booking so far allowed for.

    An agency states ``homecare``, a care home ``beds``; an empty list says that nothing is free.
    """

    homecare: Annotated[
        tuple[CarersFree, ...] | None,
        Field(max_length=MOST_HOMECARE_LINES),
        AfterValidator(lambda lines: lines and _each_once(lines)),
    ] = None
    beds: Annotated[
        tuple[BedsFree, ...] | None,
        Field(max_length=MOST_BED_LINES),
        AfterValidator(lambda lines: lines and _each_once(lines)),
    ] = None


class StatusChange(Frozen):
    """Whether new work is placed with a provider from now on, and why (H10)."""

    status: ProviderStatus
    reason: Reason


class RateLine(PriceTerms):
    """What a provider charges for a service."""

    amount_pence: RateAmount
    assumed: bool = False

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("a valid_to on or after valid_from")
        return self

    def of(self, provider_id: str) -> Rate:
        """Return this as a provider's rate."""
        return Rate(provider_id=provider_id, **dict(self))

    @property
    def what_for(self) -> tuple[Any, ...]:
        """What the rate is for, but for days: on no day may there be two for the same."""
        return self.service_type, self.zone or "", self.unit, self.visit_minutes or 0


def _one_a_day(rates: tuple[RateLine, ...]) -> tuple[RateLine, ...]:
    periods = sorted(
        ((*rate.what_for, day), rate.valid_from or date.min, rate.valid_to or date.max)
        for rate in rates
        for day in rate.days or ("",)
    )
    for (one, _, ended), (following, starts, _) in pairwise(periods):
        if one == following and starts <= ended:
            raise ValueError(
                "one rate a day for the same service, zone, unit, length of visit and day of care"
            )
    return rates


class RatesChange(Frozen):
    """All that a provider charges from now on."""

    rates: Annotated[tuple[RateLine, ...], Field(max_length=MOST_RATES), AfterValidator(_one_a_day)]


class HandBackKind(StrEnum):
    """For what cause a package is given back: only ``unsuitable`` rules its provider out (H15)."""

    NO_CAPACITY = "no_capacity"
    UNSUITABLE = "unsuitable"
    OTHER = "other"


class HandBack(Frozen):
    """A package that its provider gives back: which, until when it is served, and why."""

    order_ref: Id
    last_day: date
    kind: HandBackKind = HandBackKind.OTHER
    reason: Reason


# -- answers -----------------------------------------------------------------------------------


class Capacity(BaseModel):
    """What somebody has free: carers in the week, and beds by night."""

    homecare: tuple[HomecareCapacity, ...]
    beds: tuple[BedCapacity, ...]


class OwnProviderState(BaseModel):
    """What a provider is told of itself: ``left`` takes no account of what is held (H7).

    What is held for people would show a provider that it is on somebody's shortlist.
    """

    provider: Provider
    rates: tuple[Rate, ...]
    stated: Capacity
    left: Capacity
    open_bookings: int
    version: int
    changed_at: datetime


class ProviderState(OwnProviderState):
    """A provider's terms and rates, what it stated it has free, and what is left of that."""

    status_reason: str | None


class StatedCapacity(ProviderState):
    """A provider that has stated its capacity anew, with the holds that it has no room for."""

    holds_in_doubt: list[str]


class ProviderLine(BaseModel):
    """A provider on the list, shortly."""

    provider_id: str
    name: str
    kind: ProviderKind
    postcode: str | None
    status: ProviderStatus
    contract: Contract
    zones: tuple[str, ...]
    cqc_rating: CqcRating
    capacity_as_of: date | None
    open_bookings: int
    version: int


class ProviderList(BaseModel):
    """One page of the providers, by id."""

    items: list[ProviderLine]
    next: str | None


class HandedBack(BaseModel):
    """A package that was handed back: the request waits again, from today."""

    order_ref: str
    provider_id: str
    request_id: str
    last_day: date
    waiting_since: date

"""The nouns of brokerage: requests, visits, placements, providers, capacity, rates and the book."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from matcher.geography import Postcode
from matcher.vocabulary import (
    GRID_MINUTES,
    LONG_TERM_SERVICES,
    MINUTES_PER_DAY,
    CarerGender,
    CareType,
    Contract,
    CqcRating,
    Day,
    Funding,
    Outcome,
    ProviderKind,
    ProviderStatus,
    RateUnit,
    Risk,
    ServiceType,
    TimeNeed,
    plain_text,
)


def _sorted_days(days: tuple[Day, ...]) -> tuple[Day, ...]:
    if len(set(days)) != len(days):
        raise ValueError("each day named once")
    return tuple(sorted(days, key=lambda day: day.number))


def _on_grid(minute: int) -> int:
    if minute % GRID_MINUTES:
        raise ValueError(f"a multiple of {GRID_MINUTES} minutes")
    return minute


ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(max_length=500), AfterValidator(plain_text)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)]
Days = Annotated[tuple[Day, ...], Field(min_length=1), AfterValidator(_sorted_days)]
GridMinute = Annotated[int, Field(ge=0, le=MINUTES_PER_DAY), AfterValidator(_on_grid)]
Pence = Annotated[int, Field(ge=0, le=10_000_000)]
Metres = Annotated[int, Field(ge=0, le=2_000_000)]
Carers = Annotated[int, Field(ge=1, le=4)]
Listed = TypeVar("Listed")
Few = Annotated[tuple[Listed, ...], Field(max_length=50)]
"""A list that one person or provider can have need of: a longer one is a mistake."""


class Frozen(BaseModel):
    """Base of every noun: immutable, and refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Zone(Frozen):
    """An area of the framework, made of outward codes ("DT1") or sectors ("DT1 1")."""

    zone: Id
    postcodes: tuple[str, ...] = Field(min_length=1)


class Provider(Frozen):
    """An agency branch or care home with a postcode, and the terms on which it takes new work."""

    provider_id: Id
    name: Name
    kind: ProviderKind
    postcode: Postcode
    services: Annotated[Few[ServiceType], Field(min_length=1)]
    specialisms: Few[Word] = ()
    cqc_rating: CqcRating = CqcRating.NOT_YET_RATED
    cqc_rated_on: date | None = None
    contract: Contract
    lot: Word | None = None
    zones: Few[Id] = ()
    tier: Annotated[int, Field(ge=1, le=9)] | None = None
    max_distance_metres: Metres | None = None
    status: ProviderStatus = ProviderStatus.OPEN
    min_weekly_minutes: Annotated[int, Field(ge=0, le=10_080)] | None = None
    languages: Few[Word] = ()
    female_carers: bool | None = None
    male_carers: bool | None = None
    lead_days: Annotated[int, Field(ge=0, le=365)] | None = None


class Rate(Frozen):
    """What a provider charges for a service, with the days it is in force (both inclusive)."""

    provider_id: Id
    service_type: ServiceType
    unit: RateUnit
    visit_minutes: Annotated[int, Field(ge=5, le=720)] | None = None
    amount_pence: Pence
    valid_from: date | None = None
    valid_to: date | None = None
    assumed: bool = False


class FrameworkRate(Frozen):
    """The ceiling above which a budget holder must approve (H9); no zone means every zone."""

    service_type: ServiceType
    zone: Id | None = None
    unit: RateUnit
    visit_minutes: Annotated[int, Field(ge=5, le=720)] | None = None
    amount_pence: Pence
    valid_from: date | None = None
    valid_to: date | None = None


class HomecareCapacity(Frozen):
    """Carers free at the same time for new visits, on some days between two times."""

    provider_id: Id
    days: Days
    start_minute: GridMinute
    end_minute: GridMinute
    carers: Annotated[int, Field(ge=0, le=100)]
    as_of: date | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end_minute <= self.start_minute:
            raise ValueError("an end later than the start")
        return self


class BedCapacity(Frozen):
    """Admittable vacancies of one care type, from a first night to a last night (inclusive)."""

    provider_id: Id
    care_type: CareType
    beds: Annotated[int, Field(ge=0, le=500)]
    available_from: date
    available_to: date | None = None
    as_of: date | None = None
    assumed: bool = False

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.available_to is not None and self.available_to < self.available_from:
            raise ValueError("an available_to on or after available_from")
        return self


class Visit(Frozen):
    """One line of a package: a visit at the same time on all its days."""

    visit_no: Annotated[int, Field(ge=1, le=99)]
    days: Days
    band: Word | None = None
    time_need: TimeNeed = TimeNeed.NONE
    at_minute: Annotated[GridMinute, Field(lt=MINUTES_PER_DAY)] | None = None
    tolerance_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    reason: Text = ""
    minutes: Annotated[int, Field(ge=GRID_MINUTES, le=720), AfterValidator(_on_grid)]
    carers: Carers = 1

    @model_validator(mode="after")
    def _time_is_told(self) -> Self:
        if self.time_need is TimeNeed.NONE and self.at_minute is not None:
            raise ValueError("a time_need of preferred or critical when a time is given")
        if self.time_need is not TimeNeed.NONE and self.at_minute is None:
            raise ValueError(f"a time in 'at', because time_need is {self.time_need}")
        if self.band is None and self.time_need is not TimeNeed.CRITICAL:
            raise ValueError("a band, unless the time is critical (H4)")
        return self

    @property
    def weekly_minutes(self) -> int:
        """Paid minutes a week: length x days x carers (H6)."""
        return self.minutes * len(self.days) * self.carers


def _in_order(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    if len({visit.visit_no for visit in visits}) != len(visits):
        raise ValueError("each visit_no once")
    return tuple(sorted(visits, key=lambda visit: visit.visit_no))


class HomecarePackage(Frozen):
    """A whole week's visits for one person, in the order of their numbers."""

    visits: Annotated[tuple[Visit, ...], Field(max_length=60), AfterValidator(_in_order)] = ()

    @property
    def weekly_minutes(self) -> int:
        """Paid minutes a week over all visits (H6)."""
        return sum(visit.weekly_minutes for visit in self.visits)


class Placement(Frozen):
    """A bed asked for: long-term from a date on, or respite nights inside a window."""

    care_type: CareType | None = None
    nights: Annotated[int, Field(ge=1, le=365)] | None = None
    admit_from: date | None = None
    admit_to: date | None = None

    @model_validator(mode="after")
    def _window_in_order(self) -> Self:
        if self.admit_from and self.admit_to and self.admit_to < self.admit_from:
            raise ValueError("an admit_to on or after admit_from")
        return self


class CareRequest(Frozen):
    """The ask for one service for one person, known only by a pseudonymous id and a postcode.

    Fields that the council has not recorded are ``None``: such a request stands on the waiting
    list but cannot be arranged (H2).
    """

    request_id: Id
    service_type: ServiceType
    postcode: Postcode | None = None
    risk: Risk | None = None
    waiting_since: date | None = None
    urgent_reason: Text = ""
    start_by: date | None = None
    funding: Funding | None = None
    personal_budget_pence_per_week: Pence | None = None
    needs: Few[Word] = ()
    languages: Few[Word] = ()
    carer_gender: CarerGender | None = None
    preferred_providers: Few[Id] = ()
    excluded_providers: Few[Id] = ()
    current_provider_id: Id | None = None
    max_distance_metres: Metres | None = None
    plan_signed_off: bool | None = None
    funding_agreed: bool | None = None
    has_mental_capacity: bool | None = None
    best_interests_recorded: bool | None = None
    hospital_discharge: bool | None = None
    respite_nights_left: Annotated[int, Field(ge=0, le=3660)] | None = None
    package: HomecarePackage = HomecarePackage()
    placement: Placement | None = None

    @model_validator(mode="after")
    def _visits_are_homecare(self) -> Self:
        if self.package.visits and not self.is_homecare:
            raise ValueError(f"no visits, because {self.service_type} is asked for")
        return self

    @model_validator(mode="after")
    def _nights_are_respite(self) -> Self:
        if self.placement and self.placement.nights is not None and not self.is_respite:
            raise ValueError(f"no nights, because {self.service_type} is asked for")
        return self

    @property
    def is_homecare(self) -> bool:
        """Whether visits at home are asked for."""
        return self.service_type is ServiceType.HOMECARE

    @property
    def is_respite(self) -> bool:
        """Whether a stay of some nights is asked for."""
        return self.service_type is ServiceType.RESPITE

    @property
    def is_long_term(self) -> bool:
        """Whether a bed from a date on is asked for."""
        return self.service_type in LONG_TERM_SERVICES

    @property
    def care_type(self) -> CareType | None:
        """The kind of bed asked for: a long-term service names it, the placement of respite does.

        ``None`` for every other service, and for respite where it is not recorded.
        """
        if self.is_long_term:
            return CareType(self.service_type.value)
        return self.placement.care_type if self.is_respite and self.placement else None


class Running(Frozen):
    """Care already running, which no batch may move (H18)."""

    request_id: Id
    provider_id: Id
    started_on: date


class Offered(Frozen):
    """One line of the fairness ledger: work offered to a provider and what became of it."""

    provider_id: Id
    offered_on: date
    request_id: Id | None = None
    outcome: Outcome


class Book(Frozen):
    """People waiting and capacity on offer at one moment."""

    title: Name
    council: Id
    as_of: date
    zones: tuple[Zone, ...] = ()
    providers: tuple[Provider, ...] = ()
    rates: tuple[Rate, ...] = ()
    framework_rates: tuple[FrameworkRate, ...] = ()
    homecare_capacity: tuple[HomecareCapacity, ...] = ()
    bed_capacity: tuple[BedCapacity, ...] = ()
    requests: tuple[CareRequest, ...] = ()
    running: tuple[Running, ...] = ()
    history: tuple[Offered, ...] = ()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some fields changed; what is derived from them is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for derived in ("running_provider", "waiting"):
            copied.__dict__.pop(derived, None)
        return copied

    @cached_property
    def running_provider(self) -> dict[str, str]:
        """Provider id of each request whose care already runs."""
        return {line.request_id: line.provider_id for line in self.running}

    @cached_property
    def waiting(self) -> tuple[CareRequest, ...]:
        """Requests still without care, in the order of their ids."""
        waiting = (r for r in self.requests if r.request_id not in self.running_provider)
        return tuple(sorted(waiting, key=lambda request: request.request_id))

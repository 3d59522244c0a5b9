"""What is on offer: zones, providers, rates and capacity."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from matcher.geography import Postcode
from matcher.model.fields import Age, Days, Few, Frozen, GridMinute, Id, Metres, Name, Pence, Word
from matcher.vocabulary import (
    AT_FRAMEWORK,
    DEMENTIA_CARE,
    CareType,
    ClientGroup,
    Contract,
    CqcRating,
    ProviderKind,
    ProviderStatus,
    RateDay,
    RateUnit,
    Residents,
    ServiceType,
)

_GROUPS = {group.value: group for group in ClientGroup}


def _in_the_weeks_order(days: tuple[RateDay, ...]) -> tuple[RateDay, ...]:
    if len(set(days)) != len(days):
        raise ValueError("each day named once")
    return tuple(day for day in RateDay if day in days)


Work = tuple[ServiceType, str | None, RateUnit, int | None]
RateAmount = Annotated[
    Annotated[Pence, Tag("pence")] | Annotated[Literal["framework"], Tag("framework")],
    Discriminator(lambda amount: "framework" if amount == AT_FRAMEWORK else "pence"),
]
RateDays = Annotated[tuple[RateDay, ...], Field(max_length=8), AfterValidator(_in_the_weeks_order)]


class Zone(Frozen):
    """An area of the framework, made of outward codes ("DT1") or sectors ("DT1 1")."""

    zone: Id
    postcodes: tuple[str, ...] = Field(min_length=1)


class Provider(Frozen):
    """An agency branch or care home with a postcode, and the terms on which it takes new work.

    ``client_groups`` are those it is registered for (L4), ``least_age`` and ``most_age`` whole
    years, ``residents`` the only ones it takes: what is not on record refuses nobody. Only a
    closed one may have no postcode: one that left the register, say, and is known by its id alone.
    """

    provider_id: Id
    name: Name
    kind: ProviderKind
    postcode: Postcode | None = None
    services: Annotated[Few[ServiceType], Field(min_length=1)]
    specialisms: Few[Word] = ()
    client_groups: Few[ClientGroup] = ()
    least_age: Age | None = None
    most_age: Age | None = None
    residents: Residents | None = None
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
    admits_at_weekends: bool | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.postcode is None and self.status is not ProviderStatus.CLOSED:
            raise ValueError("a full postcode such as DT1 1XJ, unless the status is closed")
        return self

    @property
    def abilities(self) -> tuple[str, ...]:
        """The needs it can meet: its specialisms, and the groups it is registered for."""
        return tuple(dict.fromkeys((*self.specialisms, *self.client_groups)))

    @property
    def groups_among_specialisms(self) -> frozenset[ClientGroup]:
        """Groups that a home without ``client_groups`` lists as specialisms, as books once did.

        Dementia on its own is a need that can be met, not all that a home is registered for. The
        band of learning disabilities was always that of autism as well.
        """
        if self.client_groups or self.kind is not ProviderKind.CARE_HOME:
            return frozenset()
        named = {_GROUPS[word] for word in self.specialisms if word in _GROUPS}
        if ClientGroup.LEARNING_DISABILITY in named:
            named.add(ClientGroup.AUTISM)
        return frozenset() if named <= {ClientGroup.DEMENTIA} else frozenset(named)

    @property
    def registered_groups(self) -> frozenset[ClientGroup]:
        """The groups it is registered for (L4); empty where none is on record."""
        groups = frozenset(self.client_groups) or self.groups_among_specialisms
        if groups and not DEMENTIA_CARE.isdisjoint(self.services):
            return groups | {ClientGroup.DEMENTIA}
        return groups

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.most_age is not None and self.most_age < (self.least_age or 0):
            raise ValueError("a most_age not below least_age")
        return self


class PriceTerms(Frozen):
    """What a price is for, and the days it is in force (both inclusive)."""

    service_type: ServiceType
    zone: Id | None = None
    unit: RateUnit
    visit_minutes: Annotated[int, Field(ge=5, le=720)] | None = None
    days: RateDays = ()
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def what_for(self) -> Work:
        """What the rate is for, but for the days: on no day may there be two for the same."""
        return self.service_type, self.zone, self.unit, self.visit_minutes


class Rate(PriceTerms):
    """What a provider charges for a service.

    Of several rates for the same care the most particular goes: one for the person's zone before
    one for any zone, then one for that length of visit, then one for that day of care.
    """

    provider_id: Id
    amount_pence: RateAmount
    assumed: bool = False


class FrameworkRate(PriceTerms):
    """The ceiling above which a budget holder must approve (H9); no zone means every zone."""

    amount_pence: Pence


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

"""What is asked for: visits, packages, placements and the request that holds them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from matcher.geography import Postcode
from matcher.model.fields import (
    Age,
    Carers,
    Days,
    Few,
    Frozen,
    GridMinute,
    Id,
    Metres,
    Pence,
    Text,
    Word,
    on_grid,
)
from matcher.vocabulary import (
    ADULT_AGE,
    DEMENTIA_CARE,
    GREATEST_AGE,
    GRID_MINUTES,
    LONG_TERM_SERVICES,
    MINUTES_PER_DAY,
    NURSING_CARE,
    OLDER_AGE,
    CarerGender,
    CareType,
    ClientGroup,
    Funding,
    PersonGender,
    Risk,
    ServiceType,
    TimeNeed,
)


class Visit(Frozen):
    """One line of a package: a visit at the same time on all its days."""

    visit_no: Annotated[int, Field(ge=1, le=99)]
    days: Days
    band: Word | None = None
    time_need: TimeNeed = TimeNeed.NONE
    at_minute: Annotated[GridMinute, Field(lt=MINUTES_PER_DAY)] | None = None
    tolerance_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    reason: Text = ""
    minutes: Annotated[int, Field(ge=GRID_MINUTES, le=720), AfterValidator(on_grid)]
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
    list but cannot be arranged (H2). ``client_groups`` are all those to which the person's care
    belongs, such as older people and dementia (L4); ``age`` is in whole years.
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
    nursing_contribution_pence_per_week: Pence | None = None
    health_share_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    third_party_top_up_pence_per_week: Pence | None = None
    own_contribution_pence_per_week: Pence | None = None
    client_groups: Few[ClientGroup] = ()
    age: Age | None = None
    gender: PersonGender | None = None
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

    @model_validator(mode="after")
    def _payers_fit(self) -> Self:
        if self.health_share_percent is not None and self.funding not in {None, Funding.JOINT}:
            raise ValueError(f"no health_share_percent, because funding is {self.funding}")
        nursing = self.care_type in NURSING_CARE or (self.is_respite and self.care_type is None)
        if self.nursing_contribution_pence_per_week is not None and not nursing:
            raise ValueError("no nursing contribution, because no nursing care is asked for")
        if self.third_party_top_up_pence_per_week is not None and self.is_homecare:
            raise ValueError("no third party's top-up, because homecare is asked for")
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
    def groups(self) -> frozenset[ClientGroup]:
        """The groups to which the care belongs (L4): those recorded, and what its bed says."""
        groups = frozenset(self.client_groups)
        return groups | {ClientGroup.DEMENTIA} if self.care_type in DEMENTIA_CARE else groups

    @property
    def ages(self) -> tuple[int, int] | None:
        """The least and the most that the person's age may be in years, as far as it is told.

        Where no age is recorded, the group tells it: older people, or younger adults.
        """
        if self.age is not None:
            return self.age, self.age
        if ClientGroup.OLDER_PEOPLE in self.client_groups:
            return OLDER_AGE, GREATEST_AGE
        if ClientGroup.YOUNGER_ADULTS in self.client_groups:
            return ADULT_AGE, OLDER_AGE - 1
        return None

    @property
    def stay_nights(self) -> int | None:
        """Nights of a stay that ends; ``None`` for care until further notice."""
        return self.placement.nights if self.is_respite and self.placement else None

    @property
    def care_type(self) -> CareType | None:
        """The kind of bed asked for: a long-term service names it, the placement of respite does.

        ``None`` for every other service, and for respite where it is not recorded.
        """
        if self.is_long_term:
            return CareType(self.service_type.value)
        return self.placement.care_type if self.is_respite and self.placement else None

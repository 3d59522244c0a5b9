"""What is asked for: visits, packages, placements and the request that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, NamedTuple, Self

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

VisitNo = Annotated[int, Field(ge=1, le=99)]
Gap = Annotated[int, Field(ge=GRID_MINUTES, le=MINUTES_PER_DAY), AfterValidator(on_grid)]


class Visit(Frozen):
    """One line of a package: a visit at the same time on all its days.

    Three columns name another visit of the package. ``with_visit``: both start together, as when
    a second carer comes for part of a call. ``after_visit``: this one starts as that one ends; of
    its carers as many as were there stay on. ``gap_from``: a prescribed gap, as between two doses,
    measured from start to start, whichever of the two comes first; it is as hard as a critical
    time, and like it needs a reason.
    """

    visit_no: VisitNo
    days: Days
    band: Word | None = None
    time_need: TimeNeed = TimeNeed.NONE
    at_minute: Annotated[GridMinute, Field(lt=MINUTES_PER_DAY)] | None = None
    tolerance_minutes: Annotated[int, Field(ge=0, le=240)] | None = None
    reason: Text = ""
    minutes: Annotated[int, Field(ge=GRID_MINUTES, le=720), AfterValidator(on_grid)]
    carers: Carers = 1
    with_visit: VisitNo | None = None
    after_visit: VisitNo | None = None
    gap_from: VisitNo | None = None
    least_gap_minutes: Gap | None = None
    most_gap_minutes: Gap | None = None

    @model_validator(mode="after")
    def _time_is_told(self) -> Self:
        if self.time_need is TimeNeed.NONE and self.at_minute is not None:
            raise ValueError("a time_need of preferred or critical when a time is given")
        if self.time_need is not TimeNeed.NONE and self.at_minute is None:
            raise ValueError(f"a time in 'at', because time_need is {self.time_need}")
        if self.band is None and self.time_need is not TimeNeed.CRITICAL:
            raise ValueError("a band, unless the time is critical (H4)")
        return self

    @model_validator(mode="after")
    def _gap_is_told(self) -> Self:
        least, most = self.least_gap_minutes, self.most_gap_minutes
        if (self.gap_from is None) is not (least is None and most is None):
            raise ValueError("gap_from and a least or a most gap, or none of them")
        if least is not None and most is not None and most < least:
            raise ValueError("a most gap not below the least")
        return self

    @property
    def weekly_minutes(self) -> int:
        """Paid minutes a week: length x days x carers (H6)."""
        return self.minutes * len(self.days) * self.carers


class LinkFault(NamedTuple):
    """What is wrong with the visit that another one names: where it stands, and what would do."""

    visit_no: int
    field: str
    expected: str


def link_faults(visits: tuple[Visit, ...]) -> Iterator[LinkFault]:
    """Yield every fault of the visits that visits of one package name.

    Parameters
    ----------
    visits
        Visits with numbers of their own.
    """
    by_no = {visit.visit_no: visit for visit in visits}
    followed: set[int] = set()
    for visit in visits:
        if visit.with_visit is not None and visit.after_visit is not None:
            yield LinkFault(visit.visit_no, "after_visit", "nothing, because with_visit is given")
        for field, number in _named(visit):
            expected = _link_fault(visit, field, by_no.get(number), by_no)
            if expected is None and field == "after_visit" and number in followed:
                expected = "a visit that no other one follows; with_visit joins the one after it"
            if field == "after_visit":
                followed.add(number)
            if expected is not None:
                yield LinkFault(visit.visit_no, field, expected)


def _named(visit: Visit) -> list[tuple[str, int]]:
    told = [(name, getattr(visit, name)) for name in ("with_visit", "after_visit", "gap_from")]
    return [(name, number) for name, number in told if number is not None]


def _link_fault(
    visit: Visit, field: str, other: Visit | None, by_no: Mapping[int, Visit]
) -> str | None:
    if other is None:
        return "the number of a visit of the same package"
    if other.visit_no == visit.visit_no:
        return "another visit than itself"
    if field == "gap_from":
        if leader_of(visit, by_no) == leader_of(other, by_no):
            return "a visit that is not linked with this one"
        return None if {*visit.days} & {*other.days} else "a visit on one of the same days"
    if leader_of(visit, by_no) is None:
        return "a visit that does not lead back to this one"
    return None if {*visit.days} <= {*other.days} else "a visit that takes place on all these days"


def leader_of(visit: Visit, by_no: Mapping[int, Visit]) -> int | None:
    """Return the number of the visit at the head of a visit's links; its own if it has none.

    ``None`` where its links lead round in a circle or to no visit.

    Parameters
    ----------
    visit
        The visit.
    by_no
        Every visit of its package.
    """
    for _ in by_no:
        number = visit.after_visit if visit.with_visit is None else visit.with_visit
        if number is None:
            return visit.visit_no
        if number not in by_no:
            return None
        visit = by_no[number]
    return None


def _in_order(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    if len({visit.visit_no for visit in visits}) != len(visits):
        raise ValueError("each visit_no once")
    return tuple(sorted(visits, key=lambda visit: visit.visit_no))


class HomecarePackage(Frozen):
    """A whole week's visits for one person, in the order of their numbers."""

    visits: Annotated[tuple[Visit, ...], Field(max_length=60), AfterValidator(_in_order)] = ()

    @model_validator(mode="after")
    def _links_hold(self) -> Self:
        for fault in link_faults(self.visits):
            raise ValueError(f"for visit {fault.visit_no}, in {fault.field}, {fault.expected}")
        return self

    def carers_staying(self, visit: Visit) -> int:
        """Return how many of a visit's carers are there already, from the one it follows on."""
        before = (other for other in self.visits if other.visit_no == visit.after_visit)
        return sum(min(other.carers, visit.carers) for other in before)

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
    def completed(self) -> CareRequest:
        """The same request as a book holds it: with a placement where it asks for a bed.

        That names the kind of bed which a long-term service implies, and is none for homecare.
        """
        placement = self.placement or Placement()
        if self.is_homecare and placement == Placement():
            return self.model_copy(update={"placement": None})
        if self.is_long_term and placement.care_type is None:
            placement = placement.model_copy(update={"care_type": self.care_type})
        return self.model_copy(update={"placement": placement})

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
    def wanted_by(self) -> date | None:
        """The day by which care is asked for, no sooner than a bed may begin; ``None`` without."""
        first = self.placement.admit_from if self.placement else None
        return max(self.start_by, first) if self.start_by and first else self.start_by

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

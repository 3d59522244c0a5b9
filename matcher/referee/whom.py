"""For whom a provider's places are, and whether it is open: read anew from the book."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.allocation import Placed
from matcher.model import CareRequest, Provider
from matcher.referee.case import Case, Violation
from matcher.vocabulary import (
    ClientGroup,
    PersonGender,
    ProviderKind,
    ProviderStatus,
    Residents,
    ServiceType,
)

RECOUNTED = frozenset({"STATUS", "CLIENT_GROUP", "AGE", "RESIDENTS"})
"""The rules that the referee works out itself, so that the matcher's own are not asked."""

_DEMENTIA_BEDS = {"residential_dementia", "nursing_dementia"}
_OLDER, _YOUNGER = ClientGroup.OLDER_PEOPLE, ClientGroup.YOUNGER_ADULTS


def provider_is_open(case: Case, placed: Placed) -> Iterator[Violation]:
    """Nobody new goes to a provider that is closed or under embargo."""
    status = case.providers[placed.provider_id].status
    if status is not ProviderStatus.OPEN:
        yield Violation(
            "STATUS", placed.request_id, f"is placed with {placed.provider_id}, which is {status}"
        )


def groups_are_taken(case: Case, placed: Placed) -> Iterator[Violation]:
    """Every group of the person is one that the provider is registered for, if any is told (L4).

    A provider that names conditions and no age takes people of any age with these.
    """
    person = _groups_of(case.requests[placed.request_id])
    taken = _groups_taken(case.providers[placed.provider_id])
    has_condition, names_age = person - {_OLDER, _YOUNGER}, taken & {_OLDER, _YOUNGER}
    outside = person - taken if taken else set()
    if has_condition and not names_age:
        outside -= {_OLDER, _YOUNGER}
    if outside:
        yield Violation(
            "CLIENT_GROUP",
            placed.request_id,
            f"belongs to {', '.join(sorted(outside))}, but {placed.provider_id} takes only "
            f"{', '.join(sorted(taken))}",
        )


def age_is_taken(case: Case, placed: Placed) -> Iterator[Violation]:
    """Every age that the person may be of lies between the provider's least and most (L4)."""
    request, provider = case.requests[placed.request_id], case.providers[placed.provider_id]
    youngest, oldest = _ages_of(request)
    too_young = provider.least_age is not None and youngest < provider.least_age
    too_old = provider.most_age is not None and oldest > provider.most_age
    if too_young or too_old:
        age = f"{youngest} to {oldest}" if request.age is None else f"{request.age}"
        yield Violation(
            "AGE",
            placed.request_id,
            f"is aged {age}, but {placed.provider_id} takes people from {provider.least_age or 0}"
            + ("" if provider.most_age is None else f" to {provider.most_age}"),
        )


def gender_is_taken(case: Case, placed: Placed) -> Iterator[Violation]:
    """Homes for women, or for men, take nobody else, and nobody of whom it is not known (L4)."""
    request, provider = case.requests[placed.request_id], case.providers[placed.provider_id]
    woman, man = request.gender is PersonGender.WOMAN, request.gender is PersonGender.MAN
    women, men = provider.residents is Residents.WOMEN, provider.residents is Residents.MEN
    if (women and not woman) or (men and not man):
        yield Violation(
            "RESIDENTS",
            placed.request_id,
            f"is a {request.gender or 'person whose gender is not recorded'}, but "
            f"{placed.provider_id} takes {provider.residents} only",
        )


def _groups_of(request: CareRequest) -> set[ClientGroup]:
    bed: str | None = request.service_type
    if request.service_type is ServiceType.RESPITE:
        bed = request.placement.care_type if request.placement else None
    groups = set(request.client_groups)
    return groups | {ClientGroup.DEMENTIA} if bed in _DEMENTIA_BEDS else groups


def _groups_taken(provider: Provider) -> set[ClientGroup]:
    """Return the groups that a provider is registered for; none where nothing tells of any.

    A home without client groups tells of them by its specialisms, if by more than dementia: the
    specialism of learning disability is the register's band that autism stands in too.
    """
    taken = set(provider.client_groups)
    if not taken and provider.kind is ProviderKind.CARE_HOME:
        taken = {group for group in ClientGroup if group.value in provider.specialisms}
        if taken == {ClientGroup.DEMENTIA}:
            return set()
        if ClientGroup.LEARNING_DISABILITY in taken:
            taken.add(ClientGroup.AUTISM)
    if taken and _DEMENTIA_BEDS & set(provider.services):
        taken.add(ClientGroup.DEMENTIA)
    return taken


def _ages_of(request: CareRequest) -> tuple[int, int]:
    if request.age is not None:
        return request.age, request.age
    if _OLDER in request.client_groups:
        return 65, 120
    return (18, 64) if _YOUNGER in request.client_groups else (0, 120)

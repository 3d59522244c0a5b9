"""What a register does not say - vacancies and fees - filled in from national averages."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import date

from matcher.model import BedCapacity, Provider, Rate
from matcher.vocabulary import CareType, ProviderKind, RateUnit, ServiceType

ADMITTABLE_SHARE = 0.108
"""Vacant admittable beds as a share of all beds: gov.uk monthly statistics, July 2025."""
_MOST_BEDS = 500
"""A row of vacancies holds so many at most; a home is not taken to have more of one kind."""
# Average fees paid by councils, 2025-26 provisional, people aged 65 and over: DHSC.
AVERAGE_RESIDENTIAL_WEEK_PENCE = 95_600
AVERAGE_NURSING_WEEK_PENCE = 108_900
AVERAGE_HOMECARE_HOUR_PENCE = 2505
_WEEK_PENCE = {
    CareType.RESIDENTIAL: AVERAGE_RESIDENTIAL_WEEK_PENCE,
    CareType.RESIDENTIAL_DEMENTIA: AVERAGE_RESIDENTIAL_WEEK_PENCE,
    CareType.NURSING: AVERAGE_NURSING_WEEK_PENCE,
    CareType.NURSING_DEMENTIA: AVERAGE_NURSING_WEEK_PENCE,
}


def care_types_of(provider: Provider) -> tuple[CareType, ...]:
    """Return the kinds of bed a home offers, in the vocabulary's order; none for an agency."""
    sold = {service.value for service in provider.services}
    return tuple(care_type for care_type in CareType if care_type.value in sold)


def assumed_vacancies(
    homes: Iterable[Provider], registered_beds: Mapping[str, int], *, share: float, as_of: date
) -> list[BedCapacity]:
    """Return vacancies that nobody reported, each marked as assumed.

    A home gets `share` of its beds, rounded down or up so that homes of one size have `share`
    vacant on average, however small they are: up where a draw made from its id alone falls below
    the fraction. A home's figure hence never depends on the other homes of the import.

    A vacancy can serve any kind of bed the home offers but must not be counted twice, so each is
    listed under one kind only: as many under each kind as divide evenly, the rest one each to the
    kinds from one that the id draws onwards. Over a county, plain and dementia beds then share
    alike, which is what is asked for: half and more of new placements are with dementia. No more
    than 500 of one kind are assumed, which is as many as a row of a book holds.

    Parameters
    ----------
    homes
        The homes to fill in.
    registered_beds
        All beds of each home by provider id; a home without an entry gets none.
    share
        Share of beds that are vacant and admittable, 0 to 1.
    as_of
        First night on which the beds are free; there is no last one.
    """
    rows = []
    for home in homes:
        care_types = care_types_of(home)
        beds = registered_beds.get(home.provider_id, 0)
        vacant = _rounded(beds * share, home.provider_id)
        for care_type, part in _divided(vacant, care_types, home.provider_id):
            rows.append(
                BedCapacity(
                    provider_id=home.provider_id,
                    care_type=care_type,
                    beds=min(part, _MOST_BEDS),
                    available_from=as_of,
                    as_of=as_of,
                    assumed=True,
                )
            )
    return rows


def _rounded(expected: float, provider_id: str) -> int:
    whole = math.floor(expected)
    return whole + (_draw("vacancies", provider_id) < expected - whole)


def _divided(
    vacant: int, care_types: tuple[CareType, ...], provider_id: str
) -> list[tuple[CareType, int]]:
    """Divide vacancies over kinds of bed, leaving out kinds that get none."""
    if not care_types:
        return []
    count = len(care_types)
    each, over = divmod(vacant, count)
    first = int(_draw("care type", provider_id) * count)
    parts = [each + ((place - first) % count < over) for place in range(count)]
    return [pair for pair in zip(care_types, parts, strict=True) if pair[1]]


def _draw(purpose: str, provider_id: str) -> float:
    """Return a number from 0 up to but not 1 that depends on the id and the purpose alone."""
    digest = hashlib.sha256(f"{purpose}/{provider_id}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def assumed_fees(providers: Iterable[Provider]) -> list[Rate]:
    """Return the national average fee of every service a provider sells, marked as assumed.

    Dementia beds are priced as the others of their kind: the averages make no difference.
    """
    rows = []
    for provider in providers:
        if provider.kind is ProviderKind.HOMECARE:
            pence = AVERAGE_HOMECARE_HOUR_PENCE
            rows.append(_fee(provider, ServiceType.HOMECARE, RateUnit.HOUR, pence))
        for care_type in care_types_of(provider):
            service = ServiceType(care_type.value)
            rows.append(_fee(provider, service, RateUnit.WEEK, _WEEK_PENCE[care_type]))
    return rows


def _fee(provider: Provider, service: ServiceType, unit: RateUnit, pence: int) -> Rate:
    return Rate(
        provider_id=provider.provider_id,
        service_type=service,
        unit=unit,
        amount_pence=pence,
        assumed=True,
    )

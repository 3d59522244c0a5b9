"""Hypothesis strategies for money: what providers charge, what the framework pays, who pays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from matcher.model import FrameworkRate, Provider, Rate, Zone
from matcher.vocabulary import (
    AT_FRAMEWORK,
    BED_UNITS,
    HOMECARE_UNITS,
    NURSING_CARE,
    CareType,
    Funding,
    RateDay,
    RateUnit,
    ServiceType,
)
from tests.draws import AS_OF, maybe, seldom, some

ZONES = (
    Zone(zone="dorchester", postcodes=("DT1", "DT2")),
    Zone(zone="weymouth", postcodes=("DT3", "DT4", "DT5 1")),
)
_WEEKEND, _HOLIDAY = (RateDay.SAT, RateDay.SUN), (RateDay.BANK_HOLIDAY,)
_PLAIN: dict[str, Any] = {"zone": None, "days": (), "visit_minutes": None}
_PENCE = {RateUnit.HOUR: (1_000, 3_500), RateUnit.VISIT: (500, 3_000)}
_LENGTHS = st.sampled_from([15, 30, 45, 60])


def _unit_of(service: ServiceType) -> RateUnit:
    units = {ServiceType.HOMECARE: RateUnit.HOUR, ServiceType.RESPITE: RateUnit.NIGHT}
    return units.get(service, RateUnit.WEEK)


def _pence(unit: RateUnit) -> st.SearchStrategy[int]:
    return st.integers(*_PENCE.get(unit, (8_000, 150_000)))


@st.composite
def _particular(draw: st.DrawFn, service: ServiceType) -> dict[str, Any]:
    """Draw for what a rate is: some zone, days, length of visit and unit, or any."""
    homecare = service is ServiceType.HOMECARE
    return {
        "service_type": service,
        "unit": draw(st.sampled_from(HOMECARE_UNITS if homecare else BED_UNITS)),
        "zone": draw(st.sampled_from([None, *(zone.zone for zone in ZONES)])),
        "days": draw(st.sampled_from([(), _WEEKEND, _HOLIDAY])),
        "visit_minutes": draw(maybe(_LENGTHS)) if homecare else None,
    }


@st.composite
def _works(draw: st.DrawFn, service: ServiceType, *, more: int) -> list[dict[str, Any]]:
    """Draw different things to price: the service in its usual unit, and some in particular."""
    plain = {"service_type": service, "unit": _unit_of(service), **_PLAIN}
    drawn = draw(st.lists(_particular(service), max_size=more))
    return list({repr(sorted(work.items())): work for work in [plain, *drawn]}.values())


def _periods(until: date) -> tuple[Mapping[str, date], Mapping[str, date]]:
    return {"valid_to": until}, {"valid_from": until + timedelta(days=1)}


@st.composite
def rates(draw: st.DrawFn, provider: Provider) -> tuple[Rate, ...]:
    """Draw rates of some services of a provider: by zone, day, length, or at the framework's."""
    drawn = []
    for service in draw(some(provider.services, max_size=5)):
        for work in draw(_works(service, more=2)):
            pence, at_framework = _pence(work["unit"]), seldom(st.just(AT_FRAMEWORK))
            rises = draw(st.booleans())
            until = AS_OF + timedelta(days=draw(st.sampled_from([2, 30]))) if rises else AS_OF
            drawn += [
                Rate(
                    provider_id=provider.provider_id,
                    amount_pence=draw(at_framework) or draw(pence),
                    assumed=draw(st.booleans()),
                    **work,
                    **period,
                )
                for period in (_periods(until) if rises else ({},))
            ]
    return tuple(drawn)


@st.composite
def framework_rates(draw: st.DrawFn) -> tuple[FrameworkRate, ...]:
    """Draw ceilings of a few services, in general and for what is particular."""
    return tuple(
        FrameworkRate(
            amount_pence=draw(st.integers(1_000, 120_000)),
            valid_from=draw(st.sampled_from([None, AS_OF])),
            **work,
        )
        for service in draw(some(tuple(ServiceType), max_size=3))
        for work in draw(_works(service, more=1))
    )


@st.composite
def payers(
    draw: st.DrawFn, service: ServiceType, care_type: CareType | None, *, gaps: bool = True
) -> dict[str, Any]:
    """Draw how care of a service, or in a kind of bed, is funded; without gaps all is told."""
    funding = draw(maybe(st.sampled_from(Funding), gaps=gaps))
    homecare = service is ServiceType.HOMECARE
    nursing = care_type in NURSING_CARE or (service is ServiceType.RESPITE and care_type is None)
    told: dict[str, Any] = {
        "funding": funding,
        "personal_budget_pence_per_week": draw(maybe(st.integers(5_000, 200_000), gaps=gaps)),
        "own_contribution_pence_per_week": draw(st.none() | st.integers(0, 40_000)),
    }
    if funding is Funding.JOINT:
        told["health_share_percent"] = draw(maybe(st.integers(0, 100)))
    if nursing:
        told["nursing_contribution_pence_per_week"] = draw(maybe(st.integers(0, 30_000)))
    if not homecare:
        told["third_party_top_up_pence_per_week"] = draw(maybe(st.integers(0, 60_000)))
    return told

"""Framework rates of a synthetic county, and what its providers charge beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from matcher.model import FrameworkRate, HomecarePackage, Provider, Rate
from matcher.synthetic import figures
from matcher.synthetic.chance import Dice
from matcher.synthetic.places import Places
from matcher.vocabulary import CareType, Contract, RateUnit, ServiceType

_SHORT_MINUTES = 15
_MINUTES_PER_HOUR = 60
_NIGHTS_PER_WEEK = 7
_WEEK_PENCE = {
    CareType.RESIDENTIAL: figures.RESIDENTIAL_WEEK_PENCE,
    CareType.NURSING: figures.NURSING_WEEK_PENCE,
    CareType.RESIDENTIAL_DEMENTIA: figures.RESIDENTIAL_WEEK_PENCE + figures.DEMENTIA_WEEK_PENCE,
    CareType.NURSING_DEMENTIA: figures.NURSING_WEEK_PENCE + figures.DEMENTIA_WEEK_PENCE,
}


@dataclass(frozen=True)
class Ceilings:
    """Framework rates in pence.

    Parameters
    ----------
    hour_pence
        An hour of homecare in each zone.
    week_pence
        A week in a home by kind of bed.
    valid_from
        First day of the financial year that the county's day falls in.
    """

    hour_pence: dict[str, int]
    week_pence: dict[CareType, int]
    valid_from: date

    def short_hour_pence(self, zone: str) -> int:
        """Return the hourly rate of the shortest visits, which cost more to reach."""
        return round(self.hour_pence[zone] * figures.SHORT_VISIT_FACTOR)

    def package_pence(self, package: HomecarePackage, zone: str) -> int:
        """Return what a week of a package costs at framework rates (H6)."""
        pence_minutes = 0
        for visit in package.visits:
            short = visit.minutes == _SHORT_MINUTES
            hourly = self.short_hour_pence(zone) if short else self.hour_pence[zone]
            pence_minutes += hourly * visit.weekly_minutes
        return -(-pence_minutes // _MINUTES_PER_HOUR)


def set_ceilings(places: Places, as_of: date) -> Ceilings:
    """Return framework rates: the wider half of the zones are rural and paid a little more."""
    spread = places.spread_metres()
    hours = {}
    for number, zone in enumerate(places.zones):
        rural = bool(spread[number] > np.median(spread))
        factor = figures.RURAL_FACTOR if rural else figures.TOWN_FACTOR
        hours[zone.zone] = round(figures.HOMECARE_HOUR_PENCE * factor)
    year = as_of.year if as_of.month >= 4 else as_of.year - 1
    return Ceilings(hours, dict(_WEEK_PENCE), date(year, 4, 1))


def framework_rates(ceilings: Ceilings) -> tuple[FrameworkRate, ...]:
    """Return the rows of ``framework_rates.csv``."""
    rows = []
    for zone, pence in ceilings.hour_pence.items():
        for minutes, amount in ((None, pence), (_SHORT_MINUTES, ceilings.short_hour_pence(zone))):
            rows.append(
                FrameworkRate(
                    service_type=ServiceType.HOMECARE,
                    zone=zone,
                    unit=RateUnit.HOUR,
                    visit_minutes=minutes,
                    amount_pence=amount,
                    valid_from=ceilings.valid_from,
                )
            )
    for care_type, pence in ceilings.week_pence.items():
        rows.append(
            FrameworkRate(
                service_type=ServiceType(care_type.value),
                unit=RateUnit.WEEK,
                amount_pence=pence,
                valid_from=ceilings.valid_from,
            )
        )
    return tuple(rows)


def agency_rates(dice: Dice, agencies: tuple[Provider, ...], ceilings: Ceilings) -> list[Rate]:
    """Return each agency's hourly rate, and for some a dearer one for the shortest visits."""
    rows = []
    for agency in agencies:
        hourly = _hour_pence(dice, agency, ceilings)
        rows.append(_hour_rate(agency, hourly, None, ceilings))
        if dice.happens(0.25):
            dearer = round(hourly * figures.SHORT_VISIT_FACTOR)
            rows.append(_hour_rate(agency, dearer, _SHORT_MINUTES, ceilings))
    return rows


def _hour_pence(dice: Dice, agency: Provider, ceilings: Ceilings) -> int:
    """Framework agencies keep to the lowest rate of their zones, but for the few above it."""
    lowest = min(ceilings.hour_pence[zone] for zone in agency.zones)
    spot = agency.contract is Contract.SPOT
    if spot or dice.happens(figures.ABOVE_RATE):
        return dice.whole(min(lowest + 80, figures.HOUR_MOST_PENCE), figures.HOUR_MOST_PENCE)
    return dice.pick((lowest, lowest, dice.whole(figures.HOUR_LEAST_PENCE, lowest)))


def _hour_rate(agency: Provider, pence: int, minutes: int | None, ceilings: Ceilings) -> Rate:
    return Rate(
        provider_id=agency.provider_id,
        service_type=ServiceType.HOMECARE,
        unit=RateUnit.HOUR,
        visit_minutes=minutes,
        amount_pence=pence,
        valid_from=ceilings.valid_from,
    )


def home_rates(dice: Dice, homes: tuple[Provider, ...], ceilings: Ceilings) -> list[Rate]:
    """Return each home's weekly fee by kind of bed, and for some spot homes a nightly one.

    Homes on the framework or with block beds accept its rate; the others charge a top-up above
    it, the same for all their beds.
    """
    rows = []
    for home in homes:
        spot = home.contract is Contract.SPOT
        top_up = dice.whole(*figures.TOP_UP_POUNDS) * 100 if spot else 0
        fees = {
            service: ceilings.week_pence[CareType(service.value)] + top_up
            for service in home.services
            if service is not ServiceType.RESPITE
        }
        for service, pence in fees.items():
            rows.append(_bed_rate(home, service, RateUnit.WEEK, pence, ceilings))
        if spot and ServiceType.RESPITE in home.services and dice.happens(0.25):
            nightly = max(fees.values()) // _NIGHTS_PER_WEEK
            rows.append(_bed_rate(home, ServiceType.RESPITE, RateUnit.NIGHT, nightly, ceilings))
    return rows


def _bed_rate(
    home: Provider, service: ServiceType, unit: RateUnit, pence: int, ceilings: Ceilings
) -> Rate:
    return Rate(
        provider_id=home.provider_id,
        service_type=service,
        unit=unit,
        amount_pence=pence,
        valid_from=ceilings.valid_from,
    )

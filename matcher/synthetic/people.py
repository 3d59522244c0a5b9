"""The people of a synthetic county: who waits for what, and whose care already runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import numpy as np

from matcher.model import CareRequest, HomecarePackage, Placement, Running
from matcher.policy import TimeBand
from matcher.synthetic import figures, names
from matcher.synthetic.chance import Dice
from matcher.synthetic.choices import Choices
from matcher.synthetic.groups import facts_of_person
from matcher.synthetic.money import Ceilings
from matcher.synthetic.packages import draw_packages
from matcher.synthetic.places import Places
from matcher.synthetic.spec import CountySpec
from matcher.vocabulary import CareType, Risk, ServiceType

_METRES_ASKED = (5_000, 8_000, 12_000, 16_000, 24_000)


class Ask(StrEnum):
    """The kinds of people a county is made of."""

    RUNNING = "running"
    HOMECARE = "homecare"
    LONG_TERM = "long_term"
    RESPITE = "respite"
    PANEL = "panel"


@dataclass(frozen=True, order=True)
class Referral:
    """One person before the details: when they were referred, for what, and since when served."""

    waiting_since: date
    serial: int
    ask: Ask
    started_on: date | None = None


@dataclass(frozen=True)
class People:
    """Everybody in the county's book, in the order of their ids, with the row of their postcode."""

    requests: tuple[CareRequest, ...]
    rows: tuple[int, ...]
    running: tuple[Running, ...]


@dataclass(frozen=True)
class County:
    """What the people's requests are drawn against."""

    spec: CountySpec
    places: Places
    ceilings: Ceilings
    bands: dict[str, TimeBand]
    choices: Choices


def draw_people(county: County) -> People:
    """Return all requests, ids in the order of referral, and who serves those that run."""
    dice, of_groups = Dice(county.spec, "people"), Dice(county.spec, "groups of people")
    referrals = _referrals(county.spec)
    rows = county.places.draw(dice, len(referrals))
    packages = _packages_of(county, referrals)
    requests, running = [], []
    for number, (referral, row) in enumerate(zip(referrals, rows, strict=True), start=1):
        request_id = names.request_id(number, len(referrals))
        facts = _common_facts(dice, county, referral, row)
        if referral.ask in {Ask.RUNNING, Ask.HOMECARE}:
            package = packages[referral.serial]
            facts |= _homecare_facts(dice, county, referral, row, package)
        else:
            facts |= _placement_facts(dice, county, referral, row)
        facts |= facts_of_person(of_groups, facts)
        if referral.started_on is None:
            facts |= _gaps(dice, facts)
        else:
            agency = county.choices.agency(dice, county.places, row)
            running.append(
                Running(request_id=request_id, provider_id=agency, started_on=referral.started_on)
            )
        requests.append(CareRequest(request_id=request_id, **facts))
    return People(tuple(requests), tuple(rows), tuple(running))


def _referrals(spec: CountySpec) -> list[Referral]:
    """Return everybody by the day of referral, the longest known first."""
    dice = Dice(spec, "referrals")
    waiting = [Ask.HOMECARE] * spec.waiting_homecare + _beds_asked(dice, spec.waiting_placements)
    waits = dice.lognormal(
        figures.WAIT_MEDIAN_DAYS, figures.WAIT_SIGMA, len(waiting) + spec.running
    )
    days = np.rint(waits).clip(0, figures.WAIT_MOST_DAYS).astype(int).tolist()
    stays = dice.generator.exponential(figures.STAY_MEAN_DAYS, spec.running)
    ages = np.ceil(stays).clip(1, figures.STAY_MOST_DAYS).astype(int).tolist()
    people = [
        Referral(spec.as_of - timedelta(days=days[serial]), serial, ask)
        for serial, ask in enumerate(waiting)
    ]
    for serial, age in enumerate(ages, start=len(waiting)):
        started = spec.as_of - timedelta(days=age)
        since = started - timedelta(days=days[serial])
        people.append(Referral(since, serial, Ask.RUNNING, started))
    return sorted(people)


def _beds_asked(dice: Dice, count: int) -> list[Ask]:
    shares = {
        Ask.LONG_TERM: 1 - figures.RESPITE - figures.PANEL,
        Ask.RESPITE: figures.RESPITE,
        Ask.PANEL: figures.PANEL,
    }
    return dice.dealt(shares, count)


def _packages_of(county: County, referrals: Sequence[Referral]) -> dict[int, HomecarePackage]:
    """Return a package for every person with homecare; the shares hold in both groups."""
    found: dict[int, HomecarePackage] = {}
    for ask in (Ask.HOMECARE, Ask.RUNNING):
        serials = sorted(referral.serial for referral in referrals if referral.ask is ask)
        dice = Dice(county.spec, f"packages of {ask}")
        drawn = draw_packages(dice, county.bands, len(serials))
        found |= dict(zip(serials, drawn, strict=True))
    return found


def _common_facts(dice: Dice, county: County, referral: Referral, row: int) -> dict[str, Any]:
    """Draw what is asked of everybody: risk, funding, capacity to decide, language."""
    risk = dice.weighted(figures.RISKS)
    urgent = risk is Risk.RED and dice.happens(figures.URGENT_SHARE)
    dementia = dice.happens(0.25)
    speaks = dice.happens(figures.SPEAKS_OTHER)
    return {
        "postcode": county.places.postcodes[row],
        "risk": risk,
        "waiting_since": referral.waiting_since,
        "urgent_reason": dice.pick(figures.URGENT_REASONS) if urgent else "",
        "start_by": _start_by(dice, county.spec, referral, risk),
        "funding": dice.weighted(figures.FUNDINGS),
        "languages": (dice.weighted(figures.LANGUAGES),) if speaks else (),
        "plan_signed_off": True,
        "funding_agreed": True,
        "has_mental_capacity": not dementia,
        "best_interests_recorded": True if dementia else None,
        "hospital_discharge": dice.happens(0.15),
    }


def _start_by(dice: Dice, spec: CountySpec, referral: Referral, risk: Risk) -> date | None:
    """Return a day by which care should start: for most people, and soon for those at risk."""
    if referral.started_on is not None or not dice.happens(0.7):
        return None
    return spec.as_of + timedelta(days=dice.whole(1, 7 if risk is Risk.RED else 28))


def _homecare_facts(
    dice: Dice, county: County, referral: Referral, row: int, package: HomecarePackage
) -> dict[str, Any]:
    cost = county.ceilings.package_pence(package, county.places.zone_name(row))
    facts: dict[str, Any] = {
        "service_type": ServiceType.HOMECARE,
        "package": package,
        "needs": dice.weighted(figures.HOMECARE_NEEDS),
        "carer_gender": dice.weighted(figures.CARER_GENDERS),
        # Budgets are set at the framework rate, at times with a little room, in whole pounds.
        "personal_budget_pence_per_week": -(-cost * dice.whole(100, 106) // 10_000) * 100,
    }
    if referral.started_on is None:
        facts |= county.choices.agency_wishes(dice, county.places, row)
    return facts


def _placement_facts(dice: Dice, county: County, referral: Referral, row: int) -> dict[str, Any]:
    if referral.ask is Ask.PANEL:
        service = dice.pick((ServiceType.EXTRA_CARE, ServiceType.SHARED_LIVES))
        return {"service_type": service, "placement": Placement()}
    care_type = dice.weighted(figures.CARE_TYPES)
    respite = referral.ask is Ask.RESPITE
    stay = _respite_stay(dice, county.spec, care_type) if respite else _long_stay(care_type)
    ceiling = county.ceilings.week_pence[care_type]
    return {
        **stay,
        **county.choices.home_wishes(dice, county.places, row),
        "needs": dice.weighted(figures.PLACEMENT_NEEDS),
        "personal_budget_pence_per_week": ceiling + _raised_pence(dice),
        "max_distance_metres": dice.pick(_METRES_ASKED) if dice.happens(0.35) else None,
    }


def _raised_pence(dice: Dice) -> int:
    """Return what a budget has above the framework rate: agreed for some whose needs cost more."""
    return dice.whole(*figures.RAISED_POUNDS) * 100 if dice.happens(figures.RAISED_BUDGET) else 0


def _long_stay(care_type: CareType) -> dict[str, Any]:
    service = ServiceType(care_type.value)
    return {"service_type": service, "placement": Placement(care_type=care_type)}


def _respite_stay(dice: Dice, spec: CountySpec, care_type: CareType) -> dict[str, Any]:
    """Draw one or two weeks, to begin on one of some days in the coming ten weeks."""
    nights = dice.weighted({7: 55, 10: 10, 14: 35})
    admit_from = spec.as_of + timedelta(days=dice.whole(7, 56))
    placement = Placement(
        care_type=care_type,
        nights=nights,
        admit_from=admit_from,
        # The window holds the whole stay, at times with some days to spare.
        admit_to=admit_from + timedelta(days=nights + dice.pick((0, 3, 7, 14))),
    )
    return {
        "service_type": ServiceType.RESPITE,
        "placement": placement,
        "respite_nights_left": nights + dice.whole(0, 28),
        "start_by": None,
    }


def _gaps(dice: Dice, facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out a fact of a few requests (H2), and leave a few unsigned or unfunded (H1)."""
    if dice.happens(figures.INCOMPLETE):
        known = ["funding", "has_mental_capacity", "risk"]
        if not facts["has_mental_capacity"]:
            known.append("best_interests_recorded")
        return {dice.pick(known): None}
    if dice.happens(figures.NOT_SIGNED_OFF):
        return {dice.pick(("plan_signed_off", "funding_agreed")): False}
    return {}

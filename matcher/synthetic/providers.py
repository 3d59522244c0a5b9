"""The agencies and homes of a synthetic county: terms, ratings, specialisms and beds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from matcher.model import BedCapacity, Provider
from matcher.synthetic import figures, names
from matcher.synthetic.chance import Dice, quotas
from matcher.synthetic.groups import register_agencies, register_homes
from matcher.synthetic.places import Places
from matcher.synthetic.spec import CountySpec
from matcher.vocabulary import (
    CareType,
    Contract,
    CqcRating,
    ProviderKind,
    ProviderStatus,
    ServiceType,
)

_RATING_DAYS = 5 * 365
_STALE_DAYS = 7


@dataclass(frozen=True)
class Terms:
    """What is dealt out over all providers of a kind, so that the shares hold in small counties."""

    contract: Contract
    rating: CqcRating
    status: ProviderStatus


def draw_agencies(spec: CountySpec, places: Places) -> tuple[Provider, ...]:
    """Return the homecare agencies, ids ``A-001`` upwards."""
    dice = Dice(spec, "agencies")
    count = spec.agencies
    terms = _terms(dice, count, figures.AGENCY_CONTRACTS, figures.AGENCY_RATINGS)
    served = dice.dealt(figures.ZONES_SERVED, count)
    lots = dice.dealt({True: figures.SPECIALIST_LOT, False: 1 - figures.SPECIALIST_LOT}, count)
    rows = places.draw(dice, count)
    agencies = [
        _agency(
            dice,
            spec,
            places,
            number,
            terms=terms[number],
            row=rows[number],
            zones_served=served[number],
            specialist=lots[number],
        )
        for number in range(count)
    ]
    return register_agencies(spec, agencies)


def _agency(
    dice: Dice,
    spec: CountySpec,
    places: Places,
    number: int,
    *,
    terms: Terms,
    row: int,
    zones_served: int,
    specialist: bool,
) -> Provider:
    kind = ProviderKind.HOMECARE
    zones = [places.zones[zone].zone for zone in places.nearest_zones(row)[:zones_served]]
    spot = terms.contract is Contract.SPOT
    return Provider(
        provider_id=names.provider_id(kind, number + 1, spec.agencies),
        name=names.provider_name(kind, number + 1, spec.agencies),
        kind=kind,
        postcode=places.postcodes[row],
        services=(ServiceType.HOMECARE,),
        specialisms=_specialisms(dice, specialist=specialist),
        cqc_rating=terms.rating,
        cqc_rated_on=_rated_on(dice, terms.rating, spec.as_of),
        contract=terms.contract,
        lot="specialist" if specialist else "generic",
        zones=tuple(sorted(zones)),
        tier=None if spot else dice.weighted(figures.TIERS),
        max_distance_metres=dice.pick((10_000, 15_000, 20_000)) if dice.happens(0.15) else None,
        status=terms.status,
        min_weekly_minutes=dice.pick((180, 300, 420)) if dice.happens(0.08) else None,
        languages=dice.some(tuple(figures.LANGUAGES), figures.LANGUAGES),
        female_carers=True if dice.happens(0.97) else None,
        male_carers=dice.weighted({True: 45, False: 45, None: 10}),
        lead_days=dice.whole(1, 10) if dice.happens(0.3) else None,
    )


def _specialisms(dice: Dice, *, specialist: bool) -> tuple[str, ...]:
    """Return what an agency can do; a specialist one is sure to do what few others do."""
    shares = dict(figures.AGENCY_SPECIALISMS)
    if specialist:
        shares |= {"learning_disability": 1.0, "mental_health": 1.0}
    return dice.some(tuple(shares), shares)


def _terms(
    dice: Dice, count: int, contracts: dict[Contract, float], ratings: dict[CqcRating, float]
) -> list[Terms]:
    embargoed, closed = int(count * figures.EMBARGOED), int(count * figures.CLOSED)
    statuses = dice.dealt(
        {
            ProviderStatus.EMBARGOED: embargoed,
            ProviderStatus.CLOSED: closed,
            ProviderStatus.OPEN: max(count - embargoed - closed, 1),
        },
        count,
    )
    dealt = zip(dice.dealt(contracts, count), dice.dealt(ratings, count), statuses, strict=True)
    return [Terms(*hand) for hand in dealt]


def _rated_on(dice: Dice, rating: CqcRating, as_of: date) -> date | None:
    if rating is CqcRating.NOT_YET_RATED:
        return None
    return dice.day_before(as_of, _RATING_DAYS)


@dataclass(frozen=True)
class Homes:
    """The care homes and, in the same order, how many beds each has in all."""

    providers: tuple[Provider, ...]
    beds: tuple[int, ...]


def draw_homes(spec: CountySpec, places: Places) -> Homes:
    """Return the care homes, ids ``H-001`` upwards."""
    dice = Dice(spec, "homes")
    count = spec.homes
    terms = _terms(dice, count, figures.HOME_CONTRACTS, figures.HOME_RATINGS)
    care_types = dice.dealt(figures.HOME_CARE_TYPES, count)
    sizes = dice.dealt(figures.HOME_SIZES, count)
    rows = places.draw(dice, count)
    providers = [
        _home(
            dice,
            spec,
            places,
            number,
            terms=terms[number],
            row=rows[number],
            care_types=care_types[number],
        )
        for number in range(count)
    ]
    beds = tuple(dice.whole(*size) for size in sizes)
    weekends = Dice(spec, "weekends")
    admitting = tuple(
        home.model_copy(update={"admits_at_weekends": True})
        if weekends.happens(figures.WEEKEND_ADMISSIONS)
        else home
        for home in register_homes(spec, providers)
    )
    return Homes(admitting, beds)


def _home(
    dice: Dice,
    spec: CountySpec,
    places: Places,
    number: int,
    *,
    terms: Terms,
    row: int,
    care_types: tuple[CareType, ...],
) -> Provider:
    kind = ProviderKind.CARE_HOME
    services = [ServiceType(care_type.value) for care_type in care_types]
    if dice.happens(figures.RESPITE_HOMES):
        services.append(ServiceType.RESPITE)
    dementia = any("dementia" in care_type.value for care_type in care_types)
    words = dice.some(tuple(figures.HOME_SPECIALISMS), figures.HOME_SPECIALISMS)
    return Provider(
        provider_id=names.provider_id(kind, number + 1, spec.homes),
        name=names.provider_name(kind, number + 1, spec.homes),
        kind=kind,
        postcode=places.postcodes[row],
        services=tuple(services),
        specialisms=tuple(sorted({*words, *(("dementia",) if dementia else ())})),
        cqc_rating=terms.rating,
        cqc_rated_on=_rated_on(dice, terms.rating, spec.as_of),
        contract=terms.contract,
        status=terms.status,
        languages=dice.some(tuple(figures.LANGUAGES), figures.LANGUAGES),
        lead_days=dice.whole(1, 10) if dice.happens(0.4) else None,
    )


def draw_beds(spec: CountySpec, homes: Homes) -> tuple[BedCapacity, ...]:
    """Return the admittable vacancies of the homes that are open to new people.

    Homes differ in how full they are, but over the county the vacant share is that of the
    figures. A vacancy is listed under one kind of bed only, so that no bed counts twice.
    """
    dice = Dice(spec, "beds")
    emptiness = dice.lognormal(1.0, figures.VACANT_SIGMA, spec.homes).tolist()
    takers = [i for i, home in enumerate(homes.providers) if home.status is ProviderStatus.OPEN]
    weights = {i: homes.beds[i] * emptiness[i] for i in takers}
    total = round(sum(homes.beds[i] for i in takers) * figures.VACANT_ADMITTABLE)
    rows: list[BedCapacity] = []
    for i, vacant in (quotas(weights, total) if takers else {}).items():
        rows += _vacancies(dice, spec, homes.providers[i], min(vacant, homes.beds[i] // 2))
    return tuple(rows)


def _vacancies(dice: Dice, spec: CountySpec, home: Provider, vacant: int) -> list[BedCapacity]:
    """Spread a home's vacancies over its kinds of bed; a few come free later or only for a time."""
    kinds = [service for service in home.services if service is not ServiceType.RESPITE]
    groups: dict[tuple[CareType, date, date | None], int] = {}
    for _ in range(vacant):
        opens, ends = spec.as_of, None
        if dice.happens(0.15):
            opens = spec.as_of + (spec.as_of - dice.day_before(spec.as_of, 28))
        elif ServiceType.RESPITE in home.services and dice.happens(0.15):
            ends = spec.as_of + (spec.as_of - dice.day_before(spec.as_of, 70))
        key = (CareType(dice.pick(kinds).value), opens, ends)
        groups[key] = groups.get(key, 0) + 1
    if not groups:  # the home was asked and is full
        groups[CareType(kinds[0].value), spec.as_of, None] = 0
    seen_on = dice.day_before(spec.as_of, _STALE_DAYS)
    return [
        BedCapacity(
            provider_id=home.provider_id,
            care_type=care_type,
            beds=beds,
            available_from=opens,
            available_to=ends,
            as_of=seen_on,
        )
        for (care_type, opens, ends), beds in groups.items()
    ]

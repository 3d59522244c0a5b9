"""Carer time free for new visits, in lumps, short in the mornings and in some zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from matcher.model import CareRequest, HomecareCapacity, Provider
from matcher.policy import Policy, TimeBand
from matcher.synthetic import figures
from matcher.synthetic.chance import Dice
from matcher.synthetic.places import Places
from matcher.synthetic.spec import CountySpec
from matcher.vocabulary import (
    GRID_MINUTES,
    METRES_PER_MILE,
    MINUTES_PER_DAY,
    Contract,
    Day,
    ProviderStatus,
)

_BEFORE, _AFTER = 15, 60
_LEAST_MINUTES, _PAIR_MINUTES = 45, 225
_MOST_CARERS = 100
_MOSTLY = 0.9
_STALE_DAYS = 7


@dataclass(frozen=True)
class Window:
    """The span of a band within which carers may be free: travel before it, the visit after."""

    band: str
    start_minute: int
    end_minute: int


@dataclass(frozen=True)
class Need:
    """Carer minutes that are to be free in a window on each of some days."""

    window: Window
    days: tuple[Day, ...]
    minutes: float


def windows(bands: dict[str, TimeBand]) -> list[Window]:
    """Return one window a band, in order of time, none reaching into the next."""
    ordered = sorted(bands.items(), key=lambda item: item[1].start_minute)
    starts = [max(band.start_minute - _BEFORE, 0) for _, band in ordered]
    ends = [*starts[1:], MINUTES_PER_DAY]
    return [
        Window(name, start, min(band.end_minute + _AFTER, end))
        for (name, band), start, end in zip(ordered, starts, ends, strict=True)
    ]


def travel_minutes(policy: Policy) -> int:
    """Return the minutes to reach a usual visit of a round."""
    travel = policy.travel
    miles = travel.usual_leg_miles.value / travel.road_factor.value
    return int(travel.minutes(miles * METRES_PER_MILE))


def demand(requests: Iterable[CareRequest], band: str, days: Sequence[Day], travel: int) -> float:
    """Return carer minutes a day that requests need in a band, travel included, days averaged."""
    total = 0
    for request in requests:
        for visit in request.package.visits:
            if visit.band == band:
                touched = sum(day in days for day in visit.days)
                total += (visit.minutes + travel) * visit.carers * touched
    return total / len(days)


def zone_weights(
    dice: Dice, places: Places, agencies: Sequence[Provider], sizes: Sequence[float]
) -> list[float]:
    """Return each agency's part of the free capacity: by size, less where its zones are short."""
    count = len(places.zones)
    short = round(count * figures.SHORT_ZONES)
    is_short = set(dice.generator.permutation(count)[:short].tolist())
    people = np.bincount(places.zone_of, minlength=count)
    supply = {
        zone.zone: float(people[i]) * (figures.SHORT_ZONE_CAPACITY if i in is_short else 1.0)
        for i, zone in enumerate(places.zones)
    }
    served = dict.fromkeys(supply, 0.0)
    for agency, size in zip(agencies, sizes, strict=True):
        for zone in agency.zones:
            served[zone] += size
    return [
        size * sum(supply[zone] / served[zone] for zone in agency.zones)
        for agency, size in zip(agencies, sizes, strict=True)
    ]


def draw_capacity(
    spec: CountySpec,
    policy: Policy,
    places: Places,
    *,
    agencies: Sequence[Provider],
    sizes: Sequence[float],
    waiting: Sequence[CareRequest],
) -> tuple[HomecareCapacity, ...]:
    """Return the agencies' free carers, scaled to the demand of the people who wait.

    Running care does not use this capacity: it is what is free for new visits.

    Parameters
    ----------
    spec
        The county.
    policy
        Whose bands and travel rule the demand is reckoned by.
    places
        Where the zones are.
    agencies
        All agencies; those that are not open have nothing free.
    sizes
        How much work each does beside the others, [agencies].
    waiting
        The people who wait.
    """
    dice = Dice(spec, "capacity")
    able = [i for i, agency in enumerate(agencies) if agency.status is ProviderStatus.OPEN]
    openings = [agencies[i] for i in able]
    weights = zone_weights(dice, places, openings, [sizes[i] for i in able])
    needs = _needs(spec, policy, waiting)
    busiest = max((need.minutes for need in needs), default=0.0)
    offset = float(dice.generator.random())
    parts = shares(weights, round(busiest / figures.LUMP_MINUTES), offset)
    # Early or late in a window, but alike all week: people want the same time every day.
    leanings = {
        band: dice.generator.random(len(openings)).tolist()
        for band in dict.fromkeys(need.window.band for need in needs)
    }
    # What agencies off the contract have free comes on top: the council cannot count on it.
    off = sum(part for i, part in parts.items() if openings[i].contract is Contract.SPOT)
    scale = 1 / (1 - off) if off < _MOSTLY else 1.0
    rows: list[HomecareCapacity] = []
    for need in needs:
        for i, part in parts.items():
            minutes = round(need.minutes * part * scale)
            if minutes >= _LEAST_MINUTES:
                lean = leanings[need.window.band][i]
                rows.append(_row(dice, spec, openings[i], need, minutes=minutes, lean=lean))
    offering = {row.provider_id for row in rows}
    rows += [
        _nothing(dice, spec, agency) for agency in openings if agency.provider_id not in offering
    ]
    return tuple(sorted(rows, key=lambda row: (row.provider_id, row.days[0].number)))


def _needs(spec: CountySpec, policy: Policy, waiting: Sequence[CareRequest]) -> list[Need]:
    """Return the carer minutes to be free in each band on weekdays and at the weekend."""
    travel = travel_minutes(policy)
    return [
        Need(
            window,
            days,
            demand(waiting, window.band, days, travel)
            * spec.capacity_share
            * figures.BAND_EASE.get(window.band, 1.0)
            * ease,
        )
        for window in windows(policy.bands)
        for days, ease in ((figures.WEEKDAYS, 1.0), (figures.WEEKEND, figures.WEEKEND_EASE))
    ]


def shares(weights: Sequence[float], count: int, offset: float) -> dict[int, float]:
    """Divide free capacity among agencies in `count` equal lumps, the same ones for every band.

    An agency with a carer to spare mostly has one all day long, so packages with many calls
    find all of them at one agency.

    Parameters
    ----------
    weights
        Each agency's part.
    count
        How many lumps there are.
    offset
        Where the sampling begins, 0 to 1.

    Returns
    -------
    dict
        Share of the whole by agency number, only of those that have any.

    References
    ----------
    Systematic sampling with probability proportional to size.
    """
    if not (count and weights):
        return {}
    totals = list(accumulate(weights))
    marks = (np.arange(count) + offset) * totals[-1] / count
    hits = np.searchsorted(totals, marks, side="right").clip(max=len(weights) - 1)
    agencies, times = np.unique(hits, return_counts=True)
    pairs = zip(agencies.tolist(), times.tolist(), strict=True)
    return {agency: number / count for agency, number in pairs}


def _nothing(dice: Dice, spec: CountySpec, agency: Provider) -> HomecareCapacity:
    """Write that an agency was asked and has nothing free."""
    return HomecareCapacity(
        provider_id=agency.provider_id,
        days=figures.EVERY_DAY,
        start_minute=0,
        end_minute=MINUTES_PER_DAY,
        carers=0,
        as_of=dice.day_before(spec.as_of, _STALE_DAYS),
    )


def _row(
    dice: Dice, spec: CountySpec, agency: Provider, need: Need, *, minutes: int, lean: float
) -> HomecareCapacity:
    """Write carer minutes as a number of carers for a span of the window; many of them as pairs."""
    window = need.window
    span = window.end_minute - window.start_minute
    carers = max(-(-minutes // span), 2 if minutes >= _PAIR_MINUTES else 1)
    length = max(round(minutes / carers / GRID_MINUTES) * GRID_MINUTES, _LEAST_MINUTES)
    length = min(length, span)
    steps = (span - length) // GRID_MINUTES
    start = window.start_minute + int(lean * (steps + 1)) * GRID_MINUTES
    return HomecareCapacity(
        provider_id=agency.provider_id,
        days=need.days,
        start_minute=start,
        end_minute=start + length,
        carers=min(carers, _MOST_CARERS),
        as_of=dice.day_before(spec.as_of, _STALE_DAYS),
    )

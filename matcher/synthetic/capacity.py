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
from matcher.vocabulary import GRID_MINUTES, MINUTES_PER_DAY, Day, ProviderStatus

_BEFORE, _AFTER = 15, 60
_LEAST_WINDOW = 60
_STALE_DAYS = 7


@dataclass(frozen=True)
class Window:
    """The span of a band within which carers may be free: travel before it, the visit after."""

    band: str
    start_minute: int
    end_minute: int


@dataclass(frozen=True)
class Lump:
    """Carer minutes that one agency has free in one band on each of some days."""

    agency: int
    minutes: int


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
    return int(travel.minutes(miles * 1609.344))


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
    agencies: Sequence[Provider],
    sizes: Sequence[float],
    waiting: Sequence[CareRequest],
) -> tuple[HomecareCapacity, ...]:
    """Return the agencies' free carers, scaled to the demand of the people who wait.

    Running care does not use this capacity: it is what is free for new visits.
    """
    dice = Dice(spec, "capacity")
    able = [i for i, agency in enumerate(agencies) if agency.status is ProviderStatus.OPEN]
    if not able:
        return ()
    openings = [agencies[i] for i in able]
    weights = zone_weights(dice, places, openings, [sizes[i] for i in able])
    travel = travel_minutes(policy)
    rows: list[HomecareCapacity] = []
    offset = float(dice.generator.random())
    for window in windows(policy.bands):
        leanings = dice.generator.random(len(openings)).tolist()
        for days, ease in ((figures.WEEKDAYS, 1.0), (figures.WEEKEND, figures.WEEKEND_EASE)):
            wanted = demand(waiting, window.band, days, travel)
            share = spec.capacity_share * figures.BAND_EASE.get(window.band, 1.0) * ease
            for lump in lumps(weights, wanted * share, offset):
                agency, lean = openings[lump.agency], leanings[lump.agency]
                rows.append(_row(dice, spec, agency, window, days, lump, lean))
    return tuple(sorted(rows, key=lambda row: (row.provider_id, row.days[0].number)))


def lumps(weights: Sequence[float], minutes: float, offset: float) -> list[Lump]:
    """Divide minutes among agencies in lumps of some two hours and a half.

    Parameters
    ----------
    weights
        Each agency's part.
    minutes
        Carer minutes a day to divide.
    offset
        Where the sampling begins, 0 to 1. The same offset for every band gives much the same
        agencies capacity in all of them, so that packages with many calls can be served.

    References
    ----------
    Systematic sampling with probability proportional to size.
    """
    count = round(minutes / figures.LUMP_MINUTES)
    if not count:
        return []
    totals = list(accumulate(weights))
    marks = (np.arange(count) + offset) * totals[-1] / count
    hits = np.searchsorted(totals, marks, side="right").clip(max=len(weights) - 1)
    agencies, times = np.unique(hits, return_counts=True)
    return [
        Lump(agency, round(number * minutes / count))
        for agency, number in zip(agencies.tolist(), times.tolist(), strict=True)
    ]


def _row(
    dice: Dice,
    spec: CountySpec,
    agency: Provider,
    window: Window,
    days: tuple[Day, ...],
    lump: Lump,
    lean: float,
) -> HomecareCapacity:
    """Write a lump as a number of carers for a span of the window; large lumps as pairs."""
    span = window.end_minute - window.start_minute
    carers = max(-(-lump.minutes // span), 2 if lump.minutes >= 1.5 * figures.LUMP_MINUTES else 1)
    length = max(round(lump.minutes / carers / GRID_MINUTES) * GRID_MINUTES, _LEAST_WINDOW)
    length = min(length, span)
    steps = (span - length) // GRID_MINUTES
    start = window.start_minute + int(lean * (steps + 1)) * GRID_MINUTES
    return HomecareCapacity(
        provider_id=agency.provider_id,
        days=days,
        start_minute=start,
        end_minute=start + length,
        carers=min(carers, 100),
        as_of=dice.day_before(spec.as_of, _STALE_DAYS),
    )

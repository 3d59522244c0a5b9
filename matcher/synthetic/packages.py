"""Weeks of homecare visits whose lengths, bands and hours follow the figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matcher.model import HomecarePackage, Visit
from matcher.policy import TimeBand
from matcher.synthetic import figures
from matcher.synthetic.chance import Dice
from matcher.vocabulary import GRID_MINUTES, Day, TimeNeed

_EDGE_MINUTES = 15
_TILT_MINUTES = 12.0


@dataclass(frozen=True)
class Frame:
    """What is settled about a package before its visits: hours wanted, calls a day, carers."""

    weekly_hours: float
    calls: int
    carers: int


def draw_packages(dice: Dice, bands: dict[str, TimeBand], count: int) -> list[HomecarePackage]:
    """Return `count` packages in random order."""
    return [_package(dice, bands, frame) for frame in _frames(dice, count)]


def _frames(dice: Dice, count: int) -> list[Frame]:
    """Deal calls and second carers, the larger packages more likely to get many of both."""
    hours = dice.lognormal(figures.HOURS_MEDIAN, figures.HOURS_SIGMA, count)
    hours = hours.clip(figures.HOURS_LEAST, figures.HOURS_MOST)
    calls = sorted(dice.dealt(figures.CALLS_A_DAY, count))
    by_size = (hours * dice.lognormal(1.0, 0.3, count)).argsort(kind="stable").tolist()
    calls_of = dict(zip(by_size, calls, strict=True))
    wished = hours * dice.lognormal(1.0, 1.0, count)
    doubled = set(
        wished.argsort(kind="stable").tolist()[count - round(count * figures.DOUBLE_HANDED) :]
    )
    return [Frame(float(hours[i]), calls_of[i], 2 if i in doubled else 1) for i in range(count)]


def _package(dice: Dice, bands: dict[str, TimeBand], frame: Frame) -> HomecarePackage:
    named = dice.weighted(figures.BANDS_OF_CALLS[frame.calls])
    days = dice.weighted(figures.DAYS_OF_CALLS[frame.calls])
    wished = frame.weekly_hours * 60 / (len(named) * len(days) * frame.carers)
    lines = [(band, days) for band in named]
    if days == figures.EVERY_DAY and dice.happens(0.08):
        # Family helps out at the weekend: the last call is one for weekdays only.
        lines[-1] = (lines[-1][0], figures.WEEKDAYS)
    visits = [
        _visit(
            dice,
            bands,
            number,
            band=band,
            days=days,
            wished_minutes=wished,
            carers=frame.carers,
        )
        for number, (band, days) in enumerate(lines, start=1)
    ]
    return HomecarePackage(visits=tuple(visits))


def _visit(
    dice: Dice,
    bands: dict[str, TimeBand],
    number: int,
    *,
    band: str,
    days: tuple[Day, ...],
    wished_minutes: float,
    carers: int,
) -> Visit:
    """Draw one line; of two carers the second is at times not needed for a light call."""
    minutes = _minutes(dice, wished_minutes)
    light = number > 1 and carers == 2 and dice.happens(0.15)
    need = dice.weighted(
        {
            TimeNeed.NONE: 1 - figures.TIME_CRITICAL - figures.TIME_PREFERRED,
            TimeNeed.PREFERRED: figures.TIME_PREFERRED,
            TimeNeed.CRITICAL: figures.TIME_CRITICAL,
        }
    )
    critical = need is TimeNeed.CRITICAL
    return Visit(
        visit_no=number,
        days=days,
        band=band,
        time_need=need,
        at_minute=None if need is TimeNeed.NONE else _at(dice, bands[band]),
        tolerance_minutes=dice.pick((None, 15, 30)) if critical else None,
        reason=_reason(dice, band, minutes=minutes, critical=critical),
        minutes=minutes,
        carers=1 if light else carers,
    )


def _reason(dice: Dice, band: str, *, minutes: int, critical: bool) -> str:
    """Return why a time is a need, or why a visit is as short as it is (L3)."""
    if critical:
        return dice.pick(figures.CRITICAL_REASONS[band])
    return dice.pick(figures.SHORT_REASONS) if minutes < figures.SHORT_BELOW_MINUTES else ""


def _minutes(dice: Dice, wished_minutes: float) -> int:
    """Draw a length by the usual mix, tilted towards the length that the hours call for."""
    goal = min(max(wished_minutes, 15.0), 60.0)
    return dice.weighted(
        {
            length: share * math.exp(-abs(length - goal) / _TILT_MINUTES)
            for length, share in figures.VISIT_MINUTES.items()
        }
    )


def _at(dice: Dice, band: TimeBand) -> int:
    """Return a time of day well inside a band, on the grid."""
    edge = min(_EDGE_MINUTES, (band.end_minute - band.start_minute) // 2)
    steps = (band.end_minute - band.start_minute - 2 * edge) // GRID_MINUTES
    start = -(-(band.start_minute + edge) // GRID_MINUTES)
    return (start + dice.whole(0, steps)) * GRID_MINUTES

"""The way between two places, round water, worked out plainly: one line, one water at a time."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.geography import (
    METRES_PER_MINUTE,
    REACH_METRES,
    Crossing,
    Location,
    Water,
    distances_metres,
    waters,
)
from matcher.geography.water import Point


@dataclass(frozen=True)
class Way:
    """How long a way is, and what its crossings add in minutes."""

    metres: int
    minutes: int = 0


def way_between(a: Location, b: Location, *, rounds: bool) -> Way:
    """Return the way between two places: straight, or through the crossings of water between.

    Of several waters the longest way counts; islands without a road leave all others out.

    Parameters
    ----------
    a, b
        The two places, in either order.
    rounds
        Whether a crossing that a carer on a round cannot use is taken only for want of another.
    """
    one = (a.easting_metres, a.northing_metres)
    other = (b.easting_metres, b.northing_metres)
    low, high = min(one, other), max(one, other)
    metres, minutes = _metres(low, high), 0
    between = [water for water in waters() if _parts(water, low, high)]
    if metres > REACH_METRES:
        between = []
    for water in [water for water in between if not water.has_road] or between:
        way, crossing = _best(water, low, high, rounds=rounds)
        metres, minutes = max(metres, way), minutes + crossing.minutes
    return Way(metres, minutes)


def _parts(water: Water, low: Point, high: Point) -> bool:
    return sum(_crosses(low, high, *piece) for piece in water.stretches()) % 2 == 1


def _best(water: Water, low: Point, high: Point, *, rounds: bool) -> tuple[int, Crossing]:
    """Return the way through the crossing that costs least, a minute held equal to some metres."""
    fit = [crossing for crossing in water.crossings if crossing.suits_rounds or not rounds]
    best = None
    for crossing in fit or water.crossings:
        way = _through(crossing, low, high)
        cost = way + crossing.minutes * METRES_PER_MINUTE
        if best is None or cost < best[0]:
            best = (cost, way, crossing)
    assert best is not None  # every water has a crossing
    return best[1], best[2]


def _through(crossing: Crossing, low: Point, high: Point) -> int:
    first, last = crossing.at[0], crossing.at[-1]
    over = _metres(first, last)
    return min(
        _metres(low, first) + over + _metres(last, high),
        _metres(low, last) + over + _metres(first, high),
    )


def _crosses(low: Point, high: Point, start: Point, end: Point) -> bool:
    """Return whether a line between two places crosses a piece of a water's line."""
    return _is_left(low, high, start) != _is_left(low, high, end) and _is_left(
        start, end, low
    ) != _is_left(start, end, high)


def _is_left(start: Point, end: Point, point: Point) -> bool:
    """Return whether a point lies to the left of a line, or on it."""
    along, up = end[0] - start[0], end[1] - start[1]
    return along * (point[1] - start[1]) >= up * (point[0] - start[0])


def _metres(one: Point, other: Point) -> int:
    return int(distances_metres(*one, *other))

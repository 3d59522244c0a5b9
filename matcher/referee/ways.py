"""The way between two places, round water, worked out plainly: leg by leg, one water at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush
from operator import add
from typing import NamedTuple

from matcher.geography import (
    LONGEST_LEG_METRES,
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


class Cost(NamedTuple):
    """What is compared of two ways, the first that differs deciding.

    Parameters
    ----------
    wet
        Legs over water that no crossing helps over.
    shut
        Crossings that a round cannot use.
    equal
        Metres, each minute of a crossing held equal to some.
    minutes
        Minutes of crossings.
    """

    wet: int
    shut: int
    equal: int
    minutes: int


class _Stop(NamedTuple):
    """A place where a way may turn: one of its ends, or a landing of a crossing over a water."""

    at: Point
    water: Water | None = None
    crossing: Crossing | None = None

    @property
    def amid(self) -> Water | None:
        """The water in whose midst it lies, as a bridge given as one point does."""
        return self.water if self.crossing and len(self.crossing.at) == 1 else None


def way_between(a: Location, b: Location, *, rounds: bool) -> Way:
    """Return the way between two places: straight, or from crossing to crossing where water lies.

    Parameters
    ----------
    a, b
        The two places, in either order.
    rounds
        Whether a crossing that a carer on a round cannot use is taken only for want of another.
    """
    one = _Stop((a.easting_metres, a.northing_metres))
    other = _Stop((b.easting_metres, b.northing_metres))
    straight = _metres(one.at, other.at)
    if straight > REACH_METRES or not _is_wet(one, other):
        return Way(straight)
    cost = _cheapest(one, other, rounds=rounds)
    return Way(max(straight, cost.equal - cost.minutes * METRES_PER_MINUTE), cost.minutes)


def _cheapest(start: _Stop, end: _Stop, *, rounds: bool) -> Cost:
    """Return the cost of the cheapest way that passes a landing, by Dijkstra's algorithm."""
    stops = [*_landings(), end]
    ahead = [(_leg(start, stop), place) for place, stop in enumerate(_landings())]
    heapify(ahead)
    done: set[int] = set()
    while True:
        cost, place = heappop(ahead)
        if stops[place] is end:
            return cost
        if place not in done:
            done.add(place)
            for following in {*range(len(stops))} - done:
                is_last = stops[following] is end
                step = _leg(stops[place], end) if is_last else _step(place, following, rounds)
                heappush(ahead, (Cost(*map(add, cost, step)), following))


@cache
def _step(place: int, following: int, rounds: bool) -> Cost:
    """Return what it costs to get from one landing to another, over water or over land."""
    here, there = _landings()[place], _landings()[following]
    over = here.crossing
    if over is None or over is not there.crossing:
        return _leg(here, there)
    equal = _metres(here.at, there.at) + over.minutes * METRES_PER_MINUTE
    return Cost(0, int(rounds and not over.suits_rounds), equal, over.minutes)


def _leg(one: _Stop, other: _Stop) -> Cost:
    """Return what a straight leg costs; one too long counts as one over water."""
    metres = _metres(one.at, other.at)
    return Cost(int(metres > LONGEST_LEG_METRES or _is_wet(one, other)), 0, metres, 0)


def _is_wet(one: _Stop, other: _Stop) -> bool:
    """Return whether some water lies between two stops that neither lies in the midst of."""
    low, high = sorted((one.at, other.at))
    return any(
        water is not one.amid and water is not other.amid and _parts(water, low, high)
        for water in waters()
    )


@cache
def _landings() -> tuple[_Stop, ...]:
    return tuple(
        _Stop(at, water, crossing)
        for water in waters()
        for crossing in water.crossings
        for at in crossing.at
    )


def _parts(water: Water, low: Point, high: Point) -> bool:
    if not _may_meet(water, low, high):
        return False
    return sum(_crosses(low, high, *piece) for piece in water.stretches()) % 2 == 1


def _may_meet(water: Water, low: Point, high: Point) -> bool:
    """Return whether a line lies within the bounds of a water at all."""
    (west, south), (east, north) = _bounds(water.line)
    return (
        low[0] <= east
        and high[0] >= west
        and min(low[1], high[1]) <= north
        and max(low[1], high[1]) >= south
    )


@cache
def _bounds(line: tuple[Point, ...]) -> tuple[Point, Point]:
    eastings, northings = zip(*line, strict=True)
    return (min(eastings), min(northings)), (max(eastings), max(northings))


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

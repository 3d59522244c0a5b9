"""The way from one place to many where water may lie between: through its crossings.

A straight line that crosses a water an odd number of times has its ends on different shores. The
way then leads straight to a crossing and straight on from there. Of several waters between, the
one that asks for the longest way decides, but an island without a road before all others. So a
way is never shorter than the straight line, and the same in both directions. Beyond 100 km in a
straight line no water is looked for: nobody's round or visit depends on the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from matcher.geography.grid import distances_metres
from matcher.geography.location import Location
from matcher.geography.water import Crossing, Water, waters

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
METRES_PER_MINUTE = 500
"""What a minute on a crossing is held equal to when crossings are compared: 30 km/h (assumed)."""
REACH_METRES = 100_000
"""Straight-line distance beyond which no water is looked for (assumed)."""
NONE = -1
"""Stands inside arrays where no water lies between; never leaves them."""
_BEYOND_ANY = np.int64(10**10)


@dataclass(frozen=True, eq=False)
class Ways:
    """The ways from one place to many others.

    Parameters
    ----------
    metres
        Their lengths, [places].
    minutes
        What crossings add to the drive, [places].
    barred
        Where a carer on a round cannot go: no road leads there, [places].
    water, crossing
        The water that decides, as a place in the table, and the crossing used, as a place among
        that water's; -1 where none lies between, [places].
    """

    metres: Ints
    minutes: Ints
    barred: Mask
    water: Ints
    crossing: Ints

    def between(self, place: int) -> tuple[Water, Crossing] | None:
        """Return the water before one place, and its crossing; None where none lies between."""
        number = int(self.water[place])
        if number == NONE:
            return None
        water = waters()[number]
        return water, water.crossings[int(self.crossing[place])]


def ways_from(
    here: Location, eastings: NDArray[np.generic], northings: NDArray[np.generic], *, rounds: bool
) -> Ways:
    """Return the ways from one place to many.

    Parameters
    ----------
    here
        Where they begin.
    eastings, northings
        Where they end, grid references in whole metres, [places].
    rounds
        Whether only crossings count that a carer on a round can use, wherever there is one.
    """
    start = here.easting_metres, here.northing_metres
    there = np.asarray(eastings, np.int64), np.asarray(northings, np.int64)
    ways = _straight(distances_metres(*start, *there).astype(np.int64))
    places = np.flatnonzero(ways.metres <= REACH_METRES)
    if places.size:
        _lead_round(ways, start, places, (there[0][places], there[1][places]), rounds=rounds)
    return ways


def apart(
    water: Water, here: Location, eastings: NDArray[np.generic], northings: NDArray[np.generic]
) -> Mask:
    """Return which places lie across one water from another place, [places].

    Parameters
    ----------
    water
        An estuary or the water around an island.
    here
        The place.
    eastings, northings
        Grid references of the places asked about, in whole metres, [places].
    """
    start = here.easting_metres, here.northing_metres
    there = np.asarray(eastings, np.int64), np.asarray(northings, np.int64)
    return _Sound.of(water).crossed_oddly(start, *there)


def _straight(metres: Ints) -> Ways:
    size = len(metres)
    none = np.full((2, size), NONE, np.int64)
    return Ways(metres, np.zeros(size, np.int64), np.zeros(size, np.bool_), none[0], none[1])


def _lead_round(
    ways: Ways, start: tuple[int, int], places: Ints, there: tuple[Ints, Ints], *, rounds: bool
) -> None:
    """Lengthen the straight lines to some places by what each water between asks for."""
    longest, roadless = np.zeros(len(places), np.int64), np.zeros(len(places), np.bool_)
    for number, all_cut in _cuts(start, *there):
        sound = _sounds()[number]
        cut = all_cut[~roadless[all_cut]] if sound.has_road else all_cut
        roadless[cut] = not sound.has_road
        used, metres = sound.through(start, there[0][cut], there[1][cut], rounds=rounds)
        decides = metres > longest[cut]
        longest[cut] = np.maximum(longest[cut], metres)
        found = places[cut]
        ways.water[found[decides]], ways.crossing[found[decides]] = number, used[decides]
        ways.metres[found] = np.maximum(ways.metres[found], metres)
        ways.minutes[found] += sound.minutes[used]
    ways.barred[places] = roadless & rounds


@dataclass(frozen=True, eq=False)
class _Sound:
    """One water as arrays.

    Parameters
    ----------
    starts, ends
        The ends of its straight pieces, [pieces, 2, 1].
    box
        Least and greatest easting and northing: west, south, east, north.
    has_road
        Whether some crossing can be used at any time of the day.
    landings
        Of each crossing the two landings, [2, 2, crossings, 1]: landing, then east and north.
    minutes, suits_rounds
        What each crossing adds, and whether a round can use it, [crossings].
    """

    starts: Ints
    ends: Ints
    box: tuple[int, int, int, int]
    has_road: bool
    landings: Ints
    minutes: Ints
    suits_rounds: Mask

    @classmethod
    def of(cls, water: Water) -> _Sound:
        """Compile a water."""
        line = np.array(water.line, np.int64)
        pieces = np.array(list(water.stretches()), np.int64)[..., None]
        ends = np.array([(each.at[0], each.at[-1]) for each in water.crossings], np.int64)
        (west, south), (east, north) = line.min(axis=0).tolist(), line.max(axis=0).tolist()
        return cls(
            pieces[:, 0],
            pieces[:, 1],
            (west, south, east, north),
            water.has_road,
            ends.transpose(1, 2, 0)[..., None],
            np.array([each.minutes for each in water.crossings], np.int64),
            np.array([each.suits_rounds for each in water.crossings], np.bool_),
        )

    def through(
        self, start: tuple[int, int], eastings: Ints, northings: Ints, *, rounds: bool
    ) -> tuple[Ints, Ints]:
        """Return the crossing used to reach each place, and the metres by it, [places]."""
        first, last = self.landings
        landings_east, landings_north = self.landings.swapaxes(0, 1)
        there = distances_metres(landings_east, landings_north, eastings, northings)
        near_first, near_last = distances_metres(*start, *first), distances_metres(*start, *last)
        ways = np.minimum(near_first + there[1], near_last + there[0])
        ways = (ways + distances_metres(*first, *last)).astype(np.int64)
        shut = ~self.suits_rounds & (rounds and self.has_road)
        costs = ways + (self.minutes * METRES_PER_MINUTE + shut * _BEYOND_ANY)[:, None]
        used = costs.argmin(axis=0)
        return used, ways[used, np.arange(len(eastings))]

    def crossed_oddly(self, start: tuple[int, int], eastings: Ints, northings: Ints) -> Mask:
        """Return which straight lines from one point cross this water an odd number of times.

        Exact in whole metres. A point of the water exactly on such a line counts as on its left,
        as seen from its more westerly end (of two, the more southerly), so that it counts once.
        """
        x, y = start
        along, up = eastings - x, northings - y
        turned = np.where((along < 0) | ((along == 0) & (up < 0)), -1, 1)
        along, up = along * turned, up * turned
        (x_1, y_1), (x_2, y_2) = self.starts.swapaxes(0, 1), self.ends.swapaxes(0, 1)
        parted = (along * (y_1 - y) >= up * (x_1 - x)) != (along * (y_2 - y) >= up * (x_2 - x))
        dx, dy = x_2 - x_1, y_2 - y_1
        left_here = dx * (y - y_1) >= dy * (x - x_1)
        left_there = dx * (northings - y_1) >= dy * (eastings - x_1)
        crossed = parted & (left_there != left_here)
        return np.asarray(crossed.sum(axis=0) % 2 == 1)


@cache
def _sounds() -> tuple[_Sound, ...]:
    return tuple(_Sound.of(water) for water in waters())


def _cuts(start: tuple[int, int], eastings: Ints, northings: Ints) -> list[tuple[int, Ints]]:
    """Return, for each water that lies before any place, its number and those places.

    Islands without a road come first.
    """
    x, y = start
    west, east = np.minimum(eastings, x), np.maximum(eastings, x)
    south, north = np.minimum(northings, y), np.maximum(northings, y)
    spread = int(west.min()), int(south.min()), int(east.max()), int(north.max())
    found = []
    for number, sound in enumerate(_sounds()):
        left, low, right, high = sound.box
        if left > spread[2] or right < spread[0] or low > spread[3] or high < spread[1]:
            continue
        near = (west <= right) & (east >= left) & (south <= high) & (north >= low)
        asked = np.flatnonzero(near)
        if asked.size:
            odd = sound.crossed_oddly(start, eastings[asked], northings[asked])
            if odd.any():
                found.append((number, asked[odd]))
    return sorted(found, key=lambda pair: _sounds()[pair[0]].has_road)

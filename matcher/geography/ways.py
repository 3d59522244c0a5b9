"""The way from one place to many where water may lie between: through its crossings.

A straight line that crosses a water an odd number of times has its ends on different shores. The
way then leads from crossing to crossing, and each of its legs is a straight line that has no
water between its own ends. Of all such ways the one that costs least counts. So a way is never
shorter than the straight line, and the same in both directions. Beyond 100 km in a straight line
no water is looked for: nobody's round or visit depends on the difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matcher.geography.grid import distances_metres
from matcher.geography.location import Location
from matcher.geography.water import Crossing, Point, Water, waters

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Passage = tuple[Water, Crossing]
"""A crossing that a way leads by, with its water."""
METRES_PER_MINUTE = 500
"""What a minute on a crossing is held equal to when ways are compared: 30 km/h (assumed)."""
REACH_METRES = 100_000
"""Straight-line distance beyond which no water is looked for (assumed)."""
LONGEST_LEG_METRES = 150_000
"""A straight leg of a way round water that is longer is taken only for want of others (assumed)."""
NONE = -1
"""Stands inside arrays where no landing is passed; never leaves them."""

# What a way costs is one whole number, so that arrays of ways can be added and compared. From the
# greatest part to the least: legs over water that no crossing helps over, crossings that a round
# cannot use, metres with minutes as metres, minutes.
_WET, _SHUT, _METRE = 1 << 52, 1 << 44, 1 << 12

MOST_KEPT_BYTES, BYTES_A_PLACE = 32_000_000, 25
"""Memory for ways that were asked for before, and what one way to one place takes of it."""


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
    landing
        The last landing before each place; -1 where no water lies between, [places].
    passed
        For each such landing the crossings on the way to it, in their order.
    """

    metres: Ints
    minutes: Ints
    barred: Mask
    landing: Ints
    passed: dict[int, tuple[Passage, ...]]

    @classmethod
    def straight(cls, metres: Ints) -> Ways:
        """Return ways without water between."""
        size = len(metres)
        none = np.full(size, NONE, np.int64)
        return cls(metres, np.zeros(size, np.int64), np.zeros(size, np.bool_), none, {})

    def between(self, place: int) -> tuple[Passage, ...]:
        """Return the crossings on the way to one place; none where no water lies between."""
        return self.passed.get(int(self.landing[place]), ())


class Shores:
    """Many places, and what the way to each costs from the landings of crossings.

    What is asked of a landing once is kept: legs to it do not depend on where a way begins.

    Parameters
    ----------
    eastings, northings
        Where the places are, grid references in whole metres, [places].
    """

    def __init__(self, eastings: NDArray[np.generic], northings: NDArray[np.generic]) -> None:
        self._eastings = np.asarray(eastings, np.int64)
        self._northings = np.asarray(northings, np.int64)
        self._last_legs: dict[int, Ints] = {}
        # The same person is searched for again and again, and for two agencies in halves.
        most = max(MOST_KEPT_BYTES // (BYTES_A_PLACE * max(len(self._eastings), 1)), 1)
        self._ways = lru_cache(most)(self._found)

    def ways_from(self, here: Location, *, rounds: bool) -> Ways:
        """Return the ways from one place to all of these.

        Parameters
        ----------
        here
            Where they begin.
        rounds
            Whether crossings that a carer on a round cannot use are taken only for want of others.
        """
        return self._ways((here.easting_metres, here.northing_metres), rounds)

    def _found(self, start: tuple[int, int], rounds: bool) -> Ways:
        metres = distances_metres(*start, self._eastings, self._northings).astype(np.int64)
        ways = Ways.straight(metres)
        near = np.flatnonzero(metres <= REACH_METRES)
        cut = near[_parted(*start, self._eastings[near], self._northings[near])]
        if cut.size:
            self._lead_round(ways, start, cut, _net(rounds))
        for each in (ways.metres, ways.minutes, ways.barred, ways.landing):
            each.setflags(write=False)  # kept, and so the same for everybody who asks
        return ways

    def _lead_round(self, ways: Ways, start: tuple[int, int], cut: Ints, net: _Net) -> None:
        """Put the cheapest ways over crossings in the place of some straight lines.

        Landings are taken in the order in which they are reached, until the next is reached at no
        less than all ways cost already.
        """
        firsts, reached = net.reached_from(*start)
        costs, lasts = np.full(cut.size, np.iinfo(np.int64).max), np.full(cut.size, NONE, np.int64)
        for landing in reached.argsort(kind="stable").tolist():
            if reached[landing] >= costs.max():
                break
            found = reached[landing] + self._last_leg(net, landing)[cut]
            better = found < costs
            costs[better], lasts[better] = found[better], landing
        ways.minutes[cut] = costs % _METRE
        around = costs % _SHUT // _METRE - ways.minutes[cut] * METRES_PER_MINUTE
        ways.metres[cut] = np.maximum(ways.metres[cut], around)
        ways.barred[cut] = costs % _WET >= _SHUT
        ways.landing[cut] = lasts
        ways.passed.update(
            (last, net.passed(int(firsts[last]), last)) for last in set(lasts.tolist())
        )

    def _last_leg(self, net: _Net, landing: int) -> Ints:
        """Return what the legs from one landing to all places cost, [places]."""
        if landing not in self._last_legs:
            self._last_legs[landing] = net.legs_of(landing, self._eastings, self._northings)
        return self._last_legs[landing]


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


@dataclass(frozen=True, eq=False)
class _Sound:
    """One water as arrays.

    Parameters
    ----------
    starts, ends
        The ends of its straight pieces, [pieces, 2, 1].
    box
        Least and greatest easting and northing: west, south, east, north.
    """

    starts: Ints
    ends: Ints
    box: tuple[int, int, int, int]

    @classmethod
    def of(cls, water: Water) -> _Sound:
        """Compile a water."""
        line = np.array(water.line, np.int64)
        pieces = np.array(list(water.stretches()), np.int64)[..., None]
        (west, south), (east, north) = line.min(axis=0).tolist(), line.max(axis=0).tolist()
        return cls(pieces[:, 0], pieces[:, 1], (west, south, east, north))

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


def _parted(x: int, y: int, eastings: Ints, northings: Ints, *but: Ints) -> Mask:
    """Return which places have water between them and one place, [places].

    Parameters
    ----------
    x, y
        The one place.
    eastings, northings
        The others, [places].
    but
        Numbers of waters that are not asked about, each [places].
    """
    found = np.zeros(len(eastings), np.bool_)
    if not found.size:
        return found
    west, east = np.minimum(eastings, x), np.maximum(eastings, x)
    south, north = np.minimum(northings, y), np.maximum(northings, y)
    spread = int(west.min()), int(south.min()), int(east.max()), int(north.max())
    for number, sound in enumerate(_sounds()):
        left, low, right, high = sound.box
        if left > spread[2] or right < spread[0] or low > spread[3] or high < spread[1]:
            continue
        near = (west <= right) & (east >= left) & (south <= high) & (north >= low) & ~found
        for own in but:
            near &= own != number
        asked = np.flatnonzero(near)
        if asked.size:
            found[asked] = sound.crossed_oddly((x, y), eastings[asked], northings[asked])
    return found


def _legs(x: int, y: int, eastings: Ints, northings: Ints, *but: Ints) -> Ints:
    """Return what straight legs from one place cost; the longest are held to be wet."""
    metres = distances_metres(x, y, eastings, northings).astype(np.int64)
    wet = metres > LONGEST_LEG_METRES
    near = np.flatnonzero(~wet)
    without = [np.broadcast_to(each, wet.shape)[near] for each in but]
    wet[near] = _parted(x, y, eastings[near], northings[near], *without)
    return metres * _METRE + wet * _WET


@dataclass(frozen=True, eq=False)
class _Net:
    """All landings, and what the ways between them cost.

    Parameters
    ----------
    eastings, northings
        Where they are, [landings].
    midst
        The water in whose midst a landing lies, as that of a bridge given as one point; legs to
        it are not asked about that water. -1 for one that lies ashore, [landings].
    passages
        The crossing of each, with its water.
    costs
        What the cheapest way from one to another costs, [landings, landings].
    following
        The landing that comes next on it, [landings, landings].
    """

    eastings: Ints
    northings: Ints
    midst: Ints
    passages: tuple[Passage, ...]
    costs: Ints
    following: Ints

    def reached_from(self, x: int, y: int) -> tuple[Ints, Ints]:
        """Return by which first landing each is reached from a place, and at what cost."""
        costs = _legs(x, y, self.eastings, self.northings, self.midst)[:, None] + self.costs
        return costs.argmin(axis=0), costs.min(axis=0)

    def legs_of(self, landing: int, eastings: Ints, northings: Ints) -> Ints:
        """Return what the legs from one landing to some places cost, [places]."""
        x, y = int(self.eastings[landing]), int(self.northings[landing])
        return _legs(x, y, eastings, northings, self.midst[landing])

    def passed(self, first: int, last: int) -> tuple[Passage, ...]:
        """Return the crossings that are passed between two landings, in their order."""
        steps = [first]
        while steps[-1] != last:
            steps.append(int(self.following[steps[-1], last]))
        return tuple(
            self.passages[step]
            for step, before in zip(steps, [NONE, *steps], strict=False)
            if self.midst[step] != NONE
            or (before != NONE and self.passages[before] is self.passages[step])
        )


@cache
def _net(rounds: bool) -> _Net:
    """Compile the landings of all waters; shortest ways by Floyd and Warshall's algorithm."""
    passages: list[Passage] = []
    points: list[Point] = []
    midst: list[int] = []
    for number, water in enumerate(waters()):
        for crossing in water.crossings:
            passage = water, crossing
            passages += [passage] * len(crossing.at)
            points += crossing.at
            midst += [number if len(crossing.at) == 1 else NONE] * len(crossing.at)
    east, north = np.array(points, np.int64).T
    own = np.array(midst, np.int64)
    places = zip(east.tolist(), north.tolist(), own, strict=True)
    costs = np.array([_legs(x, y, east, north, own, water) for x, y, water in places])
    for place, (passage, after) in enumerate(pairwise(passages)):
        if passage is after:
            minutes, shut = passage[1].minutes, rounds and not passage[1].suits_rounds
            over = costs[place, place + 1] % _SHUT + minutes * (METRES_PER_MINUTE * _METRE + 1)
            costs[place, place + 1] = costs[place + 1, place] = over + shut * _SHUT
    following = np.tile(np.arange(len(points)), (len(points), 1))
    for by in range(len(points)):
        through = costs[:, by, None] + costs[by]
        shorter = through < costs
        following = np.where(shorter, following[:, by, None], following)
        costs = np.where(shorter, through, costs)
    return _Net(east, north, own, tuple(passages), costs, following)

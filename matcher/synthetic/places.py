"""Where a synthetic county lies: its postcodes, and the zones its outward codes are grouped in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matcher.geography import Gazetteer, Postcode
from matcher.model import Zone
from matcher.synthetic.chance import Dice, Floats
from matcher.synthetic.spec import CountySpec

Rows = npt.NDArray[np.int64]
_TURNS = 12


@dataclass(frozen=True, eq=False)
class Places:
    """The postcodes of a county with their grid references and zones.

    Parameters
    ----------
    postcodes
        Every postcode of the authority.
    points
        Their grid references in metres, [postcodes, 2].
    zone_of
        Number of each postcode's zone, [postcodes].
    zones
        The zones, in the order of their numbers.
    middles
        Mean grid reference of each zone's postcodes, metres, [zones, 2].
    """

    postcodes: tuple[Postcode, ...]
    points: Floats
    zone_of: Rows
    zones: tuple[Zone, ...]
    middles: Floats

    def draw(self, dice: Dice, count: int) -> list[int]:
        """Return the rows of `count` postcodes, each as likely: people live where postcodes are."""
        rows: list[int] = dice.generator.integers(0, len(self.postcodes), count).tolist()
        return rows

    def zone_name(self, row: int) -> str:
        """Return the name of the zone that a postcode lies in."""
        return self.zones[int(self.zone_of[row])].zone

    def nearest_zones(self, row: int) -> list[int]:
        """Return all zone numbers: a postcode's own first, then by distance from it."""
        metres = np.hypot(*(self.middles - self.points[row]).T)
        metres[self.zone_of[row]] = -1.0
        numbers: list[int] = np.argsort(metres, kind="stable").tolist()
        return numbers

    def spread_metres(self) -> Floats:
        """Return for each zone the mean distance of its postcodes from its middle, metres."""
        metres = np.hypot(*(self.points - self.middles[self.zone_of]).T)
        counts = np.bincount(self.zone_of, minlength=len(self.zones))
        return np.bincount(self.zone_of, metres, len(self.zones)) / counts


def lay_out(spec: CountySpec, gazetteer: Gazetteer) -> Places:
    """Return the county's postcodes, its outward codes grouped into zones by nearness.

    Where there are fewer outward codes than zones wanted, sectors are grouped instead.

    Raises
    ------
    MatcherError
        When no postcode carries the council's code.
    """
    held = gazetteer.postcodes_of(spec.council)
    points = np.column_stack([held.eastings_metres, held.northings_metres]).astype(np.float64)
    codes, code_of = _codes(held.postcodes, spec.zones)
    sizes = np.bincount(code_of).astype(np.float64)
    middles = _means(points, code_of, sizes)
    groups = _grouped(middles, sizes, min(spec.zones, len(codes)))
    zone_of = groups[code_of].astype(np.int64)
    zones = _named(codes, groups, sizes)
    weights = np.bincount(zone_of).astype(np.float64)
    return Places(held.postcodes, points, zone_of, zones, _means(points, zone_of, weights))


def _codes(postcodes: Sequence[Postcode], least: int) -> tuple[list[str], Rows]:
    """Return the parts of postcodes that zones are made of, and the part of each postcode."""
    codes, code_of = np.unique([code.outward for code in postcodes], return_inverse=True)
    if len(codes) < least:
        codes, code_of = np.unique([code.sector for code in postcodes], return_inverse=True)
    return codes.tolist(), code_of


def _means(points: Floats, group_of: Rows, sizes: Floats) -> Floats:
    sums = [np.bincount(group_of, points[:, axis], len(sizes)) for axis in (0, 1)]
    return np.column_stack(sums) / sizes[:, None]


def _grouped(middles: Floats, sizes: Floats, count: int) -> Rows:
    """Return a group number for each outward code; groups are numbered by their largest code.

    References
    ----------
    Lloyd's k-means weighted by postcodes, begun from the farthest points: no draw is involved.
    """
    seeds = [int(np.argmax(sizes))]
    while len(seeds) < count:
        near = np.min(_metres(middles, middles[seeds]), axis=1)
        near[seeds] = -1.0
        seeds.append(int(np.argmax(near * np.sqrt(sizes))))
    centres = middles[seeds]
    for _ in range(_TURNS):
        group_of = np.argmin(_metres(middles, centres), axis=1)
        for group in range(count):
            inside = group_of == group
            if inside.any():
                centres[group] = np.average(middles[inside], axis=0, weights=sizes[inside])
    return _renumbered(group_of, sizes)


def _metres(points: Floats, centres: Floats) -> Floats:
    gap = points[:, None, :] - centres[None, :, :]
    return np.asarray(np.hypot(gap[..., 0], gap[..., 1]), dtype=np.float64)


def _renumbered(group_of: Rows, sizes: Floats) -> Rows:
    """Return groups renumbered, those that are not empty, from the largest code downwards."""
    order: dict[int, int] = {}
    for code in np.argsort(-sizes, kind="stable").tolist():
        order.setdefault(int(group_of[code]), len(order))
    return np.array([order[group] for group in group_of.tolist()], dtype=np.int64)


def _named(codes: list[str], groups: Rows, sizes: Floats) -> tuple[Zone, ...]:
    """Name each zone by its number and its largest outward code."""
    zones = []
    for number in range(int(groups.max()) + 1):
        members = np.flatnonzero(groups == number).tolist()
        largest = max(members, key=lambda code: (sizes[code], codes[code]))
        name = f"Z{number + 1}-{codes[largest].replace(' ', '-')}"
        zones.append(Zone(zone=name, postcodes=tuple(sorted(codes[i] for i in members))))
    return tuple(zones)

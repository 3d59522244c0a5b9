"""A postcode with its place on the grid: one at a time, and many as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.geography.grid import distances_metres
from matcher.geography.postcode import Postcode


@dataclass(frozen=True, slots=True)
class Location:
    """Where a postcode lies on the Ordnance Survey National Grid.

    Parameters
    ----------
    postcode
        The postcode asked for.
    easting_metres, northing_metres
        Its grid reference in metres.
    authority
        Code of its local authority, such as ``E06000059``; None where it is not known, which
        is the case for every place estimated for a postcode that the directory does not hold.
    approximate
        True when the place is only the middle of the postcode's outward code.
    """

    postcode: Postcode
    easting_metres: int
    northing_metres: int
    authority: str | None
    approximate: bool


@dataclass(frozen=True, eq=False)
class Locations:
    """Where many postcodes lie, in the order they were asked for.

    Parameters
    ----------
    postcodes
        The postcodes asked for, one a row.
    eastings_metres, northings_metres
        Read-only int32 arrays of grid references in metres, one a row.
    approximate
        Read-only bool array: True where the place is only the middle of the outward code.
    """

    postcodes: tuple[Postcode, ...]
    eastings_metres: NDArray[np.int32]
    northings_metres: NDArray[np.int32]
    approximate: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for array in (self.eastings_metres, self.northings_metres, self.approximate):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.postcodes)


def metres_between(a: Location, b: Location) -> int:
    """Return the straight-line ground distance between two places in whole metres."""
    return int(
        distances_metres(a.easting_metres, a.northing_metres, b.easting_metres, b.northing_metres)
    )

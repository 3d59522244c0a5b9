"""Distances on the Ordnance Survey National Grid, and the way from the grid to latitude/longitude.

References
----------
Ordnance Survey, *A Guide to Coordinate Systems in Great Britain*: the projection's constants, the
inverse projection and the seven-parameter transformation (annexes A to C), and the local scale
factor used for distances (section on the National Grid's scale factor).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# The National Grid: transverse Mercator on the Airy 1830 ellipsoid.
_AIRY_A, _AIRY_B = 6_377_563.396, 6_356_256.909
_FALSE_EASTING, _FALSE_NORTHING = 400_000.0, -100_000.0
_TRUE_LATITUDE, _TRUE_LONGITUDE = np.deg2rad(49.0), np.deg2rad(-2.0)
_CENTRAL_SCALE = 0.9996012717
_MEAN_RADIUS = 6.3815e6

_WGS84_A, _WGS84_B = 6_378_137.0, 6_356_752.314245

# OSGB36 to WGS84: the published parameters run the other way, so every sign is turned.
_SHIFT_METRES = (446.448, -125.157, 542.060)
_SCALE = 1.0 - 20.4894e-6
_ROTATION = np.deg2rad(np.array([0.1502, 0.2470, 0.8421]) / 3600.0)

# Each turn of the fixed-point iterations gains more than two digits: these end below 1e-5 metre.
_MERIDIAN_TURNS, _LATITUDE_TURNS = 6, 5


def distance_metres(
    easting_1: ArrayLike, northing_1: ArrayLike, easting_2: ArrayLike, northing_2: ArrayLike
) -> Floats:
    """Return straight-line ground distances, not rounded.

    The grid stretches with the distance from its central meridian, so the Euclidean distance on
    it is divided by the scale factor of the line between the two points. Against the geodesic the
    error stays below 0.005 %, 17 metres over the length of England.

    Parameters
    ----------
    easting_1, northing_1, easting_2, northing_2
        Grid references in metres, of any shapes that broadcast together: two points, one against
        many, or a column against a row.

    Returns
    -------
    Floats
        Metres, of the broadcast shape.

    References
    ----------
    Ordnance Survey, *A Guide to Coordinate Systems in Great Britain*, on scale factors:
    k = F0 (1 + (d1**2 + d1 d2 + d2**2) / (6 R**2)), with d the metres east of the meridian.
    """
    east_1, east_2 = _floats(easting_1), _floats(easting_2)
    d_1, d_2 = east_1 - _FALSE_EASTING, east_2 - _FALSE_EASTING
    # Factored as (d1 (d1 + d2) + d2**2), which makes fewer large arrays.
    scale = d_1 * (d_1 + d_2) + d_2 * d_2
    scale = _CENTRAL_SCALE * (1.0 + scale / (6.0 * _MEAN_RADIUS**2))
    east, north = east_1 - east_2, _floats(northing_1) - _floats(northing_2)
    # Not np.hypot: its guard against overflow costs more than all the rest here.
    plane = np.sqrt(east * east + north * north)
    return np.asarray(plane / scale, dtype=np.float64)


def distances_metres(
    easting_1: ArrayLike, northing_1: ArrayLike, easting_2: ArrayLike, northing_2: ArrayLike
) -> NDArray[np.int32]:
    """Return straight-line ground distances in whole metres: the one place that rounds them.

    Parameters and shapes are those of `distance_metres`; halves go to the even metre.
    """
    exact = distance_metres(easting_1, northing_1, easting_2, northing_2)
    return np.rint(exact).astype(np.int32)


def grid_to_lat_lon(easting: ArrayLike, northing: ArrayLike) -> tuple[Floats, Floats]:
    """Convert National Grid references to WGS84 latitude and longitude.

    One fixed seven-parameter transformation for the whole of Great Britain, good to about five
    metres.

    Parameters
    ----------
    easting, northing
        Grid references in metres, of shapes that broadcast together.

    Returns
    -------
    tuple of Floats
        Latitude and longitude in degrees.

    References
    ----------
    Ordnance Survey, *A Guide to Coordinate Systems in Great Britain*, annexes B and C.
    """
    latitude, longitude = _inverse_projection(_floats(easting), _floats(northing))
    return _to_degrees(*_from_cartesian(*_helmert(*_to_cartesian(latitude, longitude))))


def airy_lat_lon(easting: ArrayLike, northing: ArrayLike) -> tuple[Floats, Floats]:
    """Convert National Grid references to latitude and longitude on OSGB36, the grid's own datum.

    Parameters and returns are those of `grid_to_lat_lon`. Maps on the web expect WGS84, up to
    120 metres away from these: use `grid_to_lat_lon` for them.
    """
    return _to_degrees(*_inverse_projection(_floats(easting), _floats(northing)))


def _floats(values: ArrayLike) -> Floats:
    """Take whole metres to float, so that their squares do not overflow."""
    return np.asarray(values, dtype=np.float64)


def _to_degrees(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    return np.asarray(np.rad2deg(latitude)), np.asarray(np.rad2deg(longitude))


def _squared_eccentricity(major: float, minor: float) -> float:
    return 1.0 - (minor / major) ** 2


def _meridian_arc(latitude: Floats) -> Floats:
    """Return metres along the central meridian from the true origin (series in n, annex C)."""
    n = (_AIRY_A - _AIRY_B) / (_AIRY_A + _AIRY_B)
    minus, plus = latitude - _TRUE_LATITUDE, latitude + _TRUE_LATITUDE
    series = (
        (1 + n + 5 / 4 * n**2 + 5 / 4 * n**3) * minus
        - (3 * n + 3 * n**2 + 21 / 8 * n**3) * np.sin(minus) * np.cos(plus)
        + (15 / 8 * n**2 + 15 / 8 * n**3) * np.sin(2 * minus) * np.cos(2 * plus)
        - 35 / 24 * n**3 * np.sin(3 * minus) * np.cos(3 * plus)
    )
    return np.asarray(_AIRY_B * _CENTRAL_SCALE * series)


def _footpoint_latitude(northing: Floats) -> Floats:
    """Return the latitude whose arc along the central meridian gives the northing."""
    latitude = np.full_like(northing, _TRUE_LATITUDE)
    for _ in range(_MERIDIAN_TURNS):
        left = northing - _FALSE_NORTHING - _meridian_arc(latitude)
        latitude = latitude + left / (_AIRY_A * _CENTRAL_SCALE)
    return latitude


def _inverse_projection(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
    """Return latitude and longitude in radians on Airy 1830 (annex C, its terms VII to XIIA)."""
    easting, northing = np.broadcast_arrays(easting, northing)
    foot = _footpoint_latitude(northing)
    e2 = _squared_eccentricity(_AIRY_A, _AIRY_B)
    narrow = 1.0 - e2 * np.sin(foot) ** 2
    nu = _AIRY_A * _CENTRAL_SCALE / np.sqrt(narrow)
    rho = nu * (1.0 - e2) / narrow
    eta2 = nu / rho - 1.0
    tan, sec = np.tan(foot), 1.0 / np.cos(foot)
    t2, t4, t6 = tan**2, tan**4, tan**6
    vii = tan / (2 * rho * nu)
    viii = tan / (24 * rho * nu**3) * (5 + 3 * t2 + eta2 - 9 * t2 * eta2)
    ix = tan / (720 * rho * nu**5) * (61 + 90 * t2 + 45 * t4)
    x = sec / nu
    xi = sec / (6 * nu**3) * (nu / rho + 2 * t2)
    xii = sec / (120 * nu**5) * (5 + 28 * t2 + 24 * t4)
    xiia = sec / (5040 * nu**7) * (61 + 662 * t2 + 1320 * t4 + 720 * t6)
    east = easting - _FALSE_EASTING
    latitude = foot - vii * east**2 + viii * east**4 - ix * east**6
    longitude = _TRUE_LONGITUDE + x * east - xi * east**3 + xii * east**5 - xiia * east**7
    return latitude, longitude


def _to_cartesian(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats, Floats]:
    """Return metres from the centre of the Airy ellipsoid, at height zero."""
    e2 = _squared_eccentricity(_AIRY_A, _AIRY_B)
    nu = _AIRY_A / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
    level = nu * np.cos(latitude)
    return level * np.cos(longitude), level * np.sin(longitude), (1 - e2) * nu * np.sin(latitude)


def _helmert(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Shift, turn and scale OSGB36 coordinates to WGS84 (annex B, small-angle form)."""
    (shift_x, shift_y, shift_z), (rx, ry, rz) = _SHIFT_METRES, _ROTATION
    return (
        shift_x + _SCALE * x - rz * y + ry * z,
        shift_y + rz * x + _SCALE * y - rx * z,
        shift_z - ry * x + rx * y + _SCALE * z,
    )


def _from_cartesian(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Return latitude and longitude in radians on WGS84 (annex B, fixed-point iteration)."""
    e2 = _squared_eccentricity(_WGS84_A, _WGS84_B)
    level = np.hypot(x, y)
    latitude = np.arctan2(z, level * (1.0 - e2))
    for _ in range(_LATITUDE_TURNS):
        nu = _WGS84_A / np.sqrt(1.0 - e2 * np.sin(latitude) ** 2)
        latitude = np.arctan2(z + e2 * nu * np.sin(latitude), level)
    return latitude, np.arctan2(y, x)

"""Tests of distances and of latitude and longitude."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from geopy.distance import geodesic
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import (
    Gazetteer,
    Location,
    Postcode,
    airy_lat_lon,
    distance_metres,
    distances_metres,
    grid_to_lat_lon,
    metres_between,
)
from matcher.geography.geocoder import geodesic_metres
from tests.matcher.geography.examples import (
    CARE_HOMES,
    COUNTY_HALL,
    DORSET,
)


def test_a_grid_kilometre_is_a_little_more_on_the_central_meridian() -> None:
    """On the central meridian a ground distance is the grid's divided by 0.9996012717."""
    assert distance_metres(400_000, 100_000, 400_000, 110_000) == pytest.approx(
        10_000 / 0.9996012717, abs=1e-9
    )


def test_the_scale_factor_of_an_eastern_line() -> None:
    """Far from the meridian the published formula for k gives the figure, worked by hand."""
    d1, d2, r = 200_000.0, 230_000.0, 6.3815e6
    k = 0.9996012717 * (1 + (d1 * d1 + d1 * d2 + d2 * d2) / (6 * r * r))
    assert distance_metres(600_000, 0, 630_000, 40_000) == pytest.approx(50_000 / k, abs=1e-6)
    assert k > 1.0001  # the other side of 1 than at the meridian


def test_distances_are_rounded_to_the_nearest_metre() -> None:
    """The whole-metre figures are the exact ones rounded, as int32."""
    north = np.arange(0, 5000, 7)
    exact, whole = (f(350_000, 0, 350_300, north) for f in (distance_metres, distances_metres))
    assert whole.dtype == np.int32
    assert exact.dtype == np.float64
    assert np.abs(whole - exact).max() <= 0.5


def test_distances_broadcast() -> None:
    """A column against a row gives the table of all pairs."""
    east, north = np.array([[400_000], [500_000]]), np.array([[0], [90_000]])
    table = distances_metres(east, north, np.array([1, 2, 3]), np.array([4, 5, 6]))
    assert table.shape == (2, 3)
    assert table[1, 2] == distances_metres(500_000, 90_000, 3, 6)


def test_whole_metre_arrays_do_not_overflow() -> None:
    """Squares of int32 metres pass two thousand million; the distance is right all the same."""
    far = distances_metres(np.int32(100_000), np.int32(0), np.array([600_000], np.int32), 1_000_000)
    assert 1_110_000 < far[0] < 1_125_000


COORDINATES = st.tuples(st.integers(134_000, 655_000), st.integers(11_000, 657_000))


@given(COORDINATES, COORDINATES)
def test_distance_is_symmetric_and_zero_only_to_itself(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    """There and back are the same, and a place is nowhere else than where it is."""
    assert distance_metres(*a, *b) == distance_metres(*b, *a)
    assert distances_metres(*a, *a) == 0
    assert (distance_metres(*a, *b) == 0) == (a == b)


@pytest.fixture(scope="session")
def english_points(gazetteer: Gazetteer) -> np.ndarray:
    """Give eastings and northings of English postcodes from Cornwall to Northumberland."""
    codes = ["E06000052", "E06000057", "E09000033", "E07000145", DORSET]
    found = [gazetteer.postcodes_of(code) for code in codes]
    points = [np.stack([f.eastings_metres, f.northings_metres]) for f in found]
    return np.concatenate(points, axis=1)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_grid_distance_agrees_with_the_geodesic(
    english_points: np.ndarray, data: st.DataObject
) -> None:
    """Between English postcodes the two differ by less than 0.1 %; unrounded, by 0.005 %."""
    rows = st.integers(0, english_points.shape[1] - 1)
    a, b = (_place(*english_points[:, data.draw(rows)].tolist()) for _ in "ab")
    reference = geodesic_metres(a, b)
    ends = (a.easting_metres, a.northing_metres, b.easting_metres, b.northing_metres)
    within = 0.01 if reference <= 200 else 0.00005 * reference
    assert distance_metres(*ends) == pytest.approx(reference, abs=within)
    assert metres_between(a, b) == pytest.approx(reference, abs=0.5 + within)
    if reference > 500:  # below, half a metre of rounding is more than a thousandth
        assert metres_between(a, b) == pytest.approx(reference, rel=0.001)


def _place(easting: int, northing: int) -> Location:
    return Location(COUNTY_HALL, easting, northing, None, False)


def test_geodesic_is_geopys_on_wgs84() -> None:
    """The reference figure is geopy's own for the two converted points."""
    a, b = _place(368_985, 90_881), _place(530_000, 180_000)
    ends = [
        tuple(float(v) for v in grid_to_lat_lon(p.easting_metres, p.northing_metres))
        for p in (a, b)
    ]
    assert geodesic_metres(a, b) == pytest.approx(geodesic(*ends).m)
    assert 180_000 < geodesic_metres(a, b) < 190_000


def _degrees(degrees: int, minutes: int, seconds: float) -> float:
    return degrees + minutes / 60 + seconds / 3600


def test_the_inverse_projection_meets_the_published_worked_example() -> None:
    """The Ordnance Survey guide's example comes out to the fourth decimal of a second."""
    latitude, longitude = airy_lat_lon(651_409.903, 313_177.270)
    assert latitude == pytest.approx(_degrees(52, 39, 27.2531), abs=1e-4 / 3600)
    assert longitude == pytest.approx(_degrees(1, 43, 4.5177), abs=1e-4 / 3600)


def test_wgs84_meets_the_published_grid_transformation_within_five_metres() -> None:
    """A point given by the Ordnance Survey in both systems is met within the method's accuracy."""
    latitude, longitude = grid_to_lat_lon(651_409.792, 313_177.448)
    published = (_degrees(52, 39, 28.8282), _degrees(1, 42, 57.8663))
    assert geodesic((float(latitude), float(longitude)), published).m < 5


def test_conversion_keeps_shapes() -> None:
    """A table of points gives tables of degrees, each cell as if asked alone."""
    east, north = np.array([[300_000, 400_000]]), np.array([[100_000], [200_000], [300_000]])
    latitude, longitude = grid_to_lat_lon(east, north)
    assert latitude.shape == longitude.shape == (3, 2)
    alone = grid_to_lat_lon(400_000, 300_000)
    assert (latitude[2, 1], longitude[2, 1]) == pytest.approx([float(v) for v in alone])


def test_care_homes_lie_where_the_regulator_says(gazetteer: Gazetteer) -> None:
    """Over all England our degrees for a home's postcode are those the regulator published."""
    if not CARE_HOMES.exists():
        pytest.skip("the shared data folder with the regulator's list of care homes is absent")
    with CARE_HOMES.open(encoding="utf-8", newline="") as file:
        homes = [home for home in csv.DictReader(file) if home["Location Latitude"]]
    postcodes = [Postcode.parse(home["Location Postal Code"]) for home in homes]
    bad = gazetteer.missing(postcodes)
    assert len(bad) < 5
    pairs = [(h, p) for h, p in zip(homes, postcodes, strict=True) if p not in bad]
    found = gazetteer.locate_many([p for _, p in pairs])
    latitude, longitude = grid_to_lat_lon(found.eastings_metres, found.northings_metres)
    north = latitude - [float(h["Location Latitude"]) for h, _ in pairs]
    east = longitude - [float(h["Location Longitude"]) for h, _ in pairs]
    metres = np.hypot(north * 111_200, east * 111_200 * np.cos(np.deg2rad(latitude)))
    assert len(pairs) > 15_000
    # Half agree to centimetres; the rest are postcodes whose place was moved since 2021.
    assert np.median(metres) < 0.1
    assert np.quantile(metres, 0.9) < 20

"""Tests of the gazetteer as a geopy geocoder."""

from __future__ import annotations

from pathlib import Path

import geopy
import pytest
from geopy.geocoders.base import Geocoder

from matcher.geography import Gazetteer
from matcher.geography.geocoder import PostcodeGeocoder
from tests.matcher.geography.examples import (
    COUNTY_HALL,
    DORSET,
)


def test_the_geocoder_answers_as_geopys_do(gazetteer: Gazetteer) -> None:
    """A postcode gives a geopy location with its grid reference and authority as raw facts."""
    geocoder = PostcodeGeocoder(gazetteer)
    assert isinstance(geocoder, Geocoder)
    found = geocoder.geocode("dt11xj", timeout=3)
    assert isinstance(found, geopy.Location)
    assert found.address == "DT1 1XJ"
    assert (found.latitude, found.longitude) == pytest.approx((50.7166, -2.4407), abs=0.001)
    assert found.raw == {
        "postcode": "DT1 1XJ",
        "easting_metres": 368985,
        "northing_metres": 90881,
        "authority": DORSET,
        "approximate": False,
    }
    assert geocoder.geocode(COUNTY_HALL) == found
    assert geocoder.geocode("DT1 1XJ", exactly_one=False) == [found]


@pytest.mark.parametrize(
    "query",
    [
        "DT1 3ZZ",  # no such postcode
        "Dorchester",  # a town
        "JE1 0BD",  # off the grid
    ],
)
def test_the_geocoder_gives_none_for_what_it_does_not_know(
    gazetteer: Gazetteer, query: str
) -> None:
    """As geopy's custom has it, nothing found is None and not an error, list or not."""
    assert PostcodeGeocoder(gazetteer).geocode(query) is None
    assert PostcodeGeocoder(gazetteer).geocode(query, exactly_one=False) is None


def test_the_geocoder_may_estimate(gazetteer: Gazetteer) -> None:
    """On request an unknown postcode is answered with its outward code's middle, marked so."""
    found = PostcodeGeocoder(gazetteer, approximate=True).geocode("DT1 3ZZ")
    assert isinstance(found, geopy.Location)
    assert found.raw["approximate"]


def test_the_geocoder_refuses_the_network(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should geopy ever try to fetch something through it, the request is refused."""
    monkeypatch.setenv("CAREMATCH_CACHE_DIR", str(cache_dir))
    geocoder = PostcodeGeocoder()
    assert geocoder.geocode("DT1 1XJ") is not None
    with pytest.raises(RuntimeError, match="never does"):
        geocoder._call_geocoder("https://example.invalid/", lambda body: body)

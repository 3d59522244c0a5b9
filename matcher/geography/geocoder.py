"""What geopy has to do with postcodes: its geodesic, and the gazetteer as one of its geocoders.

Nothing else imports it: geopy reads in a web client, for which most commands have no use.
"""

from __future__ import annotations

from typing import Any

from geopy import location as geopy_location
from geopy.adapters import BaseSyncAdapter
from geopy.distance import geodesic
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder

from matcher.errors import PostcodeError
from matcher.geography.gazetteer import Gazetteer
from matcher.geography.grid import grid_to_lat_lon
from matcher.geography.location import Location
from matcher.geography.postcode import Postcode


def geodesic_metres(a: Location, b: Location) -> float:
    """Return the geodesic distance on WGS84 in metres: the figure to check the grid's against.

    A thousand times slower than `metres_between`; meant for one pair on show, and for tests.
    """
    latitudes, longitudes = grid_to_lat_lon(
        [a.easting_metres, b.easting_metres], [a.northing_metres, b.northing_metres]
    )
    ends = list(zip(latitudes.tolist(), longitudes.tolist(), strict=True))
    return float(geodesic(*ends).m)


class _NoNetwork(BaseSyncAdapter):  # type: ignore[misc]  # geopy has no type hints
    """An adapter that refuses every request: a postcode must never leave this machine."""

    def get_json(self, url: str, *, timeout: object, headers: object) -> None:
        """Refuse to fetch."""
        raise RuntimeError(f"The postcode geocoder was asked to fetch {url}; it never does.")

    get_text = get_json


class PostcodeGeocoder(Geocoder):  # type: ignore[misc]  # geopy has no type hints
    """A geopy geocoder that answers postcodes from the gazetteer and never uses the network.

    Parameters
    ----------
    gazetteer
        Where to look; a new one over the default cache folder if None.
    approximate
        Whether to answer with the middle of the outward code where a postcode has no place.
    """

    def __init__(self, gazetteer: Gazetteer | None = None, *, approximate: bool = False) -> None:
        super().__init__(adapter_factory=_NoNetwork)
        self._gazetteer = Gazetteer() if gazetteer is None else gazetteer
        self._approximate = approximate

    def geocode(
        self,
        query: str | Postcode,
        *,
        exactly_one: bool = True,
        timeout: object = DEFAULT_SENTINEL,
    ) -> geopy_location.Location | list[geopy_location.Location] | None:
        """Return the place of a postcode, or None when it is unknown or no postcode at all.

        Parameters
        ----------
        query
            A postcode in any spelling.
        exactly_one
            False gives a list of one, as geopy's other geocoders do.
        timeout
            Accepted for geopy's sake; nothing here waits.
        """
        try:
            postcode = query if isinstance(query, Postcode) else Postcode.parse(query)
            found = self._gazetteer.locate(postcode, approximate=self._approximate)
        except PostcodeError:
            return None
        place = _to_geopy(found)
        return place if exactly_one else [place]


def _to_geopy(found: Location) -> geopy_location.Location:
    """Return a place in geopy's terms, with the grid reference and authority as raw facts."""
    latitude, longitude = grid_to_lat_lon(found.easting_metres, found.northing_metres)
    raw: dict[str, Any] = {
        "postcode": str(found.postcode),
        "easting_metres": found.easting_metres,
        "northing_metres": found.northing_metres,
        "authority": found.authority,
        "approximate": found.approximate,
    }
    return geopy_location.Location(str(found.postcode), (float(latitude), float(longitude)), raw)

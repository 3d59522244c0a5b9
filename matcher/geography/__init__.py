"""Where people and providers are: postcodes, their grid references, and distances between them."""

from matcher.geography.cache import default_cache_dir
from matcher.geography.gazetteer import AuthorityPostcodes, Gazetteer
from matcher.geography.geocoder import PostcodeGeocoder
from matcher.geography.grid import (
    airy_lat_lon,
    distance_metres,
    distances_metres,
    grid_to_lat_lon,
)
from matcher.geography.location import Location, Locations, geodesic_metres, metres_between
from matcher.geography.postcode import Postcode

__all__ = [
    "AuthorityPostcodes",
    "Gazetteer",
    "Location",
    "Locations",
    "Postcode",
    "PostcodeGeocoder",
    "airy_lat_lon",
    "default_cache_dir",
    "distance_metres",
    "distances_metres",
    "geodesic_metres",
    "grid_to_lat_lon",
    "metres_between",
]

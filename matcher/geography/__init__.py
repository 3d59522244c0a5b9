"""Where people and providers are: postcodes, their grid references, and the ways between."""

from matcher.geography.cache import default_cache_dir
from matcher.geography.gazetteer import AuthorityPostcodes, Gazetteer
from matcher.geography.grid import (
    airy_lat_lon,
    distance_metres,
    distances_metres,
    grid_to_lat_lon,
)
from matcher.geography.location import Location, Locations, metres_between
from matcher.geography.postcode import Postcode
from matcher.geography.water import Crossing, Water, waters
from matcher.geography.ways import (
    LONGEST_LEG_METRES,
    METRES_PER_MINUTE,
    REACH_METRES,
    Shores,
    Ways,
    apart,
)

__all__ = [
    "LONGEST_LEG_METRES",
    "METRES_PER_MINUTE",
    "REACH_METRES",
    "AuthorityPostcodes",
    "Crossing",
    "Gazetteer",
    "Location",
    "Locations",
    "Postcode",
    "Shores",
    "Water",
    "Ways",
    "airy_lat_lon",
    "apart",
    "default_cache_dir",
    "distance_metres",
    "distances_metres",
    "grid_to_lat_lon",
    "metres_between",
    "waters",
]

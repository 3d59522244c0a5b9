"""Road minutes from a routing server, where a council runs one: an addition, never a need."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from matcher.geography import Gazetteer, Postcode, default_cache_dir, distances_metres
from matcher.model import Book
from matcher.policy import Policy
from matcher.roads.kept import KeptRoads
from matcher.roads.server import ANSWER_SECONDS, RoutingServer, ServerKind, server_of
from matcher.roads.table import Leg, RoadTable, RoadTimes, RoutingError
from matcher.vocabulary import ProviderKind

GATHERING_SECONDS = 120.0
"""After so long the server is not asked again for one book."""


def roads_of_environment(book: Book, policy: Policy, gazetteer: Gazetteer) -> RoadTable | None:
    """Return the road times of a book from the server that the environment names, if any.

    Raises
    ------
    MatcherError
        If the settings cannot be used.
    """
    times = times_of_environment()
    return None if times is None else gather(times, book, policy, gazetteer)


def times_of_environment(answer_seconds: float = ANSWER_SECONDS) -> KeptRoads | None:
    """Return the server that the environment names, with its memory on disk; None where none is.

    Parameters
    ----------
    answer_seconds
        How long one answer may take.

    Raises
    ------
    MatcherError
        If the settings cannot be used.
    """
    server = server_of(os.environ)
    if server is None:
        return None
    return KeptRoads(replace(server, answer_seconds=answer_seconds), default_cache_dir())


def gather(
    times: RoadTimes,
    book: Book,
    policy: Policy,
    gazetteer: Gazetteer,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> RoadTable:
    """Return the drives to everybody who asks for homecare from every agency within the radius.

    A server that fails is not asked again: what is missing then goes by distance, and the table
    says so.
    """
    people = {r.postcode for r in book.requests if r.is_homecare and r.postcode is not None}
    kinds = [p for p in book.providers if p.kind is ProviderKind.HOMECARE]
    agencies = sorted({p.postcode for p in kinds if p.postcode is not None})
    places = gazetteer.locate_many(agencies)
    eastings, northings = places.eastings_metres, places.northings_metres
    radius, stop = policy.radius.metres(homecare=True), clock() + GATHERING_SECONDS
    legs: dict[Postcode, dict[Postcode, Leg]] = {}
    for person in sorted(people):
        here = gazetteer.locate(person)
        point = (here.easting_metres, here.northing_metres)
        near = np.flatnonzero(distances_metres(*point, eastings, northings) <= radius).tolist()
        if clock() > stop:
            slow = f"The routing server took over {GATHERING_SECONDS:.0f} seconds."
            return RoadTable(times.name, legs, slow)
        try:
            found = times.legs([(int(eastings[n]), int(northings[n])) for n in near], point)
        except RoutingError as error:
            return RoadTable(times.name, legs, error.message)
        pairs = zip(near, found, strict=True)
        legs[person] = {agencies[n]: leg for n, leg in pairs if leg is not None}
    return RoadTable(times.name, legs)


__all__ = [
    "KeptRoads",
    "Leg",
    "RoadTable",
    "RoadTimes",
    "RoutingError",
    "RoutingServer",
    "ServerKind",
    "gather",
    "roads_of_environment",
    "server_of",
    "times_of_environment",
]

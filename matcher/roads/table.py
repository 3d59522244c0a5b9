"""The road times that one run goes by: asked for once, the same for everybody who reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from matcher.errors import MatcherError
from matcher.geography import Postcode

Point = tuple[int, int]
"""Easting and northing on the National Grid, metres."""


class RoutingError(MatcherError):
    """A routing server that gave no usable answer."""


@dataclass(frozen=True)
class Leg:
    """A drive: seconds and metres by road."""

    seconds: int
    metres: int


class RoadTimes(Protocol):
    """Whoever can say how long drives take."""

    @property
    def name(self) -> str:
        """What to call the source of the figures."""

    def legs(self, there: Sequence[Point], here: Point) -> list[Leg | None]:
        """Return the drives from many places to one, None where no road leads.

        Raises
        ------
        RoutingError
            If there is no answer.
        """


@dataclass(frozen=True)
class RoadTable:
    """Drives to people's postcodes from agencies' postcodes.

    Parameters
    ----------
    source
        Where they come from.
    legs
        By the person's postcode, then the agency's. What is missing goes by distance.
    fault
        Why some could not be had; empty where all were.
    """

    source: str
    legs: Mapping[Postcode, Mapping[Postcode, Leg]] = field(default_factory=dict)
    fault: str = ""

    def between(self, person: Postcode | None, agency: Postcode | None) -> Leg | None:
        """Return the drive from an agency to a person; None where it is not known."""
        if person is None or agency is None:
            return None
        return self.legs.get(person, {}).get(agency)

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said of travel beside every answer."""
        told = f"Travel minutes of homecare are road times from {self.source}."
        if not self.fault:
            return (told,)
        return (
            f"{self.fault} Where road times are missing, travel is worked out from the distance.",
            *((told,) if self.legs else ()),
        )

    @property
    def digest(self) -> str:
        """Return a digest of every figure, to be part of what an answer depends on."""
        lines = sorted(
            f"{person} {agency} {leg.seconds} {leg.metres}"
            for person, legs in self.legs.items()
            for agency, leg in legs.items()
        )
        return hashlib.sha256("\n".join([self.source, *lines]).encode()).hexdigest()

"""Water that a straight line crosses and a car does not, and where it can be crossed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Metres = Annotated[int, Field(ge=0, le=1_300_000)]
Point = tuple[Metres, Metres]
"""Easting and northing on the National Grid, metres."""


class CrossingKind(StrEnum):
    """How a road gets over, under or round some water."""

    BRIDGE = "bridge"
    TUNNEL = "tunnel"
    CAUSEWAY = "causeway"
    HEAD = "head"
    SHUTTLE_FERRY = "shuttle_ferry"
    FERRY = "ferry"
    TIDAL_CAUSEWAY = "tidal_causeway"


NOT_ON_ROUNDS = frozenset({CrossingKind.FERRY, CrossingKind.TIDAL_CAUSEWAY})
"""Crossings that keep no carer's round: a timetable or the tide decides when they can be used."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Crossing(_Entry):
    """A place where a car gets across some water.

    Parameters
    ----------
    name
        What people call it; of a head, the place where the road goes round.
    kind
        A bridge, a ferry or another kind.
    at
        One point, in the midst of its water, or its two landings on either shore.
    minutes
        What it takes beyond the drive along it: passage and mean wait of a ferry.

    Raises
    ------
    ValueError
        If it takes minutes or keeps to a timetable, and does not name its two landings.
    """

    name: str = Field(min_length=1)
    kind: CrossingKind
    at: tuple[Point] | tuple[Point, Point]
    minutes: int = Field(default=0, ge=0, le=600)

    @model_validator(mode="after")
    def _lands_twice(self) -> Self:
        if len(self.at) == 1 and (self.minutes or not self.suits_rounds):
            raise ValueError(f"{self.name} has one point; a ferry or a tide asks for two landings")
        return self

    @property
    def suits_rounds(self) -> bool:
        """Whether a carer on a round can use it at any time of the day."""
        return self.kind not in NOT_ON_ROUNDS

    @property
    def way_text(self) -> str:
        """Return how one goes, to stand after a distance: "by the Humber Bridge"."""
        return f"{'round by' if self.kind is CrossingKind.HEAD else 'by'} {self.name}"


class Water(_Entry):
    """An estuary as the line down its middle, or an island as the ring of water around it.

    Parameters
    ----------
    name
        What people call the water.
    line
        Points from the open sea to the lowest bridge or the head; of a ring, all around.
    crossings
        Every way across that a car can use, at least one.
    ring
        Whether the last point is joined to the first.
    """

    name: str = Field(min_length=1)
    line: tuple[Point, ...] = Field(min_length=2)
    crossings: tuple[Crossing, ...] = Field(min_length=1)
    ring: bool = False

    def stretches(self) -> Iterator[tuple[Point, Point]]:
        """Yield the straight pieces of the line, from point to point."""
        yield from pairwise(self.line)
        if self.ring:
            yield self.line[-1], self.line[0]


class _Table(_Entry):
    precision_metres: int = Field(gt=0)
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    minutes_assumed: bool
    water: tuple[Water, ...]


@cache
def waters() -> tuple[Water, ...]:
    """Return the table of waters: islands and estuaries of England and of its borders."""
    text = resources.files("matcher.geography").joinpath("water.toml").read_text("utf-8")
    return _Table.model_validate(tomllib.loads(text)).water

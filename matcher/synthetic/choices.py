"""Which providers people are with, wish for or have had enough of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from matcher.model import Provider
from matcher.synthetic.chance import Dice, Floats
from matcher.synthetic.places import Places
from matcher.vocabulary import ProviderStatus

_NEAR = 6


@dataclass(frozen=True, eq=False)
class Choices:
    """Agencies by the zones they serve, and homes with their places.

    Parameters
    ----------
    agency_ids
        Ids of the agencies that serve each zone, by zone number; all of them where none does.
    agency_totals
        Running totals of their sizes, by zone number.
    home_ids
        Ids of the homes that take people.
    home_points
        Their grid references in metres, [homes, 2].
    """

    agency_ids: list[list[str]]
    agency_totals: list[list[float]]
    home_ids: list[str]
    home_points: Floats

    def agency(self, dice: Dice, places: Places, row: int) -> str:
        """Return an agency that serves a postcode's zone, large ones more often."""
        zone = int(places.zone_of[row])
        return self.agency_ids[zone][dice.place(self.agency_totals[zone])]

    def agency_wishes(self, dice: Dice, places: Places, row: int) -> dict[str, Any]:
        """Draw whom a person waiting for homecare is with, would like, or will not have again."""
        if not any(self.agency_ids):
            return {}
        wishes: dict[str, Any] = {}
        if dice.happens(0.06):
            wishes["current_provider_id"] = self.agency(dice, places, row)
        if dice.happens(0.10):
            wishes["preferred_providers"] = (self.agency(dice, places, row),)
        if dice.happens(0.05):
            unwanted = self.agency(dice, places, row)
            if unwanted not in {*wishes.get("preferred_providers", ()), *_current(wishes)}:
                wishes["excluded_providers"] = (unwanted,)
        return wishes

    def home_wishes(self, dice: Dice, places: Places, row: int) -> dict[str, Any]:
        """Draw the homes that a person names among those nearby, and those refused."""
        if not self.home_ids or not dice.happens(0.35):
            return {}
        near = self._homes_near(places, row)
        first = dice.pick(near)
        if dice.happens(0.15):
            return {"excluded_providers": (first,)}
        second = dice.pick(near)
        return {"preferred_providers": tuple(dict.fromkeys((first, second)))}

    def _homes_near(self, places: Places, row: int) -> list[str]:
        metres = np.hypot(*(self.home_points - places.points[row]).T)
        return [self.home_ids[i] for i in np.argsort(metres, kind="stable")[:_NEAR].tolist()]


def _current(wishes: dict[str, Any]) -> tuple[str, ...]:
    return (wishes["current_provider_id"],) if "current_provider_id" in wishes else ()


def offer_choices(
    places: Places, agencies: Sequence[Provider], sizes: Sequence[float], homes: Sequence[Provider]
) -> Choices:
    """Return who can be chosen where: everybody but the closed.

    Parameters
    ----------
    places
        The county.
    agencies
        All agencies.
    sizes
        How much work each does beside the others, [agencies].
    homes
        All care homes.
    """
    working = [
        (agency, size)
        for agency, size in zip(agencies, sizes, strict=True)
        if agency.status is not ProviderStatus.CLOSED
    ]
    ids, totals = [], []
    for zone in places.zones:
        serving = [pair for pair in working if zone.zone in pair[0].zones] or working
        ids.append([agency.provider_id for agency, _ in serving])
        totals.append(list(accumulate(size for _, size in serving)))
    rows = {postcode: row for row, postcode in enumerate(places.postcodes)}
    taking = [home for home in homes if home.status is not ProviderStatus.CLOSED]
    points = places.points[[rows[home.postcode] for home in taking if home.postcode is not None]]
    return Choices(ids, totals, [home.provider_id for home in taking], points)

"""The rooms of a policy: travel, radius, times, shortlists, rules, weights and scores."""

from __future__ import annotations

import math
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator, model_validator

from matcher.model import Frozen, Word
from matcher.policy.figures import Count, DayCount, Figure, Minutes, Points, Positive, Share, Switch
from matcher.vocabulary import GRID_MINUTES, METRES_PER_MILE, MINUTES_PER_DAY, Contract, CqcRating


class TravelPolicy(Frozen):
    """How far and how fast carers travel to reach one visit of their round."""

    road_factor: Figure[Annotated[float, Field(ge=1, le=3)]]
    usual_leg_miles: Figure[Positive]
    excess_share: Figure[Annotated[float, Field(ge=0, le=1)]]
    town_miles: Figure[Positive]
    town_mph: Figure[Positive]
    rural_mph: Figure[Positive]
    minimum_minutes: Figure[Minutes]
    ferries_for_homecare: Figure[Switch]

    def minutes(
        self, distance_metres: npt.ArrayLike, crossing_minutes: npt.ArrayLike = 0
    ) -> npt.NDArray[np.int64]:
        """Return travel minutes to reach a visit, rounded up to the 5-minute grid.

        Carers work rounds: up to the usual leg the road distance from the branch is travelled,
        beyond it only a share, the first miles at town speed and the rest at rural speed.
        Never falls as distance grows.

        Parameters
        ----------
        distance_metres
            Distance from provider to person, metres, straight but for the way round water; any
            shape.
        crossing_minutes
            What a crossing of water adds to the drive; of the same shape, or one for all.
        """
        straight = np.asarray(distance_metres, dtype=np.float64)
        leg = self._leg_miles(straight * self.road_factor.value / METRES_PER_MILE)
        town = np.minimum(leg, self.town_miles.value)
        hours = town / self.town_mph.value + (leg - town) / self.rural_mph.value
        # A hair is taken off so that an exact number of minutes is not rounded up by float noise.
        whole = hours * 60 + np.asarray(crossing_minutes, dtype=np.float64)
        steps = np.ceil(whole / GRID_MINUTES - 1e-9)
        return (np.maximum(steps, self._least_steps) * GRID_MINUTES).astype(np.int64)

    def road_minutes(self, metres: int, seconds: int) -> int:
        """Return travel minutes to reach a visit when the drive from the branch is known.

        Of a drive longer than the usual leg only a share is travelled, as for `minutes`, at the
        drive's own speed; rounded up to the 5-minute grid.

        Parameters
        ----------
        metres, seconds
            The drive by road.
        """
        miles = metres / METRES_PER_MILE
        share = float(self._leg_miles(np.float64(miles))) / miles if miles else 1.0
        steps = math.ceil(seconds * share / 60 / GRID_MINUTES - 1e-9)
        return max(steps, self._least_steps) * GRID_MINUTES

    def _leg_miles(self, road: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
        usual = self.usual_leg_miles.value
        beyond = self.excess_share.value * np.maximum(road - usual, 0.0)
        return np.asarray(np.minimum(road, usual + beyond))

    @property
    def _least_steps(self) -> int:
        return -(-self.minimum_minutes.value // GRID_MINUTES)


class RadiusPolicy(Frozen):
    """How far from the person a provider may be."""

    homecare_miles: Figure[Positive]
    care_home_miles: Figure[Positive]

    def metres(self, *, homecare: bool) -> int:
        """Return the radius in whole metres for homecare or for care homes."""
        miles = self.homecare_miles if homecare else self.care_home_miles
        return round(miles.value * METRES_PER_MILE)


class TimesPolicy(Frozen):
    """Tolerances, visit lengths, gaps between visits, lead times and the service clock.

    The gaps lie between the end of one visit of a person and the start of the next on a day. They
    are kept where that can be, and told where not: times that break the least gap score 0. A
    prescribed gap stands at its visit.
    """

    critical_tolerance_minutes: Figure[Minutes]
    visit_warning_minutes: Figure[Minutes]
    visit_minimum_minutes: Figure[Minutes]
    least_gap_minutes: Figure[Minutes]
    most_gap_minutes: Figure[Minutes]
    homecare_lead_days: Figure[DayCount]
    care_home_lead_days: Figure[DayCount]
    admit_at_weekends: Figure[Switch]
    service_clock_days: Figure[DayCount]


class ShortlistPolicy(Frozen):
    """How many options a broker must offer."""

    options: Figure[Count]
    respite_options: Figure[Count]
    near_misses: Figure[Count]
    near_miss_km: Figure[Positive]
    near_miss_minutes: Figure[Minutes]
    near_miss_days: Figure[DayCount]

    def most_change(self, unit: str) -> int | None:
        """Return the largest change of a unit that is still a near miss; ``None`` for any."""
        most = {
            "metres": round(self.near_miss_km.value * 1000),
            "minutes": self.near_miss_minutes.value,
            "days": self.near_miss_days.value,
        }
        return most.get(unit)


class RulesPolicy(Frozen):
    """Switches of the hard rules."""

    admit_inadequate: Figure[Switch]
    minimum_rating: Figure[str]
    admit_unrated: Figure[Switch]
    languages_required: Figure[Switch]
    carer_gender_required: Figure[Switch]
    homecare_contracts: Figure[tuple[Contract, ...]]
    long_term_contracts: Figure[tuple[Contract, ...]]
    respite_contracts: Figure[tuple[Contract, ...]]
    specialist_lots: Figure[tuple[Word, ...]]
    tiers_in_order: Figure[Switch]

    @field_validator("minimum_rating")
    @classmethod
    def _is_a_rating(cls, figure: Figure[str]) -> Figure[str]:
        allowed = ["none", "requires_improvement", "good", "outstanding"]
        if figure.value not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return figure

    @property
    def rating_floor(self) -> CqcRating | None:
        """The lowest CQC rating admitted; ``None`` when there is no floor."""
        value = self.minimum_rating.value
        return None if value == "none" else CqcRating(value)


class Weights(Frozen):
    """Weight of each scoring criterion; at least one is above zero."""

    cost: Figure[Points]
    distance: Figure[Points]
    quality: Figure[Points]
    continuity: Figure[Points]
    preference: Figure[Points]
    culture: Figure[Points]
    earliest_start: Figure[Points]
    visit_times: Figure[Points]

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if not any(figure.value for _, figure in self):
            raise ValueError("at least one weight above 0")
        return self


class ScoringPolicy(Frozen):
    """Where each criterion's 0 and 100 lie."""

    cost_spread: Figure[Share]
    outstanding: Figure[Points]
    good: Figure[Points]
    not_yet_rated: Figure[Points]
    requires_improvement: Figure[Points]
    inadequate: Figure[Points]
    rating_fresh_years: Figure[Positive]
    rating_stale_years: Figure[Positive]
    late_days: Figure[Annotated[int, Field(ge=1, le=3660, strict=True)]]
    preferred_span_minutes: Figure[Annotated[int, Field(ge=5, le=MINUTES_PER_DAY, strict=True)]]
    time_step_minutes: Figure[
        Annotated[
            int, Field(ge=GRID_MINUTES, le=MINUTES_PER_DAY, multiple_of=GRID_MINUTES, strict=True)
        ]
    ]

    @model_validator(mode="after")
    def _stale_after_fresh(self) -> Self:
        if self.rating_stale_years.value <= self.rating_fresh_years.value:
            raise ValueError("rating_stale_years above rating_fresh_years")
        return self

    def rating_points(self, rating: CqcRating) -> int:
        """Return the points of a fresh rating."""
        figure: Figure[int] = getattr(self, rating.value)
        return figure.value

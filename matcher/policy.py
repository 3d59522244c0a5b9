"""The council's policy: bands, limits, weights and the order of objectives, each figure cited."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from typing import Annotated, Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from matcher.errors import BadInputError, Fault
from matcher.model import Frozen, Word
from matcher.vocabulary import (
    GRID_MINUTES,
    METRES_PER_MILE,
    MINUTES_PER_DAY,
    Contract,
    CqcRating,
    minute_text,
)

T = TypeVar("T")
# Strict, so that a number in quotation marks or a yes written as 1 is a fault, not a guess.
Share = Annotated[float, Field(gt=0, le=1, strict=True)]
Positive = Annotated[float, Field(gt=0, le=1000, strict=True)]
Count = Annotated[int, Field(ge=1, le=100, strict=True)]
DayCount = Annotated[int, Field(ge=0, le=3660, strict=True)]
Minutes = Annotated[int, Field(ge=0, le=MINUTES_PER_DAY, strict=True)]
Points = Annotated[int, Field(ge=0, le=100, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Cited(Frozen):
    """Where a figure comes from: a source, or the plain admission that it is assumed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    holds_from: date = Field(alias="from")
    source: str | None = None
    assumed: bool = False

    @model_validator(mode="after")
    def _is_cited(self) -> Self:
        if self.assumed == bool(self.source):
            raise ValueError("either a source or assumed = true")
        return self


class Figure(Cited, Generic[T]):
    """One policy figure: its value, unit, the day it holds from, and its source."""

    value: T
    unit: str


class TimeBand(Cited):
    """A window in which a visit may start, both ends included (H4)."""

    start_minute: Annotated[int, Field(alias="start")]
    end_minute: Annotated[int, Field(alias="end")]

    @field_validator("start_minute", "end_minute", mode="before")
    @classmethod
    def _parse_time(cls, value: object) -> int:
        # A whole number of minutes is what a policy that was written out holds.
        minute = value if type(value) is int else -1
        if isinstance(value, str) and (time := _TIME.fullmatch(value)):
            minute = int(time[1]) * 60 + int(time[2])
        if not 0 <= minute < MINUTES_PER_DAY or minute % GRID_MINUTES:
            raise ValueError("a time from 00:00 to 23:55 in steps of 5 minutes, as 'HH:MM'")
        return minute

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end_minute < self.start_minute:
            raise ValueError("an end not before the start")
        return self

    def __str__(self) -> str:
        return f"{minute_text(self.start_minute)}-{minute_text(self.end_minute)}"


class Objective(StrEnum):
    """What an allocation minimises, one stage after another.

    Each is a sum over waiting requests; ``docs`` of the formulae are in :mod:`matcher.allocation`.
    """

    UNPLACED_RED = "unplaced_red"
    UNPLACED_AMBER = "unplaced_amber"
    UNPLACED_GREEN = "unplaced_green"
    WAITING_DAYS = "waiting_days"
    WITHOUT_OFFER = "without_offer"
    SPECIALIST_USE = "specialist_use"
    TIER_STEPS = "tier_steps"
    UNPRICED_OFFERS = "unpriced_offers"
    CLOCK_BREACHES = "clock_breaches"
    ABOVE_RATE_PENCE = "above_rate_pence"
    PREFERRED_MINUTES = "preferred_minutes"
    PREFERENCE_POINTS = "preference_points"
    START_DAYS = "start_days"
    DISTANCE_METRES = "distance_metres"
    VALUE_POINTS = "value_points"
    RECENT_OFFERS = "recent_offers"


PEOPLE_FIRST = (
    Objective.UNPLACED_RED,
    Objective.UNPLACED_AMBER,
    Objective.UNPLACED_GREEN,
    Objective.WITHOUT_OFFER,
)
"""Objectives that no order may leave out: without them nobody need be placed."""


class TravelPolicy(Frozen):
    """How far and how fast carers travel to reach one visit of their round."""

    road_factor: Figure[Annotated[float, Field(ge=1, le=3)]]
    usual_leg_miles: Figure[Positive]
    excess_share: Figure[Annotated[float, Field(ge=0, le=1)]]
    town_miles: Figure[Positive]
    town_mph: Figure[Positive]
    rural_mph: Figure[Positive]
    minimum_minutes: Figure[Minutes]

    def minutes(self, distance_metres: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return travel minutes to reach a visit, rounded up to the 5-minute grid.

        Carers work rounds: up to the usual leg the road distance from the branch is travelled,
        beyond it only a share, the first miles at town speed and the rest at rural speed.
        Never falls as distance grows.

        Parameters
        ----------
        distance_metres
            Straight-line distance from provider to person, metres; any shape.
        """
        straight = np.asarray(distance_metres, dtype=np.float64)
        road = straight * self.road_factor.value / METRES_PER_MILE
        usual = self.usual_leg_miles.value
        leg = np.minimum(road, usual + self.excess_share.value * np.maximum(road - usual, 0.0))
        town = np.minimum(leg, self.town_miles.value)
        hours = town / self.town_mph.value + (leg - town) / self.rural_mph.value
        # A hair is taken off so that an exact number of minutes is not rounded up by float noise.
        steps = np.ceil(hours * 60 / GRID_MINUTES - 1e-9)
        least = -(-self.minimum_minutes.value // GRID_MINUTES)
        return (np.maximum(steps, least) * GRID_MINUTES).astype(np.int64)


class RadiusPolicy(Frozen):
    """How far from the person a provider may be."""

    homecare_miles: Figure[Positive]
    care_home_miles: Figure[Positive]

    def metres(self, *, homecare: bool) -> int:
        """Return the radius in whole metres for homecare or for care homes."""
        miles = self.homecare_miles if homecare else self.care_home_miles
        return round(miles.value * METRES_PER_MILE)


class TimesPolicy(Frozen):
    """Tolerances, visit lengths, lead times and the service clock."""

    critical_tolerance_minutes: Figure[Minutes]
    visit_warning_minutes: Figure[Minutes]
    visit_minimum_minutes: Figure[Minutes]
    homecare_lead_days: Figure[DayCount]
    care_home_lead_days: Figure[DayCount]
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
    preferred_times: Figure[Points]

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

    @model_validator(mode="after")
    def _stale_after_fresh(self) -> Self:
        if self.rating_stale_years.value <= self.rating_fresh_years.value:
            raise ValueError("rating_stale_years above rating_fresh_years")
        return self

    def rating_points(self, rating: CqcRating) -> int:
        """Return the points of a fresh rating."""
        figure: Figure[int] = getattr(self, rating.value)
        return figure.value


class AllocationPolicy(Frozen):
    """The published order of objectives, how far ledgers and calendars reach, and what to price.

    The weights price scarce capacity in one unit; no plan is chosen by them.
    """

    order: Figure[tuple[Objective, ...]]
    fairness_days: Figure[DayCount]
    bed_horizon_days: Figure[Annotated[int, Field(ge=28, le=1100, strict=True)]]
    weight_red: Figure[Points]
    weight_amber: Figure[Points]
    weight_green: Figure[Points]

    @field_validator("order")
    @classmethod
    def _named_once(cls, figure: Figure[tuple[Objective, ...]]) -> Figure[tuple[Objective, ...]]:
        if not figure.value or len(set(figure.value)) != len(figure.value):
            raise ValueError("objectives each named once, at least one")
        lacking = [name for name in PEOPLE_FIRST if name not in figure.value]
        if lacking:
            raise ValueError("an order that also names " + ", ".join(lacking))
        before = {Objective.WAITING_DAYS, *PEOPLE_FIRST}
        ahead = figure.value[: max(figure.value.index(name) for name in PEOPLE_FIRST[:3])]
        cheaper = [name for name in ahead if name not in before]
        if cheaper:
            raise ValueError("people unplaced before " + ", ".join(cheaper))
        return figure


class Policy(Frozen):
    """Everything a council decides about matching, and nothing that differs between requests."""

    title: str
    version: str
    bands: dict[Word, TimeBand] = Field(min_length=1)
    travel: TravelPolicy
    radius: RadiusPolicy
    times: TimesPolicy
    shortlist: ShortlistPolicy
    rules: RulesPolicy
    weights: Weights
    scoring: ScoringPolicy
    allocation: AllocationPolicy

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """Dotted names of every figure that has no source."""
        names = [f"bands.{name}" for name, band in self.bands.items() if band.assumed]
        for room, settings in self:
            if isinstance(settings, Frozen):
                names += [f"{room}.{name}" for name, figure in settings if figure.assumed]
        return tuple(names)


def default_document() -> dict[str, Any]:
    """Return the default policy as the plain document a variant is laid over."""
    return deepcopy(_default_toml())


@cache
def _default_toml() -> dict[str, Any]:
    """Return the document as it was read once: for everybody, so nobody may change it."""
    text = resources.files("matcher").joinpath("default_policy.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def default_policy() -> Policy:
    """Return the policy used when a book brings none of its own."""
    return Policy.model_validate(default_document())


def parse_policy(text: str, file: str = "policy.toml") -> Policy:
    """Return the default policy with the figures of a variant laid over it.

    A variant names only what it changes: whole figures and whole bands. ``bands`` replaces the
    default bands altogether, because two councils' bands do not mix.

    Raises
    ------
    BadInputError
        If the text is no TOML, names an unknown key, or gives a value of the wrong kind.
    """
    try:
        variant = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInputError([Fault(file, 0, "", str(error)[:80], "a TOML document")]) from error
    try:
        return Policy.model_validate(_laid_over(default_document(), variant))
    except ValidationError as error:
        raise BadInputError([_policy_fault(file, item) for item in error.errors()]) from error


def _laid_over(base: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in variant.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = {**merged[key], **value} if both and key != "bands" else value
    return merged


def _policy_fault(file: str, item: Mapping[str, Any]) -> Fault:
    path, value = item["loc"], str(item["input"])[:80]
    if item["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        value, expected = str(path[-1]), f"one of {', '.join(known)}{hint}"
    elif item["type"] == "missing":
        value, expected = "", f"a value for {path[-1]}, which is missing"
    elif item["type"] == "model_type":
        expected = "a table of " + ", ".join(_known_keys(path))
    else:
        expected = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Fault(file, 0, ".".join(str(part) for part in path), value, expected)


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that stand below a path: those of a band, of a figure, or of a room."""
    cited = ["from", "source", "assumed"]
    if len(path) == 2:
        return ["start", "end", *cited] if path[0] == "bands" else ["value", "unit", *cited]
    document = default_document()
    return list(document[str(path[0])] if path else document)

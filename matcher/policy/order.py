"""The published order of objectives, and what scarce capacity is priced by."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator

from matcher.model import Frozen
from matcher.policy.figures import DayCount, Figure, Points


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

"""The published objectives in plain words, with their values in the units that people use."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from matcher.allocation import UNITS
from matcher.policy import Objective
from matcher.vocabulary import km_text, pounds_text

METRES_PER_KM = 1000
TITLES: Mapping[Objective, str] = MappingProxyType(
    {
        Objective.UNPLACED_RED: "Red risk, not placed",
        Objective.UNPLACED_AMBER: "Amber risk, not placed",
        Objective.UNPLACED_GREEN: "Green risk, not placed",
        Objective.WAITING_DAYS: "Days waited by those not placed",
        Objective.WITHOUT_OFFER: "Neither placed nor offered",
        Objective.SPECIALIST_USE: "Specialist where generic could",
        Objective.TIER_STEPS: "Tiers below the first",
        Objective.UNPRICED_OFFERS: "Offers without a rate on file",
        Objective.CLOCK_BREACHES: "Start later than wanted",
        Objective.ABOVE_RATE_PENCE: "Above framework rate, weekly",
        Objective.PREFERRED_MINUTES: "Minutes off preferred times",
        Objective.PREFERENCE_POINTS: "Preferences not met",
        Objective.START_DAYS: "Days until care starts",
        Objective.DISTANCE_METRES: "Distance to provider",
        Objective.VALUE_POINTS: "Cost and quality, short of best",
        Objective.RECENT_OFFERS: "Recent offers of those chosen",
    }
)
"""What each objective counts; less is better in all of them."""


def title_of(objective: Objective) -> str:
    """Return what an objective counts."""
    return TITLES[objective]


def value_text(objective: Objective, value: int) -> str:
    """Return a value in its unit."""
    if objective is Objective.ABOVE_RATE_PENCE:
        return pounds_text(value)
    if objective is Objective.DISTANCE_METRES:
        return km_text(value)
    return f"{value:,}"


def amount_text(objective: Objective, value: int) -> str:
    """Return a value with its unit, for a sentence."""
    if objective is Objective.ABOVE_RATE_PENCE:
        return f"{pounds_text(value)} a week"
    if objective is Objective.DISTANCE_METRES:
        return f"{value:,} m" if value < METRES_PER_KM else km_text(value)
    unit = UNITS[objective]
    single = "person" if unit == "people" else unit.removesuffix("s")
    return f"{value:,} {single if value == 1 else unit}"

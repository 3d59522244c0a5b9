"""The published order of objectives, and what scarce capacity is priced by."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from matcher.model import Frozen, Word
from matcher.policy.figures import DayCount, Figure, Points
from matcher.vocabulary import Contract


class AllocationPolicy(Frozen):
    """The published order of objectives, how far ledgers and calendars reach, and what to price.

    Which objectives there are, and which must go first, is said by :mod:`matcher.objectives`. The
    steps are those of a criterion of the score that is an objective of its own. The weights price
    scarce capacity in one unit; no plan is chosen by them.
    """

    order: Figure[tuple[Word, ...]]
    contracts_in_order: Figure[tuple[Contract, ...]]
    step_metres: Figure[Annotated[int, Field(ge=1, le=100_000, strict=True)]]
    step_points: Figure[Annotated[int, Field(ge=1, le=100, strict=True)]]
    fairness_days: Figure[DayCount]
    bed_horizon_days: Figure[Annotated[int, Field(ge=28, le=1100, strict=True)]]
    weight_red: Figure[Points]
    weight_amber: Figure[Points]
    weight_green: Figure[Points]

    @field_validator("order", "contracts_in_order")
    @classmethod
    def _named_once(cls, figure: Figure[tuple[str, ...]]) -> Figure[tuple[str, ...]]:
        if not figure.value or len(set(figure.value)) != len(figure.value):
            raise ValueError("names each given once, at least one")
        return figure

"""Figures of a policy: each with its value, unit, the day it holds from, and its source."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Generic, Self, TypeVar

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from matcher.model import Frozen
from matcher.vocabulary import GRID_MINUTES, MINUTES_PER_DAY, minute_text

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
    """A window in which a visit may start, both ends included (H4), and the best time in it."""

    start_minute: Annotated[int, Field(alias="start")]
    end_minute: Annotated[int, Field(alias="end")]
    ideal_minute: Annotated[int | None, Field(alias="ideal")] = None

    @field_validator("start_minute", "end_minute", "ideal_minute", mode="before")
    @classmethod
    def _parse_time(cls, value: object, info: ValidationInfo) -> int | None:
        if value is None and info.field_name == "ideal_minute":
            return None
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
        if not self.start_minute <= self.best_minute <= self.end_minute:
            raise ValueError(f"an ideal time within {self}")
        return self

    @property
    def best_minute(self) -> int:
        """The start that people would choose: the ideal, or else the middle of the band."""
        if self.ideal_minute is not None:
            return self.ideal_minute
        return (self.start_minute + self.end_minute) // 2 // GRID_MINUTES * GRID_MINUTES

    def __str__(self) -> str:
        return f"{minute_text(self.start_minute)}-{minute_text(self.end_minute)}"

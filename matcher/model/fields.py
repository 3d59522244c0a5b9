"""What fields of the nouns may hold: ids, words, times and money; and their common base."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from matcher.vocabulary import GRID_MINUTES, MINUTES_PER_DAY, Day, plain_text


def _sorted_days(days: tuple[Day, ...]) -> tuple[Day, ...]:
    if len(set(days)) != len(days):
        raise ValueError("each day named once")
    return tuple(sorted(days, key=lambda day: day.number))


def on_grid(minute: int) -> int:
    """Return a minute that is a multiple of the grid; refuse any other with ``ValueError``."""
    if minute % GRID_MINUTES:
        raise ValueError(f"a multiple of {GRID_MINUTES} minutes")
    return minute


ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
Id = Annotated[str, Field(pattern=ID_PATTERN)]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(max_length=500), AfterValidator(plain_text)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(plain_text)]
Days = Annotated[tuple[Day, ...], Field(min_length=1), AfterValidator(_sorted_days)]
GridMinute = Annotated[int, Field(ge=0, le=MINUTES_PER_DAY), AfterValidator(on_grid)]
Pence = Annotated[int, Field(ge=0, le=10_000_000)]
Metres = Annotated[int, Field(ge=0, le=2_000_000)]
Age = Annotated[int, Field(ge=0, le=120)]
"""An age in whole years."""
Carers = Annotated[int, Field(ge=1, le=4)]
Listed = TypeVar("Listed")
Few = Annotated[tuple[Listed, ...], Field(max_length=50)]
"""A list that one person or provider can have need of: a longer one is a mistake."""


class Frozen(BaseModel):
    """Base of every noun: immutable, and refusing fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""Figures and counts as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matcher.vocabulary import pounds_text, words_text

MINUTES_PER_HOUR = 60


def count_text(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, for example ``1 person`` or ``1,204 people``."""
    noun = one if number == 1 else (many or f"{one}s")
    return f"{number:,} {noun}"


def people_text(number: int) -> str:
    """Return a number of people."""
    return count_text(number, "person", "people")


def week_text(pence: int | None) -> str:
    """Return what something costs a week, or that it is not on file."""
    return "not on file" if pence is None else f"{pounds_text(pence)} a week"


def hours_text(minutes: int) -> str:
    """Return minutes as hours and minutes, for example ``14 h 20``."""
    hours, rest = divmod(minutes, MINUTES_PER_HOUR)
    if not hours:
        return f"{rest} min"
    return f"{hours:,} h {rest:02d}" if rest else f"{hours:,} h"


def day_text(day: date | None) -> str:
    """Return a date with its weekday, for example ``Wed 2026-04-01``."""
    return "not recorded" if day is None else f"{day:%a} {day.isoformat()}"


def word_text(word: str) -> str:
    """Return one word of the vocabulary with spaces."""
    return words_text([word])


def and_text(parts: Sequence[str]) -> str:
    """Return parts joined for a sentence: ``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"

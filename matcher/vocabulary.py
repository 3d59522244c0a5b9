"""The field's own words as enumerations, and how days, times and free text are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

GRID_MINUTES = 5
"""Every time of day is a multiple of this many minutes."""
MINUTES_PER_DAY = 24 * 60
DAYS_PER_WEEK = 7
METRES_PER_MILE = 1609.344


class ServiceType(StrEnum):
    """What is asked for or sold."""

    HOMECARE = "homecare"
    RESIDENTIAL = "residential"
    NURSING = "nursing"
    RESIDENTIAL_DEMENTIA = "residential_dementia"
    NURSING_DEMENTIA = "nursing_dementia"
    RESPITE = "respite"
    EXTRA_CARE = "extra_care"
    SHARED_LIVES = "shared_lives"


class CareType(StrEnum):
    """Which kind of care-home bed."""

    RESIDENTIAL = "residential"
    NURSING = "nursing"
    RESIDENTIAL_DEMENTIA = "residential_dementia"
    NURSING_DEMENTIA = "nursing_dementia"


PANEL_SERVICES = frozenset({ServiceType.EXTRA_CARE, ServiceType.SHARED_LIVES})
"""Services with an admission panel of their own, never matched by software (H27)."""
LONG_TERM_SERVICES = frozenset(ServiceType(care_type.value) for care_type in CareType)


class ProviderKind(StrEnum):
    """An agency branch or a care home."""

    HOMECARE = "homecare"
    CARE_HOME = "care_home"


class CqcRating(StrEnum):
    """The Care Quality Commission's overall rating; unrated is its own class, not a bad one."""

    OUTSTANDING = "outstanding"
    GOOD = "good"
    REQUIRES_IMPROVEMENT = "requires_improvement"
    INADEQUATE = "inadequate"
    NOT_YET_RATED = "not_yet_rated"


class Contract(StrEnum):
    """How the council buys from a provider."""

    BLOCK = "block"
    FRAMEWORK = "framework"
    SPOT = "spot"


class ProviderStatus(StrEnum):
    """Whether the council places new work with a provider."""

    OPEN = "open"
    EMBARGOED = "embargoed"
    CLOSED = "closed"


class RateUnit(StrEnum):
    """What one rate amount buys."""

    HOUR = "hour"
    WEEK = "week"
    NIGHT = "night"


class Risk(StrEnum):
    """The key worker's risk rating: read, never edited (H20)."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


class Funding(StrEnum):
    """Who pays for the care."""

    COUNCIL = "council"
    SELF_FUNDED = "self_funded"
    HEALTH = "health"
    JOINT = "joint"


class CarerGender(StrEnum):
    """The gender of carer a person needs."""

    FEMALE = "female"
    MALE = "male"


class TimeNeed(StrEnum):
    """Whether a visit's time is a need (critical), an expectation (preferred) or neither (H5)."""

    NONE = "none"
    PREFERRED = "preferred"
    CRITICAL = "critical"


class Outcome(StrEnum):
    """What became of an offer of work to a provider."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_REPLY = "no_reply"
    UNSUITABLE = "unsuitable"
    WITHDRAWN = "withdrawn"


class Day(StrEnum):
    """A day of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"

    @property
    def number(self) -> int:
        """Return 0 for Monday up to 6 for Sunday, as :meth:`datetime.date.weekday` does."""
        return _DAY_NUMBER[self]


_DAY_NUMBER = {day: number for number, day in enumerate(Day)}

_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of control, formatting, private and surrogate characters and line breaks."""

_KEY_SAFE = re.compile(
    r"(key\s*-?\s*(safe|box|pad)|door\s*code|entry\s*code|access\s*code|\bcode\b|\bpin\b)\D{0,20}\d{3,8}"
    r"|\d{3,8}\D{0,20}(key\s*-?\s*(safe|box|pad)|door\s*code|entry\s*code|\bpin\b)",
    re.IGNORECASE,
)


def plain_text(text: str) -> str:
    """Return free text stripped; refuse formulas, control characters and key-safe codes (H8).

    Raises
    ------
    ValueError
        If the text starts like a spreadsheet formula, holds a control character or looks like
        a code to somebody's door.
    """
    text = text.strip()
    if text[:1] in {"=", "+", "-", "@"}:
        raise ValueError("plain text that does not start like a formula (= + - @)")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise ValueError("plain text without control characters")
    if _KEY_SAFE.search(text):
        raise ValueError(
            "text without a key-safe or door code (H8: such codes are never held here)"
        )
    return text


def in_force(valid_from: date | None, valid_to: date | None, on: date) -> bool:
    """Say whether a period, both ends inclusive and either open, covers a day."""
    return (valid_from is None or valid_from <= on) and (valid_to is None or on <= valid_to)


def minute_text(minute: int) -> str:
    """Return a minute of the day as ``HH:MM``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def days_text(days: Iterable[Day]) -> str:
    """Return days the way a broker writes them: ``mon-fri``, ``every day`` or ``mon, wed``."""
    numbers = [day.number for day in days]
    if len(numbers) == DAYS_PER_WEEK:
        return "every day"
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        names = list(Day)
        return f"{names[numbers[0]]}-{names[numbers[-1]]}"
    return ", ".join(day.value for day in days)


def pounds_text(pence: int) -> str:
    """Return pence as pounds, for example ``£1,089.00``."""
    pounds, rest = divmod(abs(pence), 100)
    return f"{'-' if pence < 0 else ''}£{pounds:,}.{rest:02d}"


def km_text(metres: int) -> str:
    """Return metres as kilometres with one decimal, for example ``1.4 km``."""
    return f"{metres / 1000:.1f} km"


def words_text(words: Iterable[str]) -> str:
    """Return words joined for a sentence, underscores as spaces; ``none`` when there are none."""
    return ", ".join(str(word).replace("_", " ") for word in words) or "none"

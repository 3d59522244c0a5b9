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
PENCE_PER_POUND = 100


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


NURSING_CARE = frozenset({CareType.NURSING, CareType.NURSING_DEMENTIA})
"""Kinds of bed towards which the NHS pays a nursing contribution."""
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
    """What one rate amount buys; a visit is one carer's, however long unless a length is told."""

    HOUR = "hour"
    VISIT = "visit"
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


class ClientGroup(StrEnum):
    """For whom care is meant: the service user bands that a provider is registered for (L4)."""

    OLDER_PEOPLE = "older_people"
    YOUNGER_ADULTS = "younger_adults"
    DEMENTIA = "dementia"
    LEARNING_DISABILITY = "learning_disability"
    AUTISM = "autism"
    MENTAL_HEALTH = "mental_health"
    PHYSICAL_DISABILITY = "physical_disability"
    SENSORY_IMPAIRMENT = "sensory_impairment"
    SUBSTANCE_MISUSE = "substance_misuse"
    EATING_DISORDER = "eating_disorder"


AGE_GROUPS = frozenset({ClientGroup.OLDER_PEOPLE, ClientGroup.YOUNGER_ADULTS})
"""The groups that tell of an age alone; every other one tells of a condition."""
ADULT_AGE, OLDER_AGE, GREATEST_AGE = 18, 65, 120
"""Years at which younger adults begin, at which older people do (CQC bands), and the most."""
DEMENTIA_CARE = frozenset({"residential_dementia", "nursing_dementia"})
"""Services and kinds of bed that are meant for people with dementia."""


class Residents(StrEnum):
    """Whom a home takes that is not for everybody: women only, or men only (L4)."""

    WOMEN = "women"
    MEN = "men"


class PersonGender(StrEnum):
    """The gender of the person, asked for only where a provider is for women or men only (L4)."""

    WOMAN = "woman"
    MAN = "man"


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


class RateDay(StrEnum):
    """A day that may have a rate of its own: a day of the week, or a bank holiday before it."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
    BANK_HOLIDAY = "bank_holiday"


AT_FRAMEWORK = "framework"
"""Stands for the amount of a rate that is whatever the framework pays for the same care."""
HOMECARE_UNITS = (RateUnit.VISIT, RateUnit.HOUR)
BED_UNITS = (RateUnit.WEEK, RateUnit.NIGHT)
"""Units that a price is made of, of homecare and of a bed: of two rates the first named goes."""

_DAY_NUMBER = {day: number for number, day in enumerate(Day)}

_UNPRINTABLE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories of control, formatting, private and surrogate characters and line breaks."""

WITHHELD = "(withheld)"
"""Stands on every page and in every document for a text that must not be repeated (H8)."""
NO_DOOR_CODE = "text without a key-safe or door code (H8: such codes are never held here)"
"""What is expected where a text was refused for a code."""

# A run of three digits or more, singly spaced or hyphenated at most, that is no amount of anything.
_DIGITS = (
    r"(?<!\d)\d(?:[ -]?\d){2,30}+"
    r"(?!\s*(?:mg|mcg|g|kg|ml|l|iu|units?|cm|mm|m|km|miles?|min|mins|minutes?|hours?|hrs?)\b)"
)
_SAFE = r"key\W{0,3}(?:safe|box|pad|lock|code)|lock\W?box|\bk/s\b"
_CODE = (
    r"(?<!\bpost)(?<!\bpost[ -])(?<!\bbar)codes?(?![a-z])(?!\s+of\s+(?:practice|conduct|ethics)\b)"
)
_DOOR_CODE = r"(?:door|gate|entry|entrance|access|alarm|house)\W{0,3}codes?(?![a-z])"
_PIN = r"\bpin(?![a-z])(?!\W{0,3}sites?\b)"
_LET_IN = r"\blet\W{1,3}(?:your|them|him|her|one|my)sel(?:f|ves)\W{1,3}in\b"
_KEY_SAFE = re.compile(
    rf"(?:{_SAFE}|{_CODE}|{_PIN}|{_LET_IN}).{{0,20}}?{_DIGITS}"
    rf"|{_DIGITS}.{{0,20}}?(?:{_SAFE}|{_DOOR_CODE}|{_PIN})"
    r"|\b(?:k\W?s|key\W{1,3}(?:no|number)|combination)"
    rf"(?:\W{{0,3}}(?:is|no|number|code|lock)\b)*\W{{0,3}}[a-z]?{_DIGITS}"
    r"|(?<!\d)\d{3,}\s?#(?!\w)",
    re.DOTALL,
)
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DATES = re.compile(
    r"\b(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}"
    rf"|(?:\d{{1,2}} )?{_MONTHS} \d{{4}}|since (?:19|20)\d\d)\b"
)


def holds_door_code(text: str) -> bool:
    """Say whether a text looks as if it held the code to somebody's door (H8).

    Dates, amounts, postcodes and codes of practice are no such codes; where in doubt a text is
    taken to hold one, for it can be written in other words.
    """
    plain = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    if sum(character.isdigit() for character in plain) < 3:
        return False
    return _KEY_SAFE.search(_DATES.sub(" ", plain)) is not None


def printable(text: str) -> str:
    """Return text as it may be shown: door codes withheld, control characters replaced (H8)."""
    return WITHHELD if holds_door_code(text) else without_controls(text)


def without_controls(text: str) -> str:
    """Return text with characters that a terminal would act upon replaced by U+FFFD."""
    return "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(each) in _UNPRINTABLE else each
        for each in text
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
    if holds_door_code(text):
        raise ValueError(NO_DOOR_CODE)
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

"""One cell at a time: from what people and spreadsheets write to exact values, and back.

All parsing and all rounding of book files happens here. Every reader takes stripped, non-empty
text and raises :class:`CellError` saying what would have been accepted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import TypeVar

from matcher.errors import MatcherError, PostcodeError
from matcher.geography import Postcode
from matcher.vocabulary import (
    AT_FRAMEWORK,
    GRID_MINUTES,
    MINUTES_PER_DAY,
    NO_DOOR_CODE,
    PENCE_PER_POUND,
    WITHHELD,
    Day,
    holds_door_code,
    minute_text,
    plain_text,
    printable,
)

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

LIST_SEPARATOR = "|"
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
METRES_PER_KILOMETRE = 1000
MINUTES_PER_HOUR = 60
# Suggestions compare a word with every known one, so they stop where that would take seconds.
_SUGGESTIONS_UP_TO = 1000
_SHOWN = 80

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_UK_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2}")
_SERIAL_DATE = re.compile(r"[0-9]{5}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(:00)?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_PLAIN_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_MONEY = re.compile(r"£? ?([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,9})(\.[0-9]{1,2})?")
_MONEY_FINE = re.compile(r"£? ?[0-9,]+\.[0-9]{3,}")
_MONEY_COMMA = re.compile(r"£? ?[0-9.]*,[0-9]{0,2}")
_NEGATIVE = re.compile(r"£? ?-|-|\(.*\)")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_GAPS = re.compile(r"[\s-]+")
_DIGIT_RUN = re.compile(r"\d(?:[ -]?\d){2}")
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_WEEK = tuple(Day)
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {day.value: day for day in Day} | dict(zip(_DAY_NAMES, Day, strict=True))


class CellError(MatcherError):
    """A cell that cannot be read; its text says what would have been accepted."""


class DoorCodeError(CellError):
    """A cell that may hold the code to somebody's door, so is not shown either (H8)."""


def shown(value: object, *, among: Iterable[str] = ()) -> str:
    """Return a value as a fault shows it: door codes withheld, at most 80 characters (H8).

    Parameters
    ----------
    value
        What was met.
    among
        The cells of its row: digits that are a door code only beside another cell are withheld.
    """
    text = printable(str(value))
    if _DIGIT_RUN.search(text) and holds_door_code(" ".join(among)):
        return WITHHELD
    if len(text) > _SHOWN:
        text = text[: _SHOWN - 3] + "..."
    return text


def word_form(text: str) -> str:
    """Return a word as files spell it: lower case, spaces and hyphens as underscores."""
    return _GAPS.sub("_", text.strip().lower())


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean x?)"`` where a known word is close, else nothing."""
    names = list(known)
    if len(names) > _SUGGESTIONS_UP_TO:
        return ""
    close = difflib.get_close_matches(word[:_SHOWN], names, n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def read_text(text: str) -> str:
    """Read free text."""
    try:
        return plain_text(text)
    except ValueError as error:
        kind = DoorCodeError if str(error) == NO_DOOR_CODE else CellError
        raise kind(str(error)) from error


def read_id(text: str) -> str:
    """Read an id."""
    if not _ID.fullmatch(text):
        raise CellError("an id of at most 64 letters, digits, dots, colons, hyphens or underscores")
    return text


def read_word(text: str) -> str:
    """Read a word of the council's own choosing, such as a time band or a lot."""
    if holds_door_code(text):
        raise DoorCodeError(NO_DOOR_CODE)
    word = word_form(text)
    if not _WORD.fullmatch(word):
        raise CellError("a word of letters, digits and underscores that starts with a letter")
    return word


def read_trait(text: str) -> str:
    """Read a need, a language or a specialism; no such word needs a number of three digits."""
    if _DIGIT_RUN.search(text.replace("_", " ")):
        raise DoorCodeError(f"a word without a number of three digits or more, or {NO_DOOR_CODE}")
    return read_word(text)


def read_choice(choices: type[Choice]) -> Callable[[str], Choice]:
    """Return a reader of one of some fixed words."""
    known = {choice.value: choice for choice in choices}
    expected = "one of " + ", ".join(known)

    def read(text: str) -> Choice:
        choice = known.get(word_form(text))
        if choice is None:
            raise CellError(expected + suggestion(word_form(text), known))
        return choice

    return read


def read_list(read_one: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Return a reader of values separated by ``|``; a value named twice counts once."""

    def read(text: str) -> tuple[T, ...]:
        parts = (part.strip() for part in text.split(LIST_SEPARATOR))
        try:
            return tuple(dict.fromkeys(read_one(part) for part in parts if part))
        except CellError as error:
            raise type(error)(f"a list separated by |, each {error}") from error

    return read


def read_yes_no(text: str) -> bool:
    """Read yes or no."""
    answer = _YES_NO.get(text.lower())
    if answer is None:
        raise CellError("yes or no")
    return answer


def read_whole(text: str) -> int:
    """Read a whole number."""
    if not _WHOLE.fullmatch(text):
        raise CellError("a whole number")
    return int(text)


def read_pounds(text: str) -> int:
    """Read pounds and return pence."""
    amount = _MONEY.fullmatch(text)
    if amount:
        pounds = Decimal(amount[1].replace(",", "") + (amount[2] or ""))
        return int(pounds * PENCE_PER_POUND)
    if _NEGATIVE.match(text):
        raise CellError("an amount in pounds that is not negative")
    if _MONEY_FINE.fullmatch(text):
        raise CellError("pounds with at most two decimals, such as 25.05")
    if _MONEY_COMMA.fullmatch(text):
        raise CellError(
            "pounds with a full stop before the pence, such as 25.05;"
            " this comma may stand for a decimal point or for thousands"
        )
    raise CellError("pounds, such as 25.05")


def read_rate(text: str) -> int | str:
    """Read pounds and return pence, or the word for whatever the framework pays."""
    return AT_FRAMEWORK if text.lower() == AT_FRAMEWORK else read_pounds(text)


def read_kilometres(text: str) -> int:
    """Read kilometres and return metres, rounded to the nearest."""
    return _scaled(text, METRES_PER_KILOMETRE, "kilometres, such as 12.5")


def read_hours(text: str) -> int:
    """Read hours and return minutes, rounded to the nearest."""
    return _scaled(text, MINUTES_PER_HOUR, "hours, such as 7.5")


def _scaled(text: str, factor: int, expected: str) -> int:
    if not _PLAIN_NUMBER.fullmatch(text):
        wanted = "not negative" if text.startswith("-") else "with a full stop before decimals"
        raise CellError(f"{expected}, {wanted}")
    return int((Decimal(text) * factor).to_integral_value(ROUND_HALF_EVEN))


def read_date(text: str) -> date:
    """Read a date, ISO or British."""
    if iso := _ISO_DATE.fullmatch(text):
        return _calendar_date(int(iso[1]), int(iso[2]), int(iso[3]))
    if british := _UK_DATE.fullmatch(text):
        return _calendar_date(int(british[3]), int(british[2]), int(british[1]))
    if _SHORT_YEAR.fullmatch(text):
        raise CellError("a date with four digits for the year, such as 2026-04-01 or 01/04/2026")
    if _SERIAL_DATE.fullmatch(text):
        raise CellError("a date, such as 2026-04-01, not the number a spreadsheet keeps for it")
    raise CellError("a date as year-month-day (2026-04-01) or day/month/year (01/04/2026)")


def _calendar_date(year: int, month: int, day: int) -> date:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise CellError(f"a date with a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    try:
        return date(year, month, day)
    except ValueError as error:
        if month > 12 >= day:
            raise CellError(
                "a date as year-month-day or day/month/year; this one looks like month/day/year"
            ) from error
        raise CellError("a day that the calendar has, such as 2026-04-01") from error


def read_start_time(text: str) -> int:
    """Read a time of day and return its minute."""
    minute = _minute(text, "a time from 00:00 to 23:55, such as 09:00")
    if minute >= MINUTES_PER_DAY:
        raise CellError("a time from 00:00 to 23:55 (24:00 may only stand as an end)")
    return minute


def read_end_time(text: str) -> int:
    """Read a time of day and return its minute; 24:00 is the end of the day."""
    minute = _minute(text, "a time from 00:05 to 24:00, such as 17:00")
    if minute > MINUTES_PER_DAY:
        raise CellError("a time no later than 24:00")
    return minute


def _minute(text: str, expected: str) -> int:
    time = _TIME.fullmatch(text)
    if not time or int(time[2]) > 59:
        raise CellError(expected)
    minute = int(time[1]) * 60 + int(time[2])
    if minute % GRID_MINUTES:
        raise CellError(f"a time in steps of {GRID_MINUTES} minutes")
    return minute


def read_days(text: str) -> tuple[Day, ...]:
    """Read days of the week: ``mon|wed``, full names, or a run such as ``mon-fri``."""
    days: list[Day] = []
    for part in text.lower().split(LIST_SEPARATOR):
        days += _day_run(part.strip()) if part.strip() else []
    if len(set(days)) != len(days):
        raise CellError("each day named once")
    return tuple(days)


def _day_run(text: str) -> list[Day]:
    names = [name.strip() for name in text.split("-")]
    if len(names) > 2 or any(name not in _DAYS for name in names):
        raise CellError("days separated by |, such as mon|wed, or a run such as mon-fri")
    first, last = _DAYS[names[0]].number, _DAYS[names[-1]].number
    if last < first:
        raise CellError("a run of days inside one week, Monday first, such as mon-fri")
    return list(_WEEK[first : last + 1])


def read_postcode(text: str) -> Postcode:
    """Read a full postcode."""
    try:
        return Postcode.parse(text)
    except PostcodeError as error:
        reason = shown(error.message.partition("is not a postcode: ")[2] or error.message)
        raise CellError(f"a full postcode such as DT1 1XJ: {reason}") from error


def read_area(text: str) -> str:
    """Read an outward code (``DT1``) or a sector (``DT1 1``)."""
    area = " ".join(text.upper().split())
    # A real part of a postcode becomes a whole one with a plain ending.
    for ending in (" 1AA", "AA"):
        try:
            postcode = Postcode.parse(area + ending)
        except PostcodeError:
            continue
        if area in {postcode.outward, postcode.sector}:
            return area
    raise CellError("an outward code such as DT1 or a sector such as DT1 1")


def write_plain(value: object) -> str:
    """Return a text, word, id, whole number or postcode as it stands."""
    return str(value)


def write_list(values: Iterable[object]) -> str:
    """Return values separated by ``|``."""
    return LIST_SEPARATOR.join(str(value) for value in values)


def write_yes_no(value: bool) -> str:
    """Return ``yes`` or ``no``."""
    return "yes" if value else "no"


def write_pounds(pence: int) -> str:
    """Return pence as pounds with two decimals."""
    return f"{Decimal(pence) / PENCE_PER_POUND:.2f}"


def write_rate(amount: int | str) -> str:
    """Return pence as pounds with two decimals, or the word for the framework's rate."""
    return amount if isinstance(amount, str) else write_pounds(amount)


def write_kilometres(metres: int) -> str:
    """Return metres as kilometres with as many decimals as are needed, at most three."""
    return _trimmed(f"{Decimal(metres) / METRES_PER_KILOMETRE:.3f}")


def write_hours(minutes: int) -> str:
    """Return minutes as hours with at most two decimals, from which the minutes can be told."""
    return _trimmed(f"{Decimal(minutes) / MINUTES_PER_HOUR:.2f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def write_date(day: date) -> str:
    """Return a date as year-month-day."""
    return day.isoformat()


def write_time(minute: int) -> str:
    """Return a minute of the day as a time."""
    return minute_text(minute)

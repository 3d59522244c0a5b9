"""Figures and counts as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from matcher.vocabulary import CqcRating, pounds_text, words_text

MINUTES_PER_HOUR = 60
_CODES = re.compile(r" ?\((?:[HLS]\d+(?:, )?)+\)")
_CODED = re.compile(r"\((?:[HLS]\d+(?:, )?)+: ")
_VISIT = re.compile(r"visit \d+ \((critical )?([^,()]+),[^()]*\)")
_MAY_BE = re.compile(r"^(?:would do )?if ")


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


def cost_text(weekly_pence: int | None, stay_pence: int | None, nights: int | None) -> str:
    """Return the price of what is bought: of a week, or of a whole stay with its nights.

    Parameters
    ----------
    weekly_pence, stay_pence
        Pence; ``None`` where no rate is on file.
    nights
        How long the stay is; ``None`` for care until further notice.
    """
    if nights is None or stay_pence is None:
        return week_text(weekly_pence)
    return f"{pounds_text(stay_pence)} for {count_text(nights, 'night')}"


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


def short_day_text(day: date, beside: date) -> str:
    """Return a date as a diary has it, for example ``Fri 3 Apr``, with a year other than today's.

    Parameters
    ----------
    day
        The date.
    beside
        The day that the book describes.
    """
    text = f"{day:%a} {day.day} {day:%b}"
    return text if day.year == beside.year else f"{text} {day.year}"


def long_day_text(day: date) -> str:
    """Return a date in full, for example ``1 April 2026``."""
    return f"{day.day} {day:%B %Y}"


def rating_text(rating: CqcRating | None, rated_on: date | None) -> str:
    """Return a rating with the month it was given in, for example ``good 05/2024``."""
    word = "not on file" if rating is None else word_text(rating)
    return word if rated_on is None else f"{word} {rated_on:%m/%Y}"


def sentence_text(text: str) -> str:
    """Return a text that opens with a capital letter."""
    return text[:1].upper() + text[1:]


def plain_text(sentence: str) -> str:
    """Return a sentence without the codes of rules, for example ``(H9)`` or ``(H18: ...)``."""
    return _CODED.sub("(", _CODES.sub("", sentence))


def few_words(sentence: str, name: str) -> str:
    """Return what a sentence says of one provider, without its name: ``serves dorchester``.

    Parameters
    ----------
    sentence
        A reason in one sentence.
    name
        The provider's name; a sentence that does not hold it comes back whole.
    """
    told = _VISIT.sub(_visit_text, plain_text(sentence)).removesuffix(".")
    before, found, after = told.partition(f"{name} ")
    if not found:
        return told
    said = after.partition(";")[0].removeprefix("is ")
    said = said.removeprefix("has ") if said.startswith("has no ") else said
    # "R-104 excludes the home" says nothing after the name.
    return said if said else before + name


def _visit_text(found: re.Match[str]) -> str:
    """Return a visit by its band or its time: ``the lunch visit``, ``the visit at 09:45``."""
    when = found[2]
    return f"the visit {when}" if found[1] else f"the {when} visit"


def of_it(sentence: str, name: str) -> str:
    """Return what a sentence says of one provider, as a clause: ``it serves dorchester; ...``.

    Parameters
    ----------
    sentence
        A reason in one sentence.
    name
        The provider's name, for which "it" stands; what is said of it comes first.
    """
    told = _VISIT.sub(_visit_text, plain_text(sentence))
    clauses = told.removesuffix(".").split("; ")
    clauses.sort(key=lambda clause: not clause.startswith(name))
    return "; ".join(clauses).replace(name, "it")


def would_do(changes: Iterable[str]) -> str:
    """Return the changes that would let a provider in, as a clause without its subject."""
    told = [_MAY_BE.sub("if ", change) for change in changes]
    conditions = " and ".join(change for change in told if change.startswith("if "))
    amounts = ", ".join(change for change in told if not change.startswith("if "))
    if not conditions:
        return amounts
    return f"would do {conditions}" + (f" ({amounts})" if amounts else "")


def ordinal_text(number: int) -> str:
    """Return a place in a row, for example ``2nd``."""
    teen = 10 <= number % 100 <= 20
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def some_text(names: Sequence[str], most: int, number: int | None = None) -> str:
    """Return the first of some names and how many more there are: ``a, b and 3 others``.

    Parameters
    ----------
    names
        Names in the order to tell them.
    most
        How many to tell.
    number
        How many there are, where not all have a name here.
    """
    shown = list(names[:most])
    more = (len(names) if number is None else number) - len(shown)
    return and_text([*shown, count_text(more, "other")] if more > 0 else shown)

"""Hypothesis strategies for single values of a book: postcodes, texts, days and dates.

They are kept for the next time that they are asked for: hypothesis looks a new strategy over from
end to end before it draws, which takes far longer than to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Any

from hypothesis import strategies as st

from matcher.geography import Postcode
from matcher.vocabulary import Day, plain_text

AS_OF = date(2026, 4, 1)
POSTCODES = tuple(
    Postcode.parse(text)
    for text in (
        *("DT1 1XJ", "DT1 2NB", "DT1 3AA", "DT2 7AA", "DT2 8AA", "DT2 9PW", "DT3 4AA", "DT3 5AA"),
        *("DT4 0AA", "DT4 7AA", "DT4 9AA", "DT5 1AA", "DT6 3AA", "DT9 3AA", "BH20 4AA", "SP7 8AA"),
        "PO33 2HG",
    )
)
"""Real postcodes of Dorset, from the middle of Dorchester to 50 km away; one over the Solent."""
_KEPT = 500
"""How many are kept of those that are made of any others or of any values."""
# Characters that try the writing of files: separators, quotation marks, letters beyond ASCII.
_LETTERS = "abzAZ059 ',;|\"/\\£é–ß.:()"


@cache
def postcodes() -> st.SearchStrategy[Postcode]:
    """Draw a real Dorset postcode."""
    return st.sampled_from(POSTCODES)


@cache
def texts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    """Draw free text that the model accepts, already stripped."""
    drawn = st.text(_LETTERS, min_size=min_size, max_size=12).map(str.strip)
    return drawn.filter(lambda text: len(text) >= min_size and _is_plain(text))


def _is_plain(text: str) -> bool:
    try:
        return plain_text(text) == text
    except ValueError:
        return False


@cache
def days() -> st.SearchStrategy[tuple[Day, ...]]:
    """Draw one or more days of the week, in order."""
    return st.sets(st.sampled_from(Day), min_size=1).map(
        lambda chosen: tuple(day for day in Day if day in chosen)
    )


@cache
def dates(first: int = -60, last: int = 60) -> st.SearchStrategy[date]:
    """Draw a date as many days from the book's day as given, both ends included."""
    return st.integers(first, last).map(lambda shift: AS_OF + timedelta(days=shift))


def some(values: Sequence[Any], *, max_size: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw a few different values as a tuple."""
    return _some(tuple(values), max_size)


@lru_cache(_KEPT)
def _some(values: tuple[Any, ...], max_size: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=max_size).map(tuple)


@lru_cache(_KEPT)
def maybe(strategy: st.SearchStrategy[Any], *, gaps: bool = True) -> st.SearchStrategy[Any]:
    """Draw from a strategy, or with gaps also None."""
    return st.none() | strategy if gaps else strategy


@lru_cache(_KEPT)
def seldom(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw from a strategy once in four times, or else None."""
    return st.integers(0, 3).flatmap(lambda number: strategy if number == 3 else st.none())

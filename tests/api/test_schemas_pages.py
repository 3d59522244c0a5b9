"""Tests of pages: a cursor leads back to where it was made, and nothing else is one."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadCallError
from api.schemas.pages import Page, cursor_of

KEYS = st.tuples(
    st.integers(0, 3), st.text(st.characters(exclude_characters="\0", codec="utf-8")), st.text("ab")
)


@given(KEYS)
def test_a_cursor_leads_back(key: tuple[int, str, str]) -> None:
    """Whatever the sort key, its cursor is read as the same key."""
    assert Page(cursor=cursor_of(*key)).key((int, str, str)) == key


def test_no_cursor_is_the_first_page() -> None:
    """Without a cursor the list begins at its beginning."""
    assert Page().key((int, str)) is None


@given(st.lists(st.integers(0, 999), max_size=30, unique=True), st.integers(1, 8))
def test_pages_together_are_the_list(numbers: list[int], limit: int) -> None:
    """Each line stands on one page, in order; the last page, and it alone, has none behind it."""
    numbers.sort()
    shown: list[int] = []
    page, pages = Page(limit), 1
    while True:
        after = page.only_key(int)
        rows = [each for each in numbers if after is None or each > after][: page.wanted]
        lines, following = page.cut(rows, lambda number: (number,))
        assert len(lines) <= limit
        shown += lines
        if following is None:
            break
        page, pages = Page(limit, following), pages + 1
    assert shown == numbers
    assert pages == max(-(-len(numbers) // limit), 1)


@given(st.text(min_size=1, max_size=60))
def test_what_is_no_cursor_is_refused_plainly(text: str) -> None:
    """Any text either is a cursor or is refused in words; nothing else happens."""
    with suppress(BadCallError):
        assert isinstance(Page(cursor=text).after, list)


@pytest.mark.parametrize(
    "key",
    [
        [1, "a"],  # too short
        ["1", "a", "b"],  # a word for a number
        [True, "a", "b"],  # a truth for a number
        [1, "a", "b", "c"],  # too long
        [1, "a\0", "b"],  # what no database takes
    ],
)
def test_a_cursor_of_another_list_is_refused(key: list[object]) -> None:
    """A key of another shape never reaches a query."""
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    with pytest.raises(BadCallError):
        Page(cursor=cursor).key((int, str, str))


@pytest.mark.parametrize(
    ("part", "kind", "read"),
    [
        (0, int, 0),
        (2**31 - 1, int, 2**31 - 1),  # only just a number of a column
        (2**31, int, None),
        (-1, int, None),
        ("é", str, "é"),
        ("\ud800", str, None),  # half a character
        ("2026-02-28", date, date(2026, 2, 28)),
        ("2026-02-29", date, None),
        (20260228, date, None),
        ("a\0", date, None),
    ],
)
def test_a_part_is_what_a_database_takes(part: object, kind: type, read: object) -> None:
    """Each kind within its bounds; a date is given as one."""
    page = Page(cursor=base64.urlsafe_b64encode(json.dumps([part]).encode()).decode().rstrip("="))
    if read is None:
        with pytest.raises(BadCallError):
            page.key((kind,))
    else:
        assert page.key((kind,)) == (read,)

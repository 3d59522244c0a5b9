"""Pages of long lists: how many at once, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from api.errors import BadCallError

Row = TypeVar("Row")
MOST_LINES, USUAL_LINES = 200, 50
MOST_NUMBER = 2**31 - 1
"""The highest number in a sort key: what a column of whole numbers holds."""


class Page:
    """Which page of a list is asked for.

    Parameters
    ----------
    limit
        Lines at most.
    cursor
        ``next`` of the page before; the first page when not given.
    """

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=MOST_LINES, description="Lines at most.")] = (
            USUAL_LINES
        ),
        cursor: Annotated[
            str | None,
            Query(max_length=400, description="`next` of the page before.", min_length=1),
        ] = None,
    ) -> None:
        self.limit = limit
        self.after = None if cursor is None else _read(cursor)

    @property
    def wanted(self) -> int:
        """How many rows to read: one more than is shown tells whether others follow."""
        return self.limit + 1

    def cut(
        self, rows: Sequence[Row], key: Callable[[Row], Sequence[object]]
    ) -> tuple[Sequence[Row], str | None]:
        """Return the rows of the page, and the cursor of the next; ``None`` where none follows.

        Parameters
        ----------
        rows
            The ``wanted`` ones, or all that there are.
        key
            Returns the sort key of a row.
        """
        shown = rows[: self.limit]
        return shown, cursor_of(*key(shown[-1])) if len(rows) > self.limit else None

    def only_key(self, kind: type) -> Any:
        """Return the sort key after which the page begins, of a list sorted by one thing."""
        key = self.key((kind,))
        return None if key is None else key[0]

    def key(self, kinds: tuple[type, ...]) -> tuple[Any, ...] | None:
        """Return the sort key after which the page begins; ``None`` for the first page.

        Parameters
        ----------
        kinds
            The kind of each part of the key: a number, a text, or a date, which is read from ISO.

        Raises
        ------
        BadCallError
            If the cursor is of no page of this list.
        """
        if self.after is None:
            return None
        try:
            return tuple(_part(*each) for each in zip(self.after, kinds, strict=True))
        except ValueError:
            raise _no_cursor() from None


PageOf = Annotated[Page, Depends()]


def cursor_of(*key: object) -> str:
    """Return the cursor of the page behind a line with a sort key."""
    text = json.dumps(key, separators=(",", ":"), default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _part(part: Any, kind: type) -> Any:
    """Return a part of a key as a database takes it; a ``ValueError`` says that none does."""
    if kind is date and isinstance(part, str):
        return date.fromisoformat(part)
    is_kept = type(part) is kind
    if isinstance(part, int):
        is_kept &= 0 <= part <= MOST_NUMBER
    if isinstance(part, str):
        is_kept &= b"\0" not in part.encode()  # half a character is a ValueError here
    if not is_kept:
        raise ValueError(kind)
    return part


def _read(cursor: str) -> list[Any]:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _no_cursor() from None
    if not isinstance(key, list):
        raise _no_cursor()
    return key


def _no_cursor() -> BadCallError:
    return BadCallError(
        "The cursor is of no page of this list.",
        thing="cursor",
        expected="'next' of the page before",
    )

"""Stub."""

from __future__ import annotations

from datetime import date

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.policy import Policy


def crosscheck(rows: BookRows, as_of: date | None, policy: Policy | None) -> list[Fault]:
    """Return nothing yet."""
    return []

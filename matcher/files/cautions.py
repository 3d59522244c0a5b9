"""Stub."""

from __future__ import annotations

from datetime import date

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.policy import Policy


def cautions(rows: BookRows, as_of: date, policy: Policy) -> list[Fault]:
    """Return nothing yet."""
    return []
